//! The disk is full, cannot be written, or does not keep what it was given.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::load::while_clearing;
use crate::postgres::is_root;
use crate::support::{Data, Server, case, paratope, run, until};

const AS_OF: &str = "{\"as-of\": \"2026-11-23\"}";

/// A command in a world of its own, where `mount` was done before: what it mounts, nobody else sees.
fn where_mounted(mount: &str, data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.arg(if is_root() { "-m" } else { "-rm" }).args(["sh", "-c"]);
    command.arg(format!("{mount} && exec \"$0\" --data \"$DATA\" \"$@\"")).arg(paratope()).args(arguments);
    command.env("DATA", data);
    command
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// The compiled code of a data folder.
fn compiled(data: &Data) -> Vec<PathBuf> {
    let files = fs::read_dir(data.path().join("compiled")).unwrap().map(|entry| entry.unwrap().path());
    let code: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|kind| kind == "code")).collect();
    assert!(code.len() > 30, "{code:?}");
    code
}

/// The compiled code of one plugin.
fn code_of(data: &Data, name: &str) -> PathBuf {
    let list = data.run(&["plugin", "list", "--json"]).exits(0).json();
    let one = list["plugins"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    let digest = one["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let is_its = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with(digest);
    compiled(data).into_iter().find(is_its).unwrap()
}

#[test]
fn the_disk_is_full_where_compiled_code_is_kept() {
    let data = Data::prepared();
    // All is there but two, and there is no room for them.
    let size: u64 = compiled(&data).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    for name in ["aetna", "teclistamab"] {
        fs::remove_file(code_of(&data, name)).unwrap();
    }
    let left: u64 = compiled(&data).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    let room = left + (size - left) / 4 + 1024 * 1024;
    let mount = format!(
        "mkdir \"$DATA/kept\" && cp -a \"$DATA\"/compiled/* \"$DATA/kept\" && \
         mount -t tmpfs -o size={room} tmpfs \"$DATA/compiled\" && cp -a \"$DATA\"/kept/* \"$DATA/compiled\""
    );
    let host = Server::start(where_mounted(&mount, data.path(), &SERVE));
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    assert_eq!(host.get("/health/ready").is(200).json()["troubles"], serde_json::json!([]));
    let log = host.kill();
    assert!(log.contains("compiled code cannot be kept"), "{log}");
}

#[test]
fn compiled_code_cannot_be_written() {
    let data = Data::prepared();
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    let mount = "mount --bind \"$DATA/compiled\" \"$DATA/compiled\" && mount -o remount,bind,ro \"$DATA/compiled\"";
    let mut command = where_mounted(mount, data.path(), &["plugin", "load", file.to_str().unwrap()]);
    run(&mut command, "").exits(0).complains("compiled code cannot be kept");
    let host = Server::start(where_mounted(mount, data.path(), &SERVE));
    host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
}

#[test]
fn the_store_cannot_be_written() {
    let data = Data::prepared();
    let mount = "mount --bind \"$DATA\" \"$DATA\" && mount -o remount,bind,ro \"$DATA\"";
    let file = data.file("request.json", &case("04").to_string());
    let ran = run(&mut where_mounted(mount, data.path(), &["clear", &file]), "");
    assert!(ran.code == 1 && ran.err.contains("error: the store failed to"), "{} {}", ran.code, ran.err);
    // On a disk that can be written it is what it was.
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn the_disk_fills_up_under_load() {
    let data = Data::prepared();
    // The store moves to a disk of its own, with a little room.
    let size = fs::metadata(data.path().join("paratope.db")).unwrap().len() / 1024 / 1024 + 24;
    let mount = format!(
        "mkdir -p \"$DISK\" && mount -t tmpfs -o size={size}m tmpfs \"$DISK\" && cp \"$DATA\"/paratope.db* \"$DISK\" && \
         ln -s \"$DATA/compiled\" \"$DISK/compiled\" && export DATA=\"$DISK\""
    );
    let disk = data.path().join("disk");
    let mut command = where_mounted(&mount, data.path(), &SERVE);
    command.env("DISK", &disk);
    let host = Server::start(command);
    let filler = format!("/proc/{}/root{}/filler", host.pid(), disk.display());
    let clears = || host.post("/v1/clearances", &case("04").to_string()).status;
    assert_eq!(clears(), 201);
    let answered = while_clearing(&host.url, || {
        // Fills what is left, and goes on filling what is freed.
        let fill = format!("dd if=/dev/zero of={filler} bs=64k 2>/dev/null; true");
        run(Command::new("sh").args(["-c", &fill]), "").exits(0);
        until("the disk is full", || clears() == 503);
        host.get("/v1/plugins").is(200);
        fs::remove_file(&filler).unwrap();
        until("it clears again", || clears() == 201);
    });
    answered.only(&[201, 503]);
    for id in &answered.acknowledged {
        host.get(&format!("/v1/clearances/{id}")).is(200);
    }
    // What is on that disk is whole.
    let mut enter = Command::new("nsenter");
    enter.args(["-t", &host.pid().to_string(), "-m"]).args((!is_root()).then_some("-U"));
    enter.arg(paratope()).arg("--data").arg(&disk).args(["audit", "verify"]);
    run(&mut enter, "").exits(0).says("whole");
}

#[test]
fn compiled_code_was_changed_cut_short_or_is_gone() {
    let data = Data::prepared();
    let changed = code_of(&data, "aetna");
    let mut bytes = fs::read(&changed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(changed, bytes).unwrap();
    let short = code_of(&data, "teclistamab");
    let bytes = fs::read(&short).unwrap();
    fs::write(short, &bytes[..bytes.len() / 3]).unwrap();
    fs::remove_file(code_of(&data, "cigna")).unwrap();
    // What a writer left that was killed.
    fs::write(data.path().join("compiled/half-written.tmp"), "half").unwrap();
    let host = data.serve();
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    assert_eq!(host.get("/health/ready").is(200).json()["troubles"], serde_json::json!([]));
    // Gone while it serves: what is loaded stays loaded, what comes is compiled.
    fs::remove_dir_all(data.path().join("compiled")).unwrap();
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    host.load(&fs::read(file).unwrap()).is(201);
    host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
    let log = host.kill();
    assert!(log.contains("compiled code is not usable; compiling again"), "{log}");
}
