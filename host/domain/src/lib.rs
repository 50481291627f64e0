//! The nouns and rules of clearance: no IO, no clock, no async, no floating point.
//!
//! The words of the contracts come first: [`Fact`], [`Finding`], [`product`], [`payer`].

mod day;
pub mod payer;
pub mod product;
mod quantity;
mod words;

pub use day::{BadDay, BadPeriod, Day, Period};
pub use payer::PayerError;
pub use product::ProductError;
pub use quantity::{BadDecimal, Decimal, Quantity, QuantityError};
pub use words::{
    Ask, Basis, Citation, Confidence, Edition, Fact, FactValue, Finding, FindingStatus, Need, PhaseKind, Statement,
    VialUse,
};
