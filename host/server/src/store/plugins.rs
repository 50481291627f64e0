//! Plugins: bytes by digest, and which digest answers for a name.

use std::collections::BTreeMap;

use jiff::Timestamp;
use paratope_runtime::Origin;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::any::Any;
use sqlx::{FromRow, Transaction};

use super::audit::{self, Event};
use super::{Store, StoreError, failed_to};
use crate::authoring::Manifest;

/// Who brought a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// It came with the binary.
    Bundled,
    /// A person loaded it.
    Loaded,
    /// One person proposed it and another confirmed it.
    Proposed,
    /// A person rolled back to it.
    RolledBack,
}

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bundled => "bundled",
            Self::Loaded => "loaded",
            Self::Proposed => "proposed",
            Self::RolledBack => "rolled-back",
        }
    }

    fn read(name: &str) -> Self {
        let all = [Self::Bundled, Self::Loaded, Self::Proposed, Self::RolledBack];
        all.into_iter().find(|source| source.name() == name).unwrap_or(Self::Loaded)
    }
}

/// A plugin to be kept.
#[derive(Debug)]
pub struct NewPlugin<'a> {
    /// The digest of its bytes.
    pub digest: &'a str,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// How it may be compiled.
    pub origin: Origin,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A plugin that is kept.
#[derive(Debug, Clone)]
pub struct StoredPlugin {
    /// The digest of its bytes.
    pub digest: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// How it may be compiled.
    pub origin: Origin,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// That a digest came to answer for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Activation {
    /// The name.
    pub name: String,
    /// The digest.
    pub digest: String,
    /// Who brought it.
    pub source: Source,
    /// When.
    pub activated_at: String,
}

#[derive(FromRow)]
struct ActivationRow {
    name: String,
    digest: String,
    source: String,
    activated_at: String,
}

impl From<ActivationRow> for Activation {
    fn from(row: ActivationRow) -> Self {
        let source = Source::read(&row.source);
        Self { name: row.name, digest: row.digest, source, activated_at: row.activated_at }
    }
}

#[derive(FromRow)]
struct PluginRow {
    digest: String,
    manifest: String,
    origin: String,
    bytes: Vec<u8>,
}

/// The origin of what came with the binary.
pub(super) const BUNDLED: &str = "snapshot";

const KEEP: &str = "keep a plugin";
const ACTIVATE: &str = "activate a plugin";

/// Keeps a plugin within a change.
pub(super) async fn keep(
    change: &mut Transaction<'static, Any>,
    plugin: &NewPlugin<'_>,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Manifest { name, version, publisher, kind, .. } = plugin.manifest;
    let origin = match plugin.origin {
        Origin::Snapshot => BUNDLED,
        Origin::Foreign => "foreign",
    };
    let kept = sqlx::query(
        "insert into plugins (digest, name, version, kind, publisher, manifest, origin, bytes, loaded_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (digest) do nothing",
    )
    .bind(plugin.digest)
    .bind(name)
    .bind(version)
    .bind(kind.to_string())
    .bind(publisher)
    .bind(plugin.manifest.canonical())
    .bind(origin)
    .bind(plugin.bytes)
    .bind(at.to_string())
    .execute(&mut **change)
    .await
    .map_err(failed_to(KEEP))?;
    if kept.rows_affected() == 0 {
        return Ok(());
    }
    let detail = json!({ "digest": plugin.digest, "version": version, "publisher": publisher });
    audit::append(change, at, [Event::new(actor, "plugin.kept", name, detail)]).await
}

/// What answers for `name` within a change.
pub(super) async fn active_within(
    change: &mut Transaction<'static, Any>,
    name: &str,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("select digest from activations where name = $1 order by seq desc limit 1")
        .bind(name)
        .fetch_optional(&mut **change)
        .await
        .map_err(failed_to(ACTIVATE))
}

