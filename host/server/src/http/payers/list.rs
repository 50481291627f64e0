//! `GET /v1/payers`

use axum::Json;
use paratope_runtime::Kind;

use super::PayerList;
use crate::http::access::Acting;
use crate::http::openapi;

/// The payers that plugins are installed for.
#[utoipa::path(get, path = "/v1/payers", tag = "payers", responses(
    (status = OK, description = "Every payer", body = inline(openapi::PayerListDoc)),
))]
pub(in crate::http) async fn handler(Acting(host): Acting) -> Json<PayerList> {
    Json(PayerList { payers: host.plugins_of(Kind::Payer) })
}
