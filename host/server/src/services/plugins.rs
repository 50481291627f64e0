//! The installed plugins, as people see them.

use anyhow::Context as _;
use paratope_runtime::Kind;
use serde::Serialize;

use super::ServiceError;
use crate::authoring::{Manifest, explain, section};
use crate::host::{Host, Installed};
use crate::store::Activation;

/// An installed plugin in a list.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginSummary {
    /// Its name.
    pub name: String,
    /// `product` or `payer`.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// Who answers for it.
    pub publisher: String,
    /// In a sentence.
    pub description: String,
    /// The contract it speaks.
    pub contract: String,
    /// The digest of its bytes.
    pub digest: String,
    /// How many bytes.
    pub size: usize,
    /// Since when it answers, and who brought it.
    pub active: Activation,
}

/// A plugin that should be there and is not.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Trouble {
    /// Its name.
    pub name: String,
    /// Why, in words.
    pub why: String,
}

/// Every plugin, and every trouble.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginList {
    /// The installed ones, by name.
    pub plugins: Vec<PluginSummary>,
    /// The ones that could not be loaded.
    pub troubles: Vec<Trouble>,
}

/// An installed plugin, with what it was written from and what answered before it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginDetail {
    /// The plugin.
    pub plugin: PluginSummary,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its functions.
    pub functions: Vec<String>,
    /// What it imports: interfaces that hold only types.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// Every digest that answered for the name, newest first.
    pub history: Vec<Activation>,
}

impl PluginSummary {
    fn of(installed: &Installed) -> Self {
        Self {
            name: installed.activation.name.clone(),
            kind: installed.plugin.kind().to_string(),
            version: installed.manifest.version.clone(),
            publisher: installed.manifest.publisher.clone(),
            description: installed.manifest.description.clone(),
            contract: installed.plugin.track().to_string(),
            digest: installed.plugin.digest().to_owned(),
            size: installed.plugin.size(),
            active: installed.activation.clone(),
        }
    }
}

impl Host {
    /// Every plugin.
    pub fn plugins(&self) -> PluginList {
        let troubles = self.troubles();
        PluginList {
            plugins: self.all_installed().iter().map(|installed| PluginSummary::of(installed)).collect(),
            troubles: troubles.iter().map(|(name, why)| Trouble { name: name.clone(), why: why.to_string() }).collect(),
        }
    }

    /// One plugin.
    pub async fn plugin(&self, name: &str) -> Result<PluginDetail, ServiceError> {
        let installed = self.installed(name).ok_or_else(|| self.unknown(name))?;
        let functions = crate::function::Function::ALL.into_iter().filter(|one| one.kind() == installed.plugin.kind());
        let inspection = installed.plugin.inspection();
        Ok(PluginDetail {
            plugin: PluginSummary::of(&installed),
            manifest: installed.manifest.clone(),
            functions: functions.map(|function| function.name().to_owned()).collect(),
            imports: inspection.imports.clone(),
            exports: inspection.exports.clone(),
            history: self.store().history(name).await?,
        })
    }

    /// The rules of a plugin for reading, as Markdown. `None` when it does not carry what it was made from.
    pub async fn explain_plugin(&self, name: &str) -> Result<Option<String>, ServiceError> {
        let installed = self.installed(name).ok_or_else(|| self.unknown(name))?;
        let stored = self.store().plugin(installed.plugin.digest()).await?;
        let explained = stored
            .context("its bytes are not in the store")
            .and_then(|stored| section::files(&stored.bytes)?.map(|files| explain::markdown(&files)).transpose());
        explained.map_err(ServiceError::Internal)
    }

    /// An installed plugin as lists show it.
    pub(super) fn summary(&self, name: &str) -> Result<PluginSummary, ServiceError> {
        let installed = self.installed(name).ok_or_else(|| self.unknown(name))?;
        Ok(PluginSummary::of(&installed))
    }

    /// The plugins of one kind.
    pub fn plugins_of(&self, kind: Kind) -> Vec<PluginSummary> {
        let all = self.all_installed();
        all.iter().filter(|one| one.plugin.kind() == kind).map(|one| PluginSummary::of(one)).collect()
    }

    /// The names of the installed plugins of one kind.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        let all = self.all_installed();
        all.iter().filter(|one| one.plugin.kind() == kind).map(|one| one.activation.name.clone()).collect()
    }

    /// Refuses a name that no plugin of `kind` has.
    pub(super) fn known_plugin(
        &self,
        kind: Kind,
        what: &'static str,
        name: &str,
        pointer: &'static str,
    ) -> Result<(), ServiceError> {
        match self.installed(name) {
            Some(installed) if installed.plugin.kind() == kind => Ok(()),
            None if self.troubles().contains_key(name) => Err(self.unknown(name).into()),
            _ => Err(ServiceError::unknown(what, name, &self.names(kind), pointer)),
        }
    }
}
