//! A PostgreSQL server of a test's own, that it may stop, starve and fool.

#![allow(dead_code, reason = "each test program uses some of the support")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::support::{Data, paratope, run};

/// A server that listens on a socket in a folder of its own.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
}

impl Postgres {
    /// A server with an empty database.
    pub fn start() -> Self {
        let postgres = Self::new();
        let data = postgres.data();
        postgres.own("initdb", &["-D", &data, "-U", "paratope", "-A", "trust", "-E", "UTF8", "--no-locale"]);
        postgres.go_on();
        postgres
    }

    /// A server on whose database the demo has run: it is copied for each test.
    pub fn prepared(data: &Data) -> Self {
        static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres");
            let _ = fs::remove_dir_all(&kept);
            let first = Self::start();
            let mut demo = Command::new(paratope());
            demo.env("PARATOPE_DATABASE", first.url()).arg("--data").arg(data.path()).arg("demo");
            run(&mut demo, "").exits(0);
            first.own("pg_ctl", &["-D", &first.data(), "-m", "fast", "-w", "-s", "stop"]);
            run(Command::new("cp").arg("-a").arg(first.data()).arg(&kept), "").exits(0);
            first.go_on();
            kept
        });
        let postgres = Self::new();
        run(Command::new("cp").arg("-a").arg(template).arg(postgres.data()), "").exits(0);
        postgres.go_on();
        postgres
    }

    fn new() -> Self {
        let versions = fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path().join("bin"));
        let programs = versions.filter(|bin| bin.join("initdb").exists()).max().unwrap();
        let postgres = Self { folder: TempDir::new().unwrap(), programs };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(postgres.folder.path()), "").exits(0);
        }
        postgres
    }

    /// Where hosts find it. It holds a password, which nobody may ever see.
    pub fn url(&self) -> String {
        format!("postgres://paratope:zz-password@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Stops it without a word to whoever is connected.
    pub fn stop(&self) {
        self.own("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "-s", "stop"]);
    }

    /// Starts it again.
    pub fn go_on(&self) {
        let folder = self.folder.path().display();
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=60");
        let log = format!("{folder}/log");
        self.own("pg_ctl", &["-D", &self.data(), "-l", &log, "-w", "-s", "start", "-o", &options]);
    }

    /// Runs SQL and returns what it prints.
    #[track_caller]
    pub fn sql(&self, text: &str) -> String {
        let mut psql = Command::new("psql");
        psql.env("PGOPTIONS", "-c default_transaction_read_only=off");
        run(psql.args(["--quiet", "--tuples-only", "--no-align", "--command", text, &self.url()]), "").exits(0).out
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs a program of the server as its user: it refuses to be root.
    fn own(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // What it starts holds its output open, so nobody reads it.
        let status = command.args(arguments).current_dir("/").stdout(std::process::Stdio::null()).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.stop()));
    }
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    run(Command::new("id").arg("-u"), "").out.trim() == "0"
}
