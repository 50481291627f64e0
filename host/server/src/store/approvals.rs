//! Approvals: what each site lets itself be answered by.

use jiff::Timestamp;
use serde_json::json;
use sqlx::FromRow;

use super::audit::Event;
use super::{Store, StoreError, failed_to};
use crate::lifecycle::{Approval, Approved, Withdrawn};

#[derive(FromRow)]
struct Row {
    id: String,
    site: String,
    plugin: Option<String>,
    digest: Option<String>,
    publisher: Option<String>,
    versions: Option<String>,
    reason: String,
    approved_by: String,
    approved_at: String,
    withdrawn_by: Option<String>,
    withdrawn_at: Option<String>,
    withdrawn_because: Option<String>,
}

impl Row {
    fn open(self) -> Result<Approval, StoreError> {
        let damaged = || StoreError::Damaged { what: "approval" };
        let approved = match (self.digest, self.publisher, self.versions) {
            (Some(digest), ..) => Approved::Digest(digest),
            (None, Some(publisher), Some(range)) => {
                Approved::Versions { publisher, plugin: self.plugin, range: range.parse().map_err(|_| damaged())? }
            }
            _ => return Err(damaged()),
        };
        let withdrawn = match (self.withdrawn_by, self.withdrawn_at, self.withdrawn_because) {
            (Some(by), Some(at), Some(because)) => Some(Withdrawn { by, at, because }),
            _ => None,
        };
        Ok(Approval {
            id: self.id,
            site: self.site,
            approved,
            reason: self.reason,
            approved_by: self.approved_by,
            approved_at: self.approved_at,
            withdrawn,
        })
    }
}

const COLUMNS: &str = "select id, site, plugin, digest, publisher, versions, reason, approved_by, approved_at, \
                       withdrawn_by, withdrawn_at, withdrawn_because from approvals";
const LIST: &str = "list approvals";

impl Store {
    /// Keeps a site's approval.
    pub async fn approve(&self, approval: &Approval, at: Timestamp) -> Result<(), StoreError> {
        let (digest, publisher, plugin, versions) = match &approval.approved {
            Approved::Digest(digest) => (Some(digest.clone()), None, None, None),
            Approved::Versions { publisher, plugin, range } => {
                (None, Some(publisher.clone()), plugin.clone(), Some(range.to_string()))
            }
        };
        let statement = sqlx::query(
            "insert into approvals (id, site, plugin, digest, publisher, versions, reason, approved_by, approved_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&approval.id)
        .bind(&approval.site)
        .bind(plugin)
        .bind(digest)
        .bind(publisher)
        .bind(versions)
        .bind(&approval.reason)
        .bind(&approval.approved_by)
        .bind(&approval.approved_at);
        let detail = json!({ "approval": approval.id, "approved": approval.approved, "reason": approval.reason });
        let event = Event::new(&approval.approved_by, "plugin.approved", &approval.site, detail);
        self.alter("keep an approval", statement, event, at).await.map(drop)
    }

    /// Withdraws a site's approval. False when none of this id stands there.
    pub async fn withdraw(
        &self,
        site: &str,
        id: &str,
        because: &str,
        actor: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = sqlx::query(
            "update approvals set withdrawn_by = $1, withdrawn_at = $2, withdrawn_because = $3 \
             where site = $4 and id = $5 and withdrawn_at is null",
        )
        .bind(actor)
        .bind(at.to_string())
        .bind(because)
        .bind(site)
        .bind(id);
        let event = Event::new(actor, "approval.withdrawn", site, json!({ "approval": id, "reason": because }));
        self.alter("withdraw an approval", statement, event, at).await
    }

    /// The approvals of a site, oldest first, withdrawn ones among them.
    pub async fn approvals(&self, site: &str) -> Result<Vec<Approval>, StoreError> {
        let query = format!("{COLUMNS} where site = $1 order by id");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(site)
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        rows.into_iter().map(Row::open).collect()
    }

    /// The approvals that stand, of every site.
    pub async fn standing_approvals(&self) -> Result<Vec<Approval>, StoreError> {
        let query = format!("{COLUMNS} where withdrawn_at is null order by id");
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.reads).await.map_err(failed_to(LIST))?;
        rows.into_iter().map(Row::open).collect()
    }
}
