//! What people agreed on in the store, kept in mind so that a request reads none of it: approvals, tokens, overrides, rules,
//! shadows, and what was revoked.

use std::collections::{BTreeMap, HashMap};

use crate::access::Token;
use crate::lifecycle::{Approval, Rules};
use crate::store::{BreakGlass, Shadow, Store, StoreError};

/// What is agreed, as of a mark of the store.
#[derive(Debug)]
pub(crate) struct Agreed {
    /// The mark it was read at. Something newer may be among it, nothing older.
    pub(super) mark: i64,
    /// The shadows that run.
    pub(crate) shadows: Vec<Shadow>,
    /// The overrides that were confirmed and did not end. Their time may be over.
    pub(crate) overrides: Vec<BreakGlass>,
    /// The rules.
    pub(crate) rules: Rules,
    /// Why each digest was revoked that was.
    pub(super) revoked: BTreeMap<String, String>,
    approvals: BTreeMap<String, Vec<Approval>>,
    tokens: HashMap<String, Token>,
}

impl Default for Agreed {
    /// Before anything was read.
    fn default() -> Self {
        Self {
            mark: -1,
            shadows: Vec::new(),
            overrides: Vec::new(),
            rules: Rules::default(),
            revoked: BTreeMap::new(),
            approvals: BTreeMap::new(),
            tokens: HashMap::new(),
        }
    }
}

impl Agreed {
    /// Reads it, after the mark was found to be `mark`.
    pub(super) async fn read(store: &Store, mark: i64) -> Result<Self, StoreError> {
        let mut approvals: BTreeMap<String, Vec<Approval>> = BTreeMap::new();
        for approval in store.standing_approvals().await? {
            approvals.entry(approval.site.clone()).or_default().push(approval);
        }
        let tokens = store.tokens_by_hash().await?;
        let (shadows, overrides) = (store.shadows(true).await?, store.open_overrides().await?);
        let rules = store.rules().await?.unwrap_or_default();
        let revoked = store.revoked().await?;
        Ok(Self { mark, shadows, overrides, rules, revoked, approvals, tokens })
    }

    /// The approvals that stand at a site.
    pub(super) fn approvals(&self, site: &str) -> &[Approval] {
        self.approvals.get(site).map_or(&[], Vec::as_slice)
    }

    /// The token with this hash.
    pub(crate) fn token(&self, hash: &str) -> Option<&Token> {
        self.tokens.get(hash)
    }

    /// Whether any token was ever issued: it may be revoked, but the host is never open again.
    pub(crate) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }
}
