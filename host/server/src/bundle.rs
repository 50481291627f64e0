//! What the binary carries: the two engines, the bundled plugin folders and the patients of the demo.

include!(concat!(env!("OUT_DIR"), "/bundle.rs"));

/// A plugin folder inside the binary.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path below `plugins`, such as `products/exemplimab`.
    pub(crate) path: &'static str,
    /// Its documents: path in the folder, and text.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// The core module of a code plugin.
    pub(crate) module: Option<&'static [u8]>,
}
