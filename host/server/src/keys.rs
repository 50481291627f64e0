//! Ed25519 keys in files, and what they sign: DSSE envelopes over a typed payload.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use dsse::{Ed25519Signer, Ed25519Verifier, Envelope};

use crate::hex;

/// Bytes of a key.
const KEY: usize = 32;

/// A private key.
pub struct SigningKey(Ed25519Signer);

impl SigningKey {
    /// Reads the key in a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("failed to read `{shown}`"))?;
        let seed = hex::decode(text.trim()).filter(|seed| seed.len() == KEY);
        Ok(Self(Ed25519Signer::from_bytes(&seed.with_context(|| format!("`{shown}` holds no key"))?)?))
    }

    /// Makes a key and writes it to a file that only its owner may read. A file that is there already stays as it is: an
    /// error.
    pub fn make(path: &Path) -> anyhow::Result<Self> {
        draw(path).with_context(|| format!("failed to make `{}`", path.display()))?;
        Self::read(path)
    }

    /// Reads the key in a file, and makes one when there is none.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if !path.try_exists()? {
            match draw(path) {
                // Another process was faster: its key stands.
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(error).with_context(|| format!("failed to make `{}`", path.display()));
                }
                _ => {}
            }
        }
        Self::read(path)
    }

    /// The public key, in hexadecimal.
    pub fn public(&self) -> String {
        use dsse::Verifier as _;
        let identity = self.0.verifier().key_identity().unwrap_or_default();
        hex::encode(identity.get(identity.len().saturating_sub(KEY)..).unwrap_or_default())
    }

    /// Signs a payload of this type.
    pub fn sign(&self, kind: &str, payload: &[u8]) -> anyhow::Result<Vec<u8>> {
        let signer = self.0.clone().with_key_id(self.public());
        Ok(dsse::sign(kind, payload, &signer)?.to_json()?)
    }
}

/// Writes a new key.
fn draw(path: &Path) -> std::io::Result<()> {
    let mut seed = [0; KEY];
    getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(draft, "{}", hex::encode(&seed))?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// Whether `text` is a public key: 64 hexadecimal digits, in lower case, of a point of the curve.
pub fn is_public(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_uppercase()) && verifier(text).is_ok()
}

fn verifier(key: &str) -> anyhow::Result<Ed25519Verifier> {
    let key = hex::decode(key).filter(|key| key.len() == KEY).context("a key is 64 hexadecimal digits")?;
    Ok(Ed25519Verifier::from_bytes(&key)?)
}

/// The payload of an envelope that `key`, in hexadecimal, signed as being of this type.
pub fn verified(envelope: &[u8], key: &str, kind: &str) -> anyhow::Result<Vec<u8>> {
    let key = verifier(key)?;
    let envelope = Envelope::from_json(envelope)?;
    let signed = dsse::verify(&envelope, &[&key], 1).context("this key did not sign it, or it was changed")?;
    anyhow::ensure!(signed.payload_type == kind, "what was signed is {}, not {kind}", signed.payload_type);
    Ok(signed.payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_a_key_and_none_is_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let key = SigningKey::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SigningKey::open(&path).unwrap().public(), key.public());
        assert!(SigningKey::make(&path).is_err());
        assert!(is_public(&key.public()) && !is_public("00") && !is_public(&key.public().to_uppercase()));
        fs::write(&path, "no key").unwrap();
        assert!(SigningKey::open(&path).is_err());
    }
}
