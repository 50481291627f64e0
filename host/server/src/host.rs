//! The host: sandbox, store and the installed plugins. Every face asks it, and it alone changes what is installed.

mod bundled;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use jiff::Timestamp;
use paratope_domain::Day;
use paratope_domain::product::ProductMonograph;
use paratope_runtime::{CallError, CompileWorker, LoadError, Origin, Plugin, Registry, Sandbox, SandboxSettings};
use tokio::sync::Semaphore;

use crate::access::Caller;
use crate::authoring::workshop::chain;
use crate::authoring::{Manifest, Workshop};
use crate::clock::{Clock, DeterminationId, Ids, to_millisecond};
use crate::function::Answer;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::services::ServiceError;
use crate::session::{AskError, Session};
use crate::store::{Activation, Address, Shadow, Source, Store, StoreError, StoredPlugin};

/// Recorded calls run again at once.
const REPLAYS: usize = 2;

/// Monographs remembered for each product.
const MONOGRAPHS: usize = 16;

/// Plugins kept loaded for replay beside the installed ones.
const ARCHIVE: usize = 32;

/// Orders that shadows judge at once. What finds no room is not judged: live requests come first.
const SHADOWS: usize = 1;

/// How often a serving host looks for what others activated.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// What a host is made of.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The data folder: compiled code, and the store where no database is told.
    pub data: PathBuf,
    /// The PostgreSQL database the store is in.
    pub database: Option<Address>,
    /// Determinations that may use one plugin at once.
    pub calls_per_plugin: u32,
    /// The program that compiles foreign plugins: this one.
    pub program: PathBuf,
    /// Whether the plugins that the binary carries are brought in.
    pub bundled: bool,
    /// Told how many plugins are about to be built, which takes a while: for the person who waits.
    pub preparing: fn(usize),
}

impl HostSettings {
    /// The usual settings, for this program.
    pub fn new(data: PathBuf) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let program = std::env::current_exe().context("failed to find this program")?;
        let calls_per_plugin = u32::try_from(cores).unwrap_or(2).max(2);
        Ok(Self { data, database: None, calls_per_plugin, program, bundled: true, preparing: |_| {} })
    }
}

/// The host, and for whom it acts. Clones share everything.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
    caller: Arc<Caller>,
}

/// Who acts when the host does something by itself.
pub const ITSELF: &str = "paratope";

struct Inner {
    sandbox: Sandbox,
    workshop: Workshop,
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Ids,
    places: u32,
    replays: Semaphore,
    installed: Registry<Installed>,
    /// Plugins that should be there and are not, and why, in words.
    troubles: Registry<String>,
    /// Held while what is installed changes.
    changing: tokio::sync::Mutex<()>,
    archive: Mutex<Vec<(String, Arc<Plugin>)>>,
    metrics: Metrics,
    /// The shadows that run.
    shadows: ArcSwap<Vec<Shadow>>,
    shadowing: Arc<Semaphore>,
}

/// An installed plugin.
pub struct Installed {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Since when it answers, and who brought it.
    pub activation: Activation,
    gate: Gate,
    metrics: Metrics,
    /// What the product's label says does not depend on a patient, and the plugin is pure: one call a day is enough.
    monographs: Mutex<Vec<(Day, ProductMonograph, Answer)>>,
}

impl Installed {
    fn new(plugin: Arc<Plugin>, manifest: Manifest, activation: Activation, inner: &Inner) -> Self {
        let (gate, metrics) = (Gate::new(inner.places), inner.metrics.clone());
        Self { plugin, manifest, activation, gate, metrics, monographs: Mutex::default() }
    }

    /// What is counted of its calls.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Calls the plugin. `None` when it has no such function.
    pub(crate) fn call<A>(
        &self,
        call: impl FnOnce(&Plugin) -> Option<Result<A, CallError>>,
    ) -> Option<Result<A, CallError>> {
        let answer = call(&self.plugin)?;
        self.gate.note(!matches!(answer, Err(CallError::Fuel { .. } | CallError::Deadline { .. })));
        Some(answer)
    }

