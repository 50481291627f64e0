//! How many determinations may use one plugin at once, so that a slow plugin keeps nobody waiting but its own callers.
//!
//! Who waits holds no thread. A plugin that used up a limit is let at one determination at a time until it answers
//! again, so that what loops takes one core at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long one waits before being turned away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets so many determinations at a plugin.
#[derive(Debug)]
pub struct Gate {
    places: u32,
    all: Arc<Semaphore>,
    one: Arc<Semaphore>,
    suspect: AtomicBool,
    patience: Duration,
}

/// A place at the plugin. Dropping it makes room.
#[derive(Debug)]
pub struct Place {
    _any: OwnedSemaphorePermit,
    _only: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A gate with this many places.
    pub fn new(places: u32) -> Self {
        let places = places.max(1);
        let all = Arc::new(Semaphore::new(usize::try_from(places).unwrap_or(1)));
        Self { places, all, one: Arc::new(Semaphore::new(1)), suspect: AtomicBool::new(false), patience: PATIENCE }
    }

    /// Waits for a place. `None` when it takes too long.
    pub async fn enter(&self) -> Option<Place> {
        let enter = async {
            let any = Arc::clone(&self.all).acquire_owned().await.ok()?;
            let only = if self.suspect.load(Ordering::Relaxed) {
                Some(Arc::clone(&self.one).acquire_owned().await.ok()?)
            } else {
                None
            };
            Some(Place { _any: any, _only: only })
        };
        tokio::time::timeout(self.patience, enter).await.ok().flatten()
    }

    /// Notes whether the last call kept within its limits.
    pub fn note(&self, kept: bool) {
        self.suspect.store(!kept, Ordering::Relaxed);
    }

    /// How many places there are.
    pub fn places(&self) -> u32 {
        self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hurried(places: u32) -> Gate {
        Gate { patience: Duration::from_millis(20), ..Gate::new(places) }
    }

    #[tokio::test]
    async fn no_more_than_its_places_are_inside() {
        let gate = hurried(2);
        let one = gate.enter().await.unwrap();
        let _two = gate.enter().await.unwrap();
        assert!(gate.enter().await.is_none());
        drop(one);
        assert!(gate.enter().await.is_some());
    }

    #[tokio::test]
    async fn a_plugin_that_used_up_a_limit_gets_one_place() {
        let gate = hurried(2);
        gate.note(false);
        let one = gate.enter().await.unwrap();
        assert!(gate.enter().await.is_none());
        drop(one);
        gate.note(true);
        let _one = gate.enter().await.unwrap();
        let _two = gate.enter().await.unwrap();
    }
}
