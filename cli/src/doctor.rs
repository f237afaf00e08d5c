//! `casebook doctor`: what is installed, what is missing, and the command that fixes it, on this machine or in a folder
//! that `generate` or `report` wrote into, where it also completes an interrupted replacement.

use std::path::{Path, PathBuf};
use std::process::Command;

use casebook::Result;
use casebook::warehouse::Warehouse;
use clap::Args;

use crate::manifest;
use crate::say::say;

/// What to check.
#[derive(Args)]
pub struct Doctor {
    /// A folder that `casebook generate` or `casebook report` wrote into; without one, this machine is checked
    folder: Option<PathBuf>,
}

impl Doctor {
    /// Runs the checks; returns whether all is well.
    pub fn run(self) -> Result<bool> {
        match self.folder {
            None => Ok(machine()),
            Some(folder) => manifest::check(&folder),
        }
    }
}

/// One check of the machine.
struct Finding {
    what: &'static str,
    /// What was found, or what is wrong and how to fix it.
    result: Found,
}

type Found = std::result::Result<String, Trouble>;

struct Trouble {
    found: String,
    fix: String,
    /// Whether nothing works without it.
    needed: bool,
}

fn needed(found: impl Into<String>, fix: impl Into<String>) -> Trouble {
    Trouble { found: found.into(), fix: fix.into(), needed: true }
}

fn machine() -> bool {
    let project = project();
    let findings = [
        Finding { what: "project", result: folder(&project) },
        Finding { what: "rustc", result: rustc(&project) },
        Finding { what: "python", result: python() },
        Finding { what: "python tools", result: tools(&project) },
        Finding { what: "evcxr_jupyter", result: evcxr(&project) },
        Finding { what: "kernel", result: kernel(&project) },
        Finding { what: "warmed folder", result: warmed(&project) },
        Finding { what: "database", result: database() },
    ];
    let mut complete = true;
    for Finding { what, result } in findings {
        match result {
            Ok(found) => say!("ok       {what:<14} {found}"),
            Err(trouble) => {
                let word = if trouble.needed { "missing" } else { "note" };
                complete &= !trouble.needed;
                say!("{word:<8} {what:<14} {}", trouble.found);
                say!("{:<23} fix it with: {}", "", trouble.fix);
            }
        }
    }
    complete
}

/// Finds the nearest parent folder that is this project.
fn project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| {
            folder.join("kernel/launch.py").is_file() && folder.join("Cargo.toml").is_file()
        })
        .map(Path::to_path_buf)
}

fn folder(project: &Option<PathBuf>) -> Found {
    match project {
        Some(folder) => Ok(folder.display().to_string()),
        None => {
            Err(needed("this folder is not in the project", "cd into the project and run it again"))
        }
    }
}

/// Returns a command's first line of output, if it runs.
fn says(program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

fn rustc(project: &Option<PathBuf>) -> Found {
    let pinned = env!("CARGO_PKG_RUST_VERSION");
    let mut command = Command::new("rustc");
    if let Some(folder) = project {
        command.current_dir(folder); // where the pin is
    }
    let found = command.arg("--version").output().ok();
    let found = found.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match found {
        Some(version) if version.starts_with(&format!("rustc {pinned}")) => Ok(version),
        Some(version) if version.starts_with("rustc") => Err(needed(
            format!("{version}, but {pinned} is pinned"),
            format!("rustup toolchain install {pinned}.0"),
        )),
        _ => Err(needed("no Rust compiler", "the installer at https://rustup.rs")),
    }
}

fn python() -> Found {
    let check =
        "import sys; assert sys.version_info >= (3, 10); print('Python', sys.version.split()[0])";
    says("python3", &["-c", check])
        .ok_or_else(|| needed("no Python 3.10 or newer", "your system's package manager"))
}

fn tools(project: &Option<PathBuf>) -> Found {
    let python = project.as_ref().map(|folder| folder.join(".venv/bin/python"));
    python
        .and_then(|python| {
            says(python, &["-c", "import jupyterlab; print('JupyterLab', jupyterlab.__version__)"])
        })
        .ok_or_else(|| needed("JupyterLab is not installed for this project", "make tools"))
}

/// Returns what a script of `kernel/` says.
fn script(project: &Option<PathBuf>, name: &str, word: &str) -> Option<String> {
    let path = project.as_ref()?.join("kernel").join(name);
    says("python3", &[path.to_str()?, word])
}

fn evcxr(project: &Option<PathBuf>) -> Found {
    script(project, "common.py", "evcxr")
        .ok_or_else(|| needed("the pinned evcxr_jupyter is not installed", "make kernel"))
}

fn kernel(project: &Option<PathBuf>) -> Found {
    let spec = project
        .as_ref()
        .map(|folder| folder.join(".venv/share/jupyter/kernels/casebook/kernel.json"));
    match spec.filter(|path| path.is_file()) {
        Some(_) => Ok("Rust (casebook) is registered".into()),
        None => Err(needed("Rust (casebook) is not registered with Jupyter", "make kernel")),
    }
}

fn warmed(project: &Option<PathBuf>) -> Found {
    match script(project, "warm.py", "--state").as_deref() {
        Some("ready") => Ok("dependencies are compiled for notebooks".into()),
        Some("edited") => Ok("ready; the edited library is rebuilt at the next start".into()),
        _ => Err(needed("dependencies are not compiled for notebooks yet", "make kernel")),
    }
}

fn database() -> Found {
    let url = std::env::var("DATABASE_URL").unwrap_or_default();
    let named = !url.trim().is_empty();
    if let Some(file) = url.strip_prefix("sqlite:").filter(|file| !Path::new(file).exists()) {
        return Ok(format!("SQLite in {file}, which does not exist yet"));
    }
    // A trial leaves nothing behind.
    let place = tempfile::tempdir();
    let file = place
        .as_ref()
        .map_or_else(|_| "doctor.sqlite".into(), |it| it.path().join("doctor.sqlite"));
    match Warehouse::from_env(file) {
        Ok(warehouse) if named => Ok(warehouse.to_string()),
        Ok(_) => Ok("SQLite (DATABASE_URL is not set)".into()),
        Err(error) => Err(Trouble {
            found: error.to_string(),
            fix: "start the server, correct DATABASE_URL, or unset it to use SQLite".into(),
            needed: named,
        }),
    }
}
