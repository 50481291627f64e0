//! `GET /v1/clearances/{id}`

use axum::Json;

use crate::http::access::Acting;
use crate::http::body::InPath;
use crate::http::determinations::determination_id;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::record;
use crate::store::DeterminationKind;

/// A clearance as it was recorded.
#[utoipa::path(
    get,
    path = "/v1/clearances/{id}",
    tag = "clearances",
    params(("id" = String, Path, description = "The clearance's id")),
    responses(
        (status = OK, description = "The clearance", body = inline(openapi::ClearanceDoc)),
        (status = "4XX", description = "There is none", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath(id): InPath<String>,
) -> Result<Json<record::Determined>, Problem> {
    let recorded = host.recorded_as(determination_id(&id)?, DeterminationKind::Clearance).await?;
    Ok(Json(recorded))
}
