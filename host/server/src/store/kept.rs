//! Answers that are kept for those who ask again with the same key.

use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

use super::{Store, StoreError, failed_to};

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status code.
    pub status: u16,
    /// Headers, as JSON.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: whoever asked may go on, and keeps the answer.
    New,
    /// The same was asked and answered.
    Answered(KeptAnswer),
    /// The same was asked. It is under way, or nobody knows what became of it.
    Unanswered,
    /// Something else was asked with it.
    Other,
}

#[derive(FromRow)]
struct Row {
    request: String,
    asked_at: String,
    status: Option<i64>,
    headers: Option<String>,
    body: Option<Vec<u8>>,
}

impl Store {
    /// Claims a key for a request.
    pub async fn claim(&self, caller: &str, key: &str, request: &str, now: Timestamp) -> Result<Claimed, StoreError> {
        const DOING: &str = "claim a key";
        let mut change = self.begin().await?;
        let row: Option<Row> = sqlx::query_as(
            "select request, asked_at, status, headers, body from kept_answers where caller = $1 and key = $2",
        )
        .bind(caller)
        .bind(key)
        .fetch_optional(&mut *change)
        .await
        .map_err(failed_to(DOING))?;
        if let Some(Row { request: asked, asked_at, status, headers, body }) = row {
            let age = asked_at.parse::<Timestamp>().map(|then| now.duration_since(then)).unwrap_or(KEPT);
            match status.and_then(|status| u16::try_from(status).ok()) {
                Some(_) if age < KEPT && asked != request => return Ok(Claimed::Other),
                Some(status) if age < KEPT => {
                    let (headers, body) = (headers.unwrap_or_default(), body.unwrap_or_default());
                    return Ok(Claimed::Answered(KeptAnswer { status, headers, body }));
                }
                None if age < KEPT => return Ok(Claimed::Unanswered),
                _ => {}
            }
        }
        sqlx::query(
            "insert into kept_answers (caller, key, request, asked_at) values ($1, $2, $3, $4) \
             on conflict (caller, key) do update set request = excluded.request, asked_at = excluded.asked_at, \
             status = null, headers = null, body = null",
        )
        .bind(caller)
        .bind(key)
        .bind(request)
        .bind(now.to_string())
        .execute(&mut *change)
        .await
        .map_err(failed_to(DOING))?;
        change.commit().await.map_err(failed_to(DOING))?;
        Ok(Claimed::New)
    }

    /// Keeps the answer to a claimed key; or gives the key back.
    pub async fn keep_answer(&self, caller: &str, key: &str, answer: Option<&KeptAnswer>) -> Result<(), StoreError> {
        let query = match answer {
            Some(answer) => sqlx::query(
                "update kept_answers set status = $3, headers = $4, body = $5 where caller = $1 and key = $2",
            )
            .bind(caller)
            .bind(key)
            .bind(i64::from(answer.status))
            .bind(&answer.headers)
            .bind(answer.body.as_slice()),
            None => sqlx::query("delete from kept_answers where caller = $1 and key = $2").bind(caller).bind(key),
        };
        query.execute(&self.writes).await.map(drop).map_err(failed_to("keep an answer"))
    }

    /// Forgets answers that were kept long enough.
    pub async fn forget_answers(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        sqlx::query("delete from kept_answers where asked_at < $1")
            .bind(before.to_string())
            .execute(&self.writes)
            .await
            .map(drop)
            .map_err(failed_to("forget answers"))
    }
}