/// Lets a plugin answer within a change.
pub(super) async fn activate(
    change: &mut Transaction<'static, Any>,
    name: &str,
    digest: &str,
    source: Source,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let before = active_within(change, name).await?;
    sqlx::query("insert into activations (name, digest, source, activated_at) values ($1, $2, $3, $4)")
        .bind(name)
        .bind(digest)
        .bind(source.name())
        .bind(at.to_string())
        .execute(&mut **change)
        .await
        .map_err(failed_to(ACTIVATE))?;
    let detail = json!({ "digest": digest, "before": before, "source": source });
    audit::append(change, at, [Event::new(actor, "plugin.activated", name, detail)]).await
}

impl Store {
    /// Keeps a plugin. The same bytes are kept once.
    pub async fn keep(&self, plugin: &NewPlugin<'_>, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        keep(&mut change, plugin, actor, at).await?;
        change.commit().await.map_err(failed_to(KEEP))
    }

    /// Makes `digest` answer for `name` from now on.
    pub async fn activate(
        &self,
        name: &str,
        digest: &str,
        source: Source,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        activate(&mut change, name, digest, source, actor, at).await?;
        change.commit().await.map_err(failed_to(ACTIVATE))
    }

    /// Which digest answers for each name.
    pub async fn active(&self) -> Result<BTreeMap<String, Activation>, StoreError> {
        let rows: Vec<ActivationRow> = sqlx::query_as(
            "select name, digest, source, activated_at from activations \
             where seq in (select max(seq) from activations group by name)",
        )
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("list active plugins"))?;
        Ok(rows.into_iter().map(|row| (row.name.clone(), row.into())).collect())
    }

    /// Every digest that ever answered for `name`, newest first.
    pub async fn history(&self, name: &str) -> Result<Vec<Activation>, StoreError> {
        let rows: Vec<ActivationRow> = sqlx::query_as(
            "select name, digest, source, activated_at from activations where name = $1 order by seq desc limit 100",
        )
        .bind(name)
        .fetch_all(&self.reads)
        .await
        .map_err(failed_to("read the history of a plugin"))?;
        Ok(rows.into_iter().map(Activation::from).collect())
    }

    /// The plugin with this digest.
    pub async fn plugin(&self, digest: &str) -> Result<Option<StoredPlugin>, StoreError> {
        let row: Option<PluginRow> =
            sqlx::query_as("select digest, manifest, origin, bytes from plugins where digest = $1")
                .bind(digest)
                .fetch_optional(&self.reads)
                .await
                .map_err(failed_to("read a plugin"))?;
        row.map(|row| {
            let manifest =
                serde_json::from_str(&row.manifest).map_err(|_| StoreError::Damaged { what: "plugin manifest" })?;
            let origin = if row.origin == BUNDLED { Origin::Snapshot } else { Origin::Foreign };
            Ok(StoredPlugin { digest: row.digest, manifest, origin, bytes: row.bytes })
        })
        .transpose()
    }

    /// What the plugin with this digest says of itself.
    pub async fn manifest(&self, digest: &str) -> Result<Option<Manifest>, StoreError> {
        let text: Option<String> = sqlx::query_scalar("select manifest from plugins where digest = $1")
            .bind(digest)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a manifest"))?;
        let unreadable = |_| StoreError::Damaged { what: "plugin manifest" };
        text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
    }

    /// The plugin that was made of a recipe, when it was made.
    pub async fn made_of(&self, recipe: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("select digest from recipes where recipe = $1")
            .bind(recipe)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed_to("read a recipe"))
    }

    /// Notes what was made of a recipe.
    pub async fn note_recipe(&self, recipe: &str, digest: &str) -> Result<(), StoreError> {
        sqlx::query("insert into recipes (recipe, digest) values ($1, $2) on conflict (recipe) do nothing")
            .bind(recipe)
            .bind(digest)
            .execute(&self.writes)
            .await
            .map(drop)
            .map_err(failed_to("note a recipe"))
    }
}
