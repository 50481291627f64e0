//! Exact decimals and amounts with units. No floating point takes part.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::day::shorten;

/// An exact decimal that every contract can carry: a 64-bit whole number over at most ten to the twelfth.
///
/// `0.160` and `0.16` are one value and are written `0.16`.
// INVARIANT: normalized, scale at most `Decimal::MAX_SCALE`, and the unscaled number fits an `i64`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(rust_decimal::Decimal);

/// A text or number that is not a [`Decimal`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDecimal {
    /// Not an optional minus, digits, and digits after a point.
    #[error("`{0}` is not a decimal number such as 0.16")]
    Shape(String),
    /// More than twelve digits after the point.
    #[error("`{0}` has more than 12 digits after the point")]
    TooFine(String),
    /// Its digits do not fit 64 bits.
    #[error("`{0}` has too many digits")]
    TooLong(String),
}

impl Decimal {
    /// The most digits after the point.
    pub const MAX_SCALE: u8 = 12;

    /// Nought.
    pub const ZERO: Self = Self(rust_decimal::Decimal::ZERO);

    /// `units` times ten to the power of minus `scale`.
    pub fn new(units: i64, scale: u8) -> Result<Self, BadDecimal> {
        if scale > Self::MAX_SCALE {
            return Err(BadDecimal::TooFine(format!("{units}e-{scale}")));
        }
        Ok(Self(rust_decimal::Decimal::new(units, u32::from(scale)).normalize()))
    }

    /// Its digits without the point.
    pub fn units(self) -> i64 {
        // Total by the invariant.
        i64::try_from(self.0.mantissa()).unwrap_or_default()
    }

    /// How many of its digits come after the point, 0 to 12.
    pub fn scale(self) -> u8 {
        u8::try_from(self.0.scale()).unwrap_or(Self::MAX_SCALE)
    }

    /// The same number for arithmetic.
    pub fn get(self) -> rust_decimal::Decimal {
        self.0
    }

    /// The sum, when a decimal can hold it exactly.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::exact(self.finest().checked_add(other.finest())?, Self::MAX_SCALE)
    }

    /// The difference, when a decimal can hold it exactly.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::exact(self.finest().checked_sub(other.finest())?, Self::MAX_SCALE)
    }

    /// The product, when a decimal can hold it exactly.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let units = i128::from(self.units()).checked_mul(i128::from(other.units()))?;
        Self::exact(units, self.scale() + other.scale())
    }

    /// Its digits at the greatest scale: 64 bits and twelve more digits always fit.
    fn finest(self) -> i128 {
        let missing = u32::from(Self::MAX_SCALE.saturating_sub(self.scale()));
        i128::from(self.units()) * 10_i128.pow(missing)
    }

    fn exact(mut units: i128, mut scale: u8) -> Option<Self> {
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        Self::new(i64::try_from(units).ok()?, scale).ok()
    }
}

impl TryFrom<rust_decimal::Decimal> for Decimal {
    type Error = BadDecimal;

    fn try_from(value: rust_decimal::Decimal) -> Result<Self, BadDecimal> {
        let value = value.normalize();
        if value.scale() > u32::from(Self::MAX_SCALE) {
            Err(BadDecimal::TooFine(value.to_string()))
        } else if i64::try_from(value.mantissa()).is_err() {
            Err(BadDecimal::TooLong(value.to_string()))
        } else {
            Ok(Self(value))
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(value.into())
    }
}

impl From<u32> for Decimal {
    fn from(value: u32) -> Self {
        Self(value.into())
    }
}

impl FromStr for Decimal {
    type Err = BadDecimal;

