use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use super::*;

/// Returns a folder's files by path, without hidden ones.
fn shown(place: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(place).unwrap().to_str().unwrap().to_owned();
            if name.starts_with(UNFINISHED) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

const NAMES: [&str; 4] = ["users.csv", "deep/er/events.csv", "deep/sessions.csv", "manifest.json"];

fn names() -> Vec<PathBuf> {
    NAMES.map(PathBuf::from).to_vec()
}

fn set(text: &str, gone: &str) -> BTreeMap<String, String> {
    let mut set: BTreeMap<String, String> =
        NAMES.iter().map(|name| (name.to_string(), format!("{text} {name}"))).collect();
    set.insert("foreign.txt".into(), "mine".into());
    if !gone.is_empty() {
        set.insert("old_table.csv".into(), gone.into());
    }
    set
}

fn fill(folder: &Path, text: &str) {
    for name in NAMES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text} {name}")).unwrap();
    }
}

/// Makes a folder with an old set, one file to be removed, and someone else's file.
fn old() -> (tempfile::TempDir, Claim) {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), "old");
    fs::write(folder.path().join("foreign.txt"), "mine").unwrap();
    fs::write(folder.path().join("old_table.csv"), "gone").unwrap();
    let claim = Claim::take(folder.path(), "key").unwrap();
    fill(&claim.staging(), "new");
    (folder, claim)
}

struct Killed;

/// Replaces, and stops at the change with that number as `stop` does; returns how many changes there were.
fn replace_until(
    claim: &Claim,
    stop: &mut dyn FnMut(usize) -> io::Result<()>,
) -> (usize, Result<()>) {
    let mut count = 0;
    let gone = [Known { name: "old_table.csv".into(), sha256: None }];
    let done = claim.replace_watched(&names(), &gone, &Replace::Any, &mut |_| {
        count += 1;
        stop(count)
    });
    (count, done)
}

#[test]
fn a_kill_at_any_moment_leaves_old_or_new_whole_once_somebody_looks() {
    let (folder, claim) = old();
    let (changes, done) = replace_until(&claim, &mut |_| Ok(()));
    done.unwrap();
    assert_eq!(shown(folder.path()), set("new", ""));
    assert!(changes > 2 * NAMES.len() + 2, "{changes}");
    let (mut olds, mut news) = (0, 0);
    for moment in 1..=changes {
        let (folder, claim) = old();
        let killed = catch_unwind(AssertUnwindSafe(move || {
            let _ = replace_until(&claim, &mut |count| {
                if count == moment {
                    panic_any(Killed);
                }
                Ok(())
            });
        }));
        assert!(killed.is_err_and(|cause| cause.is::<Killed>()));
        // Nothing that looks complete is a mixture.
        let now = shown(folder.path());
        if let Some(seal) = now.get("manifest.json") {
            let text = seal.split(' ').next().unwrap();
            assert!(NAMES.iter().all(|name| now[*name] == format!("{text} {name}")), "{now:?}");
        }
        let recovered = recover(folder.path()).unwrap();
        let now = shown(folder.path());
        if recovered == 1 {
            news += 1;
            assert_eq!(now, set("new", ""), "moment {moment}");
        } else if now == set("old", "gone") {
            olds += 1;
        } else {
            assert_eq!(now, set("new", ""), "moment {moment}");
        }
        // Whoever writes there next leaves nothing hidden.
        drop(Claim::take(folder.path(), "other").unwrap());
        let hidden = fs::read_dir(folder.path()).unwrap().flatten();
        let hidden = hidden.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
        assert_eq!(hidden.count(), 0, "moment {moment}");
    }
    assert!(olds >= 2 && news > 2 * NAMES.len(), "{olds} old, {news} new");
}

#[test]
fn an_error_at_any_moment_leaves_everything_as_it_was_or_is_completed() {
    let changes = replace_until(&old().1, &mut |_| Ok(())).0;
    for moment in 1..=changes {
        let (folder, claim) = old();
        let (_, done) = replace_until(&claim, &mut |count| match count == moment {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        });
        let told = done.unwrap_err().to_string();
        drop(claim);
        let _ = recover(folder.path()).unwrap();
        let now = shown(folder.path());
        // The last two changes are after all files are in place.
        let expected = if moment + 2 > changes { set("new", "") } else { set("old", "gone") };
        assert_eq!(now, expected, "moment {moment}: {told}");
    }
}

