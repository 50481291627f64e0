//! Overrides by two people: asked for, confirmed, ended, reviewed, and the clearances they were told to.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::any::Any;
use sqlx::{FromRow, Transaction};

use super::audit::{self, Event};
use super::{Store, StoreError, failed_to};

/// A checkpoint set aside by two people, for a time and for one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BreakGlass {
    /// Its id.
    pub id: String,
    /// The site.
    pub site: String,
    /// The site's own id of the case.
    pub case: String,
    /// The checkpoint.
    pub checkpoint: String,
    /// The clearance it was asked for.
    pub determination: String,
    /// The order it holds for: any change of product, doses, place or payer gives another.
    pub fingerprint: String,
    /// For how many hours it holds, once confirmed.
    pub hours: i64,
    /// Why.
    pub reason: String,
    /// The clinician who asked.
    pub asked_by: String,
    /// When, RFC 3339.
    pub asked_at: String,
    /// That another person agreed. Left out until then.
    pub confirmed: Option<Confirmed>,
    /// That it ended. Left out until then.
    pub ended: Option<Ended>,
    /// What the review found. Left out until then.
    pub review: Option<Review>,
    /// The clearances it was told to, oldest first.
    pub told_to: Vec<String>,
}

/// That a second person agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Confirmed {
    /// Who.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Until when it holds, RFC 3339.
    pub until: String,
    /// Until when a third person reviews it, RFC 3339.
    pub review_due: String,
}

/// That it holds no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// Who ended it; `paratope` when its time was over.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub because: String,
}

/// What a third person found afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Review {
    /// Who.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Whether it was right to set the checkpoint aside.
    pub justified: bool,
    /// In their words.
    pub findings: String,
}

impl BreakGlass {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        let until = self.confirmed.as_ref().and_then(|confirmed| confirmed.until.parse::<Timestamp>().ok());
        self.ended.is_none() && until.is_some_and(|until| now < until)
    }
}

#[derive(FromRow)]
struct Row {
    id: String,
    site: String,
    case_id: String,
    checkpoint: String,
    determination: String,
    fingerprint: String,
    hours: i64,
    reason: String,
    asked_by: String,
    asked_at: String,
    confirmed_by: Option<String>,
    confirmed_at: Option<String>,
    until: Option<String>,
    ended_by: Option<String>,
    ended_at: Option<String>,
    ended_because: Option<String>,
    review_due: Option<String>,
    reviewed_by: Option<String>,
    reviewed_at: Option<String>,
    justified: Option<i64>,
    findings: Option<String>,
}

impl Row {
    fn open(self, told_to: Vec<String>) -> BreakGlass {
        BreakGlass {
            confirmed: all((self.confirmed_by, self.confirmed_at))
                .zip(all((self.until, self.review_due)))
                .map(|((by, at), (until, review_due))| Confirmed { by, at, until, review_due }),
            ended: all((self.ended_by, self.ended_at)).zip(self.ended_because).map(|((by, at), because)| Ended {
                by,
                at,
                because,
            }),
            review: all((self.reviewed_by, self.reviewed_at))
                .zip(self.justified.zip(self.findings))
                .map(|((by, at), (justified, findings))| Review { by, at, justified: justified != 0, findings }),
            id: self.id,
            site: self.site,
            case: self.case_id,
            checkpoint: self.checkpoint,
            determination: self.determination,
            fingerprint: self.fingerprint,
            hours: self.hours,
            reason: self.reason,
            asked_by: self.asked_by,
            asked_at: self.asked_at,
            told_to,
        }
    }
}

fn all((by, at): (Option<String>, Option<String>)) -> Option<(String, String)> {
    by.zip(at)
}

const COLUMNS: &str = "select id, site, case_id, checkpoint, determination, fingerprint, hours, reason, asked_by, asked_at, \
                       confirmed_by, confirmed_at, until, ended_by, ended_at, ended_because, review_due, reviewed_by, \
                       reviewed_at, justified, findings from break_glass";
const DOING: &str = "keep an override";
const LIST: &str = "list overrides";

/// Notes to which clearance overrides were told, within the change that records it.
pub(super) async fn note_uses(
    change: &mut Transaction<'static, Any>,
    overrides: &[String],
    determination: &str,
) -> Result<(), StoreError> {
    for id in overrides {
        sqlx::query("insert into break_glass_uses (break_glass, determination) values ($1, $2)")
            .bind(id)
            .bind(determination)
            .execute(&mut **change)
            .await
            .map_err(failed_to(DOING))?;
    }
    Ok(())
}

