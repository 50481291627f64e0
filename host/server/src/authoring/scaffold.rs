//! New plugin folders: they build and pass at once, and their comments explain every part.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use paratope_runtime::Kind;

use super::manifest::is_name;

/// Files of a template: path in the folder, and text.
type Template = &'static [(&'static str, &'static str)];

macro_rules! template {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../templates/", $folder, "/", $path)))),+]
    };
}

const PRODUCT: Template = template!("product": "plugin.toml", "label/2026-01-01.toml", "cases/plan.toml",
    "cases/late-by-a-day.toml", "cases/unknown-regimen.toml");
const PAYER: Template = template!("payer": "plugin.toml", "payer.toml", "policy/examplimab/2026-01-01.toml",
    "cases/meets.toml", "cases/one-line-too-few.toml", "cases/unknown.toml", "cases/no-policy.toml");
const PRODUCT_CODE: Template = template!("product-code": "plugin.toml", "Cargo.toml", "src/lib.rs",
    "cases/unknown-regimen.toml");
const PAYER_CODE: Template = template!("payer-code": "plugin.toml", "Cargo.toml", "src/lib.rs", "cases/profile.toml",
    "cases/no-policy.toml");

/// What to write.
#[derive(Debug)]
pub struct Scaffold<'a> {
    /// A product or a payer.
    pub kind: Kind,
    /// The plugin's name.
    pub name: &'a str,
    /// Rust code instead of documents.
    pub code: bool,
    /// Where the SDK is, for code. Absent: where this program was built from, when that is still there.
    pub sdk: Option<PathBuf>,
}

impl Scaffold<'_> {
    /// Writes the folder, which must not be there yet, and returns its files.
    pub fn write(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        if !is_name(self.name) {
            bail!("`{}` is not a name: lower-case letters, digits and hyphens, a letter first", self.name);
        }
        if folder.exists() {
            bail!("`{}` is there already", folder.display());
        }
        let sdk = if self.code { self.sdk()?.display().to_string() } else { String::new() };
        let template = match (self.kind, self.code) {
            (Kind::Product, false) => PRODUCT,
            (Kind::Payer, false) => PAYER,
            (Kind::Product, true) => PRODUCT_CODE,
            (Kind::Payer, true) => PAYER_CODE,
        };
        let mut written = Vec::new();
        for (path, text) in template {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent).with_context(|| format!("failed to make `{}`", parent.display()))?;
            }
            let text = text.replace("{{name}}", self.name).replace("{{sdk}}", &sdk);
            fs::write(&file, text).with_context(|| format!("failed to write `{}`", file.display()))?;
            written.push(file);
        }
        Ok(written)
    }

    fn sdk(&self) -> anyhow::Result<PathBuf> {
        let built_from = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk");
        let folder = self.sdk.clone().unwrap_or_else(built_from);
        if !folder.join("Cargo.toml").is_file() {
            bail!(
                "the SDK is not at `{}`; say where it is with --sdk DIR (plugins/sdk of Paratope's source)",
                folder.display()
            );
        }
        fs::canonicalize(&folder).with_context(|| format!("failed to find `{}`", folder.display()))
    }
}
