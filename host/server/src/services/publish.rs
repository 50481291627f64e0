//! Publishing: a component is looked at, tried, compared with the version before it, and kept with the record of all that.
//! Nothing answers because it was published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use paratope_runtime::{Origin, Plugin};
use serde_json::json;

use super::ServiceError;
use super::refusal::Refusal;
use crate::authoring::{Manifest, section};
use crate::host::{Host, InstallError};
use crate::lifecycle::{
    Change, Differences, Outcome, Rules, SigningRole, Statement, Verification, Version, differences, named, verify,
};
use crate::release;
use crate::store::{self, NewPlugin, Published};

/// A version that is kept, with everything that is compared.
struct Known {
    manifest: Manifest,
    files: BTreeMap<String, String>,
    plugin: Arc<Plugin>,
}

impl Known {
    fn version(&self) -> Version<'_> {
        Version { manifest: &self.manifest, files: &self.files, plugin: &self.plugin }
    }
}

impl Host {
    /// The rules of this store.
    pub async fn rules(&self) -> Result<Rules, ServiceError> {
        Ok(self.store().rules().await?.unwrap_or_default())
    }

    /// Sets the rules of this store. Where two people decide, they decide on that, too: the rules wait, false, until another
    /// person sets the same. Whoever sets up a store sets its first rules alone, as long as it lets nobody else in.
    pub async fn set_rules(&self, rules: &Rules) -> Result<bool, ServiceError> {
        let oneself = self.oneself().await?;
        let is_agreed = self.store().agree_on_rules(rules, self.actor(), |name| oneself.is(name), self.now()).await?;
        self.look().await.map_err(ServiceError::Internal)?;
        Ok(is_agreed)
    }

    /// Verifies a release and keeps it. Publishing the same again adds the signatures that are new.
    pub async fn publish(&self, release: release::Release) -> Result<store::Release, ServiceError> {
        let rules = self.rules().await?;
        let (plugin, manifest) = self.inspect(&release.component).await?;
        let files = section::files(&release.component)
            .map_err(|error| InstallError::Manifest(format!("{error:#}")))?
            .unwrap_or_default();
        let known = Known { manifest, files, plugin };
        let digest = known.plugin.digest().to_owned();
        let today =
            self.today().context("the machine's clock shows no day of the calendar").map_err(ServiceError::Internal)?;
        let (known, mut verification) = self
            .again(move || {
                let Version { manifest, files, plugin } = known.version();
                let verification = verify(manifest, files, plugin, today, rules.evidence);
                (known, verification)
            })
            .await
            .map_err(ServiceError::Internal)?;
        let rules = self.rules().await?;
        let signatures =
            self.signatures(&mut verification, &known.manifest, &digest, &release.envelopes, &rules).await?;
        let known = self.compare_with_before(&mut verification, known).await?;
        let Manifest { name, version, .. } = &known.manifest;
        if let Some(step) = verification.failed().cloned() {
            let detail = json!({ "digest": digest, "version": version, "step": step.step, "seen": step.seen });
            self.store().note(self.actor(), "plugin.refused", name, detail, self.now()).await?;
            return Err(Refusal::Verification { name: name.clone(), version: version.clone(), step }.into());
        }
        let kept = NewPlugin {
            digest: &digest,
            manifest: &known.manifest,
            origin: Origin::Foreign,
            bytes: &release.component,
        };
        let published = self.store().publish(&kept, &verification, &signatures, self.actor(), self.now()).await?;
        let (name, version) = (name.clone(), version.clone());
        match published {
            Published::Kept => {}
            Published::Taken(taken) => return Err(Refusal::Taken { name, version, taken }.into()),
            Published::KeyGone => {
                let why = "a key that signed it was retired or revoked meanwhile".to_owned();
                return Err(Refusal::Forbidden { name, why }.into());
            }
            Published::Revoked(reason) => {
                return Err(Refusal::Forbidden { name, why: format!("it was revoked: {reason}") }.into());
            }
        }
        tracing::info!(plugin = name, version, digest, "plugin published");
        self.release(&digest).await
    }