/// The event of a step. It tells neither case nor reason: those are about a patient.
fn event(actor: &str, action: &'static str, one: &BreakGlass) -> Event {
    let detail = json!({
        "site": one.site, "checkpoint": one.checkpoint, "determination": one.determination, "hours": one.hours,
    });
    Event::new(actor, action, &one.id, detail)
}

impl Store {
    /// Keeps an override that is asked for.
    pub async fn ask_override(&self, one: &BreakGlass, at: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "insert into break_glass (id, site, case_id, checkpoint, determination, fingerprint, hours, reason, asked_by, \
             asked_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&one.id)
        .bind(&one.site)
        .bind(&one.case)
        .bind(&one.checkpoint)
        .bind(&one.determination)
        .bind(&one.fingerprint)
        .bind(one.hours)
        .bind(&one.reason)
        .bind(&one.asked_by)
        .bind(&one.asked_at);
        self.alter(DOING, statement, event(&one.asked_by, "override.asked", one), at).await.map(drop)
    }

    /// Lets an override hold. False when it does not wait for a second person.
    pub async fn confirm_override(
        &self,
        one: &BreakGlass,
        confirmed: &Confirmed,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = sqlx::query(
            "update break_glass set confirmed_by = $1, confirmed_at = $2, until = $3, review_due = $4 \
             where id = $5 and confirmed_at is null and ended_at is null and asked_by <> $1",
        )
        .bind(&confirmed.by)
        .bind(&confirmed.at)
        .bind(&confirmed.until)
        .bind(&confirmed.review_due)
        .bind(&one.id);
        self.alter(DOING, statement, event(&confirmed.by, "override.confirmed", one), at).await
    }

    /// Lets an override hold no more. What was cleared with it must be cleared again. False when it had ended.
    pub async fn end_override(&self, one: &BreakGlass, ended: &Ended, at: Timestamp) -> Result<bool, StoreError> {
        let mut change = self.begin().await?;
        let done = sqlx::query(
            "update break_glass set ended_by = $1, ended_at = $2, ended_because = $3 where id = $4 and ended_at is null",
        )
        .bind(&ended.by)
        .bind(&ended.at)
        .bind(&ended.because)
        .bind(&one.id)
        .execute(&mut *change)
        .await
        .map_err(failed_to(DOING))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "update cases set reopened_because = $1 where reopened_because is null and determination in \
             (select determination from break_glass_uses where break_glass = $2)",
        )
        .bind(format!("the override of `{}` ended", one.checkpoint))
        .bind(&one.id)
        .execute(&mut *change)
        .await
        .map_err(failed_to(DOING))?;
        audit::append(&mut change, at, [event(&ended.by, "override.ended", one)]).await?;
        change.commit().await.map_err(failed_to(DOING))?;
        Ok(true)
    }

    /// Keeps what a review found. False when it was reviewed, or never held.
    pub async fn review_override(&self, one: &BreakGlass, review: &Review, at: Timestamp) -> Result<bool, StoreError> {
        let statement = sqlx::query(
            "update break_glass set reviewed_by = $1, reviewed_at = $2, justified = $3, findings = $4 where id = $5 \
             and reviewed_at is null and confirmed_at is not null and asked_by <> $1 and confirmed_by <> $1",
        )
        .bind(&review.by)
        .bind(&review.at)
        .bind(i64::from(review.justified))
        .bind(&review.findings)
        .bind(&one.id);
        self.alter(DOING, statement, event(&review.by, "override.reviewed", one), at).await
    }

    /// The overrides of a site, newest first.
    pub async fn overrides(&self, site: &str) -> Result<Vec<BreakGlass>, StoreError> {
        let query = format!("{COLUMNS} where site = $1 order by id desc limit 200");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(site)
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            found.push(self.with_uses(row).await?);
        }
        Ok(found)
    }

    /// An override of a site.
    pub async fn override_at(&self, site: &str, id: &str) -> Result<Option<BreakGlass>, StoreError> {
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where site = $1 and id = $2")))
            .bind(site)
            .bind(id)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        match row {
            Some(row) => self.with_uses(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_uses(&self, row: Row) -> Result<BreakGlass, StoreError> {
        let told_to = sqlx::query_scalar(
            "select determination from break_glass_uses where break_glass = $1 order by determination",
        )
        .bind(&row.id)
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to(LIST))?;
        Ok(row.open(told_to))
    }

    /// The overrides of every site that were confirmed and did not end.
    pub async fn open_overrides(&self) -> Result<Vec<BreakGlass>, StoreError> {
        let query = format!("{COLUMNS} where confirmed_at is not null and ended_at is null order by id");
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.reads).await.map_err(failed_to(LIST))?;
        Ok(rows.into_iter().map(|row| row.open(Vec::new())).collect())
    }
}
