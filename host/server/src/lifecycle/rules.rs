//! What the people of one store agreed on: how many must sign a plugin, and how many must want it to answer.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verification::Verification;

/// What is asked of a plugin before it may answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rules {
    /// Who must have signed it.
    #[schemars(with = "String")]
    pub signatures: Signatures,
    /// The one who proposes that it answers is not the one who confirms it.
    pub four_eyes: bool,
    /// It carries its sources and cases.
    pub evidence: bool,
    /// Two people set a checkpoint aside: what an order alone says of an override does not hold.
    #[serde(default = "Rules::strict")]
    pub break_glass: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let signatures = Signatures { needed: 1, of: BTreeSet::from([SigningRole::Author]) };
        Self { signatures, four_eyes: true, evidence: true, break_glass: true }
    }
}

impl Rules {
    /// What holds where nothing is said.
    fn strict() -> bool {
        true
    }

    /// Why a version that is kept falls short of these rules: it may have been published under others.
    pub fn lacking(&self, signed: &BTreeSet<SigningRole>, verification: Option<&Verification>) -> Option<String> {
        if !self.signatures.satisfied_by(signed) {
            let asked = &self.signatures;
            return Some(format!("it is signed by {}, and the rules ask for {asked}: publish it again", named(signed)));
        }
        if !self.evidence {
            return None;
        }
        let Some(verification) = verification else {
            return Some("it was never verified, and the rules ask for sources and cases: publish it again".to_owned());
        };
        let skipped = verification.lacking(&["sources", "cases", "limits"])?;
        Some(format!(
            "the rules ask for `{}` since it was published without: publish a version that holds them",
            skipped.step
        ))
    }

    /// For a store that serves no patient: one person may load what nobody signed, and set checkpoints aside.
    pub fn for_trying_out() -> Self {
        Self { signatures: Signatures::none(), four_eyes: false, evidence: false, break_glass: false }
    }
}

/// What the owner of a key vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SigningRole {
    /// That it is what they built.
    Author,
    /// That it says what the label says.
    Clinical,
    /// That it says what the payer's policy says.
    Contract,
}

impl SigningRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Author, Self::Clinical, Self::Contract];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Clinical => "clinical",
            Self::Contract => "contract",
        }
    }
}

impl FromStr for SigningRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| "who signs is author, clinical or contract".to_owned())
    }
}

/// The roles that signed, in words.
pub fn named(signed: &BTreeSet<SigningRole>) -> String {
    let names: Vec<_> = signed.iter().map(|role| role.name()).collect();
    if names.is_empty() { "nobody enrolled".to_owned() } else { names.join(", ") }
}

/// So many of these roles must have signed, each with a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatures {
    needed: usize,
    of: BTreeSet<SigningRole>,
}

impl Signatures {
    /// Nobody must sign.
    pub fn none() -> Self {
        Self { needed: 0, of: BTreeSet::new() }
    }

    /// Whether the roles that signed are enough.
    pub fn satisfied_by(&self, signed: &BTreeSet<SigningRole>) -> bool {
        self.of.intersection(signed).count() >= self.needed
    }

    /// Whether anybody must sign.
    pub fn are_asked(&self) -> bool {
        self.needed > 0
    }
}

impl fmt::Display for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.are_asked() {
            return f.write_str("none");
        }
        let names: Vec<_> = self.of.iter().map(|role| role.name()).collect();
        write!(f, "{} of {}", self.needed, names.join(", "))
    }
}

impl FromStr for Signatures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str =
            "signatures are told as `none`, or as a number of roles, such as `2 of author, clinical, contract`";
        if text == "none" {
            return Ok(Self::none());
        }
        let (needed, roles) = text.split_once(" of ").ok_or(FORM)?;
        let needed: usize = needed.trim().parse().map_err(|_| FORM)?;
        let of = roles.split(',').map(|role| role.trim().parse()).collect::<Result<BTreeSet<SigningRole>, _>>()?;
        if (1..=of.len()).contains(&needed) { Ok(Self { needed, of }) } else { Err(FORM.to_owned()) }
    }
}

impl Serialize for Signatures {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signatures {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_read_back_and_count_roles() {
        for text in ["none", "1 of author", "2 of author, clinical, contract"] {
            assert_eq!(text.parse::<Signatures>().unwrap().to_string(), text);
        }
        for bad in ["", "0 of author", "3 of author, clinical", "2 of author, author", "1 of anyone", "-1 of author"] {
            assert!(bad.parse::<Signatures>().is_err(), "{bad}");
        }
        let two: Signatures = "2 of author, clinical, contract".parse().unwrap();
        let signed = |roles: &[SigningRole]| two.satisfied_by(&roles.iter().copied().collect());
        assert!(!signed(&[]) && !signed(&[SigningRole::Author]));
        assert!(signed(&[SigningRole::Author, SigningRole::Contract]) && signed(&SigningRole::ALL));
        assert!(!"1 of clinical".parse::<Signatures>().unwrap().satisfied_by(&BTreeSet::from([SigningRole::Author])));
        assert!(Signatures::none().satisfied_by(&BTreeSet::new()));
    }
}
