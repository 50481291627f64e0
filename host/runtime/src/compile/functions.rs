//! Functions compiled before. Plugins made by one engine differ in their data and hardly in their code, so the
//! second one compiles in a fraction of the time.
//!
//! Kept in memory only: nothing that another program could have written is ever linked into a plugin.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use wasmtime::CacheStore;

/// Bytes that are kept. Both engines and the bundled code plugins need about a third.
const ROOM: usize = 64 * 1024 * 1024;

/// Compiled functions by the digest of what they were compiled from.
#[derive(Default)]
pub(crate) struct Functions {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_key: HashMap<Box<[u8]>, Box<[u8]>>,
    bytes: usize,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions").finish_non_exhaustive()
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_key.get(key).map(|code| Cow::Owned(code.to_vec()))
    }

    fn insert(&self, key: &[u8], code: Vec<u8>) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = kept.bytes + key.len() + code.len();
        // When it is full it stays as it is: what came first are the engines.
        let fits = grown <= ROOM;
        if fits && kept.by_key.insert(key.into(), code.into()).is_none() {
            kept.bytes = grown;
        }
        fits
    }
}
