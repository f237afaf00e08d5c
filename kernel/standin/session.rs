//! The session that this program was called in: its folder, its tools, what has changed since it began.

use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What evcxr itself sets for each build, or what says nothing of it.
const USUAL: [&str; 14] = [
    "CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "CARGO_HOME", "RUSTC", "RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "PWD", "OLDPWD",
    "SHLVL", "_", "CASEBOOK_CELL_OPT", "CASEBOOK_TRACE", "CASEBOOK_THROUGH_CARGO", BEGAN,
];
/// When cargo was called for a cell, for the account of its compilation.
pub const BEGAN: &str = "CASEBOOK_BEGAN";

/// A session's folder and what its launcher wrote down there.
pub struct Session {
    pub folder: PathBuf,
    pub cargo: PathBuf,
    pub rustc: PathBuf,
    pub cargo_home: PathBuf,
    pub host: String,
    pub warm: PathBuf,
    pub project: String,
    pub python: PathBuf,
    /// The names of the packages that are there without a cell's own.
    pub packages: PathBuf,
}

impl Session {
    pub fn find() -> Result<Session, String> {
        let folder = PathBuf::from(env::var_os("CASEBOOK_SESSION").ok_or("CASEBOOK_SESSION is not set: this program is for kernel sessions")?);
        let text = read(&folder.join("tools"))?;
        let tools: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
        let tool = |name: &str| tools.get(name).map(|value| (*value).to_owned()).ok_or(format!("{}/tools names no {name}", folder.display()));
        Ok(Session {
            cargo: tool("cargo")?.into(),
            rustc: tool("rustc")?.into(),
            cargo_home: tool("cargo_home")?.into(),
            host: tool("host")?,
            warm: tool("warm")?.into(),
            project: tool("project")?,
            python: tool("python")?.into(),
            packages: tool("packages")?.into(),
            folder,
        })
    }

    pub fn manifest(&self) -> String {
        fs::read_to_string(self.folder.join("Cargo.toml")).unwrap_or_default()
    }

    /// Whether the cell depends on what the session began with. `:opt` changes a cell's own level only.
    pub fn usual(&self) -> bool {
        let usual = fs::read_to_string(self.folder.join("Cargo.toml.usual")).unwrap_or_default();
        without_level(&self.manifest()) == without_level(&usual)
    }

