//! What one call may use up. Every limit has a name, a default and an error of its own.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::CallError;

const MIB: usize = 1024 * 1024;

/// What one call may use up. A call past a limit ends with the [`CallError`] that names it.
///
/// An answer's depth needs no limit: no type of the contract contains itself. Nor do its lists: every element
/// counts towards `output_bytes`, and a list that claims more than the guest's memory holds is malformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Units of fuel, about one for each instruction. The same call uses the same fuel on every machine, so this
    /// limit, and not the deadline, is the one that ends endless loops.
    pub fuel: u64,
    /// Wall-clock time. A backstop for a machine so busy that fuel burns slowly.
    pub deadline: Duration,
    /// Linear memory, over all memories of the component.
    pub memory_bytes: usize,
    /// Table elements, over all tables of the component.
    pub table_elements: usize,
    /// Native stack. Threads that call plugins need that much and a little more.
    pub stack_bytes: usize,
    /// About how many bytes a request may have.
    pub input_bytes: usize,
    /// About how many bytes an answer may take in the host, strings and list elements.
    pub output_bytes: usize,
}

impl Limits {
    /// For calls: a plan of two hundred doses fits many times over, and the worst plugin is gone in a second.
    pub const CALL: Self = Self {
        fuel: 200_000_000,
        deadline: Duration::from_secs(2),
        memory_bytes: 64 * MIB,
        table_elements: 20_000,
        stack_bytes: MIB / 2,
        input_bytes: MIB,
        output_bytes: 8 * MIB,
    };

    /// For `configure`, which parses documents: more of everything, because a person waits for it.
    pub const PUBLISH: Self = Self {
        fuel: 20_000_000_000,
        deadline: Duration::from_secs(60),
        memory_bytes: 256 * MIB,
        table_elements: 20_000,
        stack_bytes: MIB / 2,
        input_bytes: 16 * MIB,
        output_bytes: 64 * MIB,
    };
}

impl Limits {
    /// Whether a request of `size` bytes may go in.
    pub(crate) fn check_input(&self, size: usize) -> Result<(), CallError> {
        if size > self.input_bytes { Err(CallError::Input { size, limit: self.input_bytes }) } else { Ok(()) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::CALL
    }
}

/// Keeps the books of one store: what it holds, and which request for more was refused.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_limit: usize,
    table_limit: usize,
    memory: usize,
    table: usize,
    refused: Option<CallError>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            table_limit: limits.table_elements,
            memory: 0,
            table: 0,
            refused: None,
        }
    }

    /// The first growth that was refused. It explains a failure that follows.
    pub(crate) fn refused(&self) -> Option<&CallError> {
        self.refused.as_ref()
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            self.refused.get_or_insert(CallError::Memory { limit: self.memory_limit });
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table.saturating_add(desired.saturating_sub(current));
        if total > self.table_limit {
            self.refused.get_or_insert(CallError::Table { limit: self.table_limit });
            return Ok(false);
        }
        self.table = total;
        Ok(true)
    }
}