    /// The monograph of a day, when it was asked for before.
    pub(crate) fn remembered(&self, as_of: Day) -> Option<(ProductMonograph, Answer)> {
        let monographs = self.monographs.lock().unwrap_or_else(PoisonError::into_inner);
        monographs.iter().find(|(day, ..)| *day == as_of).map(|(_, monograph, told)| (monograph.clone(), told.clone()))
    }

    /// Remembers the monograph of a day.
    pub(crate) fn remember(&self, as_of: Day, monograph: &ProductMonograph, told: &Answer) {
        let mut monographs = self.monographs.lock().unwrap_or_else(PoisonError::into_inner);
        if monographs.iter().all(|(day, ..)| *day != as_of) {
            if monographs.len() >= MONOGRAPHS {
                monographs.remove(0);
            }
            monographs.push((as_of, monograph.clone(), told.clone()));
        }
    }
}

/// Why a plugin was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It carries no manifest, or one that cannot be read.
    #[error("{0}")]
    Manifest(String),
    /// The sandbox refuses it.
    #[error("the plugin was refused: {}", chain(.0))]
    Refused(LoadError),
    /// It is not what its manifest says.
    #[error("its manifest says it is a {said} plugin, and it is a {found} plugin")]
    Kind {
        /// What it says.
        said: paratope_runtime::Kind,
        /// What it is.
        found: paratope_runtime::Kind,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Loading it was broken off.
    #[error("loading it was broken off")]
    BrokenOff,
}

impl Host {
    /// Opens the store, brings the bundled plugins up to date and loads what is active. A plugin that cannot be
    /// loaded is a trouble of its own and stops nothing.
    pub async fn open(settings: HostSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let store = match &settings.database {
            Some(address) => Store::open_database(address).await?,
            None => Store::open(&settings.data).await?,
        };
        let sandbox = Sandbox::new(SandboxSettings {
            cache: Some(settings.data.join("compiled")),
            worker: Some(CompileWorker::new(settings.program, ["compile-worker"])),
            ..SandboxSettings::default()
        })
        .context("failed to set up the sandbox")?;
        let host = Self {
            inner: Arc::new(Inner {
                workshop: Workshop::new(sandbox.clone()),
                sandbox,
                store,
                clock,
                ids: Ids::default(),
                places: settings.calls_per_plugin,
                replays: Semaphore::new(REPLAYS),
                installed: Registry::default(),
                troubles: Registry::default(),
                changing: tokio::sync::Mutex::default(),
                archive: Mutex::default(),
                metrics: Metrics::default(),
                shadows: ArcSwap::default(),
                shadowing: Arc::new(Semaphore::new(SHADOWS)),
            }),
            caller: Arc::new(Caller::local(ITSELF)),
        };
        if settings.bundled {
            host.bring_bundled(settings.preparing).await?;
        }
        host.load_active().await?;
        host.follow_shadows().await?;
        Ok(host)
    }

    /// This host, acting for someone: what it does from here on is told of them.
    #[must_use]
    pub fn acting_for(&self, caller: Caller) -> Self {
        Self { inner: Arc::clone(&self.inner), caller: Arc::new(caller) }
    }

    /// For whom it acts.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The name of whom it acts for.
    pub fn actor(&self) -> &str {
        &self.caller.name
    }

    /// What this host counts.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Now, to the millisecond.
    pub fn now(&self) -> Timestamp {
        to_millisecond(self.inner.clock.now())
    }

    /// Today, where the host is, as text.
    pub(crate) fn day_today(&self) -> Result<String, ServiceError> {
        let unset = || ServiceError::Internal(anyhow::anyhow!("the machine's clock shows no day of the calendar"));
        self.today().map(|day| day.to_string()).ok_or_else(unset)
    }

    /// Today, where the host is.
    pub fn today(&self) -> Option<Day> {
        Day::try_from(self.inner.clock.now().to_zoned(jiff::tz::TimeZone::system()).date()).ok()
    }

    /// A new id.
    pub fn next_id(&self, now: Timestamp) -> DeterminationId {
        self.inner.ids.next(now)
    }

    /// The plugin that answers for `name`.
    pub fn installed(&self, name: &str) -> Option<Arc<Installed>> {
        self.inner.installed.get(name)
    }

