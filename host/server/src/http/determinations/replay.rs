//! `POST /v1/determinations/{id}/replay`

use axum::Json;

use super::determination_id;
use crate::http::access::Acting;
use crate::http::body::InPath;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::replay::Replay;

/// Runs a determination again, on the very plugins of then, and compares byte for byte.
#[utoipa::path(
    post,
    path = "/v1/determinations/{id}/replay",
    tag = "determinations",
    params(("id" = String, Path, description = "The determination's id")),
    responses(
        (status = OK, description = "What was found", body = inline(openapi::ReplayDoc)),
        (status = "4XX", description = "There is none", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath(id): InPath<String>,
) -> Result<Json<Replay>, Problem> {
    Ok(Json(host.replay(determination_id(&id)?).await?))
}
