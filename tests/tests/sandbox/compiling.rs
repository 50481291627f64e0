//! Compiling in a process of its own, and the cache of what was compiled.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use paratope_runtime::CompileError;

use super::*;
use crate::guests::bombs;

fn compile_error(worker: Option<CompileWorker>, component: &[u8]) -> CompileError {
    let sandbox = Sandbox::new(SandboxSettings { worker, ..SandboxSettings::default() }).unwrap();
    match sandbox.load("guest", component, Origin::Foreign) {
        Err(LoadError::Compile(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_worker_foreign_components_are_refused_and_our_own_are_not() {
    let component = good().build();
    assert!(matches!(compile_error(None, &component), CompileError::NoWorker));
    let sandbox = Sandbox::new(SandboxSettings::default()).unwrap();
    sandbox.load("guest", &component, Origin::Snapshot).unwrap();
}

#[test]
fn compiling_that_takes_too_long_is_stopped() {
    let worker = CompileWorker { time: Duration::from_millis(300), ..worker() };
    let component = bombs::slow(60, 400, 3_000);
    let start = Instant::now();
    let error = compile_error(Some(worker), &component);
    assert!(matches!(error, CompileError::Time { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn compiling_that_takes_too_much_memory_dies_alone() {
    let worker = CompileWorker { memory_bytes: 192 * 1024 * 1024, time: Duration::from_secs(120), ..worker() };
    let sandbox = Sandbox::new(SandboxSettings { worker: Some(worker.clone()), ..SandboxSettings::default() }).unwrap();
    sandbox.load("guest", &good().build(), Origin::Foreign).expect("a usual plugin needs less");
    let error = compile_error(Some(worker), &bombs::slow(60, 400, 3_000));
    assert!(matches!(error, CompileError::Died { .. }), "{error}");
}

#[test]
fn a_worker_that_is_not_there_or_no_worker_is_an_error() {
    let nowhere = CompileWorker::new("/nowhere/paratope", [] as [&str; 0]);
    assert!(matches!(compile_error(Some(nowhere), &good().build()), CompileError::Worker { .. }));
    let not_one = CompileWorker::new("/bin/false", [] as [&str; 0]);
    assert!(matches!(compile_error(Some(not_one), &good().build()), CompileError::Died { .. }));
    let talker = CompileWorker::new("/bin/echo", ["hello"]);
    assert!(matches!(compile_error(Some(talker), &good().build()), CompileError::Refused { .. }));
}

#[test]
fn compiled_code_is_kept_verified_and_made_again_when_it_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let with = |worker| {
        let cache = Some(folder.path().join("code"));
        Sandbox::new(SandboxSettings { cache, worker, ..SandboxSettings::default() }).unwrap()
    };
    let component = good().build();
    let load = |sandbox: &Sandbox| sandbox.load("guest", &component, Origin::Foreign);

    profile(&load(&with(Some(worker()))).unwrap()).unwrap();
    profile(&load(&with(None)).unwrap()).expect("kept code needs no worker");

    let code = code_file(&folder.path().join("code"));
    let mut bytes = fs::read(&code).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // In the place of the old file, not in it: a plugin that is loaded may have it mapped.
    fs::remove_file(&code).unwrap();
    fs::write(&code, bytes).unwrap();
    assert!(matches!(load(&with(None)), Err(LoadError::Compile(CompileError::NoWorker))), "broken code is never run");
    profile(&load(&with(Some(worker()))).unwrap()).unwrap();
    profile(&load(&with(None)).unwrap()).expect("it was made again");
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let sandbox =
        Sandbox::new(SandboxSettings { cache: Some(cache.clone()), worker: Some(worker()), ..settings() }).unwrap();
    fs::remove_dir(&cache).unwrap();
    profile(&sandbox.load("guest", &good().build(), Origin::Foreign).unwrap()).unwrap();
}

fn code_file(folder: &Path) -> std::path::PathBuf {
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "code")).unwrap()
}
