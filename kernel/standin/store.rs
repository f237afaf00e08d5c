//! Hands cargo what is compiled already, wherever cargo's folders are: crates, macros, and what build scripts left.
//!
//! A store is a `target` folder as cargo leaves it, or as a kernel pack has it, which is less.
//!
//! The hash in the names of a registry package's files says which package, features, profile, flags, compiler and
//! dependencies it was compiled with, and nothing of folders. So a file with the name that cargo asks for is what the
//! compiler would make. The exception is a crate whose dependency was compiled here after all: the compiler would not
//! accept the two together, and then the crate is compiled too.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first line of the list of sources of what was handed out. The compiler writes none like it.
const MARK: &str = "# handed out by casebook, not compiled here\n";
/// Beside a build script that stands in for the real one: the store, and how the real one is compiled.
const CALL: &str = "casebook-script";
/// Beside the output of a build script that did not run, because its output was there.
const REPLAYED: &str = "casebook-replayed";
/// What stands in a store for the folder of a registry's sources. `kernel/packs/making.py` writes it.
const REGISTRY: &str = "@REGISTRY@";

/// Hands out what a call of rustc would make, if the store has it; `words` are the call's arguments. Returns the exit
/// code, or none if the compiler has to run.
pub fn serve(store: &Path, words: &[OsString]) -> Option<i32> {
    let unit = Unit::read(words)?;
    let done = if unit.script() { unit.stand_in(store, words)? } else { unit.copy(store)? };
    let mut stderr = io::stderr().lock();
    for (path, kind) in done {
        let path = path.to_str()?.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(stderr, r#"{{"$message_type":"artifact","artifact":"{path}","emit":"{kind}"}}"#)
            .ok()?;
    }
    Some(0)
}

/// Does what a build script did, if this program was handed out in its place: see [`Unit::stand_in`]. Returns the exit
/// code, or none if this program is no build script.
pub fn replay() -> Option<i32> {
    let own = env::current_exe().ok()?;
    let name = own.file_name()?.to_str()?;
    if !name.starts_with("build-script-") && !name.starts_with("build_script_") {
        return None;
    }
    let call = fs::read_to_string(own.with_file_name(CALL)).ok()?;
    let mut call = call.split_terminator('\0');
    let store = PathBuf::from(call.next()?);
    // Of an earlier run, in another environment.
    let _ = fs::remove_file(Path::new(&env::var_os("OUT_DIR")?).with_file_name(REPLAYED));
    let done = Run::find(&store).and_then(|run| run.again());
    Some(done.unwrap_or_else(|| compiled(&own, call)))
}

/// Files that were made, and what rustc calls their kind.
type Made = Vec<(PathBuf, &'static str)>;

/// What cargo wants compiled.
struct Unit<'w> {
    name: &'w str,
    /// What tells this compilation of the crate from others, in the names of files.
    extra: &'w str,
    out: &'w Path,
    emit: Vec<&'w str>,
    types: Vec<&'w str>,
    externs: Vec<&'w Path>,
    target: Option<&'w str>,
}

impl<'w> Unit<'w> {
    /// Reads a call; none if the crate is none that a store may have.
    fn read(words: &'w [OsString]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        let values = |option: &'static str| {
            let pairs = words.windows(2).filter(move |pair| pair[0] == option);
            pairs.map(|pair| pair[1])
        };
        // Cargo silences the lints of packages that are not the user's own. Renamed paths are not in the hash.
        values("--cap-lints").next()?;
        if words.iter().any(|word| word.starts_with("--remap-path-prefix")) {
            return None;
        }
        let unit = Unit {
            name: values("--crate-name").next()?,
            extra: values("-C").find_map(|value| value.strip_prefix("extra-filename="))?,
            out: Path::new(values("--out-dir").next()?),
            emit: words.iter().find_map(|word| word.strip_prefix("--emit="))?.split(',').collect(),
            types: values("--crate-type").collect(),
            externs: values("--extern")
                .filter_map(|value| value.split_once('='))
                .map(|(_, path)| Path::new(path))
                .collect(),
            target: values("--target").next(),
        };
        let ours = ["casebook", "ctx"].contains(&unit.name)
            || env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "casebook");
        (!ours && unit.extra.len() > 8 && unit.externs.iter().all(|path| handed_out(path)))
            .then_some(unit)
    }

    fn script(&self) -> bool {
        self.types == ["bin"] && self.name.starts_with("build_script_")
    }

    fn copy(&self, store: &Path) -> Option<Made> {
        // A crate with a build script is what that script said.
        if env::var_os("OUT_DIR")
            .is_some_and(|out| !Path::new(&out).with_file_name(REPLAYED).exists())
        {
            return None;
        }
        let deps = layout(store, self.target).join("deps");
        let mut made = self.files()?;
        if made.is_empty() || made.iter().any(|(name, _)| !deps.join(name).is_file()) {
            return None;
        }
        for (path, _) in &mut made {
            let to = self.out.join(&*path);
            copy(&deps.join(&*path), &to).ok()?;
            *path = to;
        }
        self.sources(&mut made)?;
        Some(made)
    }

    /// The names of the files that this compilation makes, those that others wait for first.
    fn files(&self) -> Option<Made> {
        let name = |prefix: &str, suffix: &str| {
            PathBuf::from(format!("{prefix}{}{}{suffix}", self.name, self.extra))
        };
        let mut made = vec![];
        for kind in &self.emit {
            match *kind {
                "dep-info" => {}
                "metadata" => made.insert(0, (name("lib", ".rmeta"), "metadata")),
                "link" => {
                    for kind in &self.types {
                        let file = match *kind {
                            "lib" | "rlib" => name("lib", ".rlib"),
                            "staticlib" => name("lib", ".a"),
                            "proc-macro" | "dylib" | "cdylib" => name(DLL_PREFIX, DLL_SUFFIX),
                            _ => return None,
                        };
                        made.push((file, "link"));
                    }
                }
                _ => return None,
            }
        }
        Some(made)
    }

    /// Writes the list of sources that cargo reads: an empty one. Cargo does not look at a registry package's sources.
    fn sources(&self, made: &mut Made) -> Option<()> {
        let path = self.out.join(format!("{}{}.d", self.name, self.extra));
        fs::write(&path, format!("{MARK}{}:\n", path.display())).ok()?;
        made.insert(0, (path, "dep-info"));
        Some(())
    }

    /// Hands out this program in place of a build script whose output is in the store. Run by cargo, it puts that output
    /// where cargo wants it; or, if the output is for something else after all, compiles and runs the real one.
    fn stand_in(&self, store: &Path, words: &[OsString]) -> Option<Made> {
        let package = self.out.file_name()?.to_str()?.strip_suffix(self.extra)?;
        if !layouts(store).any(|folder| has_run(&folder, package)) {
            return None;
        }
        let program = self.out.join(format!("{}{}{EXE_SUFFIX}", self.name, self.extra));
        copy(&env::current_exe().ok()?, &program).ok()?;
        let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        let call: String =
            [store.to_str()?].into_iter().chain(words).map(|word| format!("{word}\0")).collect();
        fs::write(self.out.join(CALL), call).ok()?;
        let mut made = vec![(program, "link")];
        self.sources(&mut made)?;
        Some(made)
    }
}

