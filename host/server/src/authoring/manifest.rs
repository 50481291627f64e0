//! `plugin.toml`: what a plugin is called, who publishes it and what it was written from.

use paratope_runtime::{Diagnostic, Kind, Severity};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

/// The contract tracks that plugins of a kind may speak, oldest first. Today's are written for the last.
pub fn contracts(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Product => &["0.1", "0.2"],
        Kind::Payer => &["0.1"],
    }
}

/// A plugin's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Lower-case letters, digits and hyphens. A product plugin is named after its product, a payer plugin after its
    /// payer.
    pub name: String,
    /// What it is for.
    #[schemars(with = "String", extend("enum" = ["product", "payer"]))]
    pub kind: Kind,
    /// Its semantic version. A version names one content for ever.
    pub version: String,
    /// The contract it speaks.
    #[schemars(extend("enum" = ["0.1", "0.2"]))]
    pub contract: String,
    /// Who answers for it.
    pub publisher: String,
    /// In a sentence.
    pub description: String,
    /// The engine that reads its documents. Either this or `code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The language it is written in. Either this or `engine`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Language>,
    /// What it was written from.
    #[serde(default, rename = "source", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

/// An engine of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Reads label documents.
    Label,
    /// Reads policy documents.
    Policy,
}

/// A language that `paratope plugin build` compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Rust, on the SDK.
    Rust,
}

/// Something a plugin was written from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// Its title.
    pub title: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day it was read, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
}

/// How the plugin comes into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// An engine reads documents.
    Documents(Engine),
    /// A compiler reads code.
    Code(Language),
}

impl Manifest {
    /// Reads the text of a `plugin.toml`.
    ///
    /// # Errors
    /// Everything that must be put right, with line and column.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let manifest: Self = toml::from_str(text).map_err(|error| vec![of_toml("plugin.toml", text, &error)])?;
        let problems = manifest.problems();
        if problems.is_empty() {
            return Ok(manifest);
        }
        Err(problems
            .into_iter()
            .map(|(key, message, help)| {
                let line = text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |at| at + 1);
                Diagnostic {
                    path: "plugin.toml".to_owned(),
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                    column: 1,
                    severity: Severity::Error,
                    message,
                    help: Some(help),
                }
            })
            .collect())
    }

    /// How the plugin comes into being.
    pub fn making(&self) -> Option<Making> {
        match (self.engine, self.code) {
            (Some(engine), None) => Some(Making::Documents(engine)),
            (None, Some(language)) => Some(Making::Code(language)),
            _ => None,
        }
    }

    /// The manifest as a plugin carries it: one text for one content.
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is wrong beyond the shape: key, message, and what would be accepted.
    fn problems(&self) -> Vec<(&'static str, String, String)> {
        let mut problems = Vec::new();
        if !is_name(&self.name) {
            problems.push((
                "name",
                format!("`{}` is not a name", self.name),
                "lower-case letters, digits and hyphens, a letter first, at most 64".to_owned(),
            ));
        }
        if Version::parse(&self.version).is_err() {
            problems.push((
                "version",
                format!("`{}` is not a semantic version", self.version),
                "three numbers, such as 0.1.0".to_owned(),
            ));
        }
        let accepted = contracts(self.kind);
        if !accepted.contains(&self.contract.as_str()) {
            problems.push((
                "contract",
                format!("this host knows no contract `{}` of a {} plugin", self.contract, self.kind),
                format!("accepted: {}", accepted.join(", ")),
            ));
        }
        match (self.making(), self.kind) {
            (None, _) => problems.push((
                "kind",
                "it is not said how the plugin is made".to_owned(),
                "one of: engine = \"label\", engine = \"policy\", code = \"rust\"".to_owned(),
            )),
            (Some(Making::Documents(Engine::Label)), Kind::Payer) => problems.push((
                "engine",
                "the label engine makes product plugins".to_owned(),
                "engine = \"policy\" for a payer".to_owned(),
            )),
            (Some(Making::Documents(Engine::Policy)), Kind::Product) => problems.push((
                "engine",
                "the policy engine makes payer plugins".to_owned(),
                "engine = \"label\" for a product".to_owned(),
            )),
            _ => {}
        }
        for source in &self.sources {
            if let Some(read) = &source.read
                && read.parse::<paratope_domain::Day>().is_err()
            {
                problems.push((
                    "read",
                    format!("`{read}` is not a day of the calendar"),
                    "a day, such as \"2026-03-05\"".to_owned(),
                ));
            }
        }
        problems
    }
}

/// Whether `text` may name a plugin.
pub fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What the reader of TOML has to say, as a diagnostic.
pub fn of_toml(path: &str, text: &str, error: &toml::de::Error) -> Diagnostic {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    let message = error.message().replace('\n', " ");
    let (message, help) = match message.split_once(", expected ") {
        Some((what, accepted)) => (what.to_owned(), Some(format!("accepted: {accepted}"))),
        None => (message, None),
    };
    Diagnostic { path: path.to_owned(), line, column, severity: Severity::Error, message, help }
}

/// Line and column of a byte, both from 1, columns in characters.
pub fn place(text: &str, byte: usize) -> (u32, u32) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "exemplimab"
kind = "product"
version = "0.1.0"
contract = "0.1"
publisher = "Example Library"
description = "An invented antibody"
engine = "label"

[[source]]
title = "Prescribing information"
read = "2026-03-05"
"#;

    #[test]
    fn a_manifest_has_one_canonical_text() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.making(), Some(Making::Documents(Engine::Label)));
        let again: Manifest = serde_json::from_str(&manifest.canonical()).unwrap();
        assert_eq!(again, manifest);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_place() {
        let found = Manifest::parse(&GOOD.replace("publisher", "publishr")).unwrap_err();
        let [diagnostic] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((diagnostic.line, diagnostic.column), (6, 1));
        assert!(diagnostic.message.contains("publishr"), "{diagnostic:?}");
        assert!(diagnostic.help.as_deref().unwrap_or_default().contains("`publisher`"), "{diagnostic:?}");
    }

    #[test]
    fn every_wrong_value_is_told_at_once() {
        let text = GOOD
            .replace("0.1.0", "one")
            .replace("\"0.1\"", "\"9\"")
            .replace("\"label\"", "\"policy\"")
            .replace("2026-03-05", "2026-02-30")
            .replace("name = \"ex", "name = \"Ex");
        let lines: Vec<u32> = Manifest::parse(&text).unwrap_err().iter().map(|found| found.line).collect();
        assert_eq!(lines, [2, 4, 5, 8, 12]);
    }
}
