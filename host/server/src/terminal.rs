//! Text for the terminal. What a plugin, a document or a request says is data: it never steers the terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Makes untrusted text safe to print on one line: control characters, escapes and the marks that reorder text are
/// shown, not obeyed.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(' '),
            unsafe_one if is_unsafe(unsafe_one) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(unsafe_one));
            }
            plain => shown.push(plain),
        }
    }
    Cow::Owned(shown)
}

/// As [`safe`], but lines stay lines.
pub fn safe_lines(text: &str) -> String {
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Rows under headings, each column as wide as it must be. The last one is not padded.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row of untrusted cells.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| safe(cell.as_ref()).into_owned()).collect());
    }

    /// Whether there is nothing under the headings.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:<width$}  ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        assert_eq!(safe("\u{1b}[2J\u{1b}]0;owned\u{7}"), "\\u{1b}[2J\\u{1b}]0;owned\\u{7}");
        assert_eq!(safe("a\r\nb\tc"), "a\\u{d} b c");
        assert_eq!(safe("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(safe("abc\u{202e}fed"), "abc\\u{202e}fed");
        assert_eq!(safe_lines("one\n\u{1b}two"), "one\n\\u{1b}two");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["≥ 18 years", "naïve", "日本", "<script>alert(1)</script>", ""] {
            assert!(matches!(safe(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["day", "phase"]);
        table.row(["2026-11-23", "step-up-1"]);
        table.row(["1", "x\u{7}"]);
        assert_eq!(table.to_string(), "day         phase\n2026-11-23  step-up-1\n1           x\\u{7}\n");
    }
}
