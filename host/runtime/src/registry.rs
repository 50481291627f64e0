//! What answers for a name.
//!
//! The whole map is swapped at once. A call in flight holds its plugin and finishes on what it started with.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

/// Things by name, such as the installed plugins. Readers never wait, not even while plugins are loaded.
pub struct Registry<T> {
    entries: ArcSwap<BTreeMap<String, Arc<T>>>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self { entries: ArcSwap::default() }
    }
}

impl<T> Registry<T> {
    /// Lets `entry` answer for `name`. Calls that begin from now on use it. Returns what it replaces.
    pub fn put(&self, name: &str, entry: impl Into<Arc<T>>) -> Option<Arc<T>> {
        let entry = entry.into();
        self.change(name, |entries| entries.insert(name.to_owned(), Arc::clone(&entry)))
    }

    /// What answers for `name`.
    pub fn get(&self, name: &str) -> Option<Arc<T>> {
        self.entries.load().get(name).cloned()
    }

    /// Everything, by name, as it is now.
    pub fn all(&self) -> Arc<BTreeMap<String, Arc<T>>> {
        self.entries.load_full()
    }

    /// Lets nothing answer for `name`. Calls under way finish.
    pub fn remove(&self, name: &str) -> Option<Arc<T>> {
        self.change(name, |entries| entries.remove(name))
    }

    /// Lets nothing answer for `name`, if what answers is such. What came in its place meanwhile stays.
    pub fn remove_if(&self, name: &str, is_such: impl Fn(&T) -> bool) {
        self.change(name, |entries| {
            if entries.get(name).is_some_and(|entry| is_such(entry)) { entries.remove(name) } else { None }
        });
    }

    fn change(&self, name: &str, change: impl Fn(&mut BTreeMap<String, Arc<T>>) -> Option<Arc<T>>) -> Option<Arc<T>> {
        let before = self.entries.rcu(|entries| {
            let mut next = BTreeMap::clone(entries);
            change(&mut next);
            next
        });
        before.get(name).cloned()
    }
}
