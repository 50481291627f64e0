//! The time, and names that follow it. Only this file asks what time it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still, for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(
    /// The time it shows.
    pub Timestamp,
);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A moment to the millisecond, as records keep it.
pub fn to_millisecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

/// Measures how long something takes. No answer rests on it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long ago it was started.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The name of a determination: 26 characters that sort as they were given out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeterminationId(u128);

/// A text that is no [`DeterminationId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id of a determination has 26 letters and digits, such as 01KAJ2V9X4Q6ZJ8M3T5W7Y1B2C")]
pub struct BadId;

/// Crockford's base 32: no letter looks like a digit.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl DeterminationId {
    /// A number from 0 to 99, as if drawn by lot: the same for the same id.
    pub(crate) fn draw(self) -> u64 {
        u64::try_from(self.0 % (1 << 64) % 100).unwrap_or_default()
    }
}

impl fmt::Display for DeterminationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in (0..26).rev() {
            let digit = usize::try_from((self.0 >> (at * 5)) & 31).unwrap_or_default();
            write!(f, "{}", char::from(DIGITS.get(digit).copied().unwrap_or(b'0')))?;
        }
        Ok(())
    }
}

impl fmt::Debug for DeterminationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DeterminationId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() != 26 || !text.starts_with(['0', '1', '2', '3', '4', '5', '6', '7']) {
            return Err(BadId);
        }
        text.bytes()
            .try_fold(0_u128, |value, byte| {
                let digit = DIGITS.iter().position(|digit| *digit == byte.to_ascii_uppercase())?;
                Some(value << 5 | u128::try_from(digit).ok()?)
            })
            .map(Self)
            .ok_or(BadId)
    }
}

impl Serialize for DeterminationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeterminationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Gives out ids: 48 bits of milliseconds, then 80 random bits, each id greater than the one before.
#[derive(Debug, Default)]
pub struct Ids {
    last: Mutex<u128>,
}

impl Ids {
    /// The next id, at `now`.
    pub fn next(&self, now: Timestamp) -> DeterminationId {
        let mut random = [0_u8; 16];
        // Without randomness the ids are still unique on this host: each is greater than the last.
        let _ = getrandom::fill(&mut random);
        let millisecond = u128::try_from(now.as_millisecond().max(0)).unwrap_or_default();
        let drawn = (millisecond & ((1 << 48) - 1)) << 80 | u128::from_be_bytes(random) >> 48;
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = drawn.max(last.wrapping_add(1));
        DeterminationId(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_sort_by_time() {
        let ids = Ids::default();
        let first = ids.next(Timestamp::from_millisecond(1_764_000_000_000).unwrap());
        let second = ids.next(Timestamp::from_millisecond(1_764_000_000_001).unwrap());
        assert!(first < second && first.to_string() < second.to_string());
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_eq!(first.to_string().to_lowercase().parse(), Ok(first));
        assert_eq!(first.to_string().len(), 26);
    }

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let ids = Ids::default();
        let first = ids.next(Timestamp::from_millisecond(1_764_000_000_000).unwrap());
        assert!(ids.next(Timestamp::from_millisecond(1_763_000_000_000).unwrap()) > first);
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "01KAJ2V9X4Q6ZJ8M3T5W7Y1B2", "81KAJ2V9X4Q6ZJ8M3T5W7Y1B2C", "01KAJ2V9X4Q6ZJ8M3T5W7Y1BUÉ"] {
            assert_eq!(text.parse::<DeterminationId>(), Err(BadId), "{text}");
        }
    }
}
