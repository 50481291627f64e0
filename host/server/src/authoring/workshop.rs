//! Builds plugins: documents through an engine, code through a compiler. The same input gives the same bytes.

use std::path::Path;
use std::sync::OnceLock;

use paratope_runtime::{
    Diagnostic, DocumentEngine, Inspection, Kind, LoadError, Origin, Sandbox, Severity, SnapshotError, Summary, digest,
    inspect,
};

use super::componentize::{World, componentize};
use super::folder::{Code, Folder};
use super::manifest::{Engine, Making, Manifest};
use super::{rust, section};
use crate::bundle;

/// A plugin, built and looked at.
#[derive(Debug)]
pub struct Built {
    /// Its manifest, which it also carries.
    pub manifest: Manifest,
    /// Its bytes.
    pub component: Vec<u8>,
    /// What was seen of it.
    pub inspection: Inspection,
    /// How it may be compiled.
    pub origin: Origin,
    /// What the engine compiled. Code has none.
    pub summary: Option<Summary>,
}

/// Why a folder did not become a plugin.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its documents have to be put right.
    #[error("{} of its documents must be put right", .0.len())]
    Diagnostics(Vec<Diagnostic>),
    /// The engine did not finish.
    #[error("the engine made no plugin of it")]
    Snapshot(#[source] SnapshotError),
    /// What was built is not a plugin.
    #[error("what was built is not a plugin")]
    Component(#[source] LoadError),
    /// It is another kind of plugin than its manifest says.
    #[error("its manifest says it is a {said}, and it is a {found}")]
    Kind {
        /// What the manifest says.
        said: Kind,
        /// What it is.
        found: Kind,
    },
    /// It speaks another version of its contract than its manifest says.
    #[error("its manifest says it speaks contract {said}, and it speaks {found}")]
    Contract {
        /// What the manifest says.
        said: String,
        /// What it speaks.
        found: &'static str,
    },
    /// The code did not compile, or there is none, or there is no compiler.
    #[error("{0:#}")]
    Code(anyhow::Error),
}

/// Builds plugins. It prepares each engine when it is first needed.
pub struct Workshop {
    sandbox: Sandbox,
    label: OnceLock<Result<DocumentEngine, String>>,
    policy: OnceLock<Result<DocumentEngine, String>>,
}

impl Workshop {
    /// A workshop whose engines run in `sandbox`.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, label: OnceLock::new(), policy: OnceLock::new() }
    }

    /// Builds the plugin of a folder.
    pub fn build(&self, folder: &Folder) -> Result<Built, BuildError> {
        let manifest = folder.manifest().map_err(BuildError::Diagnostics)?;
        let (mut component, origin, summary) = match manifest.making() {
            Some(Making::Documents(engine)) => {
                let snapshot = self.engine(engine)?.snapshot(&folder.documents()).map_err(|error| match error {
                    SnapshotError::Documents(diagnostics) => BuildError::Diagnostics(diagnostics),
                    other => BuildError::Snapshot(other),
                })?;
                (snapshot.component, Origin::Snapshot, Some(snapshot.summary))
            }
            Some(Making::Code(_)) => {
                let (component, origin) = compiled(folder, manifest.kind).map_err(BuildError::Code)?;
                (component, origin, None)
            }
            None => return Err(BuildError::Code(anyhow::anyhow!("its manifest does not say how it is made"))),
        };
        section::append(&mut component, &manifest, &folder.files);
        let inspection = inspect(&component).map_err(BuildError::Component)?;
        let found = inspection.track.kind();
        if found != manifest.kind {
            return Err(BuildError::Kind { said: manifest.kind, found });
        }
        let found = inspection.track.version();
        if found != manifest.contract {
            return Err(BuildError::Contract { said: manifest.contract, found });
        }
        Ok(Built { manifest, component, inspection, origin, summary })
    }

    /// Everything the engine or the manifest has to say of a folder, without a plugin. Code has only its manifest
    /// checked.
    pub fn check(&self, folder: &Folder) -> Result<Vec<Diagnostic>, BuildError> {
        let manifest = match folder.manifest() {
            Ok(manifest) => manifest,
            Err(diagnostics) => return Ok(diagnostics),
        };
        let mut found = match manifest.making() {
            Some(Making::Documents(engine)) => match self.engine(engine)?.snapshot(&folder.documents()) {
                Ok(snapshot) => snapshot.summary.warnings,
                Err(SnapshotError::Documents(diagnostics)) => diagnostics,
                Err(other) => return Err(BuildError::Snapshot(other)),
            },
            Some(Making::Code(_)) | None => Vec::new(),
        };
        found.extend(folder.cases().filter_map(|(path, text)| super::cases::Case::parse(path, text).err()));
        if folder.cases().next().is_none() {
            found.push(without_cases());
        }
        Ok(found)
    }

    /// Names what a bundled folder is built from. The same name, the same plugin.
    pub(crate) fn recipe(folder: &Folder) -> String {
        let mut input = Vec::new();
        let mut add = |part: &[u8]| {
            input.extend_from_slice(&(part.len() as u64).to_le_bytes());
            input.extend_from_slice(part);
        };
        add(env!("CARGO_PKG_VERSION").as_bytes());
        for (path, text) in &folder.files {
            if !path.starts_with("cases/") {
                add(path.as_bytes());
                add(text.as_bytes());
            }
        }
        match (&folder.code, folder.manifest().ok().and_then(|manifest| manifest.engine)) {
            (Code::Module(module), _) => add(module),
            (_, Some(engine)) => add(module_of(engine)),
            _ => {}
        }
        digest(&input)
    }

    fn engine(&self, engine: Engine) -> Result<&DocumentEngine, BuildError> {
        let (cell, world) = match engine {
            Engine::Label => (&self.label, World::LabelEngine),
            Engine::Policy => (&self.policy, World::PolicyEngine),
        };
        let prepared = cell.get_or_init(|| {
            let component = componentize(module_of(engine), world).map_err(|error| format!("{error:#}"))?;
            self.sandbox.document_engine(&component).map_err(|error| chain(&error))
        });
        prepared.as_ref().map_err(|reason| BuildError::Code(anyhow::anyhow!("the engine cannot be used: {reason}")))
    }
}

/// The warning of a folder without cases.
pub fn without_cases() -> Diagnostic {
    Diagnostic {
        path: "cases".to_owned(),
        line: 1,
        column: 1,
        severity: Severity::Warning,
        message: "there are no cases: nothing shows that the plugin answers as its sources say".to_owned(),
        help: Some("add cases/STORY.toml with a request and the answer it must give".to_owned()),
    }
}

/// An error and its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

fn module_of(engine: Engine) -> &'static [u8] {
    match engine {
        Engine::Label => bundle::LABEL_ENGINE,
        Engine::Policy => bundle::POLICY_ENGINE,
    }
}

fn compiled(folder: &Folder, kind: Kind) -> anyhow::Result<(Vec<u8>, Origin)> {
    let world = match kind {
        Kind::Product => World::Product,
        Kind::Payer => World::Payer,
    };
    match &folder.code {
        // The binary's own code was compiled with the binary.
        Code::Module(module) => Ok((componentize(module, world)?, Origin::Snapshot)),
        Code::Crate(path) => Ok((componentize(&rust::compile(Path::new(path))?, world)?, Origin::Foreign)),
        Code::Absent => anyhow::bail!("`{}` holds no Cargo.toml, and its manifest says `code`", folder.shown),
    }
}
