//! The host: sandbox, store and the installed plugins. Every face asks it, and it alone changes what is installed.

mod agreed;
mod answering;
mod bundled;
mod following;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use jiff::Timestamp;
use paratope_domain::Day;
use paratope_domain::product::ProductMonograph;
use paratope_runtime::{
    CallError, CompileError, CompileWorker, LoadError, Origin, Plugin, Registry, Sandbox, SandboxSettings,
};
use tokio::sync::Semaphore;

use self::agreed::Agreed;
use self::answering::{Answering, Digested};
use crate::access::{Caller, Oneself};
use crate::authoring::workshop::chain;
use crate::authoring::{Manifest, Workshop};
use crate::clock::{Clock, DeterminationId, Ids, to_millisecond};
use crate::function::Answer;
use crate::gate::Gate;
use crate::lifecycle::Approval;
use crate::metrics::Metrics;
use crate::services::ServiceError;
use crate::session::{AskError, Session};
use crate::store::{Activation, Address, Source, Store, StoreError, StoredPlugin};

/// Recorded calls run again at once.
const REPLAYS: usize = 2;

/// Monographs remembered for each product.
const MONOGRAPHS: usize = 16;

/// Plugins kept loaded for replay beside the installed ones.
const ARCHIVE: usize = 32;

/// Orders that shadows judge at once. What finds no room is not judged: live requests come first.
const SHADOWS: usize = 1;

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
    installed: Answering<Installed>,
    /// Plugins that should be there and are not, and why, in words.
    troubles: Registry<String>,
    /// What is agreed on in the store, as it was last seen.
    agreed: ArcSwap<Agreed>,
    /// Held while it is read.
    looking: tokio::sync::Mutex<()>,
    /// The mark up to which what is active was loaded. Held while it is.
    loaded: tokio::sync::Mutex<i64>,
    archive: Mutex<Vec<(String, Arc<Plugin>)>>,
    metrics: Metrics,
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

impl Digested for Installed {
    fn digest(&self) -> &str {
        self.plugin.digest()
    }
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
    /// It was revoked.
    #[error("it was revoked: {0}")]
    Revoked(String),
    /// Its bytes are lost.
    #[error("its bytes are not in the store")]
    Gone,
    /// Its bytes are others than were published.
    #[error("its bytes in the store were changed")]
    Changed,
    /// Loading it was broken off.
    #[error("loading it was broken off")]
    BrokenOff,
}

