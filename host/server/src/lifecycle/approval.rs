//! What a site approved: one digest, or a range of versions of a publisher.

use schemars::JsonSchema;
use semver::VersionReq;
use serde::{Deserialize, Serialize};

use crate::authoring::Manifest;

/// What is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Approved {
    /// These bytes.
    Digest(String),
    /// Versions of one publisher.
    #[serde(rename_all = "kebab-case")]
    Versions {
        /// The publisher.
        publisher: String,
        /// The plugin. Left out: every plugin of the publisher.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plugin: Option<String>,
        /// A range of semantic versions, such as `^1.2`. A version before a release, such as `2.0.0-rc.1`, is only in a range
        /// that names one.
        #[schemars(with = "String")]
        range: VersionReq,
    },
}

impl Approved {
    /// Whether it covers this plugin.
    pub fn covers(&self, digest: &str, manifest: &Manifest) -> bool {
        match self {
            Self::Digest(approved) => approved == digest,
            Self::Versions { publisher, plugin, range } => {
                *publisher == manifest.publisher
                    && plugin.as_ref().is_none_or(|plugin| *plugin == manifest.name)
                    && semver::Version::parse(&manifest.version).is_ok_and(|version| range.matches(&version))
            }
        }
    }
}

/// A site's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// Its id.
    pub id: String,
    /// The site.
    pub site: String,
    /// What is approved.
    pub approved: Approved,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// When, RFC 3339.
    pub approved_at: String,
    /// Who withdrew it, when and why. Left out while it stands.
    pub withdrawn: Option<Withdrawn>,
}

/// That an approval was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Withdrawn {
    /// Who withdrew it.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub because: String,
}

impl Approval {
    /// Whether it lets the site be answered by this plugin.
    pub fn covers(&self, digest: &str, manifest: &Manifest) -> bool {
        self.withdrawn.is_none() && self.approved.covers(digest, manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(version: &str) -> Manifest {
        Manifest::parse(&format!(
            "name = \"aetna\"\nkind = \"payer\"\nversion = \"{version}\"\ncontract = \"0.1\"\npublisher = \"library\"\n\
             description = \"d\"\nengine = \"policy\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn a_range_is_of_one_publisher_and_of_one_plugin_or_all() {
        let range = |publisher: &str, plugin: Option<&str>, range: &str| Approved::Versions {
            publisher: publisher.to_owned(),
            plugin: plugin.map(str::to_owned),
            range: range.parse().unwrap(),
        };
        let covers = |approved: &Approved, version: &str| approved.covers("sha256:00", &manifest(version));
        let one = range("library", Some("aetna"), "^1.2");
        assert!(!covers(&one, "1.1.9") && covers(&one, "1.2.0") && covers(&one, "1.9.0") && !covers(&one, "2.0.0"));
        assert!(
            covers(&range("library", None, "*"), "0.1.0") && covers(&range("library", None, "*"), "0.1.0+bundled.1")
        );
        assert!(!covers(&range("library", None, "*"), "2.0.0-rc.1"));
        assert!(
            !covers(&range("library", Some("cigna"), "*"), "1.0.0") && !covers(&range("other", None, "*"), "1.0.0")
        );
        assert!(covers(&Approved::Digest("sha256:00".to_owned()), "1.0.0"));
        assert!(!covers(&Approved::Digest("sha256:01".to_owned()), "1.0.0"));
    }
}