    /// A version that is kept.
    pub async fn release(&self, digest: &str) -> Result<store::Release, ServiceError> {
        let manifest = self.store().manifest(digest).await?.ok_or_else(|| unknown_release(digest))?;
        self.find_release(&manifest.name, digest).await
    }

    /// Every version that is kept, of one plugin or of all.
    pub async fn releases(&self, name: Option<&str>) -> Result<Vec<store::Release>, ServiceError> {
        Ok(self.store().releases(name).await?)
    }

    /// A version of `name` that is kept: told as a digest, or as a version.
    pub async fn find_release(&self, name: &str, which: &str) -> Result<store::Release, ServiceError> {
        self.store().release(name, which).await?.ok_or_else(|| unknown_release(which))
    }

    /// A release as it was published, to be taken elsewhere.
    pub async fn export(&self, digest: &str) -> Result<release::Release, ServiceError> {
        let stored = self.store().plugin(digest).await?.ok_or_else(|| unknown_release(digest))?;
        let envelopes = self.store().envelopes(digest).await?.into_iter().map(String::into_bytes).collect();
        Ok(release::Release { component: stored.bytes, envelopes })
    }

    /// What changes when `to` answers where `from` answered.
    pub async fn differences(&self, from: &str, to: &str) -> Result<Differences, ServiceError> {
        let (from, to) = (self.known(from).await?, self.known(to).await?);
        self.again(move || differences(from.version(), to.version())).await.map_err(ServiceError::Internal)
    }

    async fn known(&self, digest: &str) -> Result<Known, ServiceError> {
        let stored = self.store().plugin(digest).await?.ok_or_else(|| unknown_release(digest))?;
        let plugin = self.of_digest(digest).await?.ok_or_else(|| unknown_release(digest))?;
        let files = section::files(&stored.bytes).map_err(ServiceError::Internal)?.unwrap_or_default();
        Ok(Known { manifest: stored.manifest, files, plugin })
    }

    /// Which enrolled keys signed these bytes, by key. Notes whether they are enough.
    async fn signatures(
        &self,
        verification: &mut Verification,
        manifest: &Manifest,
        digest: &str,
        envelopes: &[Vec<u8>],
        rules: &Rules,
    ) -> Result<BTreeMap<String, String>, ServiceError> {
        let Manifest { name, version, publisher, .. } = manifest;
        let keys = self.store().publisher_keys().await?;
        let keys: Vec<_> = keys.into_iter().filter(|key| key.publisher == *publisher).collect();
        let lacking = if rules.signatures.are_asked() { Outcome::Failed } else { Outcome::NotAsked };
        let outcome = if keys.iter().any(|key| key.signs()) { Outcome::Passed } else { lacking };
        let enrolled = keys.iter().filter(|key| key.signs()).count();
        verification.note("publisher", outcome, format!("`{publisher}` has {enrolled} keys that sign"));
        let statement = Statement { name: name.clone(), version: version.clone(), digest: digest.to_owned() };
        let mut signatures = BTreeMap::new();
        let mut roles: BTreeSet<SigningRole> = BTreeSet::new();
        for envelope in envelopes {
            for key in keys.iter().filter(|key| key.signs() && statement.is_signed(envelope, &key.key)) {
                roles.insert(key.role);
                signatures.insert(key.key.clone(), String::from_utf8_lossy(envelope).into_owned());
            }
        }
        // What was accepted before stands, though the key may be retired since.
        let before = self.store().release(name, digest).await?.map(|one| one.signed_by).unwrap_or_default();
        roles.extend(
            keys.iter().filter(|key| key.revoked_at.is_none() && before.contains(&key.key)).map(|key| key.role),
        );
        let seen = format!(
            "signed by {}; {} envelopes came with it; the rules ask for {}",
            named(&roles),
            envelopes.len(),
            rules.signatures
        );
        let enough = rules.signatures.satisfied_by(&roles);
        let outcome = match (enough, roles.is_empty()) {
            (true, true) => Outcome::NotAsked,
            (true, false) => Outcome::Passed,
            (false, _) => Outcome::Failed,
        };
        verification.note("signature", outcome, seen);
        Ok(signatures)
    }

