//! A plugin folder: `plugin.toml`, documents and cases, as text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use paratope_runtime::{Diagnostic, Document};

use super::manifest::Manifest;
use crate::bundle;

/// The manifest's file.
pub const MANIFEST: &str = "plugin.toml";

/// A document larger than this is a mistake.
const MAX_DOCUMENT_BYTES: u64 = 4 * 1024 * 1024;

/// More files than this are a mistake.
const MAX_FILES: usize = 2_000;

/// A plugin folder, read once.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Where it was read, for messages.
    pub shown: String,
    /// Every TOML file by its path in the folder, lines ending in a single newline.
    pub files: BTreeMap<String, String>,
    /// Where its code is, when it is code.
    pub code: Code,
    /// Told behind the version, as its build.
    pub build: Option<String>,
}

/// Where the code of a code plugin comes from.
#[derive(Debug, Clone)]
pub enum Code {
    /// A crate to compile.
    Crate(PathBuf),
    /// A core module the binary carries.
    Module(&'static [u8]),
    /// There is none.
    Absent,
}

impl Folder {
    /// Reads the folder at `path`.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        if !path.is_dir() {
            bail!("`{}` is not a folder", path.display());
        }
        if !path.join(MANIFEST).is_file() {
            bail!("`{}` holds no {MANIFEST}; `paratope plugin new` writes a folder that does", path.display());
        }
        let mut files = BTreeMap::new();
        read_into(path, "", &mut files)?;
        let code = if path.join("Cargo.toml").is_file() { Code::Crate(path.to_owned()) } else { Code::Absent };
        Ok(Self { shown: path.display().to_string(), files, code, build: None })
    }

    /// A folder the binary carries.
    pub(crate) fn bundled(folder: &'static bundle::Folder) -> Self {
        let files = folder.files.iter().map(|(path, text)| ((*path).to_owned(), unix_lines(text))).collect();
        let code = folder.module.map_or(Code::Absent, Code::Module);
        Self { shown: format!("plugins/{}", folder.path), files, code, build: None }
    }

    /// Every folder the binary carries, sorted.
    pub fn all_bundled() -> Vec<Self> {
        bundle::FOLDERS.iter().map(Self::bundled).collect()
    }

    /// Its manifest.
    ///
    /// # Errors
    /// Everything in it that must be put right.
    pub fn manifest(&self) -> Result<Manifest, Vec<Diagnostic>> {
        let mut manifest = Manifest::parse(self.text(MANIFEST))?;
        if let Some(build) = &self.build {
            manifest.version = format!("{}+{build}", manifest.version);
        }
        Ok(manifest)
    }

    /// The documents an engine reads: everything but the manifest and the cases, sorted by path.
    pub fn documents(&self) -> Vec<Document> {
        self.files
            .iter()
            .filter(|(path, _)| *path != MANIFEST && !path.starts_with("cases/"))
            .map(|(path, text)| Document { path: path.clone(), text: text.clone() })
            .collect()
    }

    /// Its cases: path and text, sorted by path.
    pub fn cases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(|(path, _)| path.starts_with("cases/"))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file. Empty when there is no such file.
    pub fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// The path of one of its files, for messages.
    pub fn path_of(&self, file: &str) -> String {
        format!("{}/{file}", self.shown.trim_end_matches('/'))
    }
}

/// Reads every TOML file below `within`. Hidden files, source code and what a compiler leaves behind are none.
fn read_into(root: &Path, within: &str, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    let folder = root.join(within);
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read `{}`", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { bail!("`{}` is not a name in UTF-8", entry.path().display()) };
        let path = if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") };
        let skipped = name.starts_with('.') || matches!(path.as_str(), "src" | "target" | "tests" | "Cargo.toml");
        let kind = entry.file_type()?;
        if skipped || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            read_into(root, &path, files)?;
        } else if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
            if files.len() >= MAX_FILES {
                bail!("`{}` holds more than {MAX_FILES} documents", root.display());
            }
            let size = entry.metadata()?.len();
            if size > MAX_DOCUMENT_BYTES {
                bail!(
                    "`{}` has {size} bytes, more than the {MAX_DOCUMENT_BYTES} of a document",
                    entry.path().display()
                );
            }
            let text = fs::read_to_string(entry.path())
                .with_context(|| format!("failed to read `{}`", entry.path().display()))?;
            files.insert(path, unix_lines(&text));
        }
    }
    Ok(())
}

/// The same text on every machine, however it was checked out.
fn unix_lines(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}
