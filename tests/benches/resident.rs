//! Memory of two hundred resident plugins, and how long they take to load from the compiled cache.
//!
//! `cargo bench -p paratope-tests --bench resident --profile dev`. Filling the cache takes minutes: it compiles every one.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot go on stops")]

use std::path::Path;
use std::time::Instant;

use paratope_runtime::{Origin, Registry, Sandbox, SandboxSettings};
use paratope_server::authoring::{Folder, Workshop};

const PLUGINS: u32 = 200;

fn main() {
    let cache = tempfile::tempdir().unwrap();
    let settings = || SandboxSettings { cache: Some(cache.path().to_owned()), ..SandboxSettings::default() };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/products/teclistamab");
    let component = {
        let workshop = Workshop::new(Sandbox::new(settings()).unwrap());
        workshop.build(&Folder::read(&folder).unwrap()).unwrap().component
    };
    println!("{PLUGINS} plugins of {} kB", component.len() / 1000);
    let begin = Instant::now();
    {
        let sandbox = Sandbox::new(settings()).unwrap();
        for number in 0..PLUGINS {
            sandbox.load("cold", &variant(&component, number), Origin::Snapshot).unwrap();
        }
    }
    println!("compiled in {:?}", begin.elapsed());

    let sandbox = Sandbox::new(settings()).unwrap();
    let plugins = Registry::default();
    let before = resident_kib();
    let begin = Instant::now();
    for number in 0..PLUGINS {
        let name = format!("plugin-{number}");
        plugins.put(&name, sandbox.load(&name, &variant(&component, number), Origin::Snapshot).unwrap());
    }
    let elapsed = begin.elapsed();
    let grown = resident_kib().saturating_sub(before);
    println!("loaded from the compiled cache in {elapsed:?}");
    println!("{grown} KiB resident, {} KiB each", grown / u64::from(PLUGINS));
}

/// The same plugin with another digest: a custom section tells them apart.
fn variant(component: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = component.to_vec();
    bytes.extend([0, 6, 1, b'n']);
    bytes.extend(number.to_le_bytes());
    bytes
}

/// Resident memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
