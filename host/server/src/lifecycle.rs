//! The rules of a plugin's life: who must sign it, what is checked before it is kept, what its version number may change,
//! which sites are answered by it. Pure: the stories are in `services`, what was done is in the store.

mod approval;
mod difference;
pub(crate) mod machine;
mod rules;
mod signing;
mod verification;

pub use self::approval::{Approval, Approved, Withdrawn};
pub use self::difference::{Change, ChangedCase, Differences, Documents, Version, differences};
pub use self::rules::{Rules, Signatures, SigningRole, named};
pub use self::signing::{PublisherKey, Statement};
pub use self::verification::{Outcome, Step, Verification, verify};
