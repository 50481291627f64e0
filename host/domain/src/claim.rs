//! From a dose to billing units. The only place of the host that rounds: up, once.

use rust_decimal::prelude::ToPrimitive;

use crate::{Decimal, Quantity};

/// A dose in billing units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Units administered, rounded up to a whole unit.
    pub administered: u32,
    /// Whole units left in the opened single-dose vials.
    pub discarded: u32,
}

impl Units {
    /// Units to authorize: what is given and what is thrown away.
    #[must_use]
    pub fn total(self) -> u32 {
        self.administered.saturating_add(self.discarded)
    }
}

/// A dose that cannot be billed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The dose or the unit is nothing, or less.
    #[error("a dose and its billing unit are more than nothing")]
    NotPositive,
    /// The dose is in another kind of unit than the code.
    #[error("a dose in `{dose}` cannot be billed in units of `{unit}`")]
    Unit {
        /// Unit of the dose.
        dose: String,
        /// Unit of the code.
        unit: String,
    },
    /// The vials hold less than the dose.
    #[error("the vials hold less than the dose")]
    VialsTooSmall,
    /// More units than a claim can carry.
    #[error("more units than a claim can carry")]
    TooMany,
}

/// Bills `dose` in units of `unit` from single-dose vials that hold `opened` in all.
///
/// A part of a unit counts as a unit, and a dose below one unit is one unit. Of what is left, only whole units are
/// discarded units; administered and discarded together never exceed what the vials hold, rounded up.
///
/// # Errors
/// When the amounts cannot be compared, or the vials cannot hold the dose.
pub fn units(dose: &Quantity, unit: &Quantity, opened: &Quantity) -> Result<Units, ClaimError> {
    let mismatch = || ClaimError::Unit { dose: dose.unit.clone(), unit: unit.unit.clone() };
    let dose_value = dose.to_unit(&unit.unit).map_err(|_| mismatch())?.value;
    let opened_value = opened.to_unit(&unit.unit).map_err(|_| mismatch())?.value;
    if dose_value <= Decimal::ZERO || unit.value <= Decimal::ZERO {
        return Err(ClaimError::NotPositive);
    }
    if opened_value < dose_value {
        return Err(ClaimError::VialsTooSmall);
    }
    let administered = whole_units(dose_value, unit.value)?;
    let labelled = whole_units(opened_value, unit.value)?;
    Ok(Units { administered, discarded: labelled.saturating_sub(administered) })
}

fn whole_units(amount: Decimal, unit: Decimal) -> Result<u32, ClaimError> {
    let quotient = amount.get().checked_div(unit.get()).ok_or(ClaimError::TooMany)?;
    quotient.ceil().to_u32().ok_or(ClaimError::TooMany)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mg(text: &str) -> Quantity {
        Quantity::new(text.parse().unwrap(), "mg")
    }

    #[test]
    fn a_part_of_a_unit_is_a_unit() {
        let billed = |dose: &str, unit: &str, opened: &str| {
            let units = units(&mg(dose), &mg(unit), &mg(opened)).unwrap();
            (units.administered, units.discarded)
        };
        assert_eq!(billed("4.2", "0.5", "30"), (9, 51));
        assert_eq!(billed("21", "0.5", "30"), (42, 18));
        assert_eq!(billed("105", "0.5", "153"), (210, 96));
        assert_eq!(billed("3", "0.16", "4"), (19, 6));
        assert_eq!(billed("0.16", "0.16", "4"), (1, 24));
        assert_eq!(billed("48", "0.16", "48"), (300, 0));
        assert_eq!(billed("0.1", "0.16", "4"), (1, 24));
    }

    #[test]
    fn micrograms_are_billed_in_micrograms() {
        let dose = Quantity::new("0.02".parse().unwrap(), "mg");
        let ug = |text: &str| Quantity::new(text.parse().unwrap(), "ug");
        assert_eq!(units(&dose, &ug("1"), &ug("100")).unwrap(), Units { administered: 20, discarded: 80 });
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(units(&mg("0"), &mg("0.5"), &mg("30")), Err(ClaimError::NotPositive));
        assert_eq!(units(&mg("-1"), &mg("0.5"), &mg("30")), Err(ClaimError::NotPositive));
        assert_eq!(units(&mg("31"), &mg("0.5"), &mg("30")), Err(ClaimError::VialsTooSmall));
        let hours = Quantity::new("1".parse().unwrap(), "h");
        assert!(matches!(units(&mg("1"), &hours, &mg("30")), Err(ClaimError::Unit { .. })));
    }

    proptest! {
        /// Against counting one unit at a time.
        #[test]
        fn units_agree_with_counting(dose in 1_i64..40_000, unit in 1_i64..400, spare in 0_i64..4_000) {
            let hundredths = |value: i64| Quantity::new(Decimal::new(value, 2).unwrap(), "mg");
            let billed = units(&hundredths(dose), &hundredths(unit), &hundredths(dose + spare)).unwrap();
            let count = |amount: i64| { let mut n = 0; while n * unit < amount { n += 1; } n };
            prop_assert_eq!(i64::from(billed.administered), count(dose));
            prop_assert_eq!(i64::from(billed.total()), count(dose + spare));
        }
    }
}
