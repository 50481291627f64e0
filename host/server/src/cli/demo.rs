//! `paratope demo`: three synthetic sites, a dozen synthetic patients, and what becomes of their orders.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use paratope_domain::Site;
use paratope_domain::clearance::{Clearance, State};
use paratope_domain::request::ClearanceRequest;

use super::app::{App, print, print_json, runtime};
use super::{Exit, Failure, Outcome, serve};
use crate::bundle::{DEMO_CASES, DEMO_SITES};
use crate::host::{Host, default_data};
use crate::lifecycle::{Approved, Rules};
use crate::services::approvals::NewApproval;
use crate::services::record::Determined;
use crate::telemetry;
use crate::terminal::{Table, safe};
use crate::{http, report};

/// Who publishes the plugins the binary carries.
const PUBLISHER: &str = "paratope";

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Serve the HTTP API afterwards.
    #[arg(long)]
    serve: bool,
    /// Where to listen with --serve.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
    /// Print what was recorded as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(app: &App, command: &Demo) -> Outcome {
    let address = http::address(&command.listen).map_err(Failure::bad_input)?;
    let _telemetry = telemetry::start("warn");
    // Synthetic patients do not belong beside real ones.
    let data = app.data.clone().map_or_else(|| default_data().map(|data| data.join("demo")), Ok)?;
    runtime()?.block_on(async {
        let host = app.open(data.clone()).await?;
        http::check_address(&host, address).await.map_err(Failure::bad_input)?;
        seed(&host).await?;
        let cleared = clear_all(&host).await?;
        if command.json {
            print_json(&cleared.iter().map(|(_, determined, _)| determined).collect::<Vec<_>>())?;
        } else {
            print(&table(&cleared))?;
            write_cases(&data.join("cases"))?;
            print(&next(&data, &cleared))?;
        }
        if command.serve { serve::serve(host, None, address).await } else { Ok(Exit::Done) }
    })
}

/// Keeps the demo's sites, which approve what came with the binary. In a new store one person may load what nobody signed.
async fn seed(host: &Host) -> Result<(), Failure> {
    match host.store().rules().await.map_err(anyhow::Error::from)? {
        Some(rules) if !rules.four_eyes => {}
        None if host.store().is_unused().await.map_err(anyhow::Error::from)? => {
            host.set_rules(&Rules::for_trying_out()).await?;
        }
        _ => {
            let why = "this store is in use: the demo lets one person load what nobody signed, so it needs a store of its own";
            return Err(Failure::bad_input(anyhow::anyhow!(why)));
        }
    }
    for (name, text) in DEMO_SITES {
        let site: Site = serde_json::from_str(text).with_context(|| format!("the demo's site `{name}` is damaged"))?;
        host.put_site(&site).await?;
        let approved =
            Approved::Versions { publisher: PUBLISHER.to_owned(), plugin: None, range: semver::VersionReq::STAR };
        let approvals = host.site_approvals(&site.id).await?.approvals;
        if !approvals.iter().any(|one| one.approved == approved) {
            host.approve(&site.id, NewApproval { approved, reason: "The demo tries what is bundled".to_owned() })
                .await?;
        }
    }
    Ok(())
}

type Cleared = (ClearanceRequest, Determined, Clearance);

async fn clear_all(host: &Host) -> Result<Vec<Cleared>, Failure> {
    let mut cleared = Vec::new();
    for (name, text) in DEMO_CASES {
        let request: ClearanceRequest =
            serde_json::from_str(text).with_context(|| format!("the demo's case `{name}` is damaged"))?;
        let (determined, clearance) = host.clear(request.clone()).await?;
        cleared.push((request, determined, clearance));
    }
    Ok(cleared)
}

fn table(cleared: &[Cleared]) -> String {
    let mut table = Table::new(&["case", "site", "product", "payer", "first day", "verdict", "because", "id"]);
    for (request, determined, clearance) in cleared {
        let open = clearance.checkpoints.iter().filter(|one| matches!(one.state, State::Failed | State::Unknown));
        let mut open: Vec<_> = open.collect();
        open.sort_by_key(|one| one.state != State::Failed);
        let because = match open.as_slice() {
            [] => String::new(),
            [one] => one.title.clone(),
            [one, more @ ..] => format!("{} and {} more", one.title, more.len()),
        };
        table.row([
            request.case.as_str(),
            &request.site,
            &request.order.product,
            &request.coverage.payer,
            &request.order.doses.first().map_or_else(String::new, |dose| dose.day.to_string()),
            report::headline(clearance.verdict),
            &because,
            &determined.id.to_string(),
        ]);
    }
    format!("\n{table}\n")
}

/// Writes the cases where people can look at them and change them.
fn write_cases(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    for (name, text) in DEMO_CASES {
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}

fn next(data: &Path, cleared: &[Cleared]) -> String {
    let shown = data.display().to_string();
    let shown = safe(&shown);
    let paratope = format!("paratope --data {shown}");
    let case = DEMO_CASES.iter().find(|(name, _)| name.starts_with("04")).or(DEMO_CASES.first());
    let case = case.map_or("", |(name, _)| *name);
    let id = cleared.first().map_or_else(String::new, |(_, determined, _)| determined.id.to_string());
    format!(
        "One person may load plugins that nobody signed into this store: it is for trying out.\n\n\
         Look at one:      {paratope} clear {shown}/cases/{case}.json\n\
         Change it:        edit that file, clear it again\n\
         Run one again:    {paratope} replay {id}\n\
         Run all again:    {paratope} replay --all\n\
         Over HTTP:        {paratope} serve\n"
    )
}
