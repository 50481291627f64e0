//! `paratope site ...`: the places that give doses, and the plugins each lets itself be answered by.

use std::path::PathBuf;

use clap::Subcommand;

use super::app::{App, print, print_json, read};
use super::{Exit, Outcome};
use crate::lifecycle::Approved;
use crate::services::approvals::NewApproval;
use crate::terminal::{Table, safe};

#[derive(Debug, Subcommand)]
pub(super) enum Site {
    /// Lists the sites.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows one site's profile, as JSON.
    Show {
        /// Its id.
        id: String,
    },
    /// Keeps a site's profile, in place of the one before.
    Add {
        /// A profile, JSON or TOML; `-` is standard input.
        file: PathBuf,
        /// Print the profile as it was kept, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists what a site lets itself be answered by, and what waits for its approval.
    Approvals {
        /// The site.
        site: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lets a site be answered by a release, or by a range of versions of a publisher.
    Approve {
        /// The site.
        site: String,
        #[command(flatten)]
        what: What,
        /// Only this plugin of the publisher.
        #[arg(long, value_name = "NAME", requires = "publisher")]
        plugin: Option<String>,
        /// The versions, such as ^1.2.
        #[arg(long, value_name = "RANGE", default_value = "*", requires = "publisher")]
        versions: semver::VersionReq,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Withdraws an approval.
    Withdraw {
        /// The site.
        site: String,
        /// The approval's id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Lists the open cases of a site, and why some must be cleared again.
    Cases {
        /// The site.
        site: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows which open cases of a site would stand otherwise with a release. Nothing is recorded.
    Preview {
        /// The site.
        site: String,
        /// The digest of the release.
        digest: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The digest of a release.
    #[arg(long)]
    digest: Option<String>,
    /// A publisher, as manifests name it.
    #[arg(long)]
    publisher: Option<String>,
}

pub(super) fn run(app: &App, command: &Site) -> Outcome {
    match command {
        Site::List { json } => app.with_host(async |host| {
            let sites = host.sites().await?;
            if *json {
                print_json(&sites)?;
                return Ok(Exit::Done);
            }
            let told = |flag: Option<bool>| match flag {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not told",
            };
            let mut table = Table::new(&["id", "name", "step-up", "maintenance", "settings"]);
            for site in &sites {
                let settings = site.settings.join(", ");
                table.row([&site.id, &site.name, told(site.step_up), told(site.maintenance), &settings]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Site::Show { id } => app.with_host(async |host| {
            print_json(&host.site(id).await?)?;
            Ok(Exit::Done)
        }),
        Site::Add { file, json } => {
            let site: paratope_domain::Site = read(file)?;
            app.with_host(async |host| {
                let is_new = host.put_site(&site).await?;
                if *json {
                    print_json(&site)?;
                } else {
                    print(&format!("{} {}\n", safe(&site.id), if is_new { "added" } else { "replaced" }))?;
                }
                Ok(Exit::Done)
            })
        }
        Site::Approvals { site, json } => app.with_host(async |host| {
            let found = host.site_approvals(site).await?;
            if *json {
                print_json(&found)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["id", "approved", "by", "because", "withdrawn"]);
            for one in &found.approvals {
                let approved = match &one.approved {
                    Approved::Digest(digest) => digest.clone(),
                    Approved::Versions { publisher, plugin, range } => {
                        let plugin = plugin.as_deref().unwrap_or("every plugin");
                        format!("{plugin} of {publisher}, {range}")
                    }
                };
                let withdrawn = one.withdrawn.as_ref().map_or("", |withdrawn| withdrawn.at.as_str());
                table.row([&one.id, &approved, &one.approved_by, &one.reason, withdrawn]);
            }
            print(&table.to_string())?;
            for one in &found.waiting {
                let due = one.due_at.as_deref().map_or_else(String::new, |due| format!(", due {due}"));
                let state = if one.proposal.is_some() { "is proposed" } else { "answers others" };
                print(&format!(
                    "waits: {} {} ({}) {state}{due}\n",
                    safe(&one.name),
                    safe(&one.version),
                    safe(&one.digest)
                ))?;
            }
            Ok(Exit::Done)
        }),
        Site::Approve { site, what, plugin, versions, reason } => {
            let approved = match (&what.digest, &what.publisher) {
                (Some(digest), _) => Approved::Digest(digest.clone()),
                (None, publisher) => Approved::Versions {
                    publisher: publisher.clone().unwrap_or_default(),
                    plugin: plugin.clone(),
                    range: versions.clone(),
                },
            };
            app.with_host(async |host| {
                let approval = host.approve(site, NewApproval { approved, reason: reason.clone() }).await?;
                print(&format!("{}: {} approved it\n", safe(&approval.id), safe(&approval.site)))?;
                Ok(Exit::Done)
            })
        }
        Site::Withdraw { site, id, reason } => app.with_host(async |host| {
            host.withdraw(site, id, reason.clone()).await?;
            print(&format!("{}: withdrawn\n", safe(id)))?;
            Ok(Exit::Done)
        }),
        Site::Cases { site, json } => app.with_host(async |host| {
            let cases = host.open_cases(site).await?;
            if *json {
                print_json(&cases)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["case", "product", "payer", "last day", "clearance", "clear again, because"]);
            for one in &cases {
                let because = one.reopened_because.as_deref().unwrap_or_default();
                table.row([&one.case, &one.product, &one.payer, &one.last_day, &one.determination, because]);
            }
            print(&table.to_string())?;
            Ok(Exit::Done)
        }),
        Site::Preview { site, digest, json } => app.with_host(async |host| {
            let changed = host.preview(site, digest).await?;
            if *json {
                print_json(&changed)?;
                return Ok(Exit::Done);
            }
            for one in &changed {
                print(&format!("{}: {} now, {} then\n", safe(&one.case), safe(&one.now), safe(&one.then)))?;
                for point in &one.checkpoints {
                    print(&format!(
                        "  {}: {} now, {} then\n",
                        safe(&point.what),
                        safe(&point.active),
                        safe(&point.candidate)
                    ))?;
                }
            }
            print(&format!("{} open cases would stand otherwise\n", changed.len()))?;
            Ok(Exit::Done)
        }),
    }
}
