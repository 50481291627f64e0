//! Which plugins answer on this host. One task looks for what was revoked while another loads what is active; neither undoes
//! what the other did.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use paratope_runtime::Registry;

/// Something with the digest of its bytes.
pub(crate) trait Digested {
    /// The digest.
    fn digest(&self) -> &str;
}

/// What answers for each name, unless it was revoked.
pub(crate) struct Answering<T> {
    installed: Registry<T>,
    /// Why a digest was revoked.
    revoked: ArcSwap<BTreeMap<String, String>>,
    /// Done between two steps. A test lets others go first here.
    between: fn(),
}

impl<T> Default for Answering<T> {
    fn default() -> Self {
        Self { installed: Registry::default(), revoked: ArcSwap::default(), between: || () }
    }
}

impl<T: Digested> Answering<T> {
    /// What answers for `name`.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<T>> {
        self.installed.get(name)
    }

    /// Everything that answers, by name.
    pub(crate) fn all(&self) -> Arc<BTreeMap<String, Arc<T>>> {
        self.installed.all()
    }

    /// Why a digest was revoked, when it was.
    pub(crate) fn revoked(&self, digest: &str) -> Option<String> {
        self.revoked.load().get(digest).cloned()
    }

    /// Lets `entry` answer for `name`. Why it does not, when it was revoked.
    pub(crate) fn put(&self, name: &str, entry: Arc<T>) -> Result<(), String> {
        let digest = entry.digest().to_owned();
        self.installed.put(name, entry);
        (self.between)();
        // It may have been revoked while it was compiled: whoever revoked did not find it.
        match self.revoked(&digest) {
            None => Ok(()),
            Some(why) => {
                self.remove(name, &digest);
                Err(why)
            }
        }
    }

    /// Lets nothing answer for `name`: what is to answer was revoked. Only who loads may, one at a time.
    pub(crate) fn withhold(&self, name: &str) {
        self.installed.remove(name);
    }

    /// Lets nothing answer that was revoked; calls under way finish. Returns the names of what answers no more, and why.
    pub(crate) fn revoke(&self, revoked: BTreeMap<String, String>) -> Vec<(String, String)> {
        self.revoked.store(Arc::new(revoked));
        (self.between)();
        let mut gone = Vec::new();
        for (name, entry) in self.all().iter() {
            if let Some(why) = self.revoked(entry.digest()) {
                (self.between)();
                self.remove(name, entry.digest());
                gone.push((name.clone(), why));
            }
        }
        gone
    }

    /// Lets a digest answer for a name no more. What came in its place stays.
    fn remove(&self, name: &str, digest: &str) {
        self.installed.remove_if(name, |entry| entry.digest() == digest);
    }
}

#[cfg(test)]
mod tests {
    //! Two hosts, a database that makes one change at a time, and people who propose, confirm, roll back and revoke, in every
    //! order that a scheduler comes upon.

    use shuttle::sync::Mutex;
    use shuttle::thread;

    use super::*;
    use crate::lifecycle::machine::{Carried, ProposalState, before_the_last, carried_out};

    const NAME: &str = "aetna";

    impl Digested for String {
        fn digest(&self) -> &str {
            self
        }
    }

    /// What the store keeps.
    struct Kept {
        /// What answered, and whether it came by rolling back.
        history: Vec<(String, bool)>,
        revoked: BTreeMap<String, String>,
        /// Proposals: the digest, what answered before it, and where it stands.
        proposals: Vec<(String, Option<String>, ProposalState)>,
    }

    impl Kept {
        fn active(&self) -> Option<String> {
            self.history.last().map(|(digest, _)| digest.clone())
        }

        /// Lets a digest answer. No change may let one answer that was revoked before.
        fn activate(&mut self, digest: &str, is_rolled_back: bool) {
            assert!(!self.revoked.contains_key(digest), "{digest} was revoked, and came to answer");
            self.history.push((digest.to_owned(), is_rolled_back));
        }
    }

    /// The store: a change is made alone.
    type Store = Arc<Mutex<Kept>>;

    fn propose(store: &Store, digest: &str) -> usize {
        let mut kept = store.lock().unwrap();
        let before = kept.active();
        kept.proposals.push((digest.to_owned(), before, ProposalState::Proposed));
        kept.proposals.len() - 1
    }

    fn confirm(store: &Store, proposal: usize) {
        let mut kept = store.lock().unwrap();
        if let Some(state) = kept.proposals[proposal].2.decided(true) {
            kept.proposals[proposal].2 = state;
        }
    }

