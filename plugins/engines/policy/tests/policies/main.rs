//! The engine against documents made for each rule.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, its helpers too"
)]

mod diagnostics;
mod rules;