#[test]
fn a_file_put_there_after_a_kill_is_nobodys_to_remove() {
    let (folder, claim) = old();
    let _ = catch_unwind(AssertUnwindSafe(move || {
        let _ = replace_until(&claim, &mut |count| {
            if count == 9 {
                panic_any(Killed);
            }
            Ok(())
        });
    }));
    let path = folder.path().join("manifest.json");
    assert!(!path.exists());
    fs::write(&path, "theirs").unwrap();
    let told = recover(folder.path()).unwrap_err().to_string();
    assert!(told.contains("manifest.json; move them away"), "{told}");
    assert!(Claim::take(folder.path(), "key").is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    fs::remove_file(&path).unwrap();
    assert_eq!(recover(folder.path()).unwrap(), 1);
    assert_eq!(shown(folder.path()), set("new", ""));
}

#[test]
fn what_is_not_known_or_was_changed_is_refused_by_name() {
    let (folder, claim) = old();
    let known = |name: &str, text: &str| {
        let path = folder.path().join("hashed");
        fs::write(&path, text).unwrap();
        Known { name: name.into(), sha256: Some(sha256(&path).unwrap()) }
    };
    let mine: Vec<Known> = NAMES.iter().map(|name| known(name, &format!("old {name}"))).collect();
    let gone = [known("old_table.csv", "something else")];
    fs::remove_file(folder.path().join("hashed")).unwrap();
    let refused = |mine: &[Known]| {
        let told = claim.replace(&names(), &gone, &Replace::Known(mine.to_vec())).unwrap_err();
        assert_eq!(shown(folder.path()), set("old", "gone"));
        // Options are the command's: see `advice` there.
        assert!(told.is_occupied() && !told.to_string().contains("--"), "{told}");
        told.to_string()
    };
    let told = refused(&mine[1..]);
    assert!(told.contains("since: users.csv; nothing was replaced"), "{told}");
    let mut other = mine.clone();
    other[1].sha256 = mine[0].sha256.clone();
    let told = refused(&other[..3]);
    assert!(told.contains("since: deep/er/events.csv, manifest.json;"), "{told}");
    // What is to go and was changed stays, without a word.
    claim.replace(&names(), &gone, &Replace::Known(mine)).unwrap();
    assert_eq!(shown(folder.path()), set("new", "gone"));
}

#[test]
fn folders_and_links_in_the_way_are_left_alone() {
    let (folder, claim) = old();
    fs::remove_file(folder.path().join("users.csv")).unwrap();
    fs::create_dir(folder.path().join("users.csv")).unwrap();
    let told = claim.replace(&names(), &[], &Replace::Any).unwrap_err().to_string();
    assert!(told.contains("users.csv: it is a folder"), "{told}");
    fs::remove_dir(folder.path().join("users.csv")).unwrap();
    #[cfg(unix)]
    {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::rename(folder.path().join("deep"), elsewhere.path().join("deep")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("deep"), folder.path().join("deep"))
            .unwrap();
        let told = claim.replace(&names(), &[], &Replace::Any).unwrap_err().to_string();
        assert!(told.contains("deep: it is where a folder must go"), "{told}");
        assert_eq!(
            fs::read_to_string(elsewhere.path().join("deep/sessions.csv")).unwrap(),
            "old deep/sessions.csv"
        );
    }
}

/// If the earlier files cannot be put back, the error's kind says so, so that callers with a remedy can name it.
#[test]
fn what_is_half_replaced_is_completed_later() {
    let (folder, claim) = old();
    let seal = folder.path().join("manifest.json");
    let told = claim
        .replace_watched(&names(), &[], &Replace::Any, &mut |change: &str| {
            if change != "move a new file" {
                return Ok(());
            }
            fs::write(&seal, "theirs")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
    drop(claim);
    let place = folder.path();
    assert!(
        matches!(told.kind(), ErrorKind::HalfReplaced { folder, .. } if folder == place),
        "{told}"
    );
    // The first thing that failed, and what the system said of it.
    let first = std::error::Error::source(&told).unwrap();
    let system = first.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(system.map(io::Error::kind), Some(io::ErrorKind::StorageFull), "{told}");
    let told = told.to_string();
    assert!(told.contains("could not be put back") && !told.contains("casebook doctor"), "{told}");
    assert_eq!(fs::read_to_string(&seal).unwrap(), "theirs");
    fs::remove_file(&seal).unwrap();
    assert_eq!(recover(folder.path()).unwrap(), 1);
    assert_eq!(shown(folder.path()), set("new", "gone"));
}

/// The holder of a claim is read from a file that anyone can write.
#[test]
fn a_holder_is_shown_without_what_a_terminal_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let claim = Claim::take(folder.path(), "key").unwrap();
    let holder = claim.staging().parent().unwrap().join("holder");
    fs::write(&holder, "job\u{1b}[2J \u{202e}7\u{2066}\n").unwrap();
    let told = Claim::take(folder.path(), "key").unwrap_err().to_string();
    assert!(told.contains("job[2J 7 is at work there"), "{told:?}");
    fs::write(&holder, "x".repeat(1_000_000)).unwrap();
    let told = Claim::take(folder.path(), "key").unwrap_err().to_string();
    assert!(told.len() < 1_000, "{} bytes", told.len());
    fs::remove_file(&holder).unwrap();
    let told = Claim::take(folder.path(), "key").unwrap_err().to_string();
    assert!(told.contains("another process is at work there"), "{told}");
}

/// Without locks, nobody can say whether an earlier run has ended; following our advice must not lose what it moved
/// aside.
#[test]
fn what_cannot_be_locked_is_explained_and_old_files_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(format!("{UNFINISHED}key"));
    fs::create_dir(&left).unwrap();
    let cause = io::Error::from(io::ErrorKind::Unsupported);
    let told = || hidden::unknown("write into", folder.path(), &left, &cause).to_string();
    assert!(told().contains("if it is not, remove that"), "{}", told());
    assert!(told().contains(left.to_str().unwrap()), "{}", told());
    fs::create_dir(left.join("old")).unwrap();
    assert!(told().contains("if it is not, remove that"), "{}", told());
    fs::write(left.join("old/users.csv"), "old").unwrap();
    assert!(told().contains("if it is not, move what is in"), "{}", told());
}

#[test]
fn one_set_is_claimed_once_and_others_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let claim = Claim::take(folder.path(), "csv-1-of-2").unwrap();
    let _other = Claim::take(folder.path(), "csv-2-of-2").unwrap();
    let told = Claim::take(folder.path(), "csv-1-of-2").unwrap_err().to_string();
    let holder = format!("process {}, `", std::process::id());
    assert!(told.contains(&holder) && told.contains("is at work there"), "{told}");
    assert!(unfinished(folder.path()).unwrap().is_empty());
    drop(claim);
    Claim::take(folder.path(), "csv-1-of-2").unwrap();
}

