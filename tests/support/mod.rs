//! Runs the `paratope` binary from outside, on a data folder of the test's own.

// Each test program uses some of this.
#![allow(dead_code, reason = "each test program uses some of the support")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The repository.
pub fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// The binary, built once. `PARATOPE_BIN` names another.
pub fn paratope() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("PARATOPE_BIN") {
            return named.into();
        }
        // This program is TARGET/PROFILE/deps/NAME.
        let program = std::env::current_exe().unwrap();
        let profile = program.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // The whole workspace is named so that every dependency has the features it was built with for this program.
        build.current_dir(root()).args(["build", "--quiet", "--locked", "--workspace", "--bin", "paratope"]);
        build.arg("--target-dir").arg(profile.parent().unwrap());
        // What cargo tells this program of itself would make dependencies that look at it be built again.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                build.env_remove(name);
            }
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "paratope was not built");
        profile.join("paratope")
    })
}

/// A data folder on which the demo of this very binary has run: plugins are built, sites are there. It is copied for each
/// test.
fn prepared() -> &'static Path {
    static PREPARED: OnceLock<PathBuf> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (folder, stamp) = (all.join("prepared"), all.join("prepared-by"));
        let binary = fs::metadata(paratope()).unwrap();
        let by = format!("{} {:?} {}", paratope().display(), binary.modified().unwrap(), binary.len());
        // Test programs may run at the same time: one prepares, and the others wait.
        let turn = fs::File::create(all.join("preparing")).unwrap();
        turn.lock().unwrap();
        if fs::read_to_string(&stamp).is_ok_and(|known| known == by) {
            return folder;
        }
        // What another binary determined, this one may determine otherwise.
        let _ = fs::remove_file(&stamp);
        let _ = fs::remove_dir_all(&folder);
        let output = Command::new(paratope()).arg("--data").arg(&folder).arg("demo").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(&stamp, by).unwrap();
        folder
    })
}

/// A data folder of a test.
pub struct Data {
    folder: TempDir,
}

impl Data {
    /// With the demo's sites and plugins.
    pub fn prepared() -> Self {
        let folder = TempDir::new().unwrap();
        copy(prepared(), folder.path());
        Self { folder }
    }

    /// With nothing in it.
    pub fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the binary on this folder.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs the binary on this folder, with something to read.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        run(Command::new(paratope()).arg("--data").arg(self.path()).args(arguments), input)
    }

    /// Builds the plugin of a folder in `plugins/` as another version, after `edit` of its folder. Returns the component's
    /// file.
    pub fn version(&self, folder: &str, version: &str, edit: &dyn Fn(&Path)) -> PathBuf {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let own = format!("{version}-{}", SERIAL.fetch_add(1, Ordering::Relaxed));
        let copied = self.path().join(&own);
        copy(&root().join("plugins").join(folder), &copied);
        replace(&copied.join("plugin.toml"), "\nversion = \"0.1.0\"", &format!("\nversion = \"{version}\""));
        edit(&copied);
        let file = self.path().join(format!("{own}.wasm"));
        self.run(&["plugin", "build", copied.to_str().unwrap(), "-o", file.to_str().unwrap()]).exits(0);
        file
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Serves from this folder.
    pub fn serve(&self) -> Server {
        self.serve_at("127.0.0.1:0")
    }

    /// Serves from this folder at an address.
    pub fn serve_at(&self, address: &str) -> Server {
        self.serve_with(&["--listen", address], &[])
    }

    /// Serves from this folder with these options and variables.
    pub fn serve_with(&self, options: &[&str], variables: &[(&str, &str)]) -> Server {
        let mut command = Command::new(paratope());
        command.envs(variables.iter().copied()).arg("--data").arg(self.path()).arg("serve").args(options);
        Server::start(command)
    }

    /// Serves from a PostgreSQL database; the folder holds compiled code only.
    pub fn serve_on(&self, database: &str) -> Server {
        self.serve_with(&["--listen", "127.0.0.1:0"], &[("PARATOPE_DATABASE", database)])
    }
}

