//! The plugins the binary carries: built when their documents or their engine are new. The first of a name is active at
//! once; what a newer binary brings waits for people, unless the rules let one decide.

use std::sync::Arc;

use super::Host;
use crate::authoring::{BuildError, Built, Folder, Workshop, diagnostics};
use crate::store::{NewPlugin, Source};

impl Host {
    /// Brings the bundled plugins into the store and makes the new ones active.
    pub(super) async fn bring_bundled(&self, preparing: fn(usize)) -> anyhow::Result<()> {
        let mut building = tokio::task::JoinSet::new();
        let room = Arc::new(tokio::sync::Semaphore::new(
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        ));
        let mut made = Vec::new();
        for mut folder in Folder::all_bundled() {
            let Ok(manifest) = folder.manifest() else {
                self.trouble(&folder.shown, "its plugin.toml cannot be read");
                continue;
            };
            let recipe = Workshop::recipe(&folder);
            // Another binary may make other bytes of the same documents: they are another version.
            let made_by: String = recipe.chars().skip("sha256:".len()).take(8).collect();
            folder.build = Some(format!("bundled.{made_by}"));
            if let Some(digest) = self.store().made_of(&recipe).await? {
                made.push((manifest.name, digest));
                continue;
            }
            let (host, room) = (self.clone(), Arc::clone(&room));
            building.spawn(async move {
                let _place = room.acquire_owned().await;
                let built = tokio::task::spawn_blocking(move || {
                    let built = host.inner.workshop.build(&folder);
                    built.map_err(|error| said(&folder, &error))
                });
                (manifest.name, recipe, built.await)
            });
        }
        if !building.is_empty() {
            preparing(building.len());
        }
        while let Some(built) = building.join_next().await {
            let (name, recipe, built) = built?;
            match built {
                Ok(Ok(built)) => {
                    self.keep_bundled(&recipe, &built).await?;
                    made.push((name, built.inspection.digest));
                }
                Ok(Err(why)) => self.trouble(&name, &why),
                Err(_) => self.trouble(&name, "building it was broken off"),
            }
        }
        let active = self.store().active().await?;
        for (name, digest) in made {
            let now = active.get(&name);
            // What people chose stays. Where two decide, they decide on what a new binary brings, too; and what was revoked, or is
            // below a floor, does not come back with one.
            if now.is_none_or(|now| now.digest != digest && now.source == Source::Bundled) {
                let before = now.map(|now| now.digest.as_str());
                self.store().activate_bundled(&name, &digest, before, self.actor(), self.now()).await?;
            }
        }
        Ok(())
    }

    async fn keep_bundled(&self, recipe: &str, built: &Built) -> anyhow::Result<()> {
        let digest = &built.inspection.digest;
        let kept = NewPlugin { digest, manifest: &built.manifest, origin: built.origin, bytes: &built.component };
        self.store().keep(&kept, self.actor(), self.now()).await?;
        self.store().note_recipe(recipe, digest).await?;
        tracing::info!(plugin = built.manifest.name, digest, "bundled plugin built");
        Ok(())
    }
}

/// Why a bundled folder was not built, in words.
fn said(folder: &Folder, error: &BuildError) -> String {
    match error {
        BuildError::Diagnostics(found) => diagnostics::render(folder, found),
        other => crate::authoring::workshop::chain(other),
    }
}
