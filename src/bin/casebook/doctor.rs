//! `casebook doctor`: what is here, what is missing, and the command that mends it; of this machine, or of a
//! folder of generated files.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use casebook::warehouse::Warehouse;
use clap::Args;

use crate::manifest;

/// What to look at.
#[derive(Args)]
pub struct Doctor {
    /// A folder that `casebook generate` wrote into; without one, this machine is looked at
    folder: Option<PathBuf>,
}

impl Doctor {
    pub fn run(self) -> ExitCode {
        match self.folder {
            None => machine(),
            Some(folder) => match manifest::check(&folder) {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => {
                    eprintln!("casebook: {error}");
                    ExitCode::FAILURE
                }
            },
        }
    }
}

/// One look at the machine.
struct Finding {
    what: &'static str,
    /// What was found, or what is wrong and how to mend it.
    result: Result<String, Trouble>,
}

struct Trouble {
    found: String,
    mend: String,
    /// Whether nothing works without it.
    needed: bool,
}

fn needed(found: impl Into<String>, mend: impl Into<String>) -> Trouble {
    Trouble { found: found.into(), mend: mend.into(), needed: true }
}

fn machine() -> ExitCode {
    let project = project();
    let findings = [
        Finding { what: "project", result: folder(&project) },
        Finding { what: "rustc", result: rustc(&project) },
        Finding { what: "python", result: python() },
        Finding { what: "python tools", result: tools(&project) },
        Finding { what: "evcxr_jupyter", result: evcxr(&project) },
        Finding { what: "kernel", result: kernel(&project) },
        Finding { what: "warmed folder", result: warmed(&project) },
        Finding { what: "database", result: database(&project) },
    ];
    let mut complete = true;
    for Finding { what, result } in findings {
        match result {
            Ok(found) => println!("ok       {what:<14} {found}"),
            Err(trouble) => {
                let word = if trouble.needed { "missing" } else { "note" };
                complete &= !trouble.needed;
                println!("{word:<8} {what:<14} {}", trouble.found);
                println!("{:<23} mend it with: {}", "", trouble.mend);
            }
        }
    }
    if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The nearest folder upwards that is this project.
fn project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| {
            folder.join("kernel/launch.py").is_file() && folder.join("Cargo.toml").is_file()
        })
        .map(Path::to_path_buf)
}

fn folder(project: &Option<PathBuf>) -> Result<String, Trouble> {
    match project {
        Some(folder) => Ok(folder.display().to_string()),
        None => {
            Err(needed("this is not a folder of the project", "cd into the project, run it again"))
        }
    }
}

/// A command's first line, if it runs.
fn says(program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

fn rustc(project: &Option<PathBuf>) -> Result<String, Trouble> {
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

fn python() -> Result<String, Trouble> {
    let check =
        "import sys; assert sys.version_info >= (3, 10); print('Python', sys.version.split()[0])";
    says("python3", &["-c", check])
        .ok_or_else(|| needed("no Python 3.10 or newer", "your system's package manager"))
}

fn tools(project: &Option<PathBuf>) -> Result<String, Trouble> {
    let python = project.as_ref().map(|folder| folder.join(".venv/bin/python"));
    python
        .and_then(|python| {
            says(python, &["-c", "import jupyterlab; print('JupyterLab', jupyterlab.__version__)"])
        })
        .ok_or_else(|| needed("JupyterLab is not installed for this project", "make tools"))
}

/// What a script of `kernel/` says.
fn script(project: &Option<PathBuf>, name: &str, word: &str) -> Option<String> {
    let path = project.as_ref()?.join("kernel").join(name);
    says("python3", &[path.to_str()?, word])
}

fn evcxr(project: &Option<PathBuf>) -> Result<String, Trouble> {
    script(project, "common.py", "evcxr")
        .ok_or_else(|| needed("the pinned evcxr_jupyter is not installed", "make kernel"))
}

fn kernel(project: &Option<PathBuf>) -> Result<String, Trouble> {
    let spec = project
        .as_ref()
        .map(|folder| folder.join(".venv/share/jupyter/kernels/casebook/kernel.json"));
    match spec.filter(|path| path.is_file()) {
        Some(_) => Ok("Rust (casebook) is registered".into()),
        None => Err(needed("Rust (casebook) is not registered with Jupyter", "make kernel")),
    }
}

fn warmed(project: &Option<PathBuf>) -> Result<String, Trouble> {
    match script(project, "warm.py", "--state").as_deref() {
        Some("ready") => Ok("dependencies are compiled for notebooks".into()),
        Some("edited") => Ok("ready; the edited library is rebuilt at the next start".into()),
        _ => Err(needed("dependencies are not compiled for notebooks yet", "make kernel")),
    }
}

fn database(project: &Option<PathBuf>) -> Result<String, Trouble> {
    let file = project.as_ref().map_or_else(PathBuf::new, |folder| folder.join("data/out"));
    match Warehouse::from_env(file.join("doctor.sqlite")) {
        Ok(warehouse) => {
            let shown = warehouse.to_string();
            drop(warehouse);
            // Only a trial; an empty file nobody asked for would be litter.
            let _ = std::fs::remove_file(file.join("doctor.sqlite"));
            Ok(if std::env::var_os("DATABASE_URL").is_some() {
                shown
            } else {
                "SQLite (DATABASE_URL is not set)".into()
            })
        }
        Err(error) => Err(Trouble {
            found: error.to_string(),
            mend: "start the server, correct DATABASE_URL, or unset it to use SQLite".into(),
            needed: std::env::var_os("DATABASE_URL").is_some(),
        }),
    }
}
