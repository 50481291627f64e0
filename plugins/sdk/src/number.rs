//! Exact numbers and calendar days: the contract's plain records, made fit for arithmetic.

pub use jiff::civil::Date as Day;
pub use rust_decimal::Decimal as Exact;

use crate::words::{Decimal, Period, Quantity};

/// The contract's decimal as a number.
///
/// # Errors
/// When its scale is more than 12 digits.
pub fn exact(decimal: Decimal) -> Result<Exact, String> {
    if decimal.scale > 12 {
        return Err(format!("{} digits after the point; at most 12 are accepted", decimal.scale));
    }
    Ok(Exact::new(decimal.units, u32::from(decimal.scale)))
}

/// A number as the contract's decimal, without trailing zeros. A number too large for the contract becomes `None`.
#[must_use]
pub fn decimal(number: Exact) -> Option<Decimal> {
    let number = number.normalize();
    let number = if number.scale() > 12 { number.round_dp(12).normalize() } else { number };
    Some(Decimal { units: i64::try_from(number.mantissa()).ok()?, scale: u8::try_from(number.scale()).ok()? })
}

/// A quantity of `number` `unit`s; zero where the number is too large for the contract, which documents cannot hold.
#[must_use]
pub fn quantity(number: Exact, unit: &str) -> Quantity {
    Quantity { value: decimal(number).unwrap_or(Decimal { units: 0, scale: 0 }), unit: unit.to_owned() }
}

/// Reads an ISO day.
///
/// # Errors
/// When the text is not a day that exists, such as 30 February.
pub fn day(text: &str) -> Result<Day, String> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !shape {
        return Err(format!("`{text}` is not a day; write it as YYYY-MM-DD"));
    }
    text.parse().map_err(|_| format!("`{text}` is not a day of the calendar"))
}

/// The day `days` after `from`; the last day of the calendar where that runs over.
#[must_use]
pub fn plus(from: Day, days: i64) -> Day {
    from.saturating_add(jiff::Span::new().try_days(days).unwrap_or_default())
}

/// The same day `months` months after `from`, or the last day of that month.
#[must_use]
pub fn plus_months(from: Day, months: u32) -> Day {
    from.saturating_add(jiff::Span::new().try_months(months).unwrap_or_default())
}

/// Whole days from `earlier` to `later`; negative when `later` comes first.
#[must_use]
pub fn days_between(earlier: Day, later: Day) -> i64 {
    i64::from(later.since(earlier).map_or(0, |span| span.get_days()))
}

/// Whether `day` lies in the period, both ends included. Ends that are not days hold nothing.
#[must_use]
pub fn contains(period: &Period, on: Day) -> bool {
    let bound = |end: &Option<String>| end.as_deref().map(day);
    let after_first = bound(&period.first).is_none_or(|first| first.is_ok_and(|first| first <= on));
    let before_last = bound(&period.last).is_none_or(|last| last.is_ok_and(|last| on <= last));
    after_first && before_last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_does_not_exist_is_refused() {
        assert!(day("2026-02-28").is_ok());
        for bad in ["2026-02-30", "2026-2-3", "20260203", "2026-13-01", "", "2026-01-01T00:00"] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn decimals_go_there_and_back_exactly() {
        let number: Exact = "18.750".parse().unwrap();
        let there = decimal(number).unwrap();
        assert_eq!((there.units, there.scale), (1875, 2));
        assert_eq!(exact(there).unwrap(), number);
    }

    #[test]
    fn days_are_counted_across_months_and_leap_days() {
        assert_eq!(days_between(day("2028-02-28").unwrap(), day("2028-03-01").unwrap()), 2);
        assert_eq!(plus(day("2026-12-31").unwrap(), 1), day("2027-01-01").unwrap());
        assert_eq!(plus_months(day("2026-01-31").unwrap(), 1), day("2026-02-28").unwrap());
        assert_eq!(plus_months(day("2026-11-15").unwrap(), 3), day("2027-02-15").unwrap());
    }
}
