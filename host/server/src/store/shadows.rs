//! Shadows: candidates beside the active version, and how they differ from it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use super::audit::Event;
use super::{Store, StoreError, failed_to};

/// Requests kept as examples of one difference.
const EXAMPLES: usize = 5;

/// A candidate that runs beside the active version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Shadow {
    /// Its id.
    pub id: String,
    /// The plugin.
    pub name: String,
    /// The digest of the candidate.
    pub digest: String,
    /// The sites it runs for, of those that approved it. Left out: all of them.
    pub sites: Option<BTreeSet<String>>,
    /// On so many of a hundred requests.
    pub share: i64,
    /// On so many requests more.
    pub budget: i64,
    /// Requests it ran on.
    pub compared: i64,
    /// Requests it had no time for.
    pub skipped: i64,
    /// Who started it.
    pub started_by: String,
    /// When, RFC 3339.
    pub started_at: String,
    /// When it was ended.
    pub ended_at: Option<String>,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Differing {
    /// The checkpoint, or `verdict`.
    pub what: String,
    /// How it stood.
    pub active: String,
    /// How it would stand.
    pub candidate: String,
}

/// A difference, how often it was seen, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ShadowDifference {
    /// What differs.
    pub differing: Differing,
    /// On so many requests.
    pub count: i64,
    /// The newest determinations that show it: who may read them finds the case there.
    pub examples: Vec<String>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    digest: String,
    sites: Option<String>,
    share: i64,
    budget: i64,
    compared: i64,
    skipped: i64,
    started_by: String,
    started_at: String,
    ended_at: Option<String>,
}

impl Row {
    fn open(self) -> Result<Shadow, StoreError> {
        let unreadable = |_| StoreError::Damaged { what: "shadow" };
        let sites = self.sites.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()?;
        let Self { id, name, digest, share, budget, compared, skipped, started_by, started_at, ended_at, .. } = self;
        Ok(Shadow { id, name, digest, sites, share, budget, compared, skipped, started_by, started_at, ended_at })
    }
}

const COLUMNS: &str = "select id, name, digest, sites, share, budget, compared, skipped, started_by, started_at, ended_at \
                       from shadows";
const NOTE: &str = "note what a shadow showed";

impl Store {
    /// Starts a shadow.
    pub async fn start_shadow(&self, shadow: &Shadow, at: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "insert into shadows (id, name, digest, sites, share, budget, compared, skipped, started_by, started_at) \
             values ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8)",
        )
        .bind(&shadow.id)
        .bind(&shadow.name)
        .bind(&shadow.digest)
        .bind(shadow.sites.as_ref().map(|sites| json!(sites).to_string()))
        .bind(shadow.share)
        .bind(shadow.budget)
        .bind(&shadow.started_by)
        .bind(&shadow.started_at);
        let Shadow { id, digest, sites, share, budget, .. } = shadow;
        let detail = json!({ "shadow": id, "digest": digest, "sites": sites, "share": share, "budget": budget });
        let event = Event::new(&shadow.started_by, "shadow.started", &shadow.name, detail);
        self.alter("start a shadow", statement, event, at).await.map(drop)
    }

    /// Ends a shadow. False when none of this id runs.
    pub async fn end_shadow(&self, id: &str, actor: &str, at: Timestamp) -> Result<bool, StoreError> {
        let statement = sqlx::query("update shadows set ended_at = $1 where id = $2 and ended_at is null")
            .bind(at.to_string())
            .bind(id);
        self.alter("end a shadow", statement, Event::new(actor, "shadow.ended", id, json!({})), at).await
    }

    /// Every shadow, newest first; or those that run.
    pub async fn shadows(&self, running: bool) -> Result<Vec<Shadow>, StoreError> {
        let which = if running { "where ended_at is null and budget > 0" } else { "" };
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} {which} order by id desc limit 200")))
                .fetch_all(&self.reads)
                .await
                .map_err(failed_to("list shadows"))?;
        rows.into_iter().map(Row::open).collect()
    }

    /// One shadow.
    pub async fn shadow(&self, id: &str) -> Result<Option<Shadow>, StoreError> {
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1")))
            .bind(id)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a shadow"))?;
        row.map(Row::open).transpose()
    }

    /// Takes one request of a shadow's budget. False when none is left, or it was ended.
    pub async fn spend(&self, shadow: &str) -> Result<bool, StoreError> {
        let spent =
            sqlx::query("update shadows set budget = budget - 1 where id = $1 and budget > 0 and ended_at is null")
                .bind(shadow)
                .execute(&self.writes)
                .await
                .map_err(failed_to(NOTE))?;
        Ok(spent.rows_affected() > 0)
    }

    /// Notes that a shadow had no time for a request.
    pub async fn skipped(&self, shadow: &str) -> Result<(), StoreError> {
        sqlx::query("update shadows set skipped = skipped + 1 where id = $1")
            .bind(shadow)
            .execute(&self.writes)
            .await
            .map(drop)
            .map_err(failed_to(NOTE))
    }

    /// Notes what a shadow showed on one request.
    pub async fn note_shadow(
        &self,
        shadow: &str,
        determination: &str,
        differing: &BTreeSet<Differing>,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        sqlx::query("update shadows set compared = compared + 1 where id = $1")
            .bind(shadow)
            .execute(&mut *change)
            .await
            .map_err(failed_to(NOTE))?;
        for one in differing {
            let what = json!(one).to_string();
            let known: Option<String> =
                sqlx::query_scalar("select examples from shadow_differences where shadow = $1 and what = $2")
                    .bind(shadow)
                    .bind(&what)
                    .fetch_optional(&mut *change)
                    .await
                    .map_err(failed_to(NOTE))?;
            let mut examples: Vec<String> =
                known.and_then(|known| serde_json::from_str(&known).ok()).unwrap_or_default();
            examples.insert(0, determination.to_owned());
            examples.truncate(EXAMPLES);
            sqlx::query(
                "insert into shadow_differences (shadow, what, count, examples) values ($1, $2, 1, $3) \
                 on conflict (shadow, what) do update set count = shadow_differences.count + 1, \
                 examples = excluded.examples",
            )
            .bind(shadow)
            .bind(&what)
            .bind(json!(examples).to_string())
            .execute(&mut *change)
            .await
            .map_err(failed_to(NOTE))?;
        }
        change.commit().await.map_err(failed_to(NOTE))
    }

    /// How a shadow differs from the active version, most often seen first.
    pub async fn shadow_differences(&self, shadow: &str) -> Result<Vec<ShadowDifference>, StoreError> {
        let rows: Vec<(String, i64, String)> = sqlx::query_as(
            "select what, count, examples from shadow_differences where shadow = $1 order by count desc, what",
        )
        .bind(shadow)
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list differences"))?;
        let unreadable = |_| StoreError::Damaged { what: "difference" };
        rows.into_iter()
            .map(|(what, count, examples)| {
                Ok(ShadowDifference {
                    differing: serde_json::from_str(&what).map_err(unreadable)?,
                    count,
                    examples: serde_json::from_str(&examples).map_err(unreadable)?,
                })
            })
            .collect()
    }
}
