//! From a core module to a component that speaks one of our worlds.
//!
//! The engines, the bundled code plugins and the code of users all take this way. The worlds are those of `wit/`,
//! which the binary carries.

use anyhow::{Context as _, bail};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{Resolve, UnresolvedPackageGroup};

/// A world of `wit/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Answers what a product's label asks.
    Product,
    /// Answers what a payer wants.
    Payer,
    /// Turns label documents into a product plugin.
    LabelEngine,
    /// Turns policy documents into a payer plugin.
    PolicyEngine,
}

impl World {
    /// Its full name.
    fn name(self) -> &'static str {
        match self {
            Self::Product => "paratope:product/product-plugin@0.2.0",
            Self::Payer => "paratope:payer/payer-plugin@0.1.0",
            Self::LabelEngine => "paratope:engine/label-engine@0.1.0",
            Self::PolicyEngine => "paratope:engine/policy-engine@0.1.0",
        }
    }
}

/// The packages of `wit/`, each after those it uses.
const PACKAGES: [(&str, &str); 4] = [
    ("types.wit", include_str!("../../../../wit/types/types.wit")),
    ("product.wit", include_str!("../../../../wit/product/product.wit")),
    ("payer.wit", include_str!("../../../../wit/payer/payer.wit")),
    ("engine.wit", include_str!("../../../../wit/engine/engine.wit")),
];

/// Makes a component of `module` that exports what `world` says, and imports nothing.
pub fn componentize(module: &[u8], world: World) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let mut packages = Vec::new();
    for (name, text) in PACKAGES {
        let parsed = UnresolvedPackageGroup::parse(name, text)
            .map_err(|(sources, error)| anyhow::anyhow!(error.render(&sources)))
            .with_context(|| format!("failed to read {name}"))?;
        packages.push(resolve.push_group(parsed).with_context(|| format!("failed to resolve {name}"))?);
    }
    let selected = resolve.select_world(&packages, Some(world.name())).context("failed to find the world")?;

    let mut module = without_component_types(module)?;
    wit_component::embed_component_metadata(&mut module, &resolve, selected, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .module(&module)
        .context("the module does not fit the world")?
        .validate(true)
        .encode()
        .context("failed to make a component of the module")
}

/// The module without the worlds that its libraries describe: it speaks the one it is built for.
fn without_component_types(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    const CUSTOM: u8 = 0;
    let Some((header, mut rest)) = module.split_at_checked(8) else { bail!("the module is cut short") };
    if !header.starts_with(b"\0asm\x01\0\0\0") {
        bail!("it is not a core module");
    }
    let mut kept = header.to_vec();
    while let Some((id, after_id)) = rest.split_first() {
        let (size, content) = leb128(after_id)?;
        let Some((content, after)) = content.split_at_checked(size) else { bail!("a section is cut short") };
        let section = rest.get(..rest.len() - after.len()).unwrap_or_default();
        let drop = *id == CUSTOM && section_name(content)?.starts_with(b"component-type");
        if !drop {
            kept.extend_from_slice(section);
        }
        rest = after;
    }
    Ok(kept)
}

fn section_name(content: &[u8]) -> anyhow::Result<&[u8]> {
    let (size, rest) = leb128(content)?;
    rest.get(..size).context("the name of a section is cut short")
}

/// A number as sections write it, and what follows it.
fn leb128(bytes: &[u8]) -> anyhow::Result<(usize, &[u8])> {
    let mut value = 0_usize;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28] {
        let Some((byte, after)) = rest.split_first() else { bail!("a number is cut short") };
        rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((value, rest));
        }
    }
    bail!("a number is too long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_component_types_are_dropped() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let other = [0, 6, 4, b'n', b'a', b'm', b'e', 1];
        module.extend_from_slice(&other);
        module.extend_from_slice(&[0, 18, 16]);
        module.extend_from_slice(b"component-type:x");
        module.push(7);
        let kept = without_component_types(&module).unwrap();
        assert_eq!(kept, [b"\0asm\x01\0\0\0".as_slice(), &other].concat());
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        for bytes in [b"".as_slice(), b"\0asm", b"\0asm\x0d\0\x01\0", b"\0asm\x01\0\0\0\0", b"\0asm\x01\0\0\0\0\x09"] {
            assert!(without_component_types(bytes).is_err());
        }
    }
}
