//! Compiles the code of a plugin with the author's cargo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

const TARGET: &str = "wasm32-unknown-unknown";

/// The core module of the crate in `folder`.
pub fn compile(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let folder = fs::canonicalize(folder).with_context(|| format!("failed to find `{}`", folder.display()))?;
    has_target(&folder)?;
    let package = package_name(&folder)?;
    let target_directory = folder.join("target").join("paratope");
    let status = Command::new("cargo")
        .current_dir(&folder)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--release", "--quiet"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_directory)
        // One module for one source, wherever it was built.
        .args(["--config", "profile.release.opt-level=3", "--config", "profile.release.lto=\"fat\""])
        .args(["--config", "profile.release.codegen-units=1", "--config", "profile.release.panic=\"abort\""])
        .args(["--config", "profile.release.strip=true"])
        .env("RUSTFLAGS", remap(&folder))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .context("failed to run cargo: a code plugin needs the Rust toolchain (https://rustup.rs)")?;
    if !status.success() {
        bail!("cargo did not compile `{package}`");
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    let module = target_directory.join(TARGET).join("release").join(file);
    fs::read(&module).with_context(|| format!("failed to read `{}`", module.display()))
}

/// Refuses to go on without cargo or the wasm target, and says how to get them.
fn has_target(folder: &Path) -> anyhow::Result<()> {
    let printed = Command::new("rustc")
        .current_dir(folder)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("failed to run rustc: a code plugin needs the Rust toolchain (https://rustup.rs)")?;
    let directory = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    if !printed.status.success() || !directory.is_dir() {
        bail!("the target {TARGET} is missing; install it with: rustup target add {TARGET}");
    }
    Ok(())
}

fn package_name(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let table: toml::Table = text.parse().with_context(|| format!("failed to read `{}`", path.display()))?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    Ok(name.with_context(|| format!("`{}` names no package", path.display()))?.to_owned())
}

/// Flags that keep this machine's paths out of the module.
fn remap(folder: &Path) -> String {
    let mut flags = format!("--remap-path-prefix={}=/plugin", folder.display());
    let cargo_home =
        std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    if let Ok(home) = cargo_home {
        flags.push_str(&format!(" --remap-path-prefix={home}=/cargo"));
    }
    flags
}
