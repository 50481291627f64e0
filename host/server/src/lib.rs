//! The host: services over plugins and a store, with HTTP and a command line as faces.
//!
//! [`host`] holds what is installed, [`services`] tell the stories, [`session`] records their plugin calls, [`store`]
//! is the only SQL, [`cli`] and [`http`] are the faces. [`authoring`] turns folders into plugins.

pub mod access;
pub mod authoring;
mod bundle;
pub mod cli;
mod client;
pub mod clock;
pub mod function;
mod gate;
mod hex;
pub mod host;
pub mod http;
pub mod input;
pub mod keys;
pub mod lifecycle;
pub mod metrics;
pub mod oidc;
mod private;
pub mod receipt;
pub mod release;
pub mod report;
pub mod services;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod terminal;
