//! One compiled plugin and how it is called: a fresh store and a fresh instance every time.

use std::sync::{
    Arc, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

use wasmtime::{
    Store, Trap,
    component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower},
};

use crate::{
    CallError, CallStats, Limits, LoadError, Track,
    engine::{Host, ticks},
    inspect::printable,
    limits::Meter,
};

/// What wasmtime says when an answer would take more of the host than it may. The error has no type of its own;
/// a test keeps this in step.
const TOO_MUCH_COPIED: &str = "too much data is being copied between the host and the guest";

/// What the guest of every call shares.
pub(crate) struct Guest {
    pre: InstancePre<Meter>,
    host: Arc<Host>,
    limits: Arc<Limits>,
    track: Track,
    interface: (String, ComponentExportIndex),
    /// Units of fuel that all calls used up so far.
    fuel: Arc<AtomicU64>,
}

impl Guest {
    pub(crate) fn new(
        pre: InstancePre<Meter>,
        host: Arc<Host>,
        limits: Arc<Limits>,
        track: Track,
        interface: &str,
        fuel: Arc<AtomicU64>,
    ) -> Result<Self, LoadError> {
        let index = pre.component().get_export_index(None, interface).ok_or_else(|| LoadError::WrongTypes {
            function: interface.to_owned(),
            track: track.to_string(),
            reason: "it is not there".to_owned(),
        })?;
        Ok(Self { pre, host, limits, track, interface: (interface.to_owned(), index), fuel })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Starts an instance for a trial. It is what notices a start that fails.
    pub(crate) fn trial(&self) -> Result<Trial<'_>, LoadError> {
        let turn = self.host.trial();
        let mut store = self.store();
        match self.pre.instantiate(&mut store) {
            Ok(instance) => Ok(Trial { guest: self, store, instance, _turn: turn }),
            Err(error) => Err(LoadError::Start(explain_start(&self.limits, &store, &error))),
        }
    }

    /// Calls one function on a fresh instance. The store is gone before the answer is looked at.
    pub(crate) fn call<P, R>(&self, function: &ComponentExportIndex, params: P) -> Result<(R, CallStats), CallError>
    where
        P: ComponentNamedList + Lower,
        R: Lift + Send + Sync + 'static,
        (R,): ComponentNamedList,
    {
        let _place = self.host.place()?;
        let mut store = self.store();
        let function = self
            .pre
            .instantiate(&mut store)
            .and_then(|instance| instance.get_typed_func::<P, (R,)>(&mut store, function))
            .map_err(|error| explain_start(&self.limits, &store, &error))?;
        let called = function.call(&mut store, params);
        let fuel_used = self.limits.fuel.saturating_sub(store.get_fuel().unwrap_or_default());
        self.fuel.fetch_add(fuel_used, Ordering::Relaxed);
        let (answer,) = called.map_err(|error| explain(&self.limits, &store, &error))?;
        Ok((answer, CallStats { fuel_used }))
    }

    fn store(&self) -> Store<Meter> {
        open(&self.host, &self.limits)
    }
}

/// A store for one call, with everything `limits` allows and no more.
pub(crate) fn open(host: &Host, limits: &Limits) -> Store<Meter> {
    let mut store = Store::new(host.engine(), Meter::new(limits));
    store.limiter(|meter| meter);
    // Fuel is on in every engine of the host, and only an engine without it refuses.
    let _ = store.set_fuel(limits.fuel);
    store.set_epoch_deadline(ticks(limits.deadline));
    store.set_hostcall_fuel(limits.output_bytes);
    store
}

/// Says why a call failed, without anything the guest chose to say.
pub(crate) fn explain(limits: &Limits, store: &Store<Meter>, error: &wasmtime::Error) -> CallError {
    explain_guest(limits, store, error).unwrap_or_else(|| {
        let reason = error.root_cause().to_string();
        if reason.starts_with(TOO_MUCH_COPIED) {
            CallError::Output { limit: limits.output_bytes }
        } else {
            // What is left is an answer that could not be read.
            CallError::Malformed { path: String::new(), reason }
        }
    })
}

/// Says why an instance did not start. There is no answer yet, so what is not the guest's fault is ours.
pub(crate) fn explain_start(limits: &Limits, store: &Store<Meter>, error: &wasmtime::Error) -> CallError {
    explain_guest(limits, store, error).unwrap_or_else(|| CallError::Sandbox { reason: format!("{error:#}") })
}

/// What the guest did, if it is the guest's doing.
fn explain_guest(limits: &Limits, store: &Store<Meter>, error: &wasmtime::Error) -> Option<CallError> {
    let trap = error.downcast_ref::<Trap>();
    match trap {
        Some(Trap::OutOfFuel) => Some(CallError::Fuel { limit: limits.fuel }),
        Some(Trap::Interrupt) => Some(CallError::Deadline { limit: limits.deadline }),
        Some(Trap::StackOverflow) => Some(CallError::Stack { limit: limits.stack_bytes }),
        // A plugin that is refused memory mostly gives up; then the refusal is the reason, not how it gave up.
        _ => {
            store.data().refused().cloned().or_else(|| trap.map(|trap| CallError::Trapped { reason: trap.to_string() }))
        }
    }
}

/// An instance that was started to see whether it can be, and whether its functions have the right types.
///
/// Linking alone does not look at the types of exports, so a plugin with one field too many would pass it and
/// fail on its first call.
pub(crate) struct Trial<'a> {
    guest: &'a Guest,
    store: Store<Meter>,
    instance: Instance,
    _turn: MutexGuard<'a, ()>,
}

impl Trial<'_> {
    /// Finds a function and checks its types.
    pub(crate) fn function<P, R>(&mut self, name: &str) -> Result<ComponentExportIndex, LoadError>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let (interface, index) = &self.guest.interface;
        let wrong = |reason: String| LoadError::WrongTypes {
            function: format!("{interface}#{name}"),
            track: self.guest.track.to_string(),
            reason,
        };
        let function = self
            .guest
            .pre
            .component()
            .get_export_index(Some(index), name)
            .ok_or_else(|| wrong("it is not there".to_owned()))?;
        self.instance
            .get_typed_func::<P, R>(&mut self.store, &function)
            .map_err(|error| wrong(printable(&format!("{error:#}"))))?;
        Ok(function)
    }
}
