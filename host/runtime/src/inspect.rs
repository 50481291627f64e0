//! What a component is, told from its bytes alone.
//!
//! Everything here happens before anything is compiled. The counts come first, because a valid component of a few
//! hundred kilobytes can keep a compiler busy for minutes: what makes a compiler slow is many locals in a large
//! function, huge jump tables and endless lists of parts. The figures are far above what Rust makes of an engine
//! and far below what hurts.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use wasmparser::{
    Encoding, Operator, Parser, Payload, Validator,
    component_types::{ComponentAnyTypeId, ComponentEntityType},
};

use crate::{LoadError, Track, engine};

/// Bytes of a component. Engines with their documents have one or two million.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of one function. Large parsers reach a hundred thousand.
const MAX_FUNCTION_BYTES: u64 = 256 * 1024;
/// Locals of one function. Compile time grows with locals times blocks.
const MAX_LOCALS: u64 = 1_500;
/// Targets of one jump table. Rust makes one for each case of a match.
const MAX_JUMP_TARGETS: u64 = 4_096;
/// Functions of one core module. An engine has one or two thousand.
const MAX_FUNCTIONS: u64 = 20_000;
/// Types of one core module or component.
const MAX_TYPES: u64 = 5_000;
/// Imports or exports of one core module or component.
const MAX_NAMES: u64 = 2_000;
/// Globals of one core module.
const MAX_GLOBALS: u64 = 1_000;
/// Data segments of one core module. A snapshot has up to ten thousand.
const MAX_DATA_SEGMENTS: u64 = 12_000;
/// Element segments of one core module, and elements of one.
const MAX_ELEMENTS: u64 = 20_000;
/// Core modules, over all nested components.
const MAX_MODULES: u64 = engine::CORE_INSTANCES as u64;
/// Nested components. The component tools wrap each exported interface in one.
const MAX_COMPONENTS: u64 = 64;
/// Sections, over all modules and nested components.
const MAX_SECTIONS: u64 = 4_000;
/// Exports named in an error.
const SHOWN_EXPORTS: usize = 6;

/// What a component is, told from its bytes alone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// The digest of its bytes, `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// How many bytes it has.
    pub size: usize,
    /// The contract it speaks.
    pub track: Track,
    /// The interface by which it speaks it, such as `paratope:payer/payer@0.1.0`.
    pub interface: String,
    /// Everything it imports: interfaces that hold only types, or nothing.
    pub imports: Vec<String>,
    /// Everything it exports.
    pub exports: Vec<String>,
}

/// The digest of `bytes`: `sha256:` and 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Looks at a component without compiling it. Whatever [`crate::Sandbox::load`] would refuse by looking is refused.
pub fn inspect(component: &[u8]) -> Result<Inspection, LoadError> {
    check_size(component)?;
    let names = count(component)?;
    check_imports(component, &names.imports)?;
    let (track, interface) = speaks(&names.exports)?;
    Ok(Inspection {
        digest: digest(component),
        size: component.len(),
        track,
        interface,
        imports: names.imports,
        exports: names.exports,
    })
}

/// Whether it is small enough to be looked at at all.
pub(crate) fn check_size(component: &[u8]) -> Result<(), LoadError> {
    let size = component.len();
    if size > MAX_BYTES { Err(LoadError::TooLarge { size, limit: MAX_BYTES }) } else { Ok(()) }
}

/// The names at the top of a component.
#[derive(Default)]
struct Names {
    imports: Vec<String>,
    exports: Vec<String>,
}