    fn from_str(text: &str) -> Result<Self, BadDecimal> {
        let shape = || BadDecimal::Shape(shorten(text));
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(shape()),
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(shape());
        }
        let fraction = fraction.trim_end_matches('0');
        let scale = u8::try_from(fraction.len())
            .ok()
            .filter(|scale| *scale <= Self::MAX_SCALE)
            .ok_or_else(|| BadDecimal::TooFine(shorten(text)))?;
        let units = whole.bytes().chain(fraction.bytes()).try_fold(0_i64, |sum, byte| {
            let digit = i64::from(byte - b'0');
            // Counted downwards, because the least number has no positive counterpart.
            sum.checked_mul(10)?.checked_sub(digit)
        });
        let units = units.and_then(|units| if negative { Some(units) } else { units.checked_neg() });
        Self::new(units.ok_or_else(|| BadDecimal::TooLong(shorten(text)))?, scale)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl de::Visitor<'_> for TextOrNumber {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number such as \"0.16\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
                Ok(value.into())
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
                // The shortest text that reads back as the same number, never with an exponent: what was typed.
                self.visit_str(&value.to_string())
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^-?[0-9]+(\.[0-9]{1,12})?$",
            "description": "An exact decimal number, such as \"0.16\". A plain number is accepted too.",
        })
    }
}

/// An amount with its unit, a UCUM code such as `mg` or `10*9/L`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quantity {
    /// How much.
    pub value: Decimal,
    /// Of what: a UCUM code.
    pub unit: String,
}

/// Two quantities that cannot be brought together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No conversion between the units is known.
    #[error("`{from}` cannot be converted to `{to}`")]
    UnitMismatch {
        /// The unit it has.
        from: String,
        /// The unit it should have.
        to: String,
    },
    /// The converted number has too many digits.
    #[error("`{value} {from}` cannot be written in `{to}`")]
    OutOfRange {
        /// The number it has.
        value: Decimal,
        /// The unit it has.
        from: String,
        /// The unit it should have.
        to: String,
    },
}

impl Quantity {
    /// `value` of `unit`.
    pub fn new(value: Decimal, unit: impl Into<String>) -> Self {
        Self { value, unit: unit.into() }
    }

    /// The same amount in `unit`. Grams, milligrams and micrograms convert; other units only to themselves.
    pub fn to_unit(&self, unit: &str) -> Result<Self, QuantityError> {
        if self.unit == unit {
            return Ok(self.clone());
        }
        let (Some(from), Some(to)) = (grams_exponent(&self.unit), grams_exponent(unit)) else {
            return Err(self.mismatch(unit));
        };
        scaled(self.value, from - to)
            .and_then(|value| Decimal::try_from(value).ok())
            .map(|value| Self::new(value, unit))
            .ok_or_else(|| QuantityError::OutOfRange {
                value: self.value,
                from: self.unit.clone(),
                to: unit.to_owned(),
            })
    }

    /// Whether it is less than, equal to or more than `other`, exactly.
    pub fn compare(&self, other: &Self) -> Result<Ordering, QuantityError> {
        if self.unit == other.unit {
            return Ok(self.value.cmp(&other.value));
        }
        let (Some(mine), Some(theirs)) = (grams_exponent(&self.unit), grams_exponent(&other.unit)) else {
            return Err(self.mismatch(&other.unit));
        };
        // Both are shifted to the finer of the two units: 64 bits and six more digits fit the 96 at hand.
        let finer = mine.min(theirs);
        let (Some(left), Some(right)) = (scaled(self.value, mine - finer), scaled(other.value, theirs - finer)) else {
            return Err(self.mismatch(&other.unit));
        };
        Ok(left.cmp(&right))
    }

    fn mismatch(&self, unit: &str) -> QuantityError {
        QuantityError::UnitMismatch { from: self.unit.clone(), to: unit.to_owned() }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.unit)
    }
}

/// The power of ten of a unit of mass, in grams.
fn grams_exponent(unit: &str) -> Option<i32> {
    match unit {
        "g" => Some(0),
        "mg" => Some(-3),
        "ug" => Some(-6),
        _ => None,
    }
}

