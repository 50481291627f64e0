//! Authoring: from a folder that people write to a plugin that a sandbox runs.
//!
//! A folder holds `plugin.toml`, documents and `cases/`. The [`Workshop`] builds it, and [`cases`] runs its cases
//! against what was built.

pub mod cases;
pub mod componentize;
pub mod diagnostics;
pub mod explain;
pub mod folder;
pub mod manifest;
pub mod rust;
pub mod scaffold;
pub mod schema;
pub mod section;
pub mod workshop;

pub use self::folder::Folder;
pub use self::manifest::Manifest;
pub use self::workshop::{BuildError, Built, Workshop};
