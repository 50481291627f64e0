//! `GET /v1/products`

use axum::Json;
use paratope_runtime::Kind;

use super::ProductList;
use crate::http::access::Acting;
use crate::http::openapi;

/// The products that plugins are installed for.
#[utoipa::path(get, path = "/v1/products", tag = "products", responses(
    (status = OK, description = "Every product", body = inline(openapi::ProductListDoc)),
))]
pub(in crate::http) async fn handler(Acting(host): Acting) -> Json<ProductList> {
    Json(ProductList { products: host.plugins_of(Kind::Product) })
}