#[test]
fn what_is_to_be_resumed_is_not_cleared_up() {
    let folder = tempfile::tempdir().unwrap();
    let claim = Claim::resume(folder.path(), "report").unwrap();
    fs::write(claim.staging().join("half"), "done").unwrap();
    drop(claim);
    drop(Claim::take(folder.path(), "csv").unwrap());
    let claim = Claim::resume(folder.path(), "report").unwrap();
    assert_eq!(fs::read_to_string(claim.staging().join("half")).unwrap(), "done");
    claim.replace(&["half".into()], &[], &Replace::Known(vec![])).unwrap();
    drop(claim);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_single_file_is_old_or_new_and_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    write(&path, b"old").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    for moment in 1..=2 {
        for kill in [true, false] {
            let mut count = 0;
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let done = single::write_watched(&path, b"new", &mut |_| {
                    count += 1;
                    match (count == moment, kill) {
                        (true, true) => panic_any(Killed),
                        (true, false) => Err(io::ErrorKind::StorageFull.into()),
                        _ => Ok(()),
                    }
                });
                assert!(done.is_err());
            }));
            assert_eq!(fs::read(&path).unwrap(), b"old");
        }
    }
    write(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // A link stays one, and its target is replaced; a device is written.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("page.html", &link).unwrap();
        write(&link, b"newer").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(same_file(&link, &path) && !same_file(&link, &folder.path().join("x")));
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(write(Path::new("/dev/full"), b"x").is_err());
    }
    let told = write(folder.path(), b"x").unwrap_err().to_string();
    assert!(told.contains("directory"), "{told}");
}

/// An error on the way must not remove what a killed process left to be completed.
#[test]
fn what_was_left_behind_is_kept_until_somebody_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(format!("{UNFINISHED}left"));
    fs::create_dir(&left).unwrap();
    drop(left_behind(folder.path()).unwrap());
    assert!(left.exists());
    for hidden in left_behind(folder.path()).unwrap() {
        hidden.keep(false);
    }
    assert!(!left.exists());
}

#[test]
fn a_folder_made_for_nothing_is_not_left() {
    let above = tempfile::tempdir().unwrap();
    let place = above.path().join("far/out");
    drop(Claim::take(&place, "key").unwrap());
    assert!(!place.exists() && !above.path().join("far").exists());
    fs::create_dir(above.path().join("far")).unwrap();
    drop(Claim::take(&place, "key").unwrap());
    assert!(!place.exists() && above.path().join("far").exists());
    // What was there before, even empty, stays.
    fs::create_dir(&place).unwrap();
    drop(Claim::take(&place, "key").unwrap());
    assert!(place.exists());
}

#[cfg(unix)]
#[test]
fn a_draft_is_as_private_as_what_it_replaces_and_names_may_be_long() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n".repeat(255));
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut modes = vec![];
    single::write_watched(&path, b"new", &mut |_| {
        for entry in fs::read_dir(folder.path())? {
            modes.push(entry?.metadata()?.permissions().mode() & 0o777);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(modes, [0o600; 4], "old and draft, before writing and before replacing");
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
}
