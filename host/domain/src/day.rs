//! Calendar days. A day has no time zone: it is the day at the site of care.

use std::{
    fmt::{self, Write},
    str::FromStr,
};

use jiff::{SignedDuration, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A calendar day, written `YYYY-MM-DD`, in the years 0000 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// A text or date that is not a [`Day`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDay {
    /// Not four, two and two digits with hyphens between them.
    #[error("`{0}` is not a day written as YYYY-MM-DD")]
    Shape(String),
    /// Written as a day, but no calendar has it, such as 30 February.
    #[error("`{0}` is not a day of the calendar")]
    Calendar(String),
}

impl Day {
    /// The day `count` days later, or earlier when negative. `None` outside the years 0000 to 9999.
    pub fn plus_days(self, count: i32) -> Option<Self> {
        let shift = SignedDuration::from_hours(i64::from(count) * 24);
        self.0.checked_add(shift).ok().and_then(|date| Self::try_from(date).ok())
    }

    /// How many days it is after `earlier`. Negative when it is before.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.duration_since(earlier.0).as_hours() / 24
    }

    /// The same day for calendar arithmetic.
    pub fn date(self) -> Date {
        self.0
    }
}

impl TryFrom<Date> for Day {
    type Error = BadDay;

    fn try_from(date: Date) -> Result<Self, BadDay> {
        if date.year() < 0 { Err(BadDay::Calendar(date.to_string())) } else { Ok(Self(date)) }
    }
}

impl FromStr for Day {
    type Err = BadDay;

    fn from_str(text: &str) -> Result<Self, BadDay> {
        let shape = || BadDay::Shape(shorten(text));
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else { return Err(shape()) };
        let number = |digits: &[u8]| {
            digits
                .iter()
                .try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
        };
        let (Some(year), Some(month), Some(day)) = (number(&[y1, y2, y3, y4]), number(&[m1, m2]), number(&[d1, d2]))
        else {
            return Err(shape());
        };
        let calendar = || BadDay::Calendar(text.to_owned());
        let month = i8::try_from(month).map_err(|_| calendar())?;
        let day = i8::try_from(day).map_err(|_| calendar())?;
        Date::new(year, month, day).map(Self).map_err(|_| calendar())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written by hand because days are written on every call of a plugin.
        let digit = |number: u16, unit: u16| char::from(b'0' + u8::try_from(number / unit % 10).unwrap_or_default());
        let (year, month, day) =
            (self.0.year().unsigned_abs(), self.0.month().unsigned_abs(), self.0.day().unsigned_abs());
        for unit in [1000, 100, 10, 1] {
            f.write_char(digit(year, unit))?;
        }
        for number in [month, day] {
            f.write_char('-')?;
            f.write_char(digit(number.into(), 10))?;
            f.write_char(digit(number.into(), 1))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Day;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day written as YYYY-MM-DD")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date",
            "description": "A calendar day, written YYYY-MM-DD.",
        })
    }
}

/// Days from `first` to `last`, both included. A missing end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Period {
    /// The first day. Open when missing.
    pub first: Option<Day>,
    /// The last day. Open when missing.
    pub last: Option<Day>,
}

/// A period whose last day comes before its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last day `{last}` comes before the first day `{first}`")]
pub struct BadPeriod {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

impl Period {
    /// Whether `day` is in it, ends included.
    pub fn contains(&self, day: Day) -> bool {
        self.first.is_none_or(|first| first <= day) && self.last.is_none_or(|last| day <= last)
    }

    /// Checks that its last day does not come before its first.
    pub fn check(&self) -> Result<(), BadPeriod> {
        match (self.first, self.last) {
            (Some(first), Some(last)) if last < first => Err(BadPeriod { first, last }),
            _ => Ok(()),
        }
    }
}

/// Keeps an error short when the text is not.
pub(crate) fn shorten(text: &str) -> String {
    /// Enough to recognise what was written.
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn the_thirtieth_of_february_is_refused() {
        assert_eq!("2026-02-30".parse::<Day>().unwrap_err().to_string(), "`2026-02-30` is not a day of the calendar");
        assert_eq!("2026-13-01".parse::<Day>().unwrap_err(), BadDay::Calendar("2026-13-01".into()));
    }

    #[test]
    fn other_spellings_of_a_day_are_refused() {
        for text in ["2026-3-1", "20260301", " 2026-03-01", "2026-03-01T00:00", "+026-03-01", "", "２０２６-03-01"]
        {
            assert!(matches!(text.parse::<Day>(), Err(BadDay::Shape(_))), "{text}");
        }
    }

    #[test]
    fn days_are_counted_across_leap_years() {
        assert_eq!(day("2024-02-28").plus_days(2), Some(day("2024-03-01")));
        assert_eq!(day("2024-03-01").plus_days(-1), Some(day("2024-02-29")));
        assert_eq!(day("2025-03-01").days_since(day("2024-03-01")), 365);
        assert_eq!(day("2024-03-01").days_since(day("2025-03-01")), -365);
        assert_eq!(day("9999-12-31").plus_days(1), None);
        assert_eq!(day("0000-01-01").plus_days(-1), None);
        assert_eq!(day("2024-01-01").plus_days(i32::MIN), None);
    }

    #[test]
    fn a_day_is_a_string_in_json() {
        assert_eq!(serde_json::to_string(&day("0026-03-01")).unwrap(), "\"0026-03-01\"");
        assert_eq!(serde_json::from_str::<Day>("\"2026-03-01\"").unwrap(), day("2026-03-01"));
        assert!(serde_json::from_str::<Day>("20260301").is_err());
    }

    #[test]
    fn a_period_includes_both_ends_and_may_be_open() {
        let period = Period { first: Some(day("2026-01-01")), last: Some(day("2026-01-31")) };
        assert!(period.contains(day("2026-01-01")) && period.contains(day("2026-01-31")));
        assert!(!period.contains(day("2025-12-31")) && !period.contains(day("2026-02-01")));
        assert!(Period::default().contains(day("0000-01-01")));
        assert_eq!(period.check(), Ok(()));
        assert!(Period { first: period.last, last: period.first }.check().is_err());
        assert_eq!(serde_json::from_str::<Period>("{}").unwrap(), Period::default());
    }
}
