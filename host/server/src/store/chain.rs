//! Rows that follow from one another: each carries the hash of the row before it and of what it says.

use sha2::{Digest as _, Sha256};

/// Bytes of a hash.
pub(super) const HASH: usize = 32;

/// What the first row follows.
pub(super) const START: [u8; HASH] = [0; HASH];

/// The hash of a row: of the row before it and of its own content.
pub(super) fn link(previous: &[u8], content: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(previous).chain_update(content).finalize().to_vec()
}

/// The hash of everything a row says but its place. `name` says which kind of row, so that none passes for another.
pub(super) fn content(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [name.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}
