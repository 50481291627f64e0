//! Receipts: signed statements of what was determined, which anyone can check without the host.
//!
//! A receipt names bytes by their digests and says nothing of the patient. It is signed in a DSSE envelope with the key of
//! the host that gives it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use dsse::{Ed25519Signer, Ed25519Verifier, Envelope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::clock::DeterminationId;
use crate::function::Answer;
use crate::hex;
use crate::services::PluginRef;
use crate::services::record::plugins_of;
use crate::store::{Determination, DeterminationKind};

/// What is signed.
const TYPE: &str = "application/vnd.paratope.receipt+json";

/// The key's file in the data folder.
const KEY_FILE: &str = "receipt.key";

/// Bytes of a key.
const KEY: usize = 32;

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
            let Some(edition) = answer.pointer("/policy/edition").or_else(|| answer.get("edition")) else { continue };
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

    /// Reads a receipt that `key`, in hexadecimal, signed.
    pub fn verify(envelope: &[u8], key: &str) -> anyhow::Result<Self> {
        let key = hex::decode(key).filter(|key| key.len() == KEY);
        let key = Ed25519Verifier::from_bytes(&key.context("a key is 64 hexadecimal digits")?)?;
        let envelope = Envelope::from_json(envelope)?;
        let signed = dsse::verify(&envelope, &[&key], 1).context("this key did not sign it, or it was changed")?;
        anyhow::ensure!(signed.payload_type == TYPE, "it is signed, and it is no receipt");
        serde_json::from_slice(&signed.payload).context("it is signed, and it is no receipt")
    }
}

/// The key of a host.
pub struct HostKey(Ed25519Signer);

impl HostKey {
    /// Reads the key in the data folder, and makes one when there is none. Only its owner may read it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(KEY_FILE);
        let shown = path.display();
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(&path).with_context(|| format!("failed to make `{shown}`"))?;
                fs::read_to_string(&path)
            }
            read => read,
        };
        let seed = hex::decode(text.with_context(|| format!("failed to read `{shown}`"))?.trim());
        let seed = seed.filter(|seed| seed.len() == KEY).with_context(|| format!("`{shown}` holds no key"))?;
        Ok(Self(Ed25519Signer::from_bytes(&seed)?))
    }

    /// The public key, in hexadecimal.
    pub fn public(&self) -> String {
        use dsse::Verifier as _;
        let identity = self.0.verifier().key_identity().unwrap_or_default();
        hex::encode(identity.get(identity.len().saturating_sub(KEY)..).unwrap_or_default())
    }

    /// Signs a receipt.
    pub fn sign(&self, receipt: &Receipt) -> anyhow::Result<Vec<u8>> {
        let signer = self.0.clone().with_key_id(self.public());
        Ok(dsse::sign(TYPE, &serde_json::to_vec(receipt)?, &signer)?.to_json()?)
    }
}

/// Writes a new key. Where another process was faster, its key stands.
fn make(path: &Path) -> anyhow::Result<()> {
    let mut seed = [0; KEY];
    getrandom::fill(&mut seed)?;
    let folder = path.parent().context("it has no folder")?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(draft, "{}", hex::encode(&seed))?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Ids;

    fn receipt() -> Receipt {
        Receipt {
            id: Ids::default().next(jiff::Timestamp::UNIX_EPOCH),
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
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = HostKey::open(one.path()).unwrap();
        let signed = key.sign(&receipt()).unwrap();
        assert_eq!(HostKey::open(one.path()).unwrap().public(), key.public());
        assert_eq!(Receipt::verify(&signed, &key.public()).unwrap().outcome, "cleared");
        assert!(Receipt::verify(&signed, &HostKey::open(other.path()).unwrap().public()).is_err());
        let changed = Receipt { outcome: "blocked".to_owned(), ..receipt() };
        let forged = HostKey::open(other.path()).unwrap().sign(&changed).unwrap();
        assert!(Receipt::verify(&forged, &key.public()).is_err());
        let mut envelope: Value = serde_json::from_slice(&signed).unwrap();
        let others: Value = serde_json::from_slice(&forged).unwrap();
        envelope["payload"] = others["payload"].clone();
        assert!(Receipt::verify(envelope.to_string().as_bytes(), &key.public()).is_err());
    }

    #[test]
    fn a_signature_on_something_else_is_no_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let key = HostKey::open(folder.path()).unwrap();
        let payload = serde_json::to_vec(&receipt()).unwrap();
        let signed = dsse::sign("application/json", &payload, &key.0).unwrap().to_json().unwrap();
        assert!(Receipt::verify(&signed, &key.public()).unwrap_err().to_string().contains("no receipt"));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        HostKey::open(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(folder.path().join(KEY_FILE), "no key").unwrap();
        assert!(HostKey::open(folder.path()).is_err());
    }
}