    fn carry_out(store: &Store, proposal: usize) {
        let mut kept = store.lock().unwrap();
        let (digest, before, state) = kept.proposals[proposal].clone();
        let carried =
            carried_out(state, before.as_deref(), kept.active().as_deref(), kept.revoked.get(&digest).cloned());
        match carried {
            Carried::Done => {
                kept.activate(&digest, false);
                kept.proposals[proposal].2 = ProposalState::Done;
            }
            Carried::Failed(_) => kept.proposals[proposal].2 = ProposalState::Failed,
            Carried::NotNow => {}
        }
    }

    fn roll_back(store: &Store) {
        let mut kept = store.lock().unwrap();
        let history = kept.history.clone();
        let target = before_the_last(&history).find(|digest| !kept.revoked.contains_key(*digest));
        if let Some(target) = target {
            kept.activate(target, true);
        }
    }

    fn revoke(store: &Store, digest: &str) {
        store.lock().unwrap().revoked.insert(digest.to_owned(), "a test".to_owned());
    }

    /// A host: what answers there.
    #[derive(Clone)]
    struct Host {
        store: Store,
        answering: Arc<Answering<String>>,
        /// Held while what was revoked is read.
        looking: Arc<Mutex<()>>,
        /// Held while what is active is loaded.
        loading: Arc<Mutex<()>>,
    }

    impl Host {
        fn new(store: &Store) -> Self {
            let answering = Answering { between: thread::yield_now, ..Answering::default() };
            let lock = || Arc::new(Mutex::new(()));
            Self { store: Arc::clone(store), answering: Arc::new(answering), looking: lock(), loading: lock() }
        }

        fn look(&self) {
            let _looking = self.looking.lock().unwrap();
            let revoked = self.store.lock().unwrap().revoked.clone();
            thread::yield_now();
            self.answering.revoke(revoked);
        }

        fn load(&self) {
            let _loading = self.loading.lock().unwrap();
            let Some(active) = self.store.lock().unwrap().active() else { return };
            // Compiling takes its time.
            thread::yield_now();
            if self.answering.revoked(&active).is_some() {
                self.answering.withhold(NAME);
            } else if self.answering.get(NAME).is_none_or(|installed| *installed != active) {
                let _ = self.answering.put(NAME, Arc::new(active));
            }
        }

        /// A call that begins: what answers, unless it was revoked by what this host knew before.
        fn call(&self) {
            let known = self.answering.revoked.load_full();
            thread::yield_now();
            if let Some(installed) = self.answering.get(NAME) {
                thread::yield_now();
                let is_refused = self.answering.revoked(&installed).is_some();
                assert!(is_refused || !known.contains_key(&*installed), "a revoked digest answers");
            }
        }
    }

    fn everyone_at_once() {
        let kept = Kept { history: vec![("a".to_owned(), false)], revoked: BTreeMap::new(), proposals: Vec::new() };
        let store: Store = Arc::new(Mutex::new(kept));
        let hosts = [Host::new(&store), Host::new(&store)];
        let mut tasks = Vec::new();
        for (host, digest) in hosts.iter().zip(["b", "c"]) {
            let own = host.clone();
            tasks.push(thread::spawn(move || {
                let proposal = propose(&own.store, digest);
                confirm(&own.store, proposal);
                carry_out(&own.store, proposal);
                own.look();
                own.load();
            }));
            // It is due on both, and done once: that is asserted at the end.
            let due = host.clone();
            tasks.push(thread::spawn(move || {
                let proposals = due.store.lock().unwrap().proposals.len();
                for proposal in 0..proposals {
                    carry_out(&due.store, proposal);
                }
                due.load();
            }));
            let follows = host.clone();
            tasks.push(thread::spawn(move || {
                follows.look();
                follows.call();
                follows.look();
            }));
        }
        let (rolls, revokes) = (Arc::clone(&store), hosts[0].clone());
        tasks.push(thread::spawn(move || roll_back(&rolls)));
        tasks.push(thread::spawn(move || {
            revoke(&revokes.store, "b");
            revokes.look();
            revokes.call();
        }));
        for task in tasks {
            task.join().unwrap();
        }
        // Each looks once more, as it does twice a second, and all agree.
        let kept = store.lock().unwrap();
        let answers = kept.active().filter(|active| !kept.revoked.contains_key(active));
        let done = kept.proposals.iter().filter(|(.., state)| *state == ProposalState::Done).count();
        let came = kept.history.iter().filter(|(_, is_rolled_back)| !is_rolled_back).count();
        assert_eq!(came, done + 1, "a proposal that was done let its version answer once");
        drop(kept);
        for host in &hosts {
            host.look();
            host.load();
            assert_eq!(host.answering.get(NAME).map(|installed| (*installed).clone()), answers);
        }
    }

    #[test]
    fn whatever_the_order_hosts_agree_and_nothing_revoked_answers() {
        shuttle::check_random(everyone_at_once, 60_000);
        shuttle::check_pct(everyone_at_once, 40_000, 3);
    }
}