/// Where cargo puts things for a platform, or for the compiler's own use.
fn layout(store: &Path, target: Option<&str>) -> PathBuf {
    store.join(target.unwrap_or_default()).join("debug")
}

/// Those of all platforms.
fn layouts(store: &Path) -> impl Iterator<Item = PathBuf> {
    let platforms =
        fs::read_dir(store).into_iter().flatten().flatten().map(|entry| entry.path().join("debug"));
    [layout(store, None)].into_iter().chain(platforms)
}

/// Whether there is the output of a package's build script.
fn has_run(layout: &Path, package: &str) -> bool {
    let mut entries = fs::read_dir(layout.join("build")).into_iter().flatten().flatten();
    entries.any(|entry| {
        let name = entry.file_name();
        let of = name.to_str().and_then(|name| name.rsplit_once('-'));
        of.is_some_and(|(name, _)| name == package) && entry.path().join("output").is_file()
    })
}

/// Whether a dependency in cargo's folder came from the store.
fn handed_out(dependency: &Path) -> bool {
    let name = dependency
        .file_stem()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_prefix("lib"));
    let list = name.map(|name| dependency.with_file_name(format!("{name}.d")));
    list.and_then(|list| fs::read_to_string(list).ok()).is_some_and(|text| text.starts_with(MARK))
}

/// Copies a file, which is then as old as what was written before and after it: cargo compares times. What is there may be
/// one file with another's name, and is not written into.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Not fs::copy: on macOS that keeps the time.
    let mut source = fs::File::open(from)?;
    let mut copy = fs::File::options().write(true).create_new(true).open(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.set_permissions(source.metadata()?.permissions())
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &to)?
        } else {
            copy(&entry.path(), &to)?
        }
    }
    Ok(())
}

/// What a build script did once.
struct Run {
    /// The folder in the store with its output.
    folder: PathBuf,
    /// Cargo's account of what the output depends on.
    account: String,
    /// Where its files go now.
    out: PathBuf,
}

