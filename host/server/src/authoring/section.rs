//! What a plugin says of itself: custom sections at the end of the component, which sandboxes pass over.
//!
//! The manifest names it. The files are the documents and cases it was made from, so that whoever holds the bytes can
//! read the rules and try the cases again.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::manifest::Manifest;

const MANIFEST: &str = "paratope:plugin";
const FILES: &str = "paratope:files";

/// Appends the manifest, and the files the plugin was made from, to a component.
pub fn append(component: &mut Vec<u8>, manifest: &Manifest, files: &BTreeMap<String, String>) {
    append_section(component, FILES, &serde_json::json!(files).to_string());
    append_section(component, MANIFEST, &manifest.canonical());
}

/// Reads the manifest of a component that carries one.
///
/// # Errors
/// The section is there and cannot be read.
pub fn manifest(component: &[u8]) -> anyhow::Result<Option<Manifest>> {
    let Some(text) = find(component, MANIFEST)? else { return Ok(None) };
    let manifest: Manifest = serde_json::from_str(text).context("its manifest cannot be read")?;
    anyhow::ensure!(super::manifest::is_name(&manifest.name), "its manifest has an invalid name");
    Ok(Some(manifest))
}

/// Reads the files of a component that carries them.
///
/// # Errors
/// The section is there and cannot be read.
pub fn files(component: &[u8]) -> anyhow::Result<Option<BTreeMap<String, String>>> {
    let Some(text) = find(component, FILES)? else { return Ok(None) };
    serde_json::from_str(text).context("its files cannot be read").map(Some)
}

fn append_section(component: &mut Vec<u8>, name: &str, data: &str) {
    let mut content = Vec::with_capacity(data.len() + name.len() + 8);
    write_leb128(&mut content, name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(data.as_bytes());
    component.push(0);
    write_leb128(component, content.len());
    component.extend_from_slice(&content);
}

/// The text of the custom section with this name. Two of them are refused.
fn find<'a>(component: &'a [u8], name: &str) -> anyhow::Result<Option<&'a str>> {
    let Some((_, mut rest)) = component.split_at_checked(8) else { return Ok(None) };
    let mut found = None;
    while let Some((id, after_id)) = rest.split_first() {
        let Some((content, after)) = sized(after_id) else { return Ok(None) };
        if *id == 0
            && let Some((own, data)) = sized(content)
            && own == name.as_bytes()
        {
            anyhow::ensure!(found.is_none(), "it carries two sections `{name}`");
            found = Some(std::str::from_utf8(data).with_context(|| format!("its section `{name}` is not text"))?);
        }
        rest = after;
    }
    Ok(found)
}

/// What a size says is there, and what follows.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut size = 0_usize;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        size |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return rest.split_at_checked(size);
        }
    }
    None
}

fn write_leb128(to: &mut Vec<u8>, mut value: usize) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            to.push(byte);
            return;
        }
        to.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"x\"\nkind = \"payer\"\nversion = \"1.2.3\"\ncontract = \"0.1\"\n\
        publisher = \"p\"\ndescription = \"d\"\nengine = \"policy\"\n";

    #[test]
    fn what_is_appended_is_read_again() {
        let manifest = Manifest::parse(TEXT).unwrap();
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        let files = BTreeMap::from([("payer.toml".to_owned(), "payer = \"x\"\n".to_owned())]);
        append(&mut component, &manifest, &files);
        assert_eq!(super::manifest(&component).unwrap(), Some(manifest.clone()));
        assert_eq!(super::files(&component).unwrap(), Some(files.clone()));
        append(&mut component, &manifest, &files);
        assert!(super::manifest(&component).is_err() && super::files(&component).is_err());
    }

    #[test]
    fn a_component_without_one_has_none() {
        assert_eq!(manifest(b"\0asm\x0d\0\x01\0").unwrap(), None);
        assert_eq!(manifest(b"").unwrap(), None);
        assert_eq!(manifest(b"\0asm\x0d\0\x01\0\0\xff\xff\xff").unwrap(), None);
    }
}
