//! Releases: what was published, who signed it, and what was revoked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use paratope_runtime::Origin;
use serde::Serialize;
use serde_json::json;
use sqlx::any::Any;
use sqlx::{FromRow, Transaction};

use super::audit::{self, Event};
use super::plugins::{NewPlugin, keep};
use super::{Store, StoreError, failed_to};
use crate::lifecycle::Verification;

/// What became of bytes that were to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// They are kept.
    Kept,
    /// The version is other bytes already: their digest.
    Taken(String),
    /// A key that signed it does not sign any more.
    KeyGone,
    /// They were revoked, for this reason.
    Revoked(String),
}

/// A published version.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Release {
    /// The plugin.
    pub name: String,
    /// The version.
    pub version: String,
    /// The digest of its bytes.
    pub digest: String,
    /// Who answers for it.
    pub publisher: String,
    /// When it was kept, RFC 3339.
    pub published_at: String,
    /// The keys that signed it.
    pub signed_by: Vec<String>,
    /// What was checked. Left out for what came with the binary.
    pub verification: Option<Verification>,
    /// Why it was revoked.
    pub revoked: Option<String>,
}

/// A digest that was revoked, and the open cases that rested on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Revoked {
    /// The digest.
    pub digest: String,
    /// The plugin.
    pub name: String,
    /// Open cases that must be cleared again.
    pub reopened: Vec<CaseRef>,
}

/// A case of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema, FromRow)]
#[serde(rename_all = "kebab-case")]
pub struct CaseRef {
    /// The site.
    pub site: String,
    /// The site's own id of the case.
    #[sqlx(rename = "case_id")]
    pub case: String,
}

#[derive(FromRow)]
struct Row {
    name: String,
    version: String,
    digest: String,
    publisher: String,
    loaded_at: String,
    verification: Option<String>,
    revoked: Option<String>,
}

impl Row {
    fn open(self, signed_by: Vec<String>) -> Result<Release, StoreError> {
        let unreadable = |_| StoreError::Damaged { what: "verification" };
        let verification = self.verification.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()?;
        Ok(Release {
            name: self.name,
            version: self.version,
            digest: self.digest,
            publisher: self.publisher,
            published_at: self.loaded_at,
            signed_by,
            verification,
            revoked: self.revoked,
        })
    }
}

const COLUMNS: &str = "select name, version, plugins.digest, publisher, loaded_at, verification, reason as revoked \
                       from plugins left join revocations on revocations.digest = plugins.digest";
const LIST: &str = "list releases";
const PUBLISH: &str = "publish a plugin";
const REVOKE: &str = "revoke a plugin";

/// Revokes a digest within a change. `None` when it was revoked before, or is not known.
pub(super) async fn revoke_within(
    change: &mut Transaction<'static, Any>,
    digest: &str,
    reason: &str,
    actor: &str,
    at: Timestamp,
    today: &str,
) -> Result<Option<Revoked>, StoreError> {
    let name: Option<String> = sqlx::query_scalar("select name from plugins where digest = $1")
        .bind(digest)
        .fetch_optional(&mut **change)
        .await
        .map_err(failed_to(REVOKE))?;
    let Some(name) = name else { return Ok(None) };
    let revoked = sqlx::query(
        "insert into revocations (digest, reason, revoked_at) values ($1, $2, $3) on conflict (digest) do nothing",
    )
    .bind(digest)
    .bind(reason)
    .bind(at.to_string())
    .execute(&mut **change)
    .await
    .map_err(failed_to(REVOKE))?;
    if revoked.rows_affected() == 0 {
        return Ok(None);
    }
    let touched = "(product_digest = $1 or payer_digest = $1) and last_day >= $2";
    let reopened: Vec<CaseRef> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select site, case_id from cases where {touched} order by site, case_id"
    )))
    .bind(digest)
    .bind(today)
    .fetch_all(&mut **change)
    .await
    .map_err(failed_to(REVOKE))?;
    sqlx::query(sqlx::AssertSqlSafe(format!("update cases set reopened_because = $3 where {touched}")))
        .bind(digest)
        .bind(today)
        .bind(format!("plugin `{name}` was revoked: {reason}"))
        .execute(&mut **change)
        .await
        .map_err(failed_to(REVOKE))?;
    let detail = json!({ "digest": digest, "reason": reason, "reopened": reopened.len() });
    audit::append(change, at, [Event::new(actor, "plugin.revoked", &name, detail)]).await?;
    Ok(Some(Revoked { digest: digest.to_owned(), name, reopened }))
}

