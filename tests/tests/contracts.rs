//! Plugins of an earlier contract: their old bytes go on answering what they answered.
//!
//! `fixtures/contract-0.1.tar.zst` holds every plugin that came with the last host of contract 0.1, and a dozen clearances as that host
//! recorded them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;

use paratope_runtime::{Kind, Origin, Sandbox, SandboxSettings, digest};
use paratope_server::authoring::section;
use paratope_server::clock::{Clock as _, SystemClock};
use paratope_server::lifecycle::verify;
use paratope_server::store::{NewPlugin, Source, Store};
use serde_json::{Value, json};
use support::{Data, Server, root};

/// The files of the fixture, by their paths.
fn fixture() -> BTreeMap<String, Vec<u8>> {
    let file = std::fs::File::open(root().join("tests/fixtures/contract-0.1.tar.zst")).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if !bytes.is_empty() {
            files.insert(path, bytes);
        }
    }
    files
}

fn plugins(files: &BTreeMap<String, Vec<u8>>) -> Vec<(&str, &Vec<u8>)> {
    let inside = files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix("plugins/")?, bytes)));
    inside.map(|(file, bytes)| (file.strip_suffix(".wasm").unwrap(), bytes)).collect()
}

#[test]
fn every_plugin_of_contract_0_1_passes_its_cases_from_its_old_bytes() {
    let files = fixture();
    let waiting = Mutex::new(plugins(&files));
    let count = waiting.lock().unwrap().len();
    assert_eq!(count, 41);
    let sandbox = Sandbox::new(SandboxSettings::default()).unwrap();
    let cases = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some((name, bytes)) = next else { break };
                    let manifest = section::manifest(bytes).unwrap().unwrap();
                    assert_eq!((manifest.name.as_str(), manifest.contract.as_str()), (name, "0.1"));
                    let documents = section::files(bytes).unwrap().unwrap();
                    // They were made of documents by the host itself, or compiled from our own code.
                    let plugin = sandbox.load(name, bytes, Origin::Snapshot).unwrap();
                    let kind = if plugin.kind() == Kind::Product { "product" } else { "payer" };
                    assert_eq!(plugin.track().to_string(), format!("paratope:{kind}@0.1"));
                    let verified = verify(&manifest, &documents, &plugin, "2026-11-27".parse().unwrap(), true);
                    assert!(verified.failed().is_none(), "{name}: {:?}", verified.failed());
                    *cases.lock().unwrap() += documents.keys().filter(|path| path.starts_with("cases/")).count();
                }
            });
        }
    });
    let cases = cases.into_inner().unwrap();
    println!("{count} plugins of contract 0.1, {cases} cases");
    assert!(cases > 3000, "{cases}");
}

#[test]
fn what_was_determined_with_contract_0_1_is_determined_again_byte_for_byte() {
    let files = fixture();
    let by_digest: BTreeMap<String, &Vec<u8>> =
        plugins(&files).into_iter().map(|(_, bytes)| (digest(bytes), bytes)).collect();
    let data = Data::empty();
    let mut replayed = 0;
    for (path, record) in files.iter().filter(|(path, _)| path.starts_with("determinations/")) {
        let pack = data.path().join("pack.tar");
        let mut archive = tar::Builder::new(std::fs::File::create(&pack).unwrap());
        let mut add = |path: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, Path::new(path), bytes).unwrap();
        };
        add("determination.json", record);
        let recorded: Value = serde_json::from_slice(record).unwrap();
        let mut digests: Vec<&str> =
            recorded["calls"].as_array().unwrap().iter().map(|call| call["digest"].as_str().unwrap()).collect();
        digests.sort_unstable();
        digests.dedup();
        for one in digests {
            add(&format!("plugins/{}.wasm", one.trim_start_matches("sha256:")), by_digest[one]);
        }
        archive.finish().unwrap();
        drop(archive);
        data.run(&["replay", "--from", pack.to_str().unwrap()]).exits(0).says("the same, byte for byte");
        assert!(path.contains(recorded["id"].as_str().unwrap()));
        replayed += 1;
    }
    assert_eq!(replayed, 12);
}

#[tokio::test]
async fn both_tracks_answer_side_by_side() {
    let files = fixture();
    let data = Data::prepared();
    let host = data.serve();
    let plan = |host: &Server| {
        let asked = json!({
            "product": "epcoritamab", "indication": "dlbcl-or-high-grade", "regimen": "dlbcl-2step", "start": "2026-11-23", "doses": 1,
        });
        let planned = host.post("/v1/plans", &asked.to_string()).is(201).json();
        let medications = planned["answer"]["doses"][0]["medications"].as_array().unwrap().clone();
        medications.into_iter().find(|one| one["drug"].as_str().unwrap().contains("dexamethasone")).unwrap()
    };
    let speak = |host: &Server, contract: &str| {
        let list = host.get("/v1/plugins").is(200).json();
        list["plugins"].as_array().unwrap().iter().filter(|one| one["contract"] == contract).count()
    };
    // Today's says on how many days the corticosteroid goes on; the old one said it in words.
    assert_eq!((speak(&host, "paratope:product@0.1"), speak(&host, "paratope:product@0.2")), (0, 14));
    let today = plan(&host);
    assert_eq!(today["days-after"], 3, "{today}");
    drop(host);
    // Its old bytes answer again, as they would had they never been replaced.
    let bytes = &files["plugins/epcoritamab.wasm"];
    let (manifest, digest) = (section::manifest(bytes).unwrap().unwrap(), digest(bytes));
    let store = Store::open(data.path()).await.unwrap();
    let kept = NewPlugin { digest: &digest, manifest: &manifest, origin: Origin::Snapshot, bytes };
    let now = SystemClock.now();
    store.keep(&kept, "a test", now).await.unwrap();
    store.activate("epcoritamab", &digest, Source::Loaded, "a test", now).await.unwrap();
    store.close().await;
    let host = data.serve();
    assert_eq!((speak(&host, "paratope:product@0.1"), speak(&host, "paratope:product@0.2")), (1, 13));
    let before = plan(&host);
    assert!(before.get("days-after").is_none() && before["text"] == today["text"], "{before}");
}
