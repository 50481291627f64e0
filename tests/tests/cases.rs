//! Every case of every bundled plugin, against the built component in the sandbox; and that building is reproducible.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use paratope_runtime::{CompileWorker, Sandbox, SandboxSettings};
use paratope_server::authoring::cases::Case;
use paratope_server::authoring::{Folder, Workshop};

fn sandbox() -> Sandbox {
    let worker = CompileWorker::new(env!("CARGO_BIN_EXE_compile-worker"), Vec::<String>::new());
    Sandbox::new(SandboxSettings { worker: Some(worker), ..SandboxSettings::default() }).unwrap()
}

#[test]
fn every_bundled_plugin_gives_the_answers_of_its_cases() {
    let sandbox = sandbox();
    let workshop = Workshop::new(sandbox.clone());
    let mut passed = 0;
    let mut failed = Vec::new();
    for folder in Folder::all_bundled() {
        let built = workshop.build(&folder).unwrap();
        let name = built.manifest.name.clone();
        let plugin = sandbox.load(&name, &built.component, built.origin).unwrap();
        assert!(folder.cases().next().is_some(), "{name} has no cases");
        for (path, text) in folder.cases() {
            let case = Case::parse(path, text).unwrap_or_else(|diagnostic| panic!("{name}: {diagnostic:?}"));
            match case.run(&plugin) {
                Ok(()) => passed += 1,
                Err(difference) => failed.push(format!("{name} {path}: {difference:?}")),
            }
        }
    }
    assert!(failed.is_empty(), "{passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= 800, "only {passed} cases ran");
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
