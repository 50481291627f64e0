//! A plugin's rules for reading: every row of its documents as Markdown, with its source and how well it is known.
//!
//! Rows are walked as they were written, so a key that is added to the documents is shown without a change here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use toml::{Table, Value};

use super::folder::MANIFEST;
use super::manifest::Manifest;

/// Keys that name a row, best first.
const NAMES: &[&str] = &["id", "topic", "name", "drug", "product", "code", "kind", "toxicity", "setting", "stage"];

/// Keys that are shown elsewhere than among a row's details.
const APART: &[&str] = &["text", "reason", "cite"];

/// Writes the rules that `files` hold.
///
/// # Errors
/// A file that cannot be read as TOML, or a manifest that must be put right.
pub fn markdown(files: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let manifest = Manifest::parse(files.get(MANIFEST).map_or("", String::as_str))
        .map_err(|found| anyhow::anyhow!("its manifest must be put right: {} problems", found.len()))?;
    let mut page = Page::default();
    page.line(&format!("# {} {} ({})", manifest.name, manifest.version, manifest.kind));
    page.line(&format!("\n{}\n\nPublished by {}. ", manifest.description, manifest.publisher));
    page.line(
        "What is not marked was read at its source. **Recalled**, **inferred** and **derived** rows are unverified.",
    );
    let documents = files.iter().filter(|(path, _)| *path != MANIFEST && !path.starts_with("cases/"));
    let mut shown = 0;
    for (path, text) in documents {
        let document: Table = text.parse().with_context(|| format!("failed to read `{path}`"))?;
        page.document(path, &document);
        shown += 1;
    }
    if shown == 0 {
        page.line("\nIts rules are code: it carries no documents.");
    }
    let cases = files.keys().filter(|path| path.starts_with("cases/")).count();
    page.line(&format!("\n---\n{cases} cases show what it answers; `paratope plugin test` runs them."));
    Ok(page.text)
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn document(&mut self, path: &str, document: &Table) {
        let title = document.get("title").or_else(|| document.get("name")).and_then(Value::as_str).unwrap_or(path);
        self.line(&format!("\n## {}\n\n`{path}`", escaped(title)));
        // What the document says of itself comes before its rows.
        for (key, value) in document.iter().filter(|(key, value)| *key != "sources" && !is_rows(value)) {
            match value {
                Value::Table(table) if key != "effective" && key != "cite" => self.section(key, table),
                value => self.line(&format!("- {}: {}", words(key), told(value))),
            }
        }
        for (key, value) in document.iter().filter(|(_, value)| is_rows(value)) {
            self.line(&format!("\n### {}\n", heading(key)));
            self.rows(value, 0);
        }
        if let Some(Value::Table(sources)) = document.get("sources") {
            self.line("\n### Sources\n");
            for (key, source) in sources {
                self.line(&source_line(key, source));
            }
        }
    }

    /// A table of the document, such as its billing: its own values, then its rows.
    fn section(&mut self, key: &str, table: &Table) {
        self.line(&format!("\n### {}\n", heading(key)));
        self.row(table, 0);
        for (key, value) in table.iter().filter(|(_, value)| is_rows(value)) {
            self.line(&format!("\n#### {}\n", heading(key)));
            self.rows(value, 0);
        }
    }

    fn rows(&mut self, rows: &Value, depth: usize) {
        for row in rows.as_array().into_iter().flatten().filter_map(Value::as_table) {
            self.row(row, depth);
            // Parts of a group, phases of a regimen, lines of a row.
            let inner = rule_of(row).into_iter().flat_map(Table::iter);
            for (key, value) in row.iter().chain(inner).filter(|(_, value)| is_rows(value)) {
                let _ = writeln!(self.text, "{}- {}:", "  ".repeat(depth + 1), words(key));
                self.rows(value, depth + 2);
            }
        }
    }

    fn row(&mut self, row: &Table, depth: usize) {
        let rule = rule_of(row);
        let said = rule.unwrap_or(row);
        let name = NAMES.iter().find_map(|key| Some((*key, said.get(*key)?)));
        let mut line = format!("{}- ", "  ".repeat(depth));
        if let Some((_, value)) = name {
            let _ = write!(line, "**{}** ", told(value));
        }
        for text in ["text", "reason"].iter().filter_map(|key| said.get(*key)?.as_str()) {
            let _ = write!(line, "{} ", escaped(text).trim_end_matches('.'));
        }
        let outer = row.iter().filter(|(_, value)| rule.is_some_and(|rule| value.as_table() != Some(rule)));
        let details = outer.chain(said).filter(|(key, value)| {
            !APART.contains(&key.as_str()) && name.is_none_or(|(name, _)| name != *key) && !is_rows(value)
        });
        let details: Vec<String> = details.map(|(key, value)| detail(key, value)).collect();
        if !details.is_empty() {
            let _ = write!(line, "({}) ", details.join("; "));
        }
        if let Some(Value::Table(cite)) = said.get("cite") {
            line.push_str(&cited(cite));
        }
        self.line(line.trim_end());
    }
}

/// The rule inside a row that is about one, such as the criterion of a requirement.
fn rule_of(row: &Table) -> Option<&Table> {
    let mut rules = row.values().filter_map(Value::as_table).filter(|table| table.contains_key("id"));
    if row.contains_key("text") { None } else { rules.next_back() }
}

/// Whether a value is a list of rows.
fn is_rows(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().any(|row| row.is_table() && !is_band(row)))
}

