//! The installed plugins, by name.
//!
//! The whole map is swapped at once. A call in flight holds its plugin and finishes on what it started with.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::Plugin;

/// The installed plugins. Readers never wait, not even while plugins are loaded.
#[derive(Default)]
pub struct Plugins {
    installed: ArcSwap<BTreeMap<String, Arc<Plugin>>>,
}

impl Plugins {
    /// No plugins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Installs `plugin` under its name. Calls that begin from now on use it. Returns the plugin it replaces.
    pub fn load(&self, plugin: impl Into<Arc<Plugin>>) -> Option<Arc<Plugin>> {
        let plugin = plugin.into();
        let before = self.installed.rcu(|installed| {
            let mut next = BTreeMap::clone(installed);
            next.insert(plugin.name().to_owned(), Arc::clone(&plugin));
            next
        });
        before.get(plugin.name()).cloned()
    }

    /// The plugin of that name.
    pub fn get(&self, name: &str) -> Option<Arc<Plugin>> {
        self.installed.load().get(name).cloned()
    }

    /// Every plugin, in the order of their names.
    pub fn list(&self) -> Vec<Arc<Plugin>> {
        self.installed.load().values().cloned().collect()
    }

    /// Takes the plugin of that name out. Calls under way finish.
    pub fn remove(&self, name: &str) -> Option<Arc<Plugin>> {
        let before = self.installed.rcu(|installed| {
            let mut next = BTreeMap::clone(installed);
            next.remove(name);
            next
        });
        before.get(name).cloned()
    }
}
