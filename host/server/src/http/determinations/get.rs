//! `GET /v1/determinations/{id}`

use axum::Json;

use super::{Recorded, determination_id};
use crate::hex;
use crate::http::access::Acting;
use crate::http::body::InPath;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::record::plugins_of;

/// A determination as it was recorded: what was asked, every plugin call, what was answered.
#[utoipa::path(
    get,
    path = "/v1/determinations/{id}",
    tag = "determinations",
    params(("id" = String, Path, description = "The determination's id")),
    responses(
        (status = OK, description = "The determination", body = inline(openapi::RecordedDoc)),
        (status = "4XX", description = "There is none", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath(id): InPath<String>,
) -> Result<Json<Recorded>, Problem> {
    let found = host.readable(determination_id(&id)?).await?;
    Ok(Json(Recorded {
        id: found.id.to_string(),
        kind: found.kind,
        recorded_at: found.recorded_at,
        plugins: plugins_of(&found.calls),
        request: found.request,
        calls: found.calls,
        answer: found.answer,
        previous: hex::encode(&found.previous),
        hash: hex::encode(&found.hash),
        intact: found.intact,
    }))
}
