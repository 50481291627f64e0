//! `paratope plugin ...` after it was built: signed, published, proposed, confirmed, rolled back, revoked.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::super::app::{App, print, print_json};
use super::super::{Exit, Failure, Outcome};
use super::remote;
use crate::authoring::section;
use crate::keys::SigningKey;
use crate::lifecycle::{Outcome as Checked, Statement};
use crate::release::{self, Release};
use crate::services::ServiceError;
use crate::services::activation::NewProposal;
use crate::services::shadow::NewShadow;
use crate::store::{Proposal, Release as Kept, Revoked};
use crate::terminal::{Table, safe};

/// What a signature's file ends with.
const SIGNATURE: &str = ".dsse.json";

#[derive(Debug, Subcommand)]
pub(crate) enum Lifecycle {
    /// Makes a key to sign with, and prints its public half.
    Keygen {
        /// The file to write: only you may read it.
        file: PathBuf,
    },
    /// Signs a component: writes a DSSE envelope beside it.
    Sign {
        /// The component, as `paratope plugin build` wrote it.
        file: PathBuf,
        /// The file of your key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Verifies a component with the signatures beside it, and keeps it. Nothing answers because of it.
    Publish {
        /// The component, as `paratope plugin build` wrote it.
        file: PathBuf,
        /// A running host to publish to; without it, the store of the data folder.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Takes a release from a running host, verifies it and keeps it.
    Pull {
        /// Its digest there.
        digest: String,
        /// The host.
        #[arg(long, value_name = "URL")]
        url: String,
    },
    /// Writes releases with their signatures as an OCI image layout: a tar archive, or a folder.
    Export {
        /// Digests, or names for every release of theirs.
        #[arg(required = true)]
        which: Vec<String>,
        /// The archive to write, or a folder that is not there yet when it does not end with .tar.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Verifies the releases of an OCI image layout, and keeps them.
    Import {
        /// A tar archive, or a folder.
        from: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the releases that are kept.
    Releases {
        /// Only those of this plugin.
        name: Option<String>,
        /// Print JSON: with everything that was checked.
        #[arg(long)]
        json: bool,
    },
    /// Shows what changes between two releases, as JSON.
    Diff {
        /// The digest of the one before.
        from: String,
        /// The digest of the one after.
        to: String,
    },
    /// Proposes that a release answers. Another person confirms it.
    Propose {
        /// The plugin.
        name: String,
        /// The release: its version, or its digest.
        release: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// When, such as 2026-12-01T06:00:00Z. Left out, as soon as it is confirmed.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists what was proposed.
    Proposals {
        /// Only those of this plugin.
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Confirms a proposal. The release answers at once, unless it is for later.
    Confirm {
        /// The proposal's id.
        id: String,
    },
    /// Rejects a proposal that waits for a person or for its time.
    Reject {
        /// The proposal's id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Runs a release beside the one that answers, on live clearances of sites that approved it. No answer changes.
    Shadow {
        /// The plugin.
        name: String,
        /// The release: its version, or its digest.
        release: String,
        /// Only for this site. May be given more than once.
        #[arg(long = "site", value_name = "SITE")]
        sites: Vec<String>,
        /// On so many of a hundred clearances.
        #[arg(long, default_value_t = 100)]
        share: i64,
        /// On so many clearances in all.
        #[arg(long, default_value_t = 1000)]
        budget: i64,
    },
    /// Lists shadows; or shows, as JSON, how one differs.
    Shadows {
        /// The shadow's id.
        id: Option<String>,
    },
    /// Ends a shadow.
    EndShadow {
        /// The shadow's id.
        id: String,
    },
    /// Lets the release that answered before answer again, at once.
    Rollback {
        /// The plugin.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Sets the least version that may answer, even after a roll back.
    Floor {
        /// The plugin.
        name: String,
        /// The version.
        version: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Lets a release answer nothing any more, on every host, and lists the open cases it touched.
    Revoke {
        /// Its digest.
        digest: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(app: &App, command: Lifecycle) -> Outcome {
    match command {
        Lifecycle::Keygen { file } => {
            let key = SigningKey::make(&file).map_err(Failure::bad_input)?;
            print(&format!("{}\n", key.public()))?;
            Ok(Exit::Done)
        }
        Lifecycle::Sign { file, key } => sign(&file, &key),
        Lifecycle::Publish { file, url, json } => {
            let release = read_release(&file)?;
            publish(app, vec![release], url.as_deref(), json)
        }
        Lifecycle::Pull { digest, url } => {
            let archive = remote::get(&url, &format!("/v1/releases/{digest}/archive"))?;
            let releases = release::unpack(&archive).map_err(Failure::bad_input)?;
            publish(app, releases, None, false)
        }
        Lifecycle::Export { which, output } => export(app, &which, &output),
        Lifecycle::Import { from, json } => {
            let releases = if from.is_dir() {
                release::read_folder(&from)
            } else {
                fs::read(&from).map_err(Into::into).and_then(|archive| release::unpack(&archive))
            };
            let releases = releases.with_context(|| format!("`{}` cannot be used", from.display()));
            publish(app, releases.map_err(Failure::bad_input)?, None, json)
        }
        Lifecycle::Releases { name, json } => app.with_host(async |host| {
            let releases = host.releases(name.as_deref()).await?;
            if json {
                print_json(&releases)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["name", "version", "digest", "signed by", "state"]);
            for one in &releases {
                let active = host.installed(&one.name).is_some_and(|active| active.plugin.digest() == one.digest);
                let state = match &one.revoked {
                    Some(reason) => format!("revoked: {reason}"),
                    None => if active { "answers" } else { "kept" }.to_owned(),
                };
                table.row([&one.name, &one.version, &one.digest, &one.signed_by.len().to_string(), &state]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Lifecycle::Diff { from, to } => app.with_host(async |host| {
            print_json(&host.differences(&from, &to).await?)?;
            Ok(Exit::Done)
        }),
        Lifecycle::Propose { name, release, reason, at, json } => app.with_host(async |host| {
            let proposal = host.propose(NewProposal { name, release, due_at: at, reason }).await?;
            show(&proposal, json)
        }),
        Lifecycle::Proposals { name, json } => app.with_host(async |host| {
            let proposals = host.proposals(name.as_deref()).await?;
            if json {
                print_json(&proposals)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["id", "plugin", "digest", "due", "by", "state", "decided by", "because"]);
            for one in &proposals {
                let digest: String = one.digest.chars().take(19).collect();
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let state = state(one);
                let [due, decided, because] = [text(&one.due_at), text(&one.decided_by), text(&one.because)];
                table.row([&one.id, &one.name, &digest, &due, &one.proposed_by, &state, &decided, &because]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Lifecycle::Confirm { id } => app.with_host(async |host| show(&host.confirm(&id).await?, false)),
        Lifecycle::Reject { id, reason } => app.with_host(async |host| show(&host.reject(&id, reason).await?, false)),
        Lifecycle::Shadow { name, release, sites, share, budget } => app.with_host(async |host| {
            let sites = (!sites.is_empty()).then(|| sites.into_iter().collect());
            let shadow = host.start_shadow(NewShadow { name, release, sites, share, budget }).await?;
            print(&format!("{}: {} runs beside what answers\n", safe(&shadow.id), safe(&shadow.digest)))?;
            Ok(Exit::Done)
        }),
        Lifecycle::Shadows { id: Some(id) } => app.with_host(async |host| {
            print_json(&host.shadow_report(&id).await?)?;
            Ok(Exit::Done)
        }),
        Lifecycle::Shadows { id: None } => app.with_host(async |host| {
            let mut table = Table::new(&["id", "plugin", "digest", "compared", "skipped", "left", "ended"]);
            for one in host.shadows().await? {
                let digest: String = one.digest.chars().take(19).collect();
                let [compared, skipped, left] = [one.compared, one.skipped, one.budget].map(|count| count.to_string());
                table.row([&one.id, &one.name, &digest, &compared, &skipped, &left, &one.ended_at.unwrap_or_default()]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Lifecycle::EndShadow { id } => app.with_host(async |host| {
            host.end_shadow(&id).await?;
            print(&format!("{}: ended\n", safe(&id)))?;
            Ok(Exit::Done)
        }),
        Lifecycle::Rollback { name, reason } => app.with_host(async |host| {
            let plugin = host.roll_back(&name, reason).await?;
            print(&format!(
                "{} {} answers now: {}\n",
                safe(&plugin.name),
                safe(&plugin.version),
                safe(&plugin.digest)
            ))?;
            Ok(Exit::Done)
        }),
        Lifecycle::Floor { name, version, reason } => app.with_host(async |host| {
            host.set_floor(&name, &version, reason).await?;
            print(&format!("nothing below {} answers for {}\n", safe(&version), safe(&name)))?;
            Ok(Exit::Done)
        }),
        Lifecycle::Revoke { digest, reason, json } => app.with_host(async |host| {
            let revoked = host.revoke(&digest, reason).await?;
            if json {
                print_json(&revoked)?;
            } else {
                tell_revoked(&revoked)?;
            }
            Ok(Exit::Done)
        }),
    }
}

/// Says what was revoked, and which open cases must be cleared again.
pub(crate) fn tell_revoked(revoked: &Revoked) -> anyhow::Result<()> {
    let Revoked { digest, name, reopened } = revoked;
    print(&format!(
        "{} {} answers nothing; {} open cases are to be cleared again\n",
        safe(name),
        safe(digest),
        reopened.len()
    ))?;
    for case in reopened {
        print(&format!("  {}  {}\n", safe(&case.site), safe(&case.case)))?;
    }
    Ok(())
}

fn sign(file: &Path, key: &Path) -> Outcome {
    let component =
        fs::read(file).with_context(|| format!("failed to read `{}`", file.display())).map_err(Failure::bad_input)?;
    let manifest = section::manifest(&component)
        .and_then(|manifest| manifest.context("the component carries no manifest"))
        .map_err(Failure::bad_input)?;
    let key = SigningKey::read(key).map_err(Failure::bad_input)?;
    let digest = paratope_runtime::digest(&component);
    let statement = Statement { name: manifest.name, version: manifest.version, digest };
    let envelope = statement.signed(&key)?;
    let short: String = key.public().chars().take(8).collect();
    let mut path = file.as_os_str().to_owned();
    path.push(format!(".{short}{SIGNATURE}"));
    let path = PathBuf::from(path);
    fs::write(&path, envelope).with_context(|| format!("failed to write `{}`", path.display()))?;
    print(&format!("{}\n", safe(&path.display().to_string())))?;
    Ok(Exit::Done)
}

/// A component with the signatures beside it.
pub(super) fn read_release(file: &Path) -> Result<Release, Failure> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("failed to read `{}`", path.display()));
    let component = read(file).map_err(Failure::bad_input)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let own = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut envelopes = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(SIGNATURE)) {
            envelopes.push((name, read(&path)?));
        }
    }
    envelopes.sort();
    Ok(Release { component, envelopes: envelopes.into_iter().map(|(_, envelope)| envelope).collect() })
}

fn publish(app: &App, releases: Vec<Release>, url: Option<&str>, json: bool) -> Outcome {
    if let Some(url) = url {
        let archive = release::pack(&releases).map_err(Failure::bad_input)?;
        let kept = remote::post(url, "/v1/releases", "application/x-tar", &archive)?;
        print_json(&kept)?;
        return Ok(Exit::Done);
    }
    app.with_host(async |host| {
        let mut kept = Vec::new();
        for release in releases {
            kept.push(host.publish(release).await?);
        }
        if json {
            print_json(&kept)?;
        } else {
            for one in &kept {
                print(&told(one))?;
            }
        }
        Ok(Exit::Done)
    })
}

/// A release, and what was checked of it.
fn told(kept: &Kept) -> String {
    let mut text = format!("{} {} is kept: {}\n", safe(&kept.name), safe(&kept.version), safe(&kept.digest));
    for step in kept.verification.iter().flat_map(|verification| &verification.steps) {
        let outcome = match step.outcome {
            Checked::Passed => "passed",
            Checked::NotAsked => "not asked",
            Checked::Failed => "failed",
        };
        text += &format!("  {outcome:<9}  {}: {}\n", safe(&step.step), safe(&step.seen));
    }
    text
}

fn export(app: &App, which: &[String], output: &Path) -> Outcome {
    app.with_host(async |host| {
        let mut releases = Vec::new();
        for which in which {
            let digests = if which.starts_with("sha256:") {
                vec![which.clone()]
            } else {
                host.releases(Some(which)).await?.into_iter().map(|one| one.digest).collect()
            };
            if digests.is_empty() {
                return Err(ServiceError::unknown("release", which, &[], "").into());
            }
            for digest in digests {
                releases.push(host.export(&digest).await?);
            }
        }
        let shown = output.display();
        if output.extension().is_some_and(|extension| extension == "tar") {
            fs::write(output, release::pack(&releases)?).with_context(|| format!("failed to write `{shown}`"))?;
        } else {
            if output.try_exists()? {
                return Err(Failure::bad_input(anyhow::anyhow!("`{shown}` is there already")));
            }
            release::write_folder(&releases, output)?;
        }
        print(&format!("{} releases in {}\n", releases.len(), safe(&shown.to_string())))?;
        Ok(Exit::Done)
    })
}

fn state(proposal: &Proposal) -> String {
    let state = serde_json::to_value(proposal.state).unwrap_or_default();
    state.as_str().unwrap_or_default().to_owned()
}

fn show(proposal: &Proposal, json: bool) -> Outcome {
    if json {
        print_json(proposal)?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{}: {} {}\n", safe(&proposal.id), safe(&proposal.name), safe(&proposal.digest));
    text += &format!("  {}", state(proposal));
    if let Some(due) = &proposal.due_at {
        text += &format!(", due {due}");
    }
    text += "\n";
    if let Some(found) = &proposal.differences {
        text += &format!(
            "  since {}: {} documents added, {} changed, {} removed; {} of {} cases answered otherwise\n",
            safe(&found.from),
            found.documents.added.len(),
            found.documents.changed.len(),
            found.documents.removed.len(),
            found.changed.len(),
            found.cases
        );
    }
    print(&text)?;
    Ok(Exit::Done)
}
