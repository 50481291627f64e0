//! `paratope plugin ...`: from an empty folder to a plugin that answers.

mod lifecycle;
mod remote;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use paratope_runtime::{CompileWorker, Kind, Sandbox, SandboxSettings};

pub(super) use self::lifecycle::tell_revoked;
use super::app::{App, print, print_json};
use super::{Exit, Failure, Outcome};
use crate::authoring::cases::Case;
use crate::authoring::scaffold::Scaffold;
use crate::authoring::schema::DocumentKind;
use crate::authoring::workshop::without_cases;
use crate::authoring::{BuildError, Built, Folder, Workshop, diagnostics, explain, section};
use crate::release;
use crate::services::plugins::PluginSummary;
use crate::terminal::{Table, safe};

#[derive(Debug, Subcommand)]
pub(super) enum Plugin {
    /// Writes a folder that builds and passes at once.
    New {
        /// A product, or a payer.
        kind: NewKind,
        /// The product's or payer's id, such as exemplimab.
        name: String,
        /// Write Rust code instead of documents.
        #[arg(long)]
        code: bool,
        /// The folder to write [default: NAME].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Where plugins/sdk of Paratope's source is, for --code.
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
    },
    /// Builds the plugin of a folder. The same folder makes the same bytes.
    Build {
        /// The folder with its plugin.toml.
        dir: PathBuf,
        /// The file to write [default: DIR/NAME-VERSION.wasm].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Builds the plugin and runs its cases in the sandbox.
    Test {
        /// The folder with its plugin.toml and cases.
        dir: PathBuf,
        /// Only cases whose file name contains this.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says what is wrong with a folder: file, line, column, and what would be accepted.
    Check {
        /// The folder with its plugin.toml.
        dir: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Writes a plugin's rules for reading, with sources and how well each is known (Markdown).
    Explain {
        /// A folder, a component's file, or an installed plugin's name.
        what: String,
    },
    /// Says what a component, or an installed plugin, is.
    Inspect {
        /// A component's file, or an installed plugin's name.
        what: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the installed plugins.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Publishes a component and lets it answer at once, where the rules let one person do so.
    Load {
        /// A component, as `paratope plugin build` wrote it.
        file: PathBuf,
        /// A running host to load it into; without it, the store of the data folder.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints the JSON Schema of a kind of document, for editors.
    Schema {
        /// The kind of document.
        kind: DocumentKind,
    },
    #[command(flatten)]
    Lifecycle(lifecycle::Lifecycle),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum NewKind {
    Product,
    Payer,
}

pub(super) fn run(app: &App, command: Plugin) -> Outcome {
    match command {
        Plugin::New { kind, name, code, dir, sdk } => new(kind, &name, code, dir, sdk),
        Plugin::Build { dir, output, json } => build(&read(&dir)?, &dir, output, json),
        Plugin::Test { dir, only, json } => test(&read(&dir)?, only.as_deref(), json),
        Plugin::Check { dir, json } => check(&read(&dir)?, json),
        Plugin::Explain { what } => explain(app, &what),
        Plugin::Inspect { what, json } if Path::new(&what).is_file() => inspect(Path::new(&what), json),
        Plugin::Inspect { what, json } => inspect_installed(app, &what, json),
        Plugin::List { json } => list(app, json),
        Plugin::Load { file, url, json } => load(app, &file, url.as_deref(), json),
        Plugin::Lifecycle(command) => lifecycle::run(app, command),
        Plugin::Schema { kind } => {
            print(&kind.text())?;
            Ok(Exit::Done)
        }
    }
}

fn new(kind: NewKind, name: &str, code: bool, dir: Option<PathBuf>, sdk: Option<PathBuf>) -> Outcome {
    let kind = match kind {
        NewKind::Product => Kind::Product,
        NewKind::Payer => Kind::Payer,
    };
    let folder = dir.unwrap_or_else(|| PathBuf::from(name));
    let written = Scaffold { kind, name, code, sdk }.write(&folder).map_err(Failure::bad_input)?;
    for file in written {
        print(&format!("{}\n", safe(&file.display().to_string())))?;
    }
    print(&format!("next: paratope plugin test {}\n", safe(&folder.display().to_string())))?;
    Ok(Exit::Done)
}

fn read(dir: &Path) -> Result<Folder, Failure> {
    Folder::read(dir).map_err(Failure::bad_input)
}

/// A sandbox without a store, for one command.
pub(super) fn sandbox() -> anyhow::Result<Sandbox> {
    let program = std::env::current_exe().context("failed to find this program")?;
    let worker = CompileWorker::new(program, ["compile-worker"]);
    let settings =
        SandboxSettings { worker: Some(worker), concurrent_calls: 4, cache: cache(), ..SandboxSettings::default() };
    Sandbox::new(settings).context("failed to set up the sandbox")
}

/// Where compiled engines are kept between commands.
fn cache() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?;
    Some(base.join("paratope"))
}

/// Builds a folder's plugin; what must be put right is printed.
fn built(workshop: &Workshop, folder: &Folder) -> Result<Built, Failure> {
    let built = workshop.build(folder).map_err(|error| match error {
        BuildError::Diagnostics(found) => {
            eprint!("{}", diagnostics::render(folder, &found));
            let (errors, warnings) = diagnostics::count(&found);
            Failure::bad_input(anyhow::anyhow!("{errors} errors, {warnings} warnings: no plugin was built"))
        }
        other => Failure::from(anyhow::Error::from(other)),
    })?;
    if let Some(summary) = &built.summary {
        eprint!("{}", diagnostics::render(folder, &summary.warnings));
    }
    Ok(built)
}

fn build(folder: &Folder, dir: &Path, output: Option<PathBuf>, json: bool) -> Outcome {
    let built = built(&Workshop::new(sandbox()?), folder)?;
    let name = format!("{}-{}.wasm", built.manifest.name, built.manifest.version);
    let path = output.unwrap_or_else(|| dir.join(name));
    fs::write(&path, &built.component).with_context(|| format!("failed to write `{}`", path.display()))?;
    if json {
        print_json(&serde_json::json!({ "file": path, "manifest": built.manifest, "inspection": built.inspection }))?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{}\n", safe(&path.display().to_string()));
    text += &format!("  {} {} {}\n", built.manifest.kind, built.manifest.name, built.manifest.version);
    text += &format!("  {}\n", built.inspection.digest);
    text += &format!("  {} bytes, {}\n", built.inspection.size, built.inspection.track);
    if let Some(summary) = &built.summary {
        text += &format!("  {} rules, editions: {}\n", summary.rules, safe(&summary.editions.join(", ")));
    }
    print(&text)?;
    Ok(Exit::Done)
}

fn test(folder: &Folder, only: Option<&str>, json: bool) -> Outcome {
    let sandbox = sandbox()?;
    let built = built(&Workshop::new(sandbox.clone()), folder)?;
    let plugin = sandbox
        .load(&built.manifest.name, &built.component, built.origin)
        .context("the plugin was built and is refused")?;
    if folder.cases().next().is_none() {
        eprint!("{}", diagnostics::render(folder, &[without_cases()]));
    }
    let (mut passed, mut failed, mut told) = (0, 0, Vec::new());
    for (path, text) in folder.cases().filter(|(path, _)| only.is_none_or(|only| path.contains(only))) {
        let case = Case::parse(path, text);
        let outcome = case.as_ref().map(|case| case.run(&plugin));
        if matches!(outcome, Ok(Ok(()))) {
            passed += 1
        } else {
            failed += 1
        }
        if json {
            let said = match &outcome {
                Ok(Ok(())) => serde_json::json!({ "case": path, "passed": true }),
                Ok(Err(difference)) => serde_json::json!({ "case": path, "passed": false, "difference": difference }),
                Err(found) => {
                    serde_json::json!({ "case": path, "passed": false, "message": found.message, "line": found.line })
                }
            };
            told.push(said);
            continue;
        }
        let description = case.as_ref().map_or("", |case| case.description.as_str());
        match outcome {
            Ok(Ok(())) => print(&format!("passed  {}: {}\n", safe(path), safe(description)))?,
            Ok(Err(difference)) => {
                print(&format!("failed  {}: {}\n", safe(path), safe(description)))?;
                if !difference.path.is_empty() {
                    print(&format!("        at       {}\n", safe(&difference.path)))?;
                }
                print(&format!("        expected {}\n", safe(&difference.expected)))?;
                print(&format!("        found    {}\n", safe(&difference.found)))?;
            }
            Err(found) => {
                let found = diagnostics::render(folder, std::slice::from_ref(found));
                print(&format!("failed  {}\n{found}", safe(path)))?;
            }
        }
    }
    if json {
        print_json(&serde_json::json!({ "passed": passed, "failed": failed, "cases": told }))?;
    } else {
        print(&format!("{passed} passed, {failed} failed\n"))?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

fn check(folder: &Folder, json: bool) -> Outcome {
    let found = Workshop::new(sandbox()?).check(folder).map_err(anyhow::Error::from)?;
    let (errors, warnings) = diagnostics::count(&found);
    if json {
        print_json(&found.iter().map(diagnostics::json).collect::<Vec<_>>())?;
    } else {
        print(&diagnostics::render(folder, &found))?;
        print(&format!("{errors} errors, {warnings} warnings\n"))?;
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::BadInput })
}

fn inspect(file: &Path, json: bool) -> Outcome {
    let bytes =
        fs::read(file).with_context(|| format!("failed to read `{}`", file.display())).map_err(Failure::bad_input)?;
    let inspection = paratope_runtime::inspect(&bytes).map_err(Failure::bad_input)?;
    let manifest = section::manifest(&bytes).map_err(Failure::bad_input)?;
    if json {
        print_json(&serde_json::json!({ "manifest": manifest, "inspection": inspection }))?;
        return Ok(Exit::Done);
    }
    let imports = if inspection.imports.is_empty() { "nothing".to_owned() } else { inspection.imports.join(", ") };
    let mut text = format!("{}\n", safe(&file.display().to_string()));
    text += &format!("  digest     {}\n", inspection.digest);
    text += &format!("  size       {} bytes\n", inspection.size);
    text += &format!("  contract   {}\n", inspection.track);
    text += &format!("  exports    {}\n", safe(&inspection.exports.join(", ")));
    text += &format!("  imports    {}\n", safe(&imports));
    if let Some(manifest) = manifest {
        text += &format!("  name       {} {}\n", manifest.name, safe(&manifest.version));
        text += &format!("  publisher  {}\n", safe(&manifest.publisher));
        text += &format!("  about      {}\n", safe(&manifest.description));
        for source in &manifest.sources {
            let read = source.read.as_deref().map_or_else(String::new, |read| format!(", read {read}"));
            text += &format!("  source     {}{}\n", safe(&source.title), safe(&read));
        }
    }
    print(&text)?;
    Ok(Exit::Done)
}

fn explain(app: &App, what: &str) -> Outcome {
    let told = |text: Option<String>| {
        let without = || Failure::bad_input(anyhow::anyhow!("`{what}` does not carry what it was made from"));
        print(&text.ok_or_else(without)?)?;
        Ok(Exit::Done)
    };
    let path = Path::new(what);
    let files = if path.is_dir() {
        Some(read(path)?.files)
    } else if path.is_file() {
        let bytes = fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        section::files(&bytes).map_err(Failure::bad_input)?
    } else {
        return app.with_host(async |host| told(host.explain_plugin(what).await?));
    };
    told(files.map(|files| explain::markdown(&files)).transpose().map_err(Failure::bad_input)?)
}

fn inspect_installed(app: &App, name: &str, json: bool) -> Outcome {
    app.with_host(async |host| {
        let detail = host.plugin(name).await?;
        if json {
            print_json(&detail)?;
            return Ok(Exit::Done);
        }
        let plugin = &detail.plugin;
        let mut text = format!("{} {} ({})\n", plugin.name, safe(&plugin.version), plugin.kind);
        text += &format!("  digest     {}\n", plugin.digest);
        text += &format!("  size       {} bytes\n", plugin.size);
        text += &format!("  contract   {}\n", plugin.contract);
        text += &format!("  functions  {}\n", detail.functions.join(", "));
        text += &format!("  publisher  {}\n", safe(&plugin.publisher));
        text += &format!("  about      {}\n", safe(&plugin.description));
        for source in &detail.manifest.sources {
            let read = source.read.as_deref().map_or_else(String::new, |read| format!(", read {read}"));
            text += &format!("  source     {}{}\n", safe(&source.title), safe(&read));
        }
        for active in &detail.history {
            text += &format!("  active     {} since {}\n", active.digest, active.activated_at);
        }
        print(&text)?;
        Ok(Exit::Done)
    })
}

fn list(app: &App, json: bool) -> Outcome {
    app.with_host(async |host| {
        let list = host.plugins();
        if json {
            print_json(&list)?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&["name", "kind", "version", "publisher", "digest"]);
        for plugin in &list.plugins {
            let digest: String = plugin.digest.chars().take(19).collect();
            table.row([&plugin.name, &plugin.kind, &plugin.version, &plugin.publisher, &digest]);
        }
        print(&table.to_string())?;
        for trouble in &list.troubles {
            print(&format!("{}: not loaded: {}\n", safe(&trouble.name), crate::terminal::safe_lines(&trouble.why)))?;
        }
        Ok(Exit::Done)
    })
}

fn load(app: &App, file: &Path, url: Option<&str>, json: bool) -> Outcome {
    let release = lifecycle::read_release(file)?;
    let show = |name: &str, version: &str, digest: &str| {
        print(&format!("{} {} answers now: {}\n", safe(name), safe(version), safe(digest)))
    };
    if let Some(url) = url {
        let archive = release::pack(&[release]).map_err(Failure::bad_input)?;
        let loaded = remote::post(url, "/v1/plugins", "application/x-tar", &archive)?;
        if json {
            print_json(&loaded)?;
            return Ok(Exit::Done);
        }
        let text = |key: &str| loaded.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        show(&text("name"), &text("version"), &text("digest"))?;
        return Ok(Exit::Done);
    }
    app.with_host(async |host| {
        let PluginSummary { name, version, digest, .. } = &host.load_plugin(release).await?;
        if json {
            print_json(&serde_json::json!({ "name": name, "version": version, "digest": digest }))?;
        } else {
            show(name, version, digest)?;
        }
        Ok(Exit::Done)
    })
}