/// Walks through all parts, counts them, and collects the names at the top.
fn count(component: &[u8]) -> Result<Names, LoadError> {
    let mut names = Names::default();
    let (mut sections, mut modules, mut components, mut depth) = (0, 0, 0, 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(invalid)?;
        if payload.as_section().is_some() {
            sections += 1;
            at_most("sections", sections, MAX_SECTIONS)?;
        }
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(LoadError::CoreModule),
            Payload::ModuleSection { .. } => {
                depth += 1;
                modules += 1;
                at_most("core modules", modules, MAX_MODULES)?;
            }
            Payload::ComponentSection { .. } => {
                depth += 1;
                components += 1;
                at_most("nested components", components, MAX_COMPONENTS)?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) => {
                at_most("imports", section.count().into(), MAX_NAMES)?;
                if depth == 0 {
                    for import in section {
                        names.imports.push(import.map_err(invalid)?.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                at_most("exports", section.count().into(), MAX_NAMES)?;
                if depth == 0 {
                    for export in section {
                        names.exports.push(export.map_err(invalid)?.name.name.to_owned());
                    }
                }
            }
            Payload::TypeSection(section) => at_most("types", section.count().into(), MAX_TYPES)?,
            Payload::CoreTypeSection(section) => at_most("types", section.count().into(), MAX_TYPES)?,
            Payload::ComponentTypeSection(section) => at_most("types", section.count().into(), MAX_TYPES)?,
            Payload::ImportSection(section) => at_most("imports", section.count().into(), MAX_NAMES)?,
            Payload::ExportSection(section) => at_most("exports", section.count().into(), MAX_NAMES)?,
            Payload::FunctionSection(section) => at_most("functions", section.count().into(), MAX_FUNCTIONS)?,
            Payload::GlobalSection(section) => at_most("globals", section.count().into(), MAX_GLOBALS)?,
            Payload::DataSection(section) => at_most("data segments", section.count().into(), MAX_DATA_SEGMENTS)?,
            Payload::ElementSection(section) => {
                at_most("element segments", section.count().into(), MAX_ELEMENTS)?;
                for element in section {
                    let elements = match element.map_err(invalid)?.items {
                        wasmparser::ElementItems::Functions(items) => items.count(),
                        wasmparser::ElementItems::Expressions(_, items) => items.count(),
                    };
                    at_most("elements in a segment", elements.into(), MAX_ELEMENTS)?;
                }
            }
            Payload::CodeSectionEntry(body) => count_in_function(&body)?,
            _ => {}
        }
    }
    Ok(names)
}

fn count_in_function(body: &wasmparser::FunctionBody<'_>) -> Result<(), LoadError> {
    at_most("bytes in a function", body.range().len() as u64, MAX_FUNCTION_BYTES)?;
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(invalid)? {
        locals += u64::from(group.map_err(invalid)?.0);
        at_most("locals in a function", locals, MAX_LOCALS)?;
    }
    for operator in body.get_operators_reader().map_err(invalid)? {
        if let Operator::BrTable { targets } = operator.map_err(invalid)? {
            at_most("targets in a jump table", targets.len().into(), MAX_JUMP_TARGETS)?;
        }
    }
    Ok(())
}

fn at_most(what: &'static str, found: u64, limit: u64) -> Result<(), LoadError> {
    if found > limit { Err(LoadError::Excess { what, found, limit }) } else { Ok(()) }
}

/// Validates the component and refuses every import that would need something of the host. An interface that only
/// names types needs nothing.
fn check_imports(component: &[u8], imports: &[String]) -> Result<(), LoadError> {
    let types = Validator::new_with_features(engine::FEATURES).validate_all(component).map_err(invalid)?;
    let types = types.as_ref();
    for name in imports {
        let needs_nothing = match types.component_item_for_import(name).map(|item| &item.ty) {
            Some(ComponentEntityType::Instance(id)) => types.get(*id).is_some_and(|instance| {
                instance.exports.values().all(|export| match &export.ty {
                    ComponentEntityType::Type { created, .. } => !matches!(created, ComponentAnyTypeId::Resource(_)),
                    _ => false,
                })
            }),
            _ => false,
        };
        if !needs_nothing {
            let name = printable(name);
            return Err(if name.starts_with("wasi:") { LoadError::Wasi { name } } else { LoadError::Import { name } });
        }
    }
    Ok(())
}

/// The one contract a component's exports speak.
fn speaks(exports: &[String]) -> Result<(Track, String), LoadError> {
    let mut spoken: Option<(Track, String)> = None;
    for name in exports {
        if name.starts_with("paratope:engine/") {
            return Err(LoadError::Unconfigured { name: printable(name) });
        }
        let Some(track) = Track::of(name) else { continue };
        let track = track?;
        match spoken {
            None => spoken = Some((track, name.clone())),
            Some((first, first_name)) => {
                let (first_name, second) = (printable(&first_name), printable(name));
                return Err(if first.kind() == track.kind() {
                    LoadError::MixedTracks { first: first_name, second }
                } else {
                    LoadError::BothKinds { first: first_name, second }
                });
            }
        }
    }
    spoken.ok_or_else(|| {
        let shown: Vec<_> = exports.iter().take(SHOWN_EXPORTS).map(|name| format!("`{}`", printable(name))).collect();
        LoadError::NoContract { exports: if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") } }
    })
}

/// Text the component had a part in, made harmless for a terminal and not too long.
pub(crate) fn printable(text: &str) -> String {
    const SHOWN: usize = 400;
    text.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}

fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid { reason: printable(&error.to_string()) }
}
