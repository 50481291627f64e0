//! JSON Schemas of the documents, for editors and forms. They are generated from the types that engines read.

use schemars::Schema;
use serde_json::Value;

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DocumentKind {
    /// `label/*.toml` of a product plugin.
    Label,
    /// `policy/**/*.toml` of a payer plugin.
    Policy,
    /// `payer.toml` of a payer plugin.
    Payer,
    /// `plugin.toml` of every plugin.
    Plugin,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Label, Self::Policy, Self::Payer, Self::Plugin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Policy => "policy",
            Self::Payer => "payer",
            Self::Plugin => "plugin",
        }
    }

    /// Its schema.
    pub fn schema(self) -> Schema {
        match self {
            Self::Label => paratope_label_engine::schema(),
            Self::Policy => paratope_policy_engine::schema(),
            Self::Payer => paratope_policy_engine::payer_schema(),
            Self::Plugin => schemars::schema_for!(super::Manifest),
        }
    }

    /// Its schema as text, as it is shipped in `plugins/schemas`.
    pub fn text(self) -> String {
        let value: Value = self.schema().into();
        serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_schemas_are_up_to_date() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/schemas");
        for kind in DocumentKind::ALL {
            let path = folder.join(format!("{}.schema.json", kind.name()));
            let shipped = std::fs::read_to_string(&path).unwrap_or_default();
            let name = kind.name();
            assert!(shipped == kind.text(), "run: paratope plugin schema {name} > plugins/schemas/{name}.schema.json");
        }
    }
}