/// A band is short enough to stand in its row.
fn is_band(row: &Value) -> bool {
    row.as_table().is_some_and(|row| row.contains_key("give") || (row.contains_key("fact") && row.len() <= 3))
}

fn detail(key: &str, value: &Value) -> String {
    match value {
        Value::Table(test) if test.contains_key("fact") => match key {
            "requires" => tested(test),
            "when" => format!("only where {}", tested(test)),
            key => format!("{} {}", words(key), tested(test)),
        },
        Value::Boolean(true) => words(key),
        value => format!("{}: {}", words(key), told(value)),
    }
}

/// A test in words.
fn tested(test: &Table) -> String {
    let fact = test.get("fact").map(told).unwrap_or_default();
    let comparisons: Vec<String> = test
        .iter()
        .filter(|(key, _)| *key != "fact")
        .map(|(key, value)| match (key.as_str(), value) {
            ("is", Value::Boolean(true)) => "holds".to_owned(),
            ("is", Value::Boolean(false)) => "does not hold".to_owned(),
            ("ambiguous-boundary", _) => "unknown exactly there, since the source lost its sign".to_owned(),
            ("fresh-days", days) => format!("not older than {} days", told(days)),
            ("within-days", days) => format!("at most {} days before", told(days)),
            (key, value) => format!("{} {}", words(key), told(value)),
        })
        .collect();
    format!("`{fact}` {}", comparisons.join(", "))
}

/// A value in words.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => escaped(text),
        Value::Array(list) => list.iter().map(told).collect::<Vec<_>>().join(", "),
        Value::Table(test) if test.contains_key("fact") => tested(test),
        Value::Table(cite) if cite.contains_key("confidence") => cited(cite),
        Value::Table(table) => {
            let parts: Vec<String> = table.iter().map(|(key, value)| detail(key, value)).collect();
            if parts.len() > 1 { format!("[{}]", parts.join("; ")) } else { parts.concat() }
        }
        other => other.to_string(),
    }
}

/// The source keys of a row, and how well it is known.
fn cited(cite: &Table) -> String {
    let keys = cite.get("source").map(told).unwrap_or_default();
    let section =
        cite.get("section").and_then(Value::as_str).map(|at| format!(", {}", escaped(at))).unwrap_or_default();
    let confidence = cite.get("confidence").and_then(Value::as_str).unwrap_or("unknown");
    let keys = if keys.is_empty() { "no source".to_owned() } else { keys };
    let mark = if confidence == "sourced" { String::new() } else { format!(" **{confidence}**") };
    format!("\\[{keys}{section}\\]{mark}")
}

fn source_line(key: &str, source: &Value) -> String {
    let part = |name: &str| source.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let title = escaped(part("title").unwrap_or(key));
    let mut line = match part("url") {
        Some(url) => format!("- **{key}** [{title}](<{}>)", url.replace(['<', '>', '\n'], "")),
        None => format!("- **{key}** {title}"),
    };
    for (name, before) in [("section", ", "), ("basis", "; "), ("read", ", read ")] {
        if let Some(text) = part(name) {
            let _ = write!(line, "{before}{}", escaped(text));
        }
    }
    line
}

/// A key as a heading.
fn heading(key: &str) -> String {
    let text = words(key);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn words(key: &str) -> String {
    escaped(&key.replace('-', " "))
}

/// Text that Markdown shows as it is: documents come from many hands.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => safe.extend(['\\', character]),
            character if character.is_control() => safe.push(' '),
            character => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(document: &str) -> String {
        let manifest = "name = \"x\"\nkind = \"payer\"\nversion = \"1.2.3\"\ncontract = \"0.1\"\n\
            publisher = \"p\"\ndescription = \"d\"\nengine = \"policy\"\n";
        let files = [(MANIFEST, manifest), ("policy/a/2026-01-01.toml", document)];
        markdown(&files.map(|(path, text)| (path.to_owned(), text.to_owned())).into()).unwrap()
    }

    #[test]
    fn a_row_tells_its_rule_its_source_and_how_well_it_is_known() {
        let text = explained(
            "title = \"Policy\"\n[[criterion]]\nid = \"lines\"\nkind = \"prior-lines\"\ntext = \"Four lines\"\n\
             requires = { fact = \"prior-lines\", at-least = 4, ambiguous-boundary = true }\n\
             cite = { source = [\"page\"], confidence = \"recalled\", section = \"2\" }\n\
             [sources.page]\ntitle = \"The page\"\nurl = \"https://example.org\"\nbasis = \"policy\"\n",
        );
        let row = "- **lines** Four lines (kind: prior-lines; `prior-lines` at least 4, unknown exactly there, since \
                   the source lost its sign) \\[page, 2\\] **recalled**";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("- **page** [The page](<https://example.org>); policy"), "{text}");
    }

    #[test]
    fn parts_of_a_group_stand_below_it_and_text_stays_text() {
        let text = explained(
            "[[criterion]]\nid = \"g\"\ntext = \"<b>*x*</b>\"\n[[criterion.any]]\nid = \"a\"\ntext = \"A\"\n\
             requires = { fact = \"age\", at-least = 18 }\n",
        );
        assert!(
            text.contains("- **g** \\<b\\>\\*x\\*\\</b\\>\n  - any:\n    - **a** A (`age` at least 18)\n"),
            "{text}"
        );
    }
}