    /// Every installed plugin, by name.
    pub fn all_installed(&self) -> Vec<Arc<Installed>> {
        self.inner.installed.all().values().cloned().collect()
    }

    /// The plugins that should be there and are not: name, and why.
    pub fn troubles(&self) -> Arc<BTreeMap<String, Arc<String>>> {
        self.inner.troubles.all()
    }

    /// That nothing is installed as `name`: why not, or what there is.
    pub fn unknown(&self, name: &str) -> AskError {
        if let Some(why) = self.inner.troubles.get(name) {
            return AskError::Withheld { name: name.to_owned(), why: why.to_string() };
        }
        let known: Vec<String> = self.inner.installed.all().keys().map(|known| format!("`{known}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        // A name that was asked for may be anything; what is no name is not repeated.
        let name = if crate::authoring::manifest::is_name(name) { name } else { "?" };
        AskError::Unknown { name: name.to_owned(), known }
    }

    /// Runs `work` where plugins may be called, with a session of the plugins named, when there is room at all of
    /// them. For a site it runs what the site approved, and nothing else; without one, what a site of the caller approved.
    pub(crate) async fn with_session<A: Send + 'static>(
        &self,
        names: &[&str],
        site: Option<&str>,
        work: impl FnOnce(Session) -> A + Send + 'static,
    ) -> Result<A, ServiceError> {
        // In the order of their names, so that two who wait for the same plugins do not wait for each other.
        let names: BTreeSet<&str> = names.iter().copied().collect();
        let (mut plugins, mut places) = (Vec::new(), Vec::new());
        for name in names {
            let installed = self.installed(name).ok_or_else(|| {
                let unknown = self.unknown(name);
                if matches!(unknown, AskError::Withheld { .. }) {
                    self.metrics().refused(name, "withheld");
                }
                unknown
            })?;
            self.approved(&installed, site).await?;
            let busy = || {
                self.metrics().refused(name, "busy");
                AskError::Busy { name: name.to_owned(), places: installed.gate.places() }
            };
            places.push(installed.gate.enter().await.ok_or_else(busy)?);
            plugins.push(installed);
        }
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(Session::live(plugins));
            drop(places);
            done
        });
        worked.await.map_err(|error| ServiceError::Internal(error.into()))
    }

    /// Runs a recorded call again, where plugins may be called.
    pub(crate) async fn again<A: Send + 'static>(
        &self,
        call: impl FnOnce() -> A + Send + 'static,
    ) -> anyhow::Result<A> {
        let _place = self.inner.replays.acquire().await?;
        Ok(tokio::task::spawn_blocking(call).await?)
    }

    /// The shadows that run.
    pub(crate) fn running_shadows(&self) -> Arc<Vec<Shadow>> {
        self.inner.shadows.load_full()
    }

    /// Reads which shadows run.
    pub(crate) async fn follow_shadows(&self) -> Result<(), StoreError> {
        self.inner.shadows.store(Arc::new(self.store().shadows(true).await?));
        Ok(())
    }

    /// Room for a shadow to judge one order, if there is some.
    pub(crate) fn room_for_shadow(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.inner.shadowing).try_acquire_owned().ok()
    }

    /// Whether a site approved a plugin.
    pub(crate) async fn is_approved(&self, installed: &Installed, site: &str) -> Result<bool, StoreError> {
        let approvals = self.store().approvals(site).await?;
        Ok(approvals.iter().any(|approval| approval.covers(installed.plugin.digest(), &installed.manifest)))
    }

    /// Refuses a plugin that the site did not approve.
    async fn approved(&self, installed: &Installed, site: Option<&str>) -> Result<(), ServiceError> {
        let sites: Vec<&str> = match (site, self.caller.sites()) {
            (Some(site), _) => vec![site],
            (None, Some(sites)) => sites.iter().map(String::as_str).collect(),
            (None, None) => return Ok(()),
        };
        for site in &sites {
            if self.is_approved(installed, site).await? {
                return Ok(());
            }
        }
        self.metrics().refused(&installed.activation.name, "not-approved");
        Err(ServiceError::Ask(AskError::NotApproved {
            site: sites.first().copied().unwrap_or_default().to_owned(),
            name: installed.activation.name.clone(),
            version: installed.manifest.version.clone(),
            digest: installed.plugin.digest().to_owned(),
        }))
    }

    /// Compiles and tries a component that is to be published: the plugin, and what it says of itself.
    pub(crate) async fn inspect(&self, component: &[u8]) -> Result<(Arc<Plugin>, Manifest), InstallError> {
        let manifest = crate::authoring::section::manifest(component)
            .map_err(|error| InstallError::Manifest(error.to_string()))?
            .ok_or_else(|| {
                let how = "build it with `paratope plugin build`, which adds one";
                InstallError::Manifest(format!("the component carries no manifest; {how}"))
            })?;
        let plugin = self.load(&manifest.name, Arc::new(component.to_vec()), Origin::Foreign).await?;
        let found = plugin.kind();
        if found != manifest.kind {
            return Err(InstallError::Kind { said: manifest.kind, found });
        }
        Ok((Arc::new(plugin), manifest))
    }

    /// A version that is kept, as if it were installed. `None` when the store never had it.
    pub(crate) async fn candidate(&self, digest: &str) -> Result<Option<Arc<Installed>>, InstallError> {
        let Some(manifest) = self.store().manifest(digest).await? else { return Ok(None) };
        let Some(plugin) = self.of_digest(digest).await? else { return Ok(None) };
        let activation = Activation {
            name: manifest.name.clone(),
            digest: digest.to_owned(),
            source: Source::Loaded,
            activated_at: self.now().to_string(),
        };
        Ok(Some(Arc::new(Installed::new(plugin, manifest, activation, &self.inner))))
    }

    /// The plugin with this digest, installed or not. `None` when the store never had it.
    pub async fn of_digest(&self, digest: &str) -> Result<Option<Arc<Plugin>>, InstallError> {
        if let Some(installed) = self.inner.installed.all().values().find(|one| one.plugin.digest() == digest) {
            return Ok(Some(Arc::clone(&installed.plugin)));
        }
        let archived = {
            let archive = self.inner.archive.lock().unwrap_or_else(PoisonError::into_inner);
            archive.iter().find(|(kept, _)| kept == digest).map(|(_, plugin)| Arc::clone(plugin))
        };
        if archived.is_some() {
            return Ok(archived);
        }
        let Some(stored) = self.store().plugin(digest).await? else { return Ok(None) };
        let plugin = Arc::new(self.load(&stored.manifest.name, Arc::new(stored.bytes), stored.origin).await?);
        let mut archive = self.inner.archive.lock().unwrap_or_else(PoisonError::into_inner);
        if archive.len() >= ARCHIVE {
            archive.remove(0);
        }
        archive.push((digest.to_owned(), Arc::clone(&plugin)));
        Ok(Some(plugin))
    }

    /// Compiles and tries a component, off the threads that serve.
    async fn load(&self, name: &str, component: Arc<Vec<u8>>, origin: Origin) -> Result<Plugin, InstallError> {
        let (sandbox, name) = (self.inner.sandbox.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || sandbox.load(&name, &component, origin))
            .await
            .map_err(|_| InstallError::BrokenOff)?
            .map_err(InstallError::Refused)
    }

    /// Follows what other hosts and commands activate in the same store. A plugin that cannot be loaded leaves the one
    /// before it serving, and is a trouble. Runs until the store is closed.
    pub async fn follow(self) {
        let mut seen = None;
        if let Err(error) = self.store().forget_answers(self.now()).await {
            tracing::warn!(error = chain(&error), "answers of old were not forgotten");
        }
        loop {
            tokio::time::sleep(FOLLOW_EVERY).await;
            match self.follow_once(&mut seen).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(error = format!("{error:#}"), "what is active could not be read"),
            }
        }
    }

    async fn follow_once(&self, seen: &mut Option<(i64, i64)>) -> anyhow::Result<()> {
        if !self.store().due(self.now()).await?.is_empty() {
            self.carry_out_due().await?;
        }
        self.follow_shadows().await?;
        let mark = Some(self.store().activation_mark().await?);
        if *seen != mark {
            self.refresh().await?;
            *seen = mark;
        }
        Ok(())
    }

    /// Lets answer what the store says is active.
    pub(crate) async fn refresh(&self) -> anyhow::Result<()> {
        let _changing = self.inner.changing.lock().await;
        self.load_active().await
    }

    /// Loads what the store says is active and is not installed yet.
    async fn load_active(&self) -> anyhow::Result<()> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let room = Arc::new(Semaphore::new(cores));
        let mut loading = tokio::task::JoinSet::new();
        let is_new = |activation: &Activation| {
            self.installed(&activation.name).is_none_or(|one| one.activation.digest != activation.digest)
        };
        let revoked = self.store().revoked().await?;
        for (name, activation) in self.store().active().await? {
            if let Some(reason) = revoked.get(&activation.digest) {
                // Calls under way finish; none begins.
                self.inner.installed.remove(&name);
                self.trouble(&name, &format!("the version that is active was revoked: {reason}"));
                continue;
            }
            if !is_new(&activation) {
                continue;
            }
            let (host, room) = (self.clone(), Arc::clone(&room));
            loading.spawn(async move {
                let _place = room.acquire_owned().await;
                let loaded = host.load_one(&activation).await;
                (name, activation, loaded)
            });
        }
        while let Some(loaded) = loading.join_next().await {
            let (name, activation, loaded) = loaded?;
            match loaded {
                Ok((plugin, manifest)) => drop(self.put(plugin, manifest, activation)),
                Err(error) => self.trouble(&name, &format!("{error:#}")),
            }
        }
        Ok(())
    }

    async fn load_one(&self, activation: &Activation) -> anyhow::Result<(Plugin, Manifest)> {
        let stored = self.store().plugin(&activation.digest).await?.context("its bytes are not in the store")?;
        let StoredPlugin { manifest, origin, bytes, .. } = stored;
        let plugin = self.load(&activation.name, Arc::new(bytes), origin).await?;
        anyhow::ensure!(plugin.digest() == activation.digest, "its bytes in the store were changed");
        Ok((plugin, manifest))
    }

    /// Lets a plugin answer for its name.
    fn put(&self, plugin: Plugin, manifest: Manifest, activation: Activation) -> Arc<Installed> {
        let name = activation.name.clone();
        let installed = Arc::new(Installed::new(Arc::new(plugin), manifest, activation, &self.inner));
        self.inner.installed.put(&name, Arc::clone(&installed));
        self.inner.troubles.remove(&name);
        installed
    }

    fn trouble(&self, name: &str, why: &str) {
        if self.inner.troubles.get(name).is_some_and(|known| *known == why) {
            return;
        }
        tracing::warn!(plugin = name, why, "plugin not loaded");
        self.inner.troubles.put(name, why.to_owned());
    }
}