/// The address of a new, empty PostgreSQL database on the server that `.ci/test` starts.
pub fn database() -> String {
    const SERVER: &str = "PARATOPE_TEST_POSTGRES";
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let server =
        std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} is not set: run .ci/test, which starts one"));
    let name = format!("test_{}_{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
    let create = format!("create database {name}");
    run(Command::new("psql").args(["--quiet", "--command", &create, &server]), "").exits(0);
    server.replace("/postgres?", &format!("/{name}?"))
}

/// Replaces what a file must hold by something else.
pub fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "no `{old}` in {}", file.display());
    fs::write(file, text.replace(old, new)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// How a command ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Asserts that the output contains `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no `{text}` in out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Asserts that the complaint contains `text`.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no `{text}` in err: {}", self.err);
        self
    }

    /// The output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read its input closes it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Ran {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// A serving host.
pub struct Server {
    child: Child,
    pub url: String,
    log: std::thread::JoinHandle<String>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Asserts that it is a problem of this status and kind, and returns it.
    #[track_caller]
    pub fn problem(self, status: u16, kind: &str) -> Value {
        let answer = self.is(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["type"], format!("urn:paratope:problem:{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }
}

impl Server {
    /// Starts a command that serves, and waits until it does.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("no address in `{first}`")).to_owned();
        Self { child, url, log }
    }

    /// Sends a request.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send(&self.url, method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.as_bytes())
    }

    pub fn put(&self, path: &str, body: &str) -> Answer {
        self.send("PUT", path, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Loads a component.
    pub fn load(&self, component: &[u8]) -> Answer {
        self.send("POST", "/v1/plugins", &[("content-type", "application/wasm")], component)
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the host to stop, waits until it has, and returns its log.
    pub fn terminate(mut self) -> String {
        run(Command::new("kill").arg(self.pid().to_string()), "").exits(0);
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.log, std::thread::spawn(String::new)).join().unwrap()
    }

    /// Stops the host at once and returns its log.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.log, std::thread::spawn(String::new)).join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so, for half a minute at most.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < Duration::from_secs(30), "{what}: it never came to that");
        std::thread::sleep(Duration::from_millis(10));
    }
    since.elapsed()
}

/// Lets so many people ask again and again while `work` is done. Whatever happens, nobody goes on for ever.
pub fn meanwhile<A>(people: usize, ask: impl Fn() + Sync, work: impl FnOnce() -> A) -> A {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        for _ in 0..people {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    ask();
                }
            });
        }
        work()
    })
}

/// Sends a request to a host.
pub fn send(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_send(url, method, path, headers, body).unwrap()
}

/// Sends a request to a host, which may close the connection before it read the whole.
pub fn try_send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build();
    let agent: ureq::Agent = config.into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = agent.run(request.body(body.to_vec()).unwrap())?;
    let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.collect();
    Ok(Answer { status: answer.status().as_u16(), headers, body: answer.body_mut().read_to_vec()? })
}

/// A synthetic patient of the demo, by the number its file begins with.
pub fn case(number: &str) -> Value {
    let folder = root().join("host/server/demo/cases");
    let file = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(number));
    serde_json::from_str(&fs::read_to_string(file.unwrap()).unwrap()).unwrap()
}

/// A component with a manifest, as `paratope plugin build` would make one.
pub fn with_manifest(mut component: Vec<u8>, name: &str, kind: &str) -> Vec<u8> {
    let contract = if kind == "product" { "0.2" } else { "0.1" };
    let text = format!(
        "name = \"{name}\"\nkind = \"{kind}\"\nversion = \"0.1.0\"\ncontract = \"{contract}\"\npublisher = \"tests\"\n\
         description = \"made by hand\"\ncode = \"rust\"\n"
    );
    let manifest = paratope_server::authoring::Manifest::parse(&text).unwrap();
    paratope_server::authoring::section::append(&mut component, &manifest, &std::collections::BTreeMap::new());
    component
}