    /// Whether the cell has no dependencies: evcxr begins with such a one.
    pub fn bare(&self) -> bool {
        let manifest = self.manifest();
        !manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1).any(|line| line.contains('='))
    }

    /// Where the compiler's call for the present dependencies is written down.
    pub fn call_file(&self) -> PathBuf {
        if self.usual() {
            return self.folder.join("calls/usual");
        }
        if self.bare() {
            return self.folder.join("calls/bare");
        }
        let mut hasher = DefaultHasher::new();
        without_level(&self.manifest()).hash(&mut hasher);
        self.folder.join(format!("calls/{:016x}", hasher.finish()))
    }

    /// The compiler's arguments for a cell; none if only cargo knows them, since the dependencies or the environment
    /// changed.
    pub fn call(&self) -> Option<Vec<String>> {
        // `make latency` compares: without this program, cargo would be called for every cell.
        if env::var_os("CASEBOOK_THROUGH_CARGO").is_some() {
            return None;
        }
        let call = fs::read_to_string(self.call_file()).ok()?;
        self.same_environment().then(|| call.lines().map(str::to_owned).collect())
    }

    /// Whether this call's environment is the session's own, apart from what evcxr sets for every call.
    fn same_environment(&self) -> bool {
        let Ok(text) = fs::read(self.folder.join("environment")) else { return false };
        let began: HashMap<OsString, OsString> = text
            .split(|byte| *byte == 0)
            .filter_map(|entry| {
                let text = String::from_utf8_lossy(entry);
                text.split_once('=').map(|(name, value)| (name.into(), value.into()))
            })
            .collect();
        let counts = |name: &OsStr| {
            let name = name.to_string_lossy();
            !USUAL.contains(&&*name) && !name.starts_with("EVCXR_")
        };
        let now: HashMap<OsString, OsString> = env::vars_os().map(|(name, value)| (name, lossy(value))).collect();
        let same = now.iter().all(|(name, value)| !counts(name) || began.get(name) == Some(value));
        let flags = env::var("RUSTFLAGS").unwrap_or_default();
        let plain = flags == "-Cprefer-dynamic" || flags == "-Cprefer-dynamic -Clink-arg=-fuse-ld=lld";
        same && began.keys().all(|name| !counts(name) || now.contains_key(name))
            && plain && env::var_os("RUSTC").is_none_or(|rustc| Path::new(&rustc) == self.rustc)
    }

    /// Calls the real cargo, in this process's folder, with the versions that are compiled already: what cargo makes of the
    /// lock file for a manifest with less in it is not kept.
    pub fn cargo(&self, words: &[OsString], more: &[(&str, &OsStr)]) -> Result<i32, String> {
        let status = self.real_cargo(words)?.envs(more.iter().copied()).status();
        let status = status.map_err(|error| format!("{} cannot be run: {error}", self.cargo.display()))?;
        Ok(status.code().unwrap_or(101))
    }

    /// What the real cargo prints.
    pub fn asked(&self, words: &[OsString]) -> Result<String, String> {
        let done = self.real_cargo(words)?.stderr(Stdio::inherit()).output();
        let done = done.map_err(|error| format!("{} cannot be run: {error}", self.cargo.display()))?;
        match String::from_utf8(done.stdout) {
            Ok(text) if done.status.success() => Ok(text),
            _ => Err("cargo gave no answer".into()),
        }
    }

    fn real_cargo(&self, words: &[OsString]) -> Result<Command, String> {
        let (kept, lock) = self.locks();
        fs::copy(&kept, &lock).map_err(|error| format!("{} cannot be copied: {error}", kept.display()))?;
        let mut command = Command::new(&self.cargo);
        // The project's own wrapper, in its `.cargo`, is for the command alone.
        command.args(words).env("CARGO_HOME", &self.cargo_home).env("RUSTC_WORKSPACE_WRAPPER", "");
        Ok(command)
    }

    /// Keeps the versions that cargo has chosen for new dependencies.
    pub fn keep_versions(&self) -> Result<(), String> {
        let (kept, lock) = self.locks();
        fs::copy(&lock, &kept).map_err(|error| format!("{} cannot be copied: {error}", lock.display()))?;
        Ok(())
    }

    /// The lock file that is kept, and the one that cargo reads and writes.
    fn locks(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("Cargo.lock.kept"), self.folder.join("Cargo.lock"))
    }
}

fn lossy(value: OsString) -> OsString {
    value.to_string_lossy().into_owned().into()
}

/// A manifest without its profile's `opt-level`.
fn without_level(manifest: &str) -> String {
    manifest.lines().filter(|line| !line.starts_with("opt-level = ")).collect::<Vec<_>>().join("\n")
}

/// The optimisation that a cell asks for: by `:build_env CASEBOOK_CELL_OPT=2`, or by `:opt`, whose usual 2 is for
/// dependencies. None by itself: the library is optimised already, and an unoptimised cell takes generic code from there
/// instead of compiling it again.
pub fn level(manifest: &str) -> String {
    if let Ok(level) = env::var("CASEBOOK_CELL_OPT") {
        return level;
    }
    let asked = manifest.lines().find_map(|line| line.strip_prefix("opt-level = ")).unwrap_or("2");
    if asked == "2" { "0".into() } else { asked.into() }
}

/// The value of an option of rustc's: the word after it.
pub fn value(words: &[OsString], option: &str) -> Option<String> {
    let place = words.iter().position(|word| word == option)?;
    Some(words.get(place + 1)?.to_string_lossy().into_owned())
}

pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Runs a program to its end, with this one's streams.
pub fn run(program: &OsStr, words: &[OsString]) -> i32 {
    match Command::new(program).args(words).status() {
        Ok(status) => status.code().unwrap_or(101),
        Err(error) => {
            eprintln!("casebook: {} cannot be run: {error}", program.to_string_lossy());
            101
        }
    }
}
