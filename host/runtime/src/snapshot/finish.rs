//! Takes an export out of a component, so that a plugin made by an engine exports what any plugin exports.
//!
//! Custom sections go too: they only name things, and a plugin's digest should not depend on names.

use std::convert::Infallible;

use wasm_encoder::{
    Component, ComponentAliasSection, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
    ComponentSectionId, Module, RawSection,
    reencode::{self, Reencode, ReencodeComponent, component_utils},
};
use wasmparser::{ComponentAlias, ComponentExternalKind, Parser, Payload};

type Error = reencode::Error<Infallible>;

/// Copies `component` without its export `name`, an instance.
pub(super) fn without_export(component: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let mut finisher = Finisher { name, instances: 0, removed: None, dangling: false };
    let finished = finisher.copy(component).map_err(|error| error.to_string())?;
    match finisher {
        Finisher { removed: None, .. } => Err(format!("it does not export `{name}`")),
        Finisher { dangling: true, .. } => Err(format!("it uses its own export `{name}`")),
        _ => Ok(finished),
    }
}

/// Copies sections. An exported instance gets an index like any other, so those after the removed one move up.
struct Finisher<'a> {
    name: &'a str,
    /// Instances seen so far.
    instances: u32,
    /// The index the removed export had.
    removed: Option<u32>,
    /// Something uses the removed export.
    dangling: bool,
}

impl Finisher<'_> {
    fn copy(&mut self, component: &[u8]) -> Result<Vec<u8>, Error> {
        let mut finished = Component::new();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            let starts_another = matches!(payload, Payload::ModuleSection { .. } | Payload::ComponentSection { .. });
            if depth == 0 {
                self.copy_section(&mut finished, component, payload)?;
            } else if matches!(payload, Payload::End(_)) {
                depth -= 1;
            }
            if starts_another {
                depth += 1;
            }
        }
        Ok(finished.finish())
    }

    fn copy_section(&mut self, finished: &mut Component, whole: &[u8], payload: Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::CustomSection(_) => {}
            Payload::ModuleSection { unchecked_range, .. } => {
                let module = without_custom_sections(whole.get(unchecked_range).unwrap_or_default())?;
                finished.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: &module });
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                let data = whole.get(unchecked_range).unwrap_or_default();
                finished.section(&RawSection { id: ComponentSectionId::Component.into(), data });
            }
            Payload::ComponentImportSection(section) => {
                let mut imports = ComponentImportSection::new();
                for import in section.clone() {
                    self.count(import?.ty.kind());
                }
                self.parse_component_import_section(&mut imports, section)?;
                finished.section(&imports);
            }
            Payload::ComponentInstanceSection(section) => {
                let mut instances = ComponentInstanceSection::new();
                for instance in section {
                    component_utils::parse_component_instance(self, &mut instances, instance?)?;
                    self.instances += 1;
                }
                finished.section(&instances);
            }
            Payload::ComponentAliasSection(section) => {
                let mut aliases = ComponentAliasSection::new();
                for alias in section {
                    let alias = alias?;
                    let instance_export = match alias {
                        ComponentAlias::InstanceExport { kind, .. } => Some(kind),
                        _ => None,
                    };
                    aliases.alias(self.component_alias(alias)?);
                    instance_export.into_iter().for_each(|kind| self.count(kind));
                }
                finished.section(&aliases);
            }
            Payload::ComponentExportSection(section) => {
                let mut exports = ComponentExportSection::new();
                for export in section {
                    let export = export?;
                    let kind = export.kind;
                    if export.name.name == self.name && kind == ComponentExternalKind::Instance {
                        self.removed = Some(self.instances);
                    } else {
                        self.parse_component_export(&mut exports, export)?;
                    }
                    self.count(kind);
                }
                if !exports.is_empty() {
                    finished.section(&exports);
                }
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    finished.section(&RawSection { id, data: whole.get(range).unwrap_or_default() });
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, kind: ComponentExternalKind) {
        self.instances += u32::from(kind == ComponentExternalKind::Instance);
    }
}

impl Reencode for Finisher<'_> {
    type Error = Infallible;
}

impl ReencodeComponent for Finisher<'_> {
    fn component_instance_index(&mut self, index: u32) -> u32 {
        match self.removed {
            Some(removed) if index > removed => index - 1,
            Some(removed) if index == removed => {
                self.dangling = true;
                index
            }
            _ => index,
        }
    }
}

fn without_custom_sections(module: &[u8]) -> Result<Vec<u8>, Error> {
    let mut finished = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            finished.section(&RawSection { id, data: module.get(range).unwrap_or_default() });
        }
    }
    Ok(finished.finish())
}