/// The data folder when none is named.
pub fn default_data() -> anyhow::Result<PathBuf> {
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|base| base.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
        .map(|base| base.join(Path::new("paratope")))
        .context("there is no home folder; name a data folder with --data DIR")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::store::NewPlugin;

    const MANIFEST: &str = "name = \"broken\"\nkind = \"payer\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\n\
        publisher = \"p\"\ndescription = \"d\"\nengine = \"policy\"\n";

    #[tokio::test]
    async fn a_plugin_that_cannot_be_loaded_is_a_trouble_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let now = SystemClock.now();
        let kept = NewPlugin { digest: "sha256:0", manifest: &manifest, origin: Origin::Snapshot, bytes: b"no plugin" };
        store.keep(&kept, "a", now).await.unwrap();
        store.activate("broken", "sha256:0", Source::Loaded, "a", now).await.unwrap();
        store.activate("gone", "sha256:0", Source::Loaded, "a", now).await.unwrap();
        drop(store);
        let settings = HostSettings { bundled: false, ..HostSettings::new(folder.path().to_owned()).unwrap() };
        let host = Host::open(settings, Arc::new(SystemClock)).await.unwrap();
        assert_eq!(host.troubles().keys().collect::<Vec<_>>(), ["broken", "gone"]);
        assert!(host.troubles().values().all(|why| why.contains("not a valid component")), "{:?}", host.troubles());
        assert!(matches!(host.unknown("broken"), AskError::Withheld { .. }));
        assert!(matches!(host.unknown("another"), AskError::Unknown { .. }));
    }
}
