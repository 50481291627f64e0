//! Answers laid out by hand, as the canonical ABI lays them out from [`ANSWER`](super::ANSWER).

use super::ANSWER;

/// The bytes of an answer and of what it points at.
pub struct Layout {
    bytes: Vec<u8>,
}

impl Layout {
    /// `size` bytes of zeros: an answer whose lists are empty and whose options are absent.
    pub fn new(size: usize) -> Self {
        Self { bytes: vec![0; size] }
    }

    /// One byte.
    pub fn u8(mut self, at: usize, value: u8) -> Self {
        self.bytes[at] = value;
        self
    }

    /// Four bytes.
    pub fn u32(mut self, at: usize, value: u32) -> Self {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// A string or list: its bytes go behind the answer, its address and `count` at `at`.
    pub fn list(mut self, at: usize, bytes: &[u8], count: u32) -> Self {
        let end = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(end, 0);
        self.bytes.extend_from_slice(bytes);
        self.u32(at, ANSWER + u32::try_from(end).unwrap()).u32(at + 4, count)
    }

    /// A string.
    pub fn text(self, at: usize, text: &[u8]) -> Self {
        self.list(at, text, u32::try_from(text.len()).unwrap())
    }

    /// The bytes, to be put at [`ANSWER`].
    pub fn build(self) -> Vec<u8> {
        self.bytes
    }
}

/// `result<payer-profile, error>`: the profile of a payer without policies.
pub fn profile(name: &[u8]) -> Layout {
    Layout::new(48).text(4, b"payer-1").text(12, name)
}

/// Where the profile says who operates it.
pub const PROFILE_OPERATOR: usize = 20;

/// Where the profile lists its lines of business: address, then count.
pub const PROFILE_LINES: usize = 24;

/// `result<payer-profile, error>` with one policy, in force from `first`.
pub fn profile_with_policy(first: &str) -> Layout {
    // What the policy points at has to lie behind the profile, so the text goes first and the policy after it.
    let layout = profile(b"payer").text(PROFILE_LINES, first.as_bytes());
    let text = u32::from_le_bytes(layout.bytes[PROFILE_LINES..PROFILE_LINES + 4].try_into().unwrap());
    let length = u32::try_from(first.len()).unwrap();
    let policy = Layout::new(84).u8(52, 1).u32(56, text).u32(60, length).build();
    layout.u32(PROFILE_LINES, 0).u32(PROFILE_LINES + 4, 0).list(32, &policy, 1)
}

/// `result<product-monograph, error>` with one toxicity rate, whose percentage has the scale `scale`.
pub fn monograph_with_rate(scale: u8) -> Layout {
    Layout::new(180).list(164, &Layout::new(48).u8(16, 16).u8(24, scale).build(), 1)
}

/// `result<_, error>` of a function whose answer needs no more than four bytes of alignment: `other(text)`.
pub fn error(text: &[u8]) -> Layout {
    Layout::new(16).u8(0, 1).u8(4, 2).text(8, text)
}