/// `value` times ten to the power of `exponent`, exactly.
fn scaled(value: Decimal, exponent: i32) -> Option<rust_decimal::Decimal> {
    let scale = i64::from(value.scale()) - i64::from(exponent);
    let units = i128::from(value.units());
    match u32::try_from(scale) {
        Ok(scale) => rust_decimal::Decimal::try_from_i128_with_scale(units, scale).ok(),
        Err(_) => {
            let factor = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
            rust_decimal::Decimal::try_from_i128_with_scale(units.checked_mul(factor)?, 0).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn sixteen_hundredths_is_exact_as_text_and_as_a_number() {
        let expected = Decimal::new(16, 2).unwrap();
        for json in ["\"0.16\"", "0.16", "\"0.1600\"", "1.6e-1"] {
            let value: Decimal = serde_json::from_str(json).unwrap();
            assert_eq!(value, expected, "{json}");
            assert_eq!((value.units(), value.scale()), (16, 2));
            assert_eq!(serde_json::to_string(&value).unwrap(), "\"0.16\"");
        }
    }

    #[test]
    fn negative_and_whole_numbers_are_exact() {
        assert_eq!(decimal("-0.5"), Decimal::new(-5, 1).unwrap());
        assert_eq!(decimal("-0").to_string(), "0");
        assert_eq!(serde_json::from_str::<Decimal>("-3").unwrap(), Decimal::from(-3_i64));
        assert_eq!(decimal("-9223372036854775808").units(), i64::MIN);
        assert_eq!(serde_json::from_str::<Decimal>("1500.0").unwrap().to_string(), "1500");
        assert_eq!(serde_json::from_str::<Decimal>("1e-7").unwrap().to_string(), "0.0000001");
    }

    #[test]
    fn huge_and_very_fine_numbers_are_refused() {
        assert!(matches!("9223372036854775808".parse::<Decimal>(), Err(BadDecimal::TooLong(_))));
        assert!(matches!("0.0000000000001".parse::<Decimal>(), Err(BadDecimal::TooFine(_))));
        assert!(serde_json::from_str::<Decimal>("1e300").is_err());
        assert!(serde_json::from_str::<Decimal>("18446744073709551615").is_err());
        assert!(matches!(Decimal::new(1, 13), Err(BadDecimal::TooFine(_))));
        assert_eq!(decimal("0.0000000000010000000"), Decimal::new(1, 12).unwrap());
    }

    #[test]
    fn only_plain_decimals_are_read() {
        for text in ["", "-", ".5", "5.", "+1", "1e3", "1_000", "1,5", "NaN", "inf", " 1", "0x1", "١"] {
            assert!(matches!(text.parse::<Decimal>(), Err(BadDecimal::Shape(_))), "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        assert_eq!(decimal("0.1").checked_add(decimal("0.2")), Some(decimal("0.3")));
        assert_eq!(decimal("0.06").checked_mul(decimal("72.5")), Some(decimal("4.35")));
        assert_eq!(decimal("1").checked_sub(decimal("0.000000000001")), Some(decimal("0.999999999999")));
        assert_eq!(Decimal::from(i64::MAX).checked_add(decimal("1")), None);
        assert_eq!(Decimal::from(i64::MAX).checked_add(decimal("0.1")), None);
        assert_eq!(decimal("0.0000001").checked_mul(decimal("0.0000001")), None);
        assert_eq!(Decimal::from(i64::MAX).checked_sub(Decimal::from(i64::MAX)), Some(Decimal::ZERO));
    }

    #[test]
    fn masses_convert_exactly_and_nothing_else_does() {
        let dose = Quantity::new(decimal("0.16"), "mg");
        assert_eq!(dose.to_unit("ug").unwrap(), Quantity::new(decimal("160"), "ug"));
        assert_eq!(dose.to_unit("g").unwrap(), Quantity::new(decimal("0.00016"), "g"));
        assert_eq!(dose.compare(&Quantity::new(decimal("159.999"), "ug")), Ok(Ordering::Greater));
        assert_eq!(Quantity::new(Decimal::from(i64::MAX), "g").compare(&dose), Ok(Ordering::Greater));
        assert_eq!(
            dose.compare(&Quantity::new(decimal("1"), "mL")),
            Err(QuantityError::UnitMismatch { from: "mg".into(), to: "mL".into() })
        );
        assert!(matches!(
            Quantity::new(Decimal::from(i64::MAX), "g").to_unit("ug"),
            Err(QuantityError::OutOfRange { .. })
        ));
    }
}
