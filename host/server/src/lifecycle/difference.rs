//! What changed between two versions of a plugin, and whether the version number says so.
//!
//! A patch changes no case's answer. A minor version may add editions, and what those govern may be answered otherwise. A
//! major version may change anything.

use std::collections::{BTreeMap, BTreeSet};

use paratope_runtime::Plugin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::authoring::Manifest;
use crate::authoring::cases::Case;
use crate::authoring::folder::MANIFEST;
use crate::function::{Answer, edition_of};

/// One version of a plugin: what it says of itself, what it was made from, and its code.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Documents and cases, by path.
    pub files: &'a BTreeMap<String, String>,
    /// Its code.
    pub plugin: &'a Plugin,
}

/// How much a version number says may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The third number: no case is answered otherwise.
    Patch,
    /// The second number: editions were added.
    Minor,
    /// The first number: anything.
    Major,
}

impl Change {
    /// What the step between two versions says. `None` when it is no step forward.
    pub fn said(from: &semver::Version, to: &semver::Version) -> Option<Self> {
        if to.cmp_precedence(from).is_le() {
            return None;
        }
        Some(if to.major != from.major {
            Self::Major
        } else if to.minor != from.minor {
            Self::Minor
        } else {
            Self::Patch
        })
    }
}

/// Documents by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Documents {
    /// New ones.
    pub added: Vec<String>,
    /// Ones that say something else, if only in a comment.
    pub changed: Vec<String>,
    /// Ones that are gone.
    pub removed: Vec<String>,
}

/// A case that is answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ChangedCase {
    /// Its file.
    pub case: String,
    /// What it shows.
    pub about: String,
    /// Another edition governs than before.
    pub other_edition: bool,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Differences {
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// It speaks another contract.
    pub contract: bool,
    /// The documents.
    pub documents: Documents,
    /// Cases of the version before that both were asked.
    pub cases: usize,
    /// Those answered otherwise.
    pub changed: Vec<ChangedCase>,
    /// The least step that says as much.
    pub needs: Change,
}

/// Compares two versions by what they carry and by how they answer the cases of the first.
pub fn differences(old: Version<'_>, new: Version<'_>) -> Differences {
    let documents = documents(old.files, new.files);
    let (cases, changed) = changed_cases(old, new);
    let contract = old.plugin.track() != new.plugin.track();
    let in_editions = !documents.added.is_empty() && changed.iter().all(|one| one.other_edition);
    let needs = if contract || !documents.removed.is_empty() || (!changed.is_empty() && !in_editions) {
        Change::Major
    } else if !documents.added.is_empty() {
        Change::Minor
    } else {
        Change::Patch
    };
    let (from, to) = (old.manifest.version.clone(), new.manifest.version.clone());
    Differences { from, to, contract, documents, cases, changed, needs }
}

fn documents(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Documents {
    let is_document = |path: &&String| *path != MANIFEST && !path.starts_with("cases/");
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).filter(is_document).collect();
    let mut found = Documents::default();
    for path in paths {
        match (old.get(path), new.get(path)) {
            (None, _) => found.added.push(path.clone()),
            (Some(_), None) => found.removed.push(path.clone()),
            (Some(then), Some(now)) if then != now => found.changed.push(path.clone()),
            _ => {}
        }
    }
    found
}

/// How many cases were asked, and which are answered otherwise.
fn changed_cases(old: Version<'_>, new: Version<'_>) -> (usize, Vec<ChangedCase>) {
    let (mut asked, mut changed) = (0, Vec::new());
    for (path, text) in old.files.iter().filter(|(path, _)| path.starts_with("cases/")) {
        let Ok(case) = Case::parse(path, text) else { continue };
        let Some(request) = case.request() else { continue };
        asked += 1;
        let answers = [old.plugin, new.plugin].map(|plugin| match request.call(plugin) {
            Some(Ok(Answer::Ok(json))) => Some((true, open_ended(json.get()))),
            Some(Ok(answer)) => Some((false, open_ended(answer.text()))),
            _ => None,
        });
        if let [Some(then), Some(now)] = &answers
            && then == now
        {
            continue;
        }
        let [then, now] = answers.map(|answer| answer.and_then(|(_, answer)| edition_of(&answer).cloned()));
        changed.push(ChangedCase {
            case: path.clone(),
            about: case.description.clone(),
            other_edition: now.is_some() && then != now,
        });
    }
    (asked, changed)
}

/// An answer without the last days of editions: an edition that is added closes the one before it, which says nothing else
/// than before.
fn open_ended(text: &str) -> Value {
    fn open(value: &mut Value) {
        match value {
            Value::Object(entries) => {
                if let Some(Value::Object(effective)) = entries.get_mut("effective") {
                    effective.remove("last");
                }
                entries.values_mut().for_each(open);
            }
            Value::Array(elements) => elements.iter_mut().for_each(open),
            _ => {}
        }
    }
    let mut answer = serde_json::from_str(text).unwrap_or_default();
    open(&mut answer);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_says_how_much_may_change() {
        let said = |from: &str, to: &str| Change::said(&from.parse().unwrap(), &to.parse().unwrap());
        assert_eq!(said("1.2.3", "1.2.4"), Some(Change::Patch));
        assert_eq!(said("1.2.3", "1.3.0"), Some(Change::Minor));
        assert_eq!(said("1.2.3", "2.0.0"), Some(Change::Major));
        assert_eq!(said("0.1.0", "0.2.0"), Some(Change::Minor));
        assert_eq!(said("1.2.3", "1.2.3"), None);
        assert_eq!(said("1.2.3", "1.2.3+again"), None);
        assert_eq!(said("1.2.3", "1.2.2"), None);
    }

    #[test]
    fn documents_are_compared_without_manifest_and_cases() {
        let files = |files: &[(&str, &str)]| -> BTreeMap<String, String> {
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
        };
        let old = files(&[("plugin.toml", "a"), ("cases/x.toml", "a"), ("one.toml", "a"), ("two.toml", "a")]);
        let new = files(&[("plugin.toml", "b"), ("one.toml", "b"), ("three.toml", "a")]);
        let found = documents(&old, &new);
        let [added, changed, removed] = [["three.toml"], ["one.toml"], ["two.toml"]];
        assert!(found.added == added && found.changed == changed && found.removed == removed, "{found:?}");
    }
}
