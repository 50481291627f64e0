//! From an answer to TOML, by way of what `{:?}` prints of it: names of records and fields are the contract's.

use std::fmt::Debug;

use toml::{Table, Value};

/// An answer as cases write it: kebab-case, decimals and days as text, nothing for what is absent.
pub fn value(answer: &impl Debug) -> Value {
    let text = format!("{answer:?}");
    let mut reader = Reader { text: &text, at: 0 };
    reader.value().unwrap_or_else(|| Value::String("nothing".to_owned()))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// One value; `None` for what is absent.
    fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            '"' => Some(Value::String(self.string())),
            '[' => {
                self.skip('[');
                let mut list = Vec::new();
                while self.peek() != Some(']') {
                    list.extend(self.value());
                    self.skip(',');
                }
                self.skip(']');
                Some(Value::Array(list))
            }
            '-' | '0'..='9' => {
                let digits = self.word();
                Some(digits.parse().map_or(Value::String(digits), Value::Integer))
            }
            _ => self.named(),
        }
    }

    /// A record, a case of an enum or variant, an option or a flag.
    fn named(&mut self) -> Option<Value> {
        let name = self.word();
        match (name.as_str(), self.peek()) {
            ("true", _) => Some(Value::Boolean(true)),
            ("false", _) => Some(Value::Boolean(false)),
            ("None", _) => None,
            ("Some", _) => {
                self.skip('(');
                let inner = self.value();
                self.skip(')');
                inner
            }
            ("Decimal", Some('{')) => Some(decimal(&self.fields())),
            (_, Some('{')) => Some(Value::Table(self.fields())),
            (_, Some('(')) => {
                self.skip('(');
                let inner = self.value();
                self.skip(')');
                let mut table = Table::new();
                table.insert(kebab(&name), inner?);
                Some(Value::Table(table))
            }
            _ => Some(Value::String(kebab(&name))),
        }
    }

    fn fields(&mut self) -> Table {
        self.skip('{');
        let mut table = Table::new();
        while self.peek() != Some('}') {
            let name = self.word();
            self.skip(':');
            if let Some(value) = self.value() {
                table.insert(name.trim_start_matches("r#").replace('_', "-"), value);
            }
            self.skip(',');
        }
        self.skip('}');
        table
    }

    /// A name, a path such as `Amount::Exact`, or a number.
    fn word(&mut self) -> String {
        self.peek();
        let rest = &self.text[self.at..];
        let part = |c: char| c.is_ascii_alphanumeric() || "_-#.".contains(c);
        let mut end = 0;
        for c in rest.chars() {
            let path = c == ':' && (rest[end..].starts_with("::") || rest[..end].ends_with(':'));
            if !(part(c) || path) || rest[..end].ends_with("::") && c == ':' {
                break;
            }
            end += c.len_utf8();
        }
        assert!(end > 0, "cannot read: {}", &rest[..rest.len().min(60)]);
        self.at += end;
        rest[..end].to_owned()
    }

    fn string(&mut self) -> String {
        self.skip('"');
        let mut text = String::new();
        let mut escaped = false;
        for (at, c) in self.text[self.at..].char_indices() {
            match (escaped, c) {
                (false, '\\') => escaped = true,
                (false, '"') => {
                    self.at += at + 1;
                    break;
                }
                (true, 'n') => {
                    text.push('\n');
                    escaped = false;
                }
                _ => {
                    text.push(c);
                    escaped = false;
                }
            }
        }
        text
    }

    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn skip(&mut self, c: char) {
        if self.peek() == Some(c) {
            self.at += c.len_utf8();
        }
    }
}

fn decimal(fields: &Table) -> Value {
    let units = fields["units"].as_integer().unwrap();
    let scale = usize::try_from(fields["scale"].as_integer().unwrap()).unwrap();
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if units < 0 { "-" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    Value::String(format!("{sign}{whole}{point}{part}"))
}

/// `NextAction::AskPharmacist` as `ask-pharmacist`.
fn kebab(path: &str) -> String {
    let name = path.rsplit("::").next().unwrap_or(path);
    let mut text = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