    /// Notes whether the version number says how much changed since the version before it.
    async fn compare_with_before(&self, verification: &mut Verification, known: Known) -> Result<Known, ServiceError> {
        const STEP: &str = "version";
        let parse = |text: &str| semver::Version::parse(text).ok();
        let own = parse(&known.manifest.version)
            .with_context(|| format!("`{}` is no semantic version", known.manifest.version))
            .map_err(|error| InstallError::Manifest(format!("{error:#}")))?;
        let releases = self.store().releases(Some(&known.manifest.name)).await?;
        let earlier = releases.into_iter().filter(|one| one.revoked.is_none() && one.digest != known.plugin.digest());
        let mut before: Vec<_> = earlier
            .filter_map(|one| Some((parse(&one.version)?, one)))
            .filter(|(version, _)| version.cmp_precedence(&own).is_le())
            .collect();
        before.sort_by(|(one, _), (other, _)| one.cmp_precedence(other));
        // What follows a `+` tells builds apart, not versions.
        if let Some((version, _)) =
            before.iter().find(|(version, _)| version.cmp_precedence(&own).is_eq() && *version != own)
        {
            verification.note(STEP, Outcome::Failed, format!("{version} is the same version, of other bytes"));
            return Ok(known);
        }
        // One that cannot be loaded any more is passed over: nothing could ever take its place otherwise.
        let mut found = None;
        while let Some((version, one)) = before.pop() {
            match self.known(&one.digest).await {
                Ok(old) => {
                    found = Some((version, old));
                    break;
                }
                Err(ServiceError::Install(error)) if !error.passes() => {}
                Err(error) => return Err(error),
            }
        }
        let Some((version, old)) = found else {
            verification.note(STEP, Outcome::Passed, "no version is before it");
            return Ok(known);
        };
        let (known, found) = self
            .again(move || {
                let found = differences(old.version(), known.version());
                (known, found)
            })
            .await
            .map_err(ServiceError::Internal)?;
        let seen = told(&found);
        match Change::said(&version, &own) {
            Some(said) if said < found.needs => {
                let needs = match found.needs {
                    Change::Major => "a new first number",
                    Change::Minor => "a new second number",
                    Change::Patch => "a new number",
                };
                verification.note(STEP, Outcome::Failed, format!("{seen}: that is {needs}"));
            }
            _ => verification.note(STEP, Outcome::Passed, seen),
        }
        Ok(known)
    }
}

/// What changed, in a sentence.
fn told(found: &Differences) -> String {
    let Differences { from, contract, documents, cases, changed, .. } = found;
    let mut parts = Vec::new();
    if *contract {
        parts.push("another contract".to_owned());
    }
    for (count, what) in
        [(documents.added.len(), "added"), (documents.changed.len(), "changed"), (documents.removed.len(), "removed")]
    {
        if count > 0 {
            parts.push(format!("{count} documents {what}"));
        }
    }
    match changed.first() {
        Some(first) => {
            parts.push(format!("{} of {cases} cases are answered otherwise, first {}", changed.len(), first.case))
        }
        None => parts.push(format!("{cases} cases are answered as before")),
    }
    format!("since {from}: {}", parts.join(", "))
}

fn unknown_release(which: &str) -> ServiceError {
    let is_safe = which.len() <= 100 && which.chars().all(|one| one.is_ascii_alphanumeric() || ".:+-".contains(one));
    ServiceError::Unknown {
        what: "release",
        name: if is_safe { which } else { "?" }.to_owned(),
        known: "those that `paratope plugin releases` lists".to_owned(),
        pointer: "",
    }
}
