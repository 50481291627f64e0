//! The one engine calls run on, every knob with its reason.
//!
//! Whatever changes compiled code is in [`shared`], so that code compiled by one engine runs on another; how
//! instances are laid out in memory is each engine's own.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use wasmparser::WasmFeatures;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::{CallError, Limits, SetupError, compile::Functions};

/// What components built from Rust need, and nothing more: no threads, SIMD, exceptions, garbage collection,
/// tail calls, 64-bit or several memories. What is not here cannot be attacked and cannot differ by machine.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// How often deadlines are looked at. Fuel ends nearly every runaway call, so this may be coarse, and an idle
/// host is woken only two hundred times a second.
const TICK: Duration = Duration::from_millis(5);

/// Linear memory a free slot keeps for the next call, so that it need not be faulted in again. Larger than what
/// a call normally writes.
const KEEP_RESIDENT_BYTES: usize = 4 * 1024 * 1024;

/// Core instances of one component. Rust needs one; languages with an adapter or two need more.
pub(crate) const CORE_INSTANCES: u32 = 8;

/// Memories of one component.
pub(crate) const MEMORIES: u32 = 2;

/// Tables of one component.
pub(crate) const TABLES: u32 = 8;

/// Bytes of bookkeeping for one instance. A component with thousands of functions and globals needs this much.
const INSTANCE_BYTES: usize = 1024 * 1024;

/// An engine whose deadlines advance until it is dropped.
pub(crate) struct Host {
    engine: Engine,
    _ticker: Ticker,
    /// Calls under way, and how many may be.
    calls: AtomicU32,
    room: u32,
    /// Trial starts take turns, so that one slot more than there are calls is always enough.
    trials: Mutex<()>,
}

/// A place for one call. It is free again when this is dropped.
pub(crate) struct Place<'a>(&'a Host);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Host {
    /// For calls: slots for `concurrent` calls are set aside at once and used again and again.
    pub(crate) fn for_calls(limits: &Limits, concurrent: u32) -> Result<Self, SetupError> {
        let slots = concurrent.saturating_add(1);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(slots)
            .total_core_instances(slots.saturating_mul(CORE_INSTANCES))
            .total_memories(slots.saturating_mul(MEMORIES))
            .total_tables(slots.saturating_mul(TABLES))
            .max_core_instances_per_component(CORE_INSTANCES)
            .max_memories_per_component(MEMORIES)
            .max_tables_per_component(TABLES)
            .max_component_instance_size(INSTANCE_BYTES)
            .max_core_instance_size(INSTANCE_BYTES)
            .max_memory_size(limits.memory_bytes)
            .table_elements(limits.table_elements)
            .max_unused_warm_slots(slots)
            .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
            .table_keep_resident(KEEP_RESIDENT_BYTES)
            // Asks the kernel which pages were written, so that a slot is cleaned in microseconds. Older kernels
            // cannot tell; then the slot is cleaned the slow way.
            .pagemap_scan(Enabled::Auto);
        let mut config = shared(limits);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        // This engine compiles what our own document engines made, over and over.
        config
            .enable_incremental_compilation(Arc::new(Functions::default()))
            .map_err(|error| SetupError::Engine { reason: format!("{error:#}") })?;
        Self::start(&config, concurrent)
    }

    /// For work that is rare and large: snapshots, and compiling in the worker. Nothing is set aside.
    pub(crate) fn on_demand(limits: &Limits) -> Result<Self, SetupError> {
        let mut config = shared(limits);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Self::start(&config, u32::MAX)
    }

    fn start(config: &Config, room: u32) -> Result<Self, SetupError> {
        let engine = Engine::new(config).map_err(|error| SetupError::Engine { reason: format!("{error:#}") })?;
        let ticker = Ticker::start(&engine).map_err(|error| SetupError::Engine { reason: error.to_string() })?;
        Ok(Self { engine, _ticker: ticker, calls: AtomicU32::new(0), room, trials: Mutex::new(()) })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A place for one call, unless all are taken.
    pub(crate) fn place(&self) -> Result<Place<'_>, CallError> {
        let place = Place(self);
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.room {
            Ok(place)
        } else {
            Err(CallError::Busy { limit: self.room })
        }
    }

    /// The turn for a trial start.
    pub(crate) fn trial(&self) -> MutexGuard<'_, ()> {
        self.trials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many ticks a deadline is. One more than its length, because the first tick may come at once.
pub(crate) fn ticks(deadline: Duration) -> u64 {
    u64::try_from(deadline.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX).saturating_add(1)
}

/// What decides how code is compiled is the same for every engine of the host. The stack does not.
fn shared(limits: &Limits) -> Config {
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all().difference(FEATURES), false)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes)
        // A NaN has many bit patterns and machines disagree on which: without this, answers could differ.
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        // Memory is initialized by mapping pages of the compiled file, copied only when written.
        .memory_init_cow(true)
        // Backtraces would carry names the plugin chose into our errors, and their tables cost memory.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}

/// Advances an engine's clock until dropped.
struct Ticker {
    // Dropping the sender wakes the thread, which then ends.
    _stop: mpsc::Sender<()>,
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let engine = engine.weak();
        thread::Builder::new().name("paratope-deadlines".into()).spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { break };
                engine.increment_epoch();
            }
        })?;
        Ok(Self { _stop: stop })
    }
}
