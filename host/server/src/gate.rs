//! How many calls of one plugin may run at once, so that a slow plugin keeps nobody waiting but its own callers.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Calls that may wait at one gate. More are turned away at once: whoever waits holds a thread.
const WAITING: u32 = 8;

/// How long a call waits before it is turned away.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lets so many calls of a plugin through at once. A plugin that used up a limit gets one place until it answers
/// again, so that what loops takes one core at most.
#[derive(Debug)]
pub struct Gate {
    places: u32,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    inside: u32,
    waiting: u32,
    suspect: bool,
}

/// A place inside. Dropping it leaves.
#[derive(Debug)]
pub struct Place<'a>(&'a Gate);

impl Gate {
    /// A gate with this many places.
    pub fn new(places: u32) -> Self {
        Self { places: places.max(1), state: Mutex::default(), freed: Condvar::new() }
    }

    /// Waits for a place. `None` when it takes too long or too many wait already.
    pub fn enter(&self) -> Option<Place<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_full(&state) {
            if state.waiting >= WAITING {
                return None;
            }
            state.waiting += 1;
            let (waited, _) = self
                .freed
                .wait_timeout_while(state, PATIENCE, |state| self.is_full(state))
                .unwrap_or_else(PoisonError::into_inner);
            state = waited;
            state.waiting -= 1;
            if self.is_full(&state) {
                return None;
            }
        }
        state.inside += 1;
        Some(Place(self))
    }

    /// Notes whether the last call kept within its limits.
    pub fn note(&self, kept: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).suspect = !kept;
    }

    /// How many places there are.
    pub fn places(&self) -> u32 {
        self.places
    }

    fn is_full(&self, state: &State) -> bool {
        state.inside >= if state.suspect { 1 } else { self.places }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).inside -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn no_more_than_its_places_are_inside() {
        let gate = Gate::new(2);
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _place = gate.enter().unwrap();
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }

    #[test]
    fn a_plugin_that_used_up_a_limit_gets_one_place() {
        let gate = Gate::new(2);
        gate.note(false);
        let place = gate.enter().unwrap();
        std::thread::scope(|scope| {
            assert!(scope.spawn(|| gate.enter().is_none()).join().unwrap());
        });
        drop(place);
        gate.note(true);
        let _one = gate.enter().unwrap();
        let _two = gate.enter().unwrap();
    }
}
