//! Rows that follow from one another: each carries the hash of the row before it and of what it says.

use std::fmt::Write as _;

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

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal digits. What are no digits gives bytes that no hash has.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).filter_map(|it| it.try_into().ok()).collect();
    digits.chunks(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect()
}
