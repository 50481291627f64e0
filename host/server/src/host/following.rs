//! Follows what is agreed on in the store, by this host, by others and by commands.
//!
//! Looking is quick, and stops what was revoked or withdrawn. Loading may take long, for plugins are compiled; it never holds up
//! the looking.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::{Agreed, Host, InstallError, Installed};
use crate::authoring::workshop::chain;
use crate::clock::Stopwatch;
use crate::session::AskError;
use crate::store::Activation;

/// How often a serving host looks, told or not.
const EVERY: Duration = Duration::from_millis(500);

/// How often answers are forgotten that were kept for a day.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

impl Host {
    /// Follows what is agreed on. A plugin that cannot be loaded leaves the one before it serving, and is a trouble. Runs until
    /// it is dropped.
    pub async fn follow(self) {
        let mut forgot: Option<Stopwatch> = None;
        let listening = self.store().listen();
        let mut working: Option<JoinHandle<anyhow::Result<()>>> = None;
        let mut is_lost = false;
        loop {
            listening.wait(EVERY).await;
            if forgot.is_none_or(|since| since.elapsed() >= FORGET_EVERY) {
                forgot = Some(Stopwatch::start());
                if let Err(error) = self.store().forget_answers(self.now()).await {
                    tracing::warn!(error = chain(&error), "answers of old were not forgotten");
                }
            }
            let mut followed = self.look().await;
            if working.as_ref().is_none_or(JoinHandle::is_finished) {
                let host = self.clone();
                let worked = working.replace(tokio::spawn(async move { host.do_what_is_due().await }));
                if let Some(worked) = worked {
                    followed = followed.and(worked.await.unwrap_or_else(|error| Err(error.into())));
                }
            }
            // Said once, not twice a second.
            match &followed {
                Ok(()) if is_lost => tracing::info!("the store answers again"),
                Err(error) if !is_lost => tracing::warn!(error = format!("{error:#}"), "the store cannot be followed"),
                _ => {}
            }
            is_lost = followed.is_err();
        }
    }

    /// Keeps in mind what is agreed now. What was revoked answers nothing from here on; calls under way finish.
    pub(crate) async fn look(&self) -> anyhow::Result<()> {
        let _looking = self.inner.looking.lock().await;
        // The mark first: what changes while the rest is read is read again.
        let mark = self.store().mark().await?;
        if mark == self.agreed().mark {
            return Ok(());
        }
        let agreed = Agreed::read(self.store(), mark).await?;
        // Before anyone finds a newer mark, what was revoked is gone.
        for (name, why) in self.inner.installed.revoke(agreed.revoked.clone()) {
            self.trouble(&name, &revoked(&why));
        }
        self.inner.agreed.store(Arc::new(agreed));
        Ok(())
    }

    /// Does what was agreed for now.
    async fn do_what_is_due(&self) -> anyhow::Result<()> {
        self.end_lapsed_overrides().await?;
        self.carry_out_due().await
    }

    /// Looks, and loads what is active.
    pub(crate) async fn refresh(&self) -> anyhow::Result<()> {
        self.look().await?;
        let mut loaded = self.inner.loaded.lock().await;
        let mark = self.agreed().mark;
        if *loaded != mark && self.load_active().await? {
            *loaded = mark;
        }
        Ok(())
    }

    /// That a plugin was not revoked since it was found.
    pub(crate) fn standing(&self, installed: &Installed) -> Result<(), AskError> {
        match self.inner.installed.revoked(installed.plugin.digest()) {
            None => Ok(()),
            Some(why) => Err(AskError::Withheld { name: installed.activation.name.clone(), why: revoked(&why) }),
        }
    }

    /// Loads what is active and not installed yet. False when some of it may be loaded another time.
    async fn load_active(&self) -> anyhow::Result<bool> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let room = Arc::new(Semaphore::new(cores));
        let mut loading = JoinSet::new();
        for (name, activation) in self.store().active().await? {
            if let Some(why) = self.inner.installed.revoked(&activation.digest) {
                self.inner.installed.withhold(&name);
                self.trouble(&name, &revoked(&why));
                continue;
            }
            if self.installed(&name).is_some_and(|one| one.activation.digest == activation.digest) {
                continue;
            }
            let (host, room) = (self.clone(), Arc::clone(&room));
            loading.spawn(async move {
                let _place = room.acquire_owned().await;
                let loaded = host.load_one(&activation).await;
                (activation, loaded)
            });
        }
        let mut is_all = true;
        while let Some(loaded) = loading.join_next().await {
            let (activation, loaded) = loaded?;
            match loaded {
                Ok(installed) => self.put(installed),
                Err(error) => {
                    self.trouble(&activation.name, &chain(&error));
                    is_all &= !error.passes();
                }
            }
        }
        Ok(is_all)
    }

    async fn load_one(&self, activation: &Activation) -> Result<Installed, InstallError> {
        let stored = self.store().plugin(&activation.digest).await?.ok_or(InstallError::Gone)?;
        let (plugin, manifest) = self.load_stored(stored).await?;
        Ok(Installed::new(Arc::new(plugin), manifest, activation.clone(), &self.inner))
    }

    /// Lets a plugin answer for its name.
    fn put(&self, installed: Installed) {
        let name = installed.activation.name.clone();
        match self.inner.installed.put(&name, Arc::new(installed)) {
            Ok(()) => drop(self.inner.troubles.remove(&name)),
            Err(why) => self.trouble(&name, &revoked(&why)),
        }
    }

    /// Tells that a plugin should be there and is not, and why.
    pub(super) fn trouble(&self, name: &str, why: &str) {
        if self.inner.troubles.get(name).is_some_and(|known| *known == why) {
            return;
        }
        tracing::warn!(plugin = name, why, "plugin not loaded");
        self.inner.troubles.put(name, why.to_owned());
    }
}

fn revoked(why: &str) -> String {
    format!("the version that is active was revoked: {why}")
}
