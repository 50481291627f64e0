//! `paratope plan FILE`: a course, dose by dose.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use paratope_domain::product::{Amount, Monitoring, PlannedDose, TreatmentPlan};
use paratope_domain::{Ask, Confidence};

use super::app::{App, print, print_json, read};
use super::{Exit, Outcome};
use crate::services::plan::ProductPlanRequest;
use crate::terminal::{Table, safe};

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// A plan request, JSON or TOML; `-` is standard input.
    file: PathBuf,
    /// Print the plan as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(app: &App, command: &Plan) -> Outcome {
    let request: ProductPlanRequest = read(&command.file)?;
    app.with_host(async |host| {
        let product = request.product.clone();
        let (determined, plan) = host.plan(request).await?;
        if command.json {
            print_json(&determined)?;
        } else {
            print(&render(&product, &plan))?;
            print(&format!("recorded as {id}; run it again: paratope replay {id}\n", id = determined.id))?;
        }
        Ok(Exit::Done)
    })
}

fn render(product: &str, plan: &TreatmentPlan) -> String {
    let mut text = format!(
        "{} {}, label edition {} ({})\n\n",
        safe(product),
        safe(&plan.regimen),
        safe(&plan.edition.id),
        safe(&plan.edition.document)
    );
    let headings =
        ["", "day", "phase", "cycle", "amount", "window", "monitoring", "vials", "code", "units + waste", ""];
    let mut table = Table::new(&headings);
    for dose in &plan.doses {
        table.row(row(product, dose));
    }
    let _ = writeln!(text, "{table}");
    if plan.doses.iter().any(is_unverified) {
        text.push_str("*  rests on rules that were not read at their source: a pharmacist confirms them\n");
    }
    for dose in &plan.doses {
        if let Amount::Unknown(needs) = &dose.amount {
            for need in needs {
                let _ = writeln!(text, "dose {} needs {}: {}", dose.number, safe(&need.fact), safe(&need.reason));
            }
        }
    }
    let _ = writeln!(text, "until: {}", safe(&plan.until));
    for option in &plan.options {
        let _ = writeln!(text, "later: {}", safe(&option.text));
    }
    for Ask { topic, reason, .. } in &plan.asks {
        let _ = writeln!(text, "ask a pharmacist ({}): {}", safe(topic), safe(reason));
    }
    text
}

fn row(product: &str, dose: &PlannedDose) -> [String; 11] {
    let phase = if dose.drug == product { dose.phase.clone() } else { format!("{} ({})", dose.phase, dose.drug) };
    let cycle =
        dose.cycle.map_or_else(|| format!("day {}", dose.cycle_day), |cycle| format!("C{cycle} D{}", dose.cycle_day));
    let amount = match &dose.amount {
        Amount::Exact(amount) => amount.to_string(),
        Amount::Unknown(_) => "unknown".to_owned(),
    };
    let mut window = format!("{} to {}", dose.window.earliest, dose.window.latest);
    if let Some(outer) = dose.window.outer_latest {
        let _ = write!(window, " ({outer})");
    }
    let vials: Vec<String> = dose.vials.iter().map(|vial| format!("{} x {}", vial.count, vial.presentation)).collect();
    let (code, units) = dose.billing.as_ref().map_or_else(Default::default, |billing| {
        (billing.code.clone(), format!("{} + {}", billing.units, billing.discarded_units))
    });
    [
        dose.number.to_string(),
        dose.day.to_string(),
        phase,
        cycle,
        amount,
        window,
        dose.monitoring.iter().map(watching).collect::<Vec<_>>().join("; "),
        vials.join(", "),
        code,
        units,
        if is_unverified(dose) { "*".to_owned() } else { String::new() },
    ]
}

fn watching(monitoring: &Monitoring) -> String {
    let hours = match (monitoring.hours_min, monitoring.hours_max) {
        (Some(least), Some(most)) if least != most => format!(" {least} to {most} h"),
        (Some(hours), _) | (None, Some(hours)) => format!(" {hours} h"),
        (None, None) => String::new(),
    };
    format!("{}{hours}", monitoring.setting)
}

fn is_unverified(dose: &PlannedDose) -> bool {
    let mut citations = dose.citations.iter();
    citations.any(|citation| !matches!(citation.confidence, Confidence::Sourced | Confidence::Derived))
}
