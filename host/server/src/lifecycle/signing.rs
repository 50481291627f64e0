//! What a publisher signs: that these bytes are this version of this plugin.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SigningRole;
use crate::keys::{self, SigningKey};

/// What is signed.
const TYPE: &str = "application/vnd.paratope.release+json";

/// What a signature states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Statement {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of its bytes.
    pub digest: String,
}

impl Statement {
    /// Signs it: JSON, a DSSE envelope.
    pub fn signed(&self, key: &SigningKey) -> anyhow::Result<Vec<u8>> {
        key.sign(TYPE, &serde_json::to_vec(self)?)
    }

    /// Whether `key` signed just this.
    pub fn is_signed(&self, envelope: &[u8], key: &str) -> bool {
        let payload = keys::verified(envelope, key, TYPE);
        payload.is_ok_and(|payload| serde_json::from_slice::<Self>(&payload).is_ok_and(|signed| signed == *self))
    }
}

/// A publisher's public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PublisherKey {
    /// The key: ed25519, in hexadecimal.
    pub key: String,
    /// Whose it is.
    pub publisher: String,
    /// What its owner vouches for.
    pub role: SigningRole,
    /// When it was enrolled, RFC 3339.
    pub enrolled_at: String,
    /// Since when it signs nothing new. What it signed before stands.
    pub retired_at: Option<String>,
    /// Since when nothing it ever signed counts.
    pub revoked_at: Option<String>,
}

impl PublisherKey {
    /// Whether a new signature with it counts.
    pub fn signs(&self) -> bool {
        self.retired_at.is_none() && self.revoked_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_one_version_of_one_plugin() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::make(&folder.path().join("key")).unwrap();
        let other = SigningKey::make(&folder.path().join("other")).unwrap();
        let statement =
            Statement { name: "aetna".to_owned(), version: "1.0.0".to_owned(), digest: "sha256:00".to_owned() };
        let envelope = statement.signed(&key).unwrap();
        assert!(statement.is_signed(&envelope, &key.public()) && !statement.is_signed(&envelope, &other.public()));
        for changed in [
            Statement { name: "other".to_owned(), ..statement.clone() },
            Statement { version: "1.0.1".to_owned(), ..statement.clone() },
            Statement { digest: "sha256:01".to_owned(), ..statement.clone() },
        ] {
            assert!(!changed.is_signed(&envelope, &key.public()));
        }
        assert!(!statement.is_signed(b"{}", &key.public()) && !statement.is_signed(b"", &key.public()));
    }
}
