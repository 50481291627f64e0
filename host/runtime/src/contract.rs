//! The contracts this host speaks. This module has the only match on versions; the modules beneath it turn one
//! version's generated types into the domain's, and back.

mod convert;
mod function;
mod payer_v0_1;
mod product;
mod product_v0_1;
mod product_v0_2;
mod types_v0_1;

use std::fmt;

use crate::{LoadError, Payer, Product, guest::Guest, inspect::printable};

/// What a plugin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It answers what a product's label asks.
    Product,
    /// It answers what a payer wants before it pays.
    Payer,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Product => "product",
            Self::Payer => "payer",
        })
    }
}

/// One version of one contract. Versions that differ only in their last number are one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Track {
    /// `wit/product` 0.1.
    #[serde(rename = "paratope:product@0.1")]
    ProductV0_1,
    /// `wit/product` 0.2: a drug given around a dose says on how many days after it it goes on.
    #[serde(rename = "paratope:product@0.2")]
    ProductV0_2,
    /// `wit/payer` 0.1.
    #[serde(rename = "paratope:payer@0.1")]
    PayerV0_1,
}

impl Track {
    /// Every track this host speaks.
    pub const ALL: [Self; 3] = [Self::ProductV0_1, Self::ProductV0_2, Self::PayerV0_1];

    /// What its plugins are for.
    pub fn kind(self) -> Kind {
        match self {
            Self::ProductV0_1 | Self::ProductV0_2 => Kind::Product,
            Self::PayerV0_1 => Kind::Payer,
        }
    }

    /// Its version, such as `0.1`.
    pub fn version(self) -> &'static str {
        self.interface().1
    }

    /// The interface its plugins export, and the versions of it that are this track.
    fn interface(self) -> (&'static str, &'static str) {
        match self {
            Self::ProductV0_1 => ("paratope:product/product", "0.1"),
            Self::ProductV0_2 => ("paratope:product/product", "0.2"),
            Self::PayerV0_1 => ("paratope:payer/payer", "0.1"),
        }
    }

    /// The track of an exported interface. `None` when the export is no contract of ours, `Some(Err)` when it is
    /// a version this host does not speak.
    pub(crate) fn of(export: &str) -> Option<Result<Self, LoadError>> {
        let (interface, version) = export.split_once('@').unwrap_or((export, ""));
        let mut tracks = Self::ALL.into_iter().filter(|track| track.interface().0 == interface).peekable();
        tracks.peek()?;
        let spoken = tracks.find(|track| {
            let patch = version.strip_prefix(track.interface().1).and_then(|rest| rest.strip_prefix('.'));
            patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit()))
        });
        Some(spoken.ok_or_else(|| LoadError::UnknownTrack { found: printable(export), supported: Self::supported() }))
    }

    fn supported() -> String {
        Self::ALL.map(|track| format!("`{track}`")).join(", ")
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProductV0_1 => "paratope:product@0.1",
            Self::ProductV0_2 => "paratope:product@0.2",
            Self::PayerV0_1 => "paratope:payer@0.1",
        })
    }
}

/// A plugin that can be spoken to.
pub(crate) enum Speaker {
    Product(Box<dyn Product>),
    Payer(Box<dyn Payer>),
}

/// Starts `guest` for a trial and binds its functions.
pub(crate) fn bind(track: Track, guest: Guest) -> Result<Speaker, LoadError> {
    Ok(match track {
        Track::ProductV0_1 => Speaker::Product(Box::new(product_v0_1::Plugin::bind(guest)?)),
        Track::ProductV0_2 => Speaker::Product(Box::new(product_v0_2::Plugin::bind(guest)?)),
        Track::PayerV0_1 => Speaker::Payer(Box::new(payer_v0_1::Plugin::bind(guest)?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_of_a_version_are_one_track() {
        for export in ["paratope:product/product@0.1.0", "paratope:product/product@0.1.12"] {
            assert_eq!(Track::of(export).unwrap().unwrap(), Track::ProductV0_1);
        }
        assert_eq!(Track::of("paratope:product/product@0.2.0").unwrap().unwrap(), Track::ProductV0_2);
        assert!(Track::of("paratope:types/types@0.1.0").is_none());
    }

    #[test]
    fn other_versions_are_unknown() {
        for version in ["", "@", "@0.1", "@0.1.", "@0.10.0", "@0.2.0", "@1.1.0", "@0.1.0-rc.1", "@0.1.0.1"] {
            let export = format!("paratope:payer/payer{version}");
            assert!(matches!(Track::of(&export), Some(Err(LoadError::UnknownTrack { .. }))), "{export}");
        }
    }
}
