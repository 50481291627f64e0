//! Tokens: who may ask. The store knows a token by its hash only.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{AnyExecutor, FromRow};

use super::audit::Event;
use super::{Store, StoreError, failed_to};
use crate::access::Token;

#[derive(FromRow)]
struct Row {
    id: String,
    person: String,
    role: String,
    sites: String,
    issued_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    issued_by: Option<String>,
}

impl Row {
    fn open(self) -> Result<Token, StoreError> {
        let damaged = || StoreError::Damaged { what: "token" };
        Ok(Token {
            role: self.role.parse().map_err(|_| damaged())?,
            sites: serde_json::from_str(&self.sites).map_err(|_| damaged())?,
            id: self.id,
            person: self.person,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            issued_by: self.issued_by,
        })
    }
}

#[derive(FromRow)]
struct Hashed {
    hash: String,
    #[sqlx(flatten)]
    row: Row,
}

const COLUMNS: &str = "select id, person, role, sites, issued_at, expires_at, revoked_at, issued_by from tokens";

/// Whether any token was ever issued, by a connection or within a change.
pub(super) async fn has_tokens<'c>(store: impl AnyExecutor<'c>) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar("select cast(1 as bigint) from tokens limit 1")
        .fetch_optional(store)
        .await
        .map_err(failed_to("read tokens"))?;
    Ok(found.is_some())
}

impl Store {
    /// Keeps a token that was issued.
    pub async fn issue(&self, token: &Token, hash: &str, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "insert into tokens (id, hash, person, role, sites, issued_at, expires_at, issued_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&token.id)
        .bind(hash)
        .bind(&token.person)
        .bind(token.role.name())
        .bind(json!(token.sites).to_string())
        .bind(&token.issued_at)
        .bind(&token.expires_at)
        .bind(&token.issued_by);
        let detail =
            json!({ "token": token.id, "role": token.role, "sites": token.sites, "expires-at": token.expires_at });
        let event = Event::new(actor, "token.issued", &token.person, detail);
        self.alter("issue a token", statement, event, at).await.map(drop)
    }

    /// Lets a token open nothing any more. False when there is none that does.
    pub async fn revoke_token(&self, id: &str, actor: &str, at: Timestamp) -> Result<bool, StoreError> {
        let statement = sqlx::query("update tokens set revoked_at = $1 where id = $2 and revoked_at is null")
            .bind(at.to_string())
            .bind(id);
        self.alter("revoke a token", statement, Event::new(actor, "token.revoked", id, json!({})), at).await
    }

    /// Every token, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} order by id")))
            .fetch_all(&self.reads)
            .await
            .map_err(failed_to("list tokens"))?;
        rows.into_iter().map(Row::open).collect()
    }

    /// Every token by its hash.
    pub async fn tokens_by_hash(&self) -> Result<HashMap<String, Token>, StoreError> {
        let rows: Vec<Hashed> = sqlx::query_as(
            "select hash, id, person, role, sites, issued_at, expires_at, revoked_at, issued_by from tokens",
        )
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list tokens"))?;
        rows.into_iter().map(|Hashed { hash, row }| Ok((hash, row.open()?))).collect()
    }

    /// The token with this hash.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>, StoreError> {
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where hash = $1")))
            .bind(hash)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a token"))?;
        row.map(Row::open).transpose()
    }

    /// Whether any token was ever issued.
    pub async fn has_tokens(&self) -> Result<bool, StoreError> {
        has_tokens(&self.reads).await
    }
}
