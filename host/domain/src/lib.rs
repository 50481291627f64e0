//! The nouns and rules of clearance: no IO, no clock, no async, no floating point.
//!
//! The words of the contracts come first: [`Fact`], [`Finding`], [`product`], [`payer`].

pub mod claim;
pub mod clearance;
mod day;
pub mod payer;
pub mod product;
mod quantity;
pub mod request;
mod site;
mod words;

pub use day::{BadDay, BadPeriod, Day, Period};
pub use payer::PayerError;
pub use product::ProductError;
pub use quantity::{BadDecimal, Decimal, Quantity, QuantityError};
pub use site::{Hospital, RemsCertification, RescueStock, SETTINGS, Site, Training};
pub use words::{
    Ask, Basis, Citation, Confidence, Edition, Fact, FactValue, Finding, FindingStatus, Need, PhaseKind, Statement,
    VialUse,
};
