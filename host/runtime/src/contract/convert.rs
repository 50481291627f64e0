//! How words of a contract become words of the domain, and back.
//!
//! What goes in is copied and weighed. What comes out is moved and checked: an answer that breaks the contract
//! becomes an error that says where.

use std::fmt;

use crate::CallError;

/// An answer that breaks the contract. The path is kept innermost first.
#[derive(Debug)]
pub(super) struct Malformed {
    path: Vec<Step>,
    reason: String,
}

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Element(usize),
}

impl Malformed {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { path: Vec::new(), reason: reason.into() }
    }

    pub(super) fn at(mut self, field: &'static str) -> Self {
        self.path.push(Step::Field(field));
        self
    }

    fn within(mut self, element: usize) -> Self {
        self.path.push(Step::Element(element));
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for step in self.path.iter().rev() {
            match step {
                Step::Field(name) => {
                    if !first {
                        f.write_str(".")?;
                    }
                    // Named as the contract names them.
                    f.write_str(&name.replace('_', "-"))?;
                }
                Step::Element(index) => write!(f, "[{index}]")?,
            }
            first = false;
        }
        Ok(())
    }
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed { path: malformed.to_string(), reason: malformed.reason }
    }
}

/// A word of the domain made from the contract's word `W`.
pub(super) trait FromWit<W>: Sized {
    fn from_wit(word: W) -> Result<Self, Malformed>;
}

/// A word of the domain written as the contract's word. Its size is added to `size` on the way.
pub(super) trait ToWit<W> {
    fn to_wit(&self, size: &mut usize) -> W;
}

/// Words that are the same on both sides.
macro_rules! same {
    ($($word:ty),*) => {$(
        impl FromWit<$word> for $word {
            fn from_wit(word: $word) -> Result<Self, Malformed> {
                Ok(word)
            }
        }

        impl ToWit<$word> for $word {
            fn to_wit(&self, size: &mut usize) -> $word {
                *size += size_of::<$word>();
                *self
            }
        }
    )*};
}
same!(bool, u8, u32);

impl FromWit<String> for String {
    fn from_wit(word: String) -> Result<Self, Malformed> {
        Ok(word)
    }
}

impl ToWit<String> for String {
    fn to_wit(&self, size: &mut usize) -> String {
        *size += size_of::<String>() + self.len();
        self.clone()
    }
}

impl<W, T: FromWit<W>> FromWit<Option<W>> for Option<T> {
    fn from_wit(word: Option<W>) -> Result<Self, Malformed> {
        word.map(T::from_wit).transpose()
    }
}

impl<W, T: ToWit<W>> ToWit<Option<W>> for Option<T> {
    fn to_wit(&self, size: &mut usize) -> Option<W> {
        *size += 1;
        self.as_ref().map(|word| word.to_wit(size))
    }
}

impl<W, T: FromWit<W>> FromWit<Vec<W>> for Vec<T> {
    fn from_wit(words: Vec<W>) -> Result<Self, Malformed> {
        words.into_iter().enumerate().map(|(i, word)| T::from_wit(word).map_err(|wrong| wrong.within(i))).collect()
    }
}

impl<W, T: ToWit<W>> ToWit<Vec<W>> for Vec<T> {
    fn to_wit(&self, size: &mut usize) -> Vec<W> {
        *size += size_of::<Vec<W>>();
        self.iter().map(|word| word.to_wit(size)).collect()
    }
}

/// Records that come out: every field by name. A field that one side lacks does not compile.
macro_rules! records_from {
    ($($wit:ty => $word:ty { $($field:ident),* $(,)? })*) => {$(
        impl $crate::contract::convert::FromWit<$wit> for $word {
            fn from_wit(word: $wit) -> Result<Self, $crate::contract::convert::Malformed> {
                Ok(Self {
                    $($field: $crate::contract::convert::FromWit::from_wit(word.$field)
                        .map_err(|wrong: $crate::contract::convert::Malformed| wrong.at(stringify!($field)))?,)*
                })
            }
        }
    )*};
}

/// Records that go in.
macro_rules! records_to {
    ($($word:ty => $wit:path { $($field:ident),* $(,)? })*) => {$(
        impl $crate::contract::convert::ToWit<$wit> for $word {
            fn to_wit(&self, size: &mut usize) -> $wit {
                let Self { $($field),* } = self;
                $wit { $($field: $crate::contract::convert::ToWit::to_wit($field, size)),* }
            }
        }
    )*};
}

/// Enums that come out: every case by name.
macro_rules! enums_from {
    ($($wit:ty => $word:ty { $($case:ident),* $(,)? })*) => {$(
        impl $crate::contract::convert::FromWit<$wit> for $word {
            fn from_wit(word: $wit) -> Result<Self, $crate::contract::convert::Malformed> {
                Ok(match word {
                    $(<$wit>::$case => Self::$case,)*
                })
            }
        }
    )*};
}

/// Enums that go in.
macro_rules! enums_to {
    ($($word:ty => $wit:ty { $($case:ident),* $(,)? })*) => {$(
        impl $crate::contract::convert::ToWit<$wit> for $word {
            fn to_wit(&self, size: &mut usize) -> $wit {
                *size += 1;
                match self {
                    $(Self::$case => <$wit>::$case,)*
                }
            }
        }
    )*};
}

pub(super) use {enums_from, enums_to, records_from, records_to};
