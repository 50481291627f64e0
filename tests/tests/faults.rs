//! What goes wrong around a host, with real processes: it says so clearly, loses nothing, and goes on by itself when it is over.
//!
//! `faults/README.md` names every fault and where it is tested.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/mod.rs"]
mod support;

mod faults {
    mod clock;
    mod connections;
    mod database;
    mod disk;
    mod hosts;
    mod kills;
    mod load;
}
