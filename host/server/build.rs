//! Compiles the engines and the code plugins to wasm, and lists the plugin folders that the binary carries.
//!
//! The engines are compiled by a second cargo, into a target directory of its own: the first one holds the lock of
//! the usual one. Builds of the same profile share it. What comes out are core modules; `src/authoring/componentize.rs` makes components of them.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TARGET: &str = "wasm32-unknown-unknown";

/// The engines: folder, and the name the binary knows it by.
const ENGINES: [(&str, &str); 2] = [("plugins/engines/label", "LABEL"), ("plugins/engines/policy", "POLICY")];

/// The folders that hold plugins.
const SHELVES: [&str; 2] = ["products", "payers"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={}", error.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let root = fs::canonicalize(PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../.."))?;
    for watched in ["plugins", "wit", "Cargo.toml", "Cargo.lock", "host/server/migrations", "host/server/demo"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    has_target()?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = String::new();
    for (folder, name) in ENGINES {
        let module = compile(&root, &out, &root.join(folder))?;
        writeln!(
            table,
            "/// Core module of `{folder}`.\npub(crate) static {name}_ENGINE: &[u8] = include_bytes!({module:?});"
        )?;
    }
    table.push_str("/// The bundled plugin folders, sorted.\npub(crate) static FOLDERS: &[Folder] = &[\n");
    for shelf in SHELVES {
        for folder in folders(&root.join("plugins").join(shelf))? {
            let is_crate = folder.join("Cargo.toml").is_file();
            if is_crate && !is_member(&root, shelf, &folder)? {
                println!("cargo::warning={} is not bundled: it is no member of the workspace", folder.display());
                continue;
            }
            list(&root, &out, shelf, &folder, &mut table)?;
        }
    }
    table.push_str("];\n");
    list_demo(&root.join("host/server/demo/sites"), "DEMO_SITES", &mut table)?;
    list_demo(&root.join("host/server/demo/cases"), "DEMO_CASES", &mut table)?;
    fs::write(out.join("bundle.rs"), table)?;
    Ok(())
}

/// Refuses to go on without the wasm target, and says how to get it.
fn has_target() -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let directory = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    if printed.status.success() && directory.is_dir() {
        Ok(())
    } else {
        Err(format!("the target {TARGET} is missing; install it with: rustup target add {TARGET}").into())
    }
}

/// The core module of the crate in `folder`. A crate that is also a library exports its functions only with the
/// feature `component`.
fn compile(root: &Path, out: &Path, folder: &Path) -> Result<PathBuf> {
    let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml"))?.parse()?;
    let package = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .ok_or_else(|| format!("{} names no package", folder.join("Cargo.toml").display()))?;
    let is_library = manifest.get("features").is_some_and(|features| features.get("component").is_some());

    // OUT_DIR is TARGET/PROFILE/build/PACKAGE-HASH/out, and every set of features has another hash.
    let target_directory = out.ancestors().nth(3).unwrap_or(out).join("plugins");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["rustc", "--package", package, "--lib", "--crate-type", "cdylib"])
        .args(["--target", TARGET, "--profile", "plugin", "--locked"])
        .arg("--target-dir")
        .arg(&target_directory)
        .args(if is_library { ["--features", "component"].as_slice() } else { &[] })
        // A module must not depend on where it was built, nor on who watches the build.
        .env("RUSTFLAGS", remap(root))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let built = command.output()?;
    if !built.status.success() {
        return Err(format!("failed to compile {package}: {}", String::from_utf8_lossy(&built.stderr)).into());
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    let built = target_directory.join(TARGET).join("plugin").join(&file);
    let module = out.join(file);
    fs::copy(&built, &module).map_err(|error| format!("failed to copy {}: {error}", built.display()))?;
    Ok(module)
}

/// Flags that keep this machine's paths out of the module.
fn remap(root: &Path) -> String {
    let mut flags = format!("--remap-path-prefix={}=/paratope", root.display());
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")));
    if let Ok(home) = home {
        flags.push_str(&format!(" --remap-path-prefix={home}=/cargo"));
    }
    flags
}

/// The plugin folders of one shelf, sorted.
fn folders(shelf: &Path) -> Result<Vec<PathBuf>> {
    if !shelf.is_dir() {
        return Ok(Vec::new());
    }
    let mut found: Vec<PathBuf> = fs::read_dir(shelf)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.join("plugin.toml").is_file())
        .collect();
    found.sort();
    Ok(found)
}

/// Whether the workspace lists the crate in `folder`.
fn is_member(root: &Path, shelf: &str, folder: &Path) -> Result<bool> {
    let workspace: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let members = workspace.get("workspace").and_then(|workspace| workspace.get("members"));
    let path = format!("plugins/{shelf}/{}", folder.file_name().unwrap_or_default().to_string_lossy());
    let listed = members.and_then(toml::Value::as_array).into_iter().flatten();
    Ok(listed.filter_map(toml::Value::as_str).any(|member| member == path || member == format!("plugins/{shelf}/*")))
}

/// Adds one plugin folder to the table: its text, and its module when it is code.
fn list(root: &Path, out: &Path, shelf: &str, folder: &Path, table: &mut String) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let manifest: toml::Table = fs::read_to_string(folder.join("plugin.toml"))?
        .parse()
        .map_err(|error| format!("{}: {error}", folder.join("plugin.toml").display()))?;
    let module = if manifest.contains_key("code") { Some(compile(root, out, folder)?) } else { None };
    let mut files = vec![PathBuf::from("plugin.toml")];
    documents(folder, Path::new(""), &mut files)?;
    files.sort();
    files.dedup();

    writeln!(table, "    Folder {{\n        path: \"{shelf}/{name}\",\n        files: &[")?;
    for file in files {
        let path = file.to_string_lossy().replace('\\', "/");
        writeln!(table, "            ({path:?}, include_str!({:?})),", folder.join(&file))?;
    }
    table.push_str("        ],\n");
    match module {
        Some(module) => writeln!(table, "        module: Some(include_bytes!({module:?})),")?,
        None => table.push_str("        module: None,\n"),
    }
    table.push_str("    },\n");
    Ok(())
}

/// Every document below `within`, by its path in the plugin folder. Source code is none.
fn documents(folder: &Path, within: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder.join(within))? {
        let entry = entry?;
        let path = within.join(entry.file_name());
        let is_source = matches!(path.to_str(), Some("src" | "target" | "tests" | "Cargo.toml"));
        if entry.file_type()?.is_dir() {
            if !is_source {
                documents(folder, &path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "toml") && !is_source {
            files.push(path);
        }
    }
    Ok(())
}

/// Files of the demo: name and text.
fn list_demo(folder: &Path, name: &str, table: &mut String) -> Result<()> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    writeln!(table, "/// Files of the demo: name and text.\npub(crate) static {name}: &[(&str, &str)] = &[")?;
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(table, "    ({name:?}, include_str!({path:?})),")?;
    }
    table.push_str("];\n");
    Ok(())
}