impl Store {
    /// Keeps a version with its verification and signatures (key and envelope), unless the version is other bytes already.
    pub async fn publish(
        &self,
        plugin: &NewPlugin<'_>,
        verification: &Verification,
        signatures: &BTreeMap<String, String>,
        actor: &str,
        at: Timestamp,
    ) -> Result<Published, StoreError> {
        let mut change = self.begin().await?;
        let taken: Option<String> =
            sqlx::query_scalar("select digest from plugins where name = $1 and version = $2 and digest <> $3")
                .bind(&plugin.manifest.name)
                .bind(&plugin.manifest.version)
                .bind(plugin.digest)
                .fetch_optional(&mut *change)
                .await
                .map_err(failed_to(PUBLISH))?;
        if let Some(taken) = taken {
            return Ok(Published::Taken(taken));
        }
        let revoked: Option<String> = sqlx::query_scalar("select reason from revocations where digest = $1")
            .bind(plugin.digest)
            .fetch_optional(&mut *change)
            .await
            .map_err(failed_to(PUBLISH))?;
        if let Some(reason) = revoked {
            return Ok(Published::Revoked(reason));
        }
        for key in signatures.keys() {
            let signs: Option<i64> = sqlx::query_scalar(
                "select cast(1 as bigint) from publisher_keys where key = $1 and retired_at is null and revoked_at is null",
            )
            .bind(key)
            .fetch_optional(&mut *change)
            .await
            .map_err(failed_to(PUBLISH))?;
            if signs.is_none() {
                return Ok(Published::KeyGone);
            }
        }
        keep(&mut change, plugin, actor, at).await?;
        // Published again, it was verified by the rules of now.
        let verified =
            sqlx::query("update plugins set verification = $1 where digest = $2 and verification is distinct from $1")
                .bind(json!(verification).to_string())
                .bind(plugin.digest)
                .execute(&mut *change)
                .await
                .map_err(failed_to(PUBLISH))?;
        let mut events = Vec::new();
        if verified.rows_affected() > 0 && plugin.origin == Origin::Foreign {
            let detail = json!({ "digest": plugin.digest, "steps": verification });
            events.push(Event::new(actor, "plugin.verified", &plugin.manifest.name, detail));
        }
        for (key, envelope) in signatures {
            let added = sqlx::query(
                "insert into signatures (digest, key, envelope, added_at) values ($1, $2, $3, $4) \
                 on conflict (digest, key) do nothing",
            )
            .bind(plugin.digest)
            .bind(key)
            .bind(envelope)
            .bind(at.to_string())
            .execute(&mut *change)
            .await
            .map_err(failed_to(PUBLISH))?;
            if added.rows_affected() > 0 {
                let detail = json!({ "digest": plugin.digest, "key": key });
                events.push(Event::new(actor, "plugin.signed", &plugin.manifest.name, detail));
            }
        }
        audit::append(&mut change, at, events).await?;
        change.commit().await.map_err(failed_to(PUBLISH))?;
        Ok(Published::Kept)
    }

    /// Every version that was kept, of one plugin or of all, oldest first.
    pub async fn releases(&self, name: Option<&str>) -> Result<Vec<Release>, StoreError> {
        let query = format!("{COLUMNS} where cast($1 as text) is null or name = $1 order by name, loaded_at, version");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(name)
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        let mut signed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let keys: Vec<(String, String)> = sqlx::query_as("select digest, key from signatures order by added_at, key")
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        for (digest, key) in keys {
            signed.entry(digest).or_default().push(key);
        }
        rows.into_iter()
            .map(|row| {
                let keys = signed.remove(&row.digest).unwrap_or_default();
                row.open(keys)
            })
            .collect()
    }

    /// The version of `name` with this digest, or with this number.
    pub async fn release(&self, name: &str, which: &str) -> Result<Option<Release>, StoreError> {
        let query = format!("{COLUMNS} where name = $1 and (plugins.digest = $2 or version = $2)");
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(name)
            .bind(which)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        let Some(row) = row else { return Ok(None) };
        let keys = sqlx::query_scalar("select key from signatures where digest = $1 order by added_at, key")
            .bind(&row.digest)
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to(LIST))?;
        row.open(keys).map(Some)
    }

    /// The envelopes that sign a digest.
    pub async fn envelopes(&self, digest: &str) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar("select envelope from signatures where digest = $1 order by added_at, key")
            .bind(digest)
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to("read signatures"))
    }

    /// Lets a digest answer nothing any more, and reopens the open cases that rest on it. `None` when it was revoked before,
    /// or is not known.
    pub async fn revoke(
        &self,
        digest: &str,
        reason: &str,
        actor: &str,
        at: Timestamp,
        today: &str,
    ) -> Result<Option<Revoked>, StoreError> {
        let mut change = self.begin().await?;
        let revoked = revoke_within(&mut change, digest, reason, actor, at, today).await?;
        change.commit().await.map_err(failed_to(REVOKE))?;
        Ok(revoked)
    }

    /// Every revoked digest, with the reason.
    pub async fn revoked(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as("select digest, reason from revocations")
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to("list revocations"))?;
        Ok(rows.into_iter().collect())
    }
}
