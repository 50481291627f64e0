//! Publishers and their keys.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use sqlx::any::Any;
use sqlx::{FromRow, Transaction};

use super::audit::{self, Event};
use super::releases::{Revoked, revoke_within};
use super::settings::rules_within;
use super::{Store, StoreError, failed_to};
use crate::lifecycle::{PublisherKey, SigningRole};

#[derive(FromRow)]
struct Row {
    key: String,
    publisher: String,
    role: String,
    enrolled_at: String,
    retired_at: Option<String>,
    revoked_at: Option<String>,
}

impl Row {
    fn open(self) -> Result<PublisherKey, StoreError> {
        let Self { key, publisher, role, enrolled_at, retired_at, revoked_at } = self;
        let role = role.parse().map_err(|_| StoreError::Damaged { what: "key" })?;
        Ok(PublisherKey { key, publisher, role, enrolled_at, retired_at, revoked_at })
    }
}

/// In which roles a digest is signed, within a change. What a revoked key signed does not count.
pub(super) async fn signed_within(
    change: &mut Transaction<'static, Any>,
    digest: &str,
) -> Result<BTreeSet<SigningRole>, StoreError> {
    let roles: Vec<String> = sqlx::query_scalar(
        "select role from publisher_keys where revoked_at is null \
         and key in (select key from signatures where digest = $1)",
    )
    .bind(digest)
    .fetch_all(&mut **change)
    .await
    .map_err(failed_to("read who signed"))?;
    Ok(roles.iter().filter_map(|role| role.parse().ok()).collect())
}

impl Store {
    /// Enrols a key of a publisher, who is added with the first. False when the key is enrolled already.
    pub async fn enrol(
        &self,
        publisher: &str,
        key: &str,
        role: SigningRole,
        actor: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "enrol a key";
        let mut change = self.begin().await?;
        sqlx::query("insert into publishers (id, added_at) values ($1, $2) on conflict (id) do nothing")
            .bind(publisher)
            .bind(at.to_string())
            .execute(&mut *change)
            .await
            .map_err(failed_to(DOING))?;
        let enrolled = sqlx::query(
            "insert into publisher_keys (key, publisher, role, enrolled_at) values ($1, $2, $3, $4) \
             on conflict (key) do nothing",
        )
        .bind(key)
        .bind(publisher)
        .bind(role.name())
        .bind(at.to_string())
        .execute(&mut *change)
        .await
        .map_err(failed_to(DOING))?;
        if enrolled.rows_affected() == 0 {
            return Ok(false);
        }
        let detail = json!({ "key": key, "role": role });
        audit::append(&mut change, at, [Event::new(actor, "key.enrolled", publisher, detail)]).await?;
        change.commit().await.map_err(failed_to(DOING))?;
        Ok(true)
    }

    /// Lets a key sign nothing new. False when there is none that signs.
    pub async fn retire_key(&self, key: &str, reason: &str, actor: &str, at: Timestamp) -> Result<bool, StoreError> {
        let statement = sqlx::query(
            "update publisher_keys set retired_at = $1 where key = $2 and retired_at is null and revoked_at is null",
        )
        .bind(at.to_string())
        .bind(key);
        let event = Event::new(actor, "key.retired", key, json!({ "reason": reason }));
        self.alter("retire a key", statement, event, at).await
    }

    /// Lets nothing count that a key ever signed: what is no longer signed as the rules ask is revoked with it. `None` when
    /// there is no such key.
    pub async fn revoke_key(
        &self,
        key: &str,
        reason: &str,
        actor: &str,
        at: Timestamp,
        today: &str,
    ) -> Result<Option<Vec<Revoked>>, StoreError> {
        const DOING: &str = "revoke a key";
        let mut change = self.begin().await?;
        let rules = rules_within(&mut change).await?;
        let revoked = sqlx::query("update publisher_keys set revoked_at = $1 where key = $2 and revoked_at is null")
            .bind(at.to_string())
            .bind(key)
            .execute(&mut *change)
            .await
            .map_err(failed_to(DOING))?;
        if revoked.rows_affected() == 0 {
            return Ok(None);
        }
        audit::append(&mut change, at, [Event::new(actor, "key.revoked", key, json!({ "reason": reason }))]).await?;
        let signed: Vec<String> = sqlx::query_scalar("select digest from signatures where key = $1 order by digest")
            .bind(key)
            .fetch_all(&mut *change)
            .await
            .map_err(failed_to(DOING))?;
        let mut all = Vec::new();
        for digest in signed {
            let left = signed_within(&mut change, &digest).await?;
            if !rules.signatures.satisfied_by(&left) {
                let why = format!("a key that signed it was revoked: {reason}");
                all.extend(revoke_within(&mut change, &digest, &why, actor, at, today).await?);
            }
        }
        change.commit().await.map_err(failed_to(DOING))?;
        Ok(Some(all))
    }

    /// Every key, by publisher.
    pub async fn publisher_keys(&self) -> Result<Vec<PublisherKey>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select key, publisher, role, enrolled_at, retired_at, revoked_at from publisher_keys \
             order by publisher, enrolled_at, key",
        )
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list keys"))?;
        rows.into_iter().map(Row::open).collect()
    }
}
