//! The manifest inside a plugin: a custom section at the end of the component, which sandboxes pass over.

use anyhow::Context as _;

use super::manifest::Manifest;

/// The section's name.
const NAME: &str = "paratope:plugin";

/// Appends the manifest to a component.
pub fn append(component: &mut Vec<u8>, manifest: &Manifest) {
    let data = manifest.canonical();
    let mut content = Vec::with_capacity(data.len() + NAME.len() + 8);
    write_leb128(&mut content, NAME.len());
    content.extend_from_slice(NAME.as_bytes());
    content.extend_from_slice(data.as_bytes());
    component.push(0);
    write_leb128(component, content.len());
    component.extend_from_slice(&content);
}

/// Reads the manifest of a component that carries one.
///
/// # Errors
/// The section is there and cannot be read.
pub fn read(component: &[u8]) -> anyhow::Result<Option<Manifest>> {
    let Some((_, mut rest)) = component.split_at_checked(8) else { return Ok(None) };
    let mut found = None;
    while let Some((id, after_id)) = rest.split_first() {
        let Some((content, after)) = sized(after_id) else { return Ok(None) };
        if *id == 0
            && let Some((name, data)) = sized(content)
            && name == NAME.as_bytes()
        {
            anyhow::ensure!(found.is_none(), "it carries two manifests");
            let text = std::str::from_utf8(data).context("its manifest is not text")?;
            let manifest: Manifest = serde_json::from_str(text).context("its manifest cannot be read")?;
            anyhow::ensure!(super::manifest::is_name(&manifest.name), "its manifest has an invalid name");
            found = Some(manifest);
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

    const MANIFEST: &str = "name = \"x\"\nkind = \"payer\"\nversion = \"1.2.3\"\ncontract = \"0.1\"\n\
        publisher = \"p\"\ndescription = \"d\"\nengine = \"policy\"\n";

    #[test]
    fn what_is_appended_is_read_again() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        append(&mut component, &manifest);
        assert_eq!(read(&component).unwrap(), Some(manifest.clone()));
        append(&mut component, &manifest);
        assert!(read(&component).is_err());
    }

    #[test]
    fn a_component_without_one_has_none() {
        assert_eq!(read(b"\0asm\x0d\0\x01\0").unwrap(), None);
        assert_eq!(read(b"").unwrap(), None);
        assert_eq!(read(b"\0asm\x0d\0\x01\0\0\xff\xff\xff").unwrap(), None);
    }
}