impl Run {
    /// The run that cargo asks for, in the environment that it gives to a build script.
    fn find(store: &Path) -> Option<Self> {
        let out = PathBuf::from(env::var_os("OUT_DIR")?);
        let name = out.parent()?.file_name()?;
        let target = env::var("TARGET").ok()?;
        let base = [layout(store, None), layout(store, Some(&target))]
            .into_iter()
            .find(|base| base.join("build").join(name).is_dir())?;
        let mut records = fs::read_dir(base.join(".fingerprint").join(name))
            .ok()?
            .flatten()
            .map(|entry| entry.path());
        let record = records.find(|path| path.extension().is_some_and(|kind| kind == "json"))?;
        Some(Run {
            folder: base.join("build").join(name),
            account: fs::read_to_string(record).ok()?,
            out,
        })
    }

    /// Leaves what the script left: its files, and what it told cargo, with the folders of today.
    fn again(&self) -> Option<i32> {
        if !self.same_environment() {
            return None;
        }
        let text = fs::read_to_string(self.folder.join("output")).ok()?;
        let once = PathBuf::from(fs::read_to_string(self.folder.join("root-output")).ok()?);
        if self.folder.join("out").is_dir() {
            copy_tree(&self.folder.join("out"), &self.out).ok()?;
        }
        let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
        let text = moved(&text, &once, &self.out)?.replace(REGISTRY, package.parent()?.to_str()?);
        fs::write(self.out.with_file_name(REPLAYED), "").ok()?;
        io::stdout().write_all(text.as_bytes()).ok()?;
        Some(0)
    }

    /// Whether the variables that the script watches are as they were.
    fn same_environment(&self) -> bool {
        self.account.split(r#"{"RerunIfEnvChanged":{"var":""#).skip(1).all(|entry| {
            let Some((name, rest)) = entry.split_once(r#"","val":"#) else { return false };
            let now = match env::var(name) {
                Ok(value) => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
                Err(_) => "null".into(),
            };
            rest.starts_with(&format!("{now}}}")) || irrelevant(name)
        })
    }
}

/// A text in which one folder became another. Its paths may lead to neighbours, such as another script's output: what is
/// replaced is the part of the path above the end that both have.
fn moved(text: &str, from: &Path, to: &Path) -> Option<String> {
    if from == to {
        return Some(text.into());
    }
    let shared =
        from.components().rev().zip(to.components().rev()).take_while(|(a, b)| a == b).count();
    let top = |path: &'_ Path| Some(path.ancestors().nth(shared)?.to_str()?.to_owned());
    Some(text.replace(&top(from)?, &top(to)?))
}

/// Variables that cargo sets for the script itself, and that choose a C compiler: another one makes the same library.
fn irrelevant(name: &str) -> bool {
    let cargos = name.starts_with("CARGO_")
        || matches!(name, "RUSTC" | "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER" | "RUSTC_LINKER")
        || matches!(name, "RUSTDOC" | "TARGET" | "HOST" | "NUM_JOBS" | "OPT_LEVEL" | "PROFILE")
        || matches!(name, "DEBUG" | "OUT_DIR");
    let tool = name.trim_start_matches("HOST_").trim_start_matches("TARGET_");
    let tools =
        "CC CXX CFLAGS CXXFLAGS AR ARFLAGS RANLIB RANLIBFLAGS SDKROOT MACOSX_DEPLOYMENT_TARGET";
    let of_tool = |known| {
        tool.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    cargos || tools.split(' ').any(of_tool)
}

/// Compiles and runs the real build script, which this program stands in for.
fn compiled<'c>(own: &Path, call: impl Iterator<Item = &'c str>) -> i32 {
    let folder = own.with_file_name("compiled");
    // As cargo said it, but to another folder, and with messages for people.
    let mut words: Vec<&str> = call
        .filter(|word| !word.starts_with("--error-format") && !word.starts_with("--json"))
        .collect();
    let place = words.iter().position(|word| *word == "--out-dir");
    let (Some(place), Some(folder), Some(rustc)) = (place, folder.to_str(), env::var_os("RUSTC"))
    else {
        eprintln!("casebook: {} cannot be compiled", own.display());
        return 101;
    };
    let name =
        words.iter().position(|word| *word == "--crate-name").map_or("", |place| words[place + 1]);
    let extra =
        words.iter().find_map(|word| word.strip_prefix("extra-filename=")).unwrap_or_default();
    let program = Path::new(folder).join(format!("{name}{extra}{EXE_SUFFIX}"));
    words[place + 1] = folder;
    if !program.exists() {
        let _ = fs::create_dir_all(folder);
        let code = status(Command::new(rustc).args(&words));
        if code != 0 {
            return code;
        }
    }
    status(&mut Command::new(program))
}

fn status(command: &mut Command) -> i32 {
    match command.status() {
        Ok(status) => status.code().unwrap_or(101),
        Err(error) => {
            eprintln!("casebook: {} cannot be run: {error}", command.get_program().display());
            101
        }
    }
}
