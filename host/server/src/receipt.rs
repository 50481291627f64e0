//! Receipts: signed statements of what was determined, which anyone can check without the host.
//!
//! A receipt names bytes by their digests and says nothing of the patient. It is signed in a DSSE envelope with the key of
//! the host that gives it.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::clock::DeterminationId;
use crate::function::{Answer, edition_of};
use crate::hex;
use crate::keys::{self, SigningKey};
use crate::services::PluginRef;
use crate::services::record::plugins_of;
use crate::store::{Determination, DeterminationKind};

/// What is signed.
const TYPE: &str = "application/vnd.paratope.receipt+json";

/// The file of a host's key in its data folder.
pub const KEY_FILE: &str = "receipt.key";

/// What was determined, without anything about the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Receipt {
    /// The determination.
    pub id: DeterminationId,
    /// What it is.
    pub kind: DeterminationKind,
    /// When it was recorded, RFC 3339.
    pub recorded_at: String,
    /// The verdict of a clearance; `answered`, `refused` or `failed` of anything else.
    pub outcome: String,
    /// The bytes that answered.
    pub plugins: Vec<PluginRef>,
    /// The editions that governed.
    pub editions: Vec<Governing>,
    /// The digest of what was asked.
    pub request: String,
    /// The hash of the record in the host's chain, in hexadecimal.
    pub record: String,
}

/// An edition that governed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Governing {
    /// The plugin that holds it.
    pub plugin: String,
    /// The document.
    pub document: String,
    /// The edition's id.
    pub edition: String,
}

impl Receipt {
    /// The receipt of a determination.
    pub fn of(determination: &Determination) -> anyhow::Result<Self> {
        anyhow::ensure!(determination.intact, "the record was changed since it was made: there is no receipt for it");
        let outcome = match determination.kind {
            DeterminationKind::Clearance => {
                let answer: Value = serde_json::from_str(determination.answer.get())?;
                answer.get("verdict").and_then(Value::as_str).context("the record has no verdict")?.to_owned()
            }
            DeterminationKind::Plan | DeterminationKind::Call => {
                match determination.calls.last().map(|call| &call.answer) {
                    Some(Answer::Ok(_)) => "answered",
                    Some(Answer::Error(_)) => "refused",
                    _ => "failed",
                }
                .to_owned()
            }
        };
        let mut editions = Vec::new();
        for call in &determination.calls {
            let Answer::Ok(json) = &call.answer else { continue };
            let answer: Value = serde_json::from_str(json.get())?;
            let Some(edition) = edition_of(&answer) else { continue };
            let text = |field: &str| edition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            let governing = Governing { plugin: call.plugin.clone(), document: text("document"), edition: text("id") };
            if !editions.contains(&governing) {
                editions.push(governing);
            }
        }
        Ok(Self {
            id: determination.id,
            kind: determination.kind,
            recorded_at: determination.recorded_at.clone(),
            outcome,
            plugins: plugins_of(&determination.calls),
            editions,
            request: format!("sha256:{}", hex::encode(&Sha256::digest(determination.request.get()))),
            record: hex::encode(&determination.hash),
        })
    }

    /// Signs it with the key of a host.
    pub fn signed(&self, key: &SigningKey) -> anyhow::Result<Vec<u8>> {
        key.sign(TYPE, &serde_json::to_vec(self)?)
    }

    /// Reads a receipt that `key`, in hexadecimal, signed.
    pub fn verify(envelope: &[u8], key: &str) -> anyhow::Result<Self> {
        let payload = keys::verified(envelope, key, TYPE)?;
        serde_json::from_slice(&payload).context("it is signed, and it is no receipt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            id: "01KAJ2V9X4Q6ZJ8M3T5W7Y1B2C".parse().unwrap(),
            kind: DeterminationKind::Clearance,
            recorded_at: "2026-11-27T09:00:00Z".to_owned(),
            outcome: "cleared".to_owned(),
            plugins: vec![PluginRef { name: "aetna".to_owned(), digest: "sha256:00".to_owned() }],
            editions: Vec::new(),
            request: "sha256:11".to_owned(),
            record: "22".to_owned(),
        }
    }

    #[test]
    fn a_receipt_reads_back_with_its_key_only_and_shows_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::open(&folder.path().join("one")).unwrap();
        let other = SigningKey::open(&folder.path().join("other")).unwrap();
        let signed = receipt().signed(&key).unwrap();
        assert_eq!(Receipt::verify(&signed, &key.public()).unwrap(), receipt());
        assert!(Receipt::verify(&signed, &other.public()).is_err());
        let forged = Receipt { outcome: "blocked".to_owned(), ..receipt() }.signed(&other).unwrap();
        assert!(Receipt::verify(&forged, &key.public()).is_err());
        let mut envelope: Value = serde_json::from_slice(&signed).unwrap();
        let others: Value = serde_json::from_slice(&forged).unwrap();
        envelope["payload"] = others["payload"].clone();
        assert!(Receipt::verify(envelope.to_string().as_bytes(), &key.public()).is_err());
        let untyped = key.sign("application/json", &serde_json::to_vec(&receipt()).unwrap()).unwrap();
        assert!(Receipt::verify(&untyped, &key.public()).unwrap_err().to_string().contains("not application/vnd"));
    }
}
