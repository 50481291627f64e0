//! Diagnostics for people: path, line and column, the line itself, a caret, and what would be accepted.

use std::fmt::Write as _;

use paratope_runtime::{Diagnostic, Severity};

use super::folder::Folder;
use crate::terminal::safe;

/// Renders diagnostics of a folder's files.
pub fn render(folder: &Folder, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let path = folder.path_of(&diagnostic.path);
        let _ = writeln!(text, "{severity}: {}", safe(&diagnostic.message));
        let _ = writeln!(text, "  --> {}:{}:{}", safe(&path), diagnostic.line, diagnostic.column);
        if let Some(line) = line_of(folder.text(&diagnostic.path), diagnostic.line) {
            let number = diagnostic.line.to_string();
            let margin = " ".repeat(number.len());
            // A tab is as wide as the space that stands for it, so the caret keeps its place.
            let before = usize::try_from(diagnostic.column.saturating_sub(1)).unwrap_or_default();
            let indent: String = safe(&line.chars().take(before).collect::<String>()).chars().map(|_| ' ').collect();
            let _ = writeln!(text, "{margin} |\n{number} | {}\n{margin} | {indent}^", safe(line));
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(text, "help: {}", safe(help));
        }
        text.push('\n');
    }
    text
}

/// A diagnostic for programs.
pub fn json(diagnostic: &Diagnostic) -> serde_json::Value {
    serde_json::json!({
        "path": diagnostic.path,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": diagnostic.message,
        "help": diagnostic.help,
    })
}

/// How many are errors, and how many warnings.
pub fn count(diagnostics: &[Diagnostic]) -> (usize, usize) {
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    (errors, diagnostics.len() - errors)
}

fn line_of(text: &str, number: u32) -> Option<&str> {
    let at = usize::try_from(number.checked_sub(1)?).ok()?;
    text.lines().nth(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authoring::folder::Code;

    #[test]
    fn the_caret_stands_under_the_column() {
        let files = [("label/a.toml".to_owned(), "one = 1\ntwo = \"é\" x\n".to_owned())];
        let folder = Folder { shown: "here".to_owned(), files: files.into(), code: Code::Absent, build: None };
        let diagnostic = Diagnostic {
            path: "label/a.toml".to_owned(),
            line: 2,
            column: 11,
            severity: Severity::Error,
            message: "unexpected `x`\u{1b}".to_owned(),
            help: Some("a newline".to_owned()),
        };
        assert_eq!(
            render(&folder, &[diagnostic]),
            "error: unexpected `x`\\u{1b}\n  --> here/label/a.toml:2:11\n  |\n2 | two = \"é\" x\n  |           ^\nhelp: a newline\n\n"
        );
    }
}