impl InstallError {
    /// Whether it may go another time: nothing is wrong with the plugin.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Store(error) => error.passes(),
            Self::BrokenOff | Self::Refused(LoadError::Compile(CompileError::Worker { .. })) => true,
            _ => false,
        }
    }
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
                installed: Answering::default(),
                troubles: Registry::default(),
                agreed: ArcSwap::default(),
                looking: tokio::sync::Mutex::default(),
                loaded: tokio::sync::Mutex::new(-1),
                archive: Mutex::default(),
                metrics: Metrics::default(),
                shadowing: Arc::new(Semaphore::new(SHADOWS)),
            }),
            caller: Arc::new(Caller::local(ITSELF)),
        };
        if settings.bundled {
            host.bring_bundled(settings.preparing).await?;
        }
        host.refresh().await?;
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

    /// Those whom one person could be who acts: itself, whoever issued it its token, and whom it issued one to.
    pub(crate) async fn oneself(&self) -> Result<Oneself, StoreError> {
        Ok(Oneself::new(&self.caller, &self.store().tokens().await?))
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
        // Who waited for a place may have waited while it was revoked, or the approval withdrawn.
        for installed in &plugins {
            self.standing(installed)?;
            self.approved(installed, site).await?;
        }
        let span = tracing::Span::current();
        let worked = tokio::task::spawn_blocking(move || {
            let _traced = span.enter();
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

    /// What people agreed on in the store, as this host last saw it.
    pub(crate) fn agreed(&self) -> Arc<Agreed> {
        self.inner.agreed.load_full()
    }

    /// Room for a shadow to judge one order, if there is some.
    pub(crate) fn room_for_shadow(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.inner.shadowing).try_acquire_owned().ok()
    }

    /// Whether a site approved a plugin.
    pub(crate) async fn is_approved(&self, installed: &Installed, site: &str) -> Result<bool, StoreError> {
        let covers = |approval: &Approval| approval.covers(installed.plugin.digest(), &installed.manifest);
        if self.agreed().approvals(site).iter().any(covers) {
            return Ok(true);
        }
        // It may have been approved a moment ago, on another host.
        Ok(self.store().approvals(site).await?.iter().any(covers))
    }

    /// The plugin that answers for `name` at a site, for a look at what another would change beside it.
    pub(crate) async fn answering_at(&self, name: &str, site: &str) -> Result<Arc<Installed>, ServiceError> {
        let installed = self.installed(name).ok_or_else(|| self.unknown(name))?;
        self.approved(&installed, Some(site)).await?;
        Ok(installed)
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
        let (said, found) = (&manifest.contract, plugin.track().version());
        if said != found {
            let why = format!("its manifest says it speaks contract {said}, and it speaks {found}");
            return Err(InstallError::Manifest(why));
        }
        Ok((Arc::new(plugin), manifest))
    }

    /// A version that is kept, as if it were installed. `None` when the store never had it.
    pub(crate) async fn candidate(&self, digest: &str) -> Result<Option<Arc<Installed>>, InstallError> {
        if let Some(why) = self.inner.installed.revoked(digest) {
            return Err(InstallError::Revoked(why));
        }
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

    /// The plugin with this digest, when its bytes are kept as they were published: for a promise that it will answer.
    pub(crate) async fn promised(&self, digest: &str) -> Result<Arc<Plugin>, InstallError> {
        // It may be loaded here, and lost all the same.
        let stored = self.store().plugin(digest).await?.ok_or(InstallError::Gone)?;
        if paratope_runtime::digest(&stored.bytes) != digest {
            return Err(InstallError::Changed);
        }
        self.of_digest(digest).await?.ok_or(InstallError::Gone)
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
        let plugin = Arc::new(self.load_stored(stored).await?.0);
        let mut archive = self.inner.archive.lock().unwrap_or_else(PoisonError::into_inner);
        if archive.len() >= ARCHIVE {
            archive.remove(0);
        }
        archive.push((digest.to_owned(), Arc::clone(&plugin)));
        Ok(Some(plugin))
    }

    /// Compiles and tries what the store kept, unless it is not what was published.
    async fn load_stored(&self, stored: StoredPlugin) -> Result<(Plugin, Manifest), InstallError> {
        let StoredPlugin { digest, manifest, origin, bytes } = stored;
        if paratope_runtime::digest(&bytes) != digest {
            return Err(InstallError::Changed);
        }
        let plugin = self.load(&manifest.name, Arc::new(bytes), origin).await?;
        Ok((plugin, manifest))
    }

    /// Compiles and tries a component, off the threads that serve.
    async fn load(&self, name: &str, component: Arc<Vec<u8>>, origin: Origin) -> Result<Plugin, InstallError> {
        let (sandbox, name) = (self.inner.sandbox.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || sandbox.load(&name, &component, origin))
            .await
            .map_err(|_| InstallError::BrokenOff)?
            .map_err(InstallError::Refused)
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
        let digest = paratope_runtime::digest(b"no plugin");
        let kept = NewPlugin { digest: &digest, manifest: &manifest, origin: Origin::Snapshot, bytes: b"no plugin" };
        store.keep(&kept, "a", now).await.unwrap();
        store.activate("broken", &digest, Source::Loaded, "a", now).await.unwrap();
        store.activate("gone", &digest, Source::Loaded, "a", now).await.unwrap();
        drop(store);
        let settings = HostSettings { bundled: false, ..HostSettings::new(folder.path().to_owned()).unwrap() };
        let host = Host::open(settings, Arc::new(SystemClock)).await.unwrap();
        assert_eq!(host.troubles().keys().collect::<Vec<_>>(), ["broken", "gone"]);
        assert!(host.troubles().values().all(|why| why.contains("not a valid component")), "{:?}", host.troubles());
        assert!(matches!(host.unknown("broken"), AskError::Withheld { .. }));
        assert!(matches!(host.unknown("another"), AskError::Unknown { .. }));
    }
}
