//! Every bundled plugin, and the example, built and loaded as a component: its cases, and what holds of every answer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, its helpers too"
)]

use std::path::Path;
use std::sync::LazyLock;

use paratope_runtime::{CompileWorker, Plugin, Sandbox, SandboxSettings};
use paratope_server::authoring::cases::Case;
use paratope_server::authoring::{Built, Folder, Workshop};

mod invariants;
mod matrix;

/// A bundled plugin, ready to be called.
struct Bundled {
    folder: Folder,
    built: Built,
    plugin: Plugin,
}

/// All of them, built once for the tests of this file.
static BUNDLED: LazyLock<Vec<Bundled>> = LazyLock::new(|| built(Folder::all_bundled()));

fn built(folders: Vec<Folder>) -> Vec<Bundled> {
    let sandbox = sandbox();
    let workshop = Workshop::new(sandbox.clone());
    folders
        .into_iter()
        .map(|folder| {
            let built = workshop.build(&folder).unwrap();
            let plugin = sandbox.load(&built.manifest.name, &built.component, built.origin).unwrap();
            Bundled { folder, built, plugin }
        })
        .collect()
}

fn sandbox() -> Sandbox {
    let worker = CompileWorker::new(env!("CARGO_BIN_EXE_compile-worker"), Vec::<String>::new());
    Sandbox::new(SandboxSettings { worker: Some(worker), ..SandboxSettings::default() }).unwrap()
}

#[test]
fn every_bundled_plugin_gives_the_answers_of_its_cases() {
    let passed = give_the_answers_of_their_cases(&BUNDLED);
    assert!(passed >= 3_000, "only {passed} cases ran");
}

#[test]
fn the_example_shows_every_kind_of_criterion_and_gives_the_answers_of_its_cases() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/examples/every-form");
    let example = built(vec![Folder::read(&example).unwrap()]);
    give_the_answers_of_their_cases(&example);
    let of_kind = |kind: usize| {
        let start = format!("cases/k{kind:02}-");
        example[0].folder.cases().filter(|(path, _)| path.starts_with(&start)).count()
    };
    let without: Vec<usize> = (1..=30).filter(|kind| of_kind(*kind) < 2).collect();
    assert!(without.is_empty(), "no two cases of the kinds {without:?}");
}

/// Runs the cases of `plugins`; how many there were.
fn give_the_answers_of_their_cases(plugins: &[Bundled]) -> usize {
    let mut passed = 0;
    let mut failed = Vec::new();
    for Bundled { folder, built, plugin } in plugins {
        let name = &built.manifest.name;
        assert!(folder.cases().next().is_some(), "{name} has no cases");
        for (path, text) in folder.cases() {
            let case = Case::parse(path, text).unwrap_or_else(|diagnostic| panic!("{name}: {diagnostic:?}"));
            match case.run(plugin) {
                Ok(()) => passed += 1,
                Err(difference) => failed.push(format!("{name} {path}: {difference:?}")),
            }
        }
    }
    assert!(failed.is_empty(), "{passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
    passed
}

#[test]
fn the_documents_of_bundled_payers_compile_without_a_warning() {
    let payers = BUNDLED.iter().filter(|one| one.plugin.payer().is_some());
    for summary in payers.filter_map(|one| one.built.summary.as_ref()) {
        assert_eq!(summary.warnings, [], "{}", summary.subject);
    }
}

#[test]
fn the_same_documents_give_the_same_bytes() {
    let folder =
        || Folder::all_bundled().into_iter().find(|folder| folder.manifest().unwrap().name == "teclistamab").unwrap();
    let build = || Workshop::new(sandbox()).build(&folder()).unwrap();
    let (first, second) = (build(), build());
    assert_eq!(first.inspection.digest, second.inspection.digest);
    assert!(first.component == second.component);
}
