//! Turns `wit/facts.toml` into the table and the typed accessors of `facts.rs`, so that a misspelt fact does not compile.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    meaning: String,
    r#type: String,
    unit: Option<String>,
    fresh: Option<u32>,
    #[serde(default)]
    values: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../wit/facts.toml");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=build.rs");
    let entries: std::collections::BTreeMap<String, Entry> = toml::from_str(&fs::read_to_string(&source)?)?;

    let mut table = String::from("/// Every fact, sorted by code.\npub static VOCABULARY: &[Definition] = &[\n");
    let mut accessors = String::new();
    for (code, entry) in &entries {
        let (kind, returned) = match entry.r#type.as_str() {
            "flag" => ("Flag", "bool"),
            "count" => ("Count", "u32"),
            "quantity" => ("Quantity", "Decimal"),
            "code" => ("Code", "&str"),
            "codes" => ("Codes", "&[String]"),
            "day" => ("Day", "Day"),
            "text" => ("Text", "&str"),
            other => return Err(format!("facts.toml: `{code}` has unknown type `{other}`").into()),
        };
        if (entry.r#type == "quantity") != entry.unit.is_some() {
            return Err(format!("facts.toml: `{code}`: a quantity, and nothing else, has a unit").into());
        }
        writeln!(
            table,
            "    Definition {{ code: {code:?}, meaning: {:?}, kind: Kind::{kind}, unit: {:?}, fresh: {:?}, values: &{:?} }},",
            entry.meaning, entry.unit, entry.fresh, entry.values
        )?;
        writeln!(
            accessors,
            "/// {}\npub fn {}(facts: &[Fact]) -> Option<{returned}> {{\n    read::{}(facts, {code:?})\n}}",
            entry.meaning,
            code.replace('-', "_"),
            entry.r#type,
        )?;
    }
    table.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("facts.rs"), table + &accessors)?;
    Ok(())
}
