"""What would fail later is found at once, and the command that mends it is named. Programs, discs and memory are stubs in a PATH
of their own: what is tested is what the script makes of their answers."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
# What the script may use of a system. No git, and no package manager: a test puts one there.
TOOLS = ("sh", "awk", "chmod", "dirname", "du", "env", "find", "grep", "head", "mkdir", "rm", "rmdir", "sed")
PINNED = re.search(r'^channel = "(.+)"', (PROJECT / "rust-toolchain.toml").read_text(), re.M).group(1)
WANTED = re.search(r'^rust-version = "(.+)"', (PROJECT / "Cargo.toml").read_text(), re.M).group(1)
PLENTY = "MemAvailable: 16000000 kB"
MEMORY = 'case $1 in /proc/meminfo) echo "{}" ;; *) exit 1 ;; esac'
# Free, in KB. The device's name contains a space, as those of macOS may.
DISK = 'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"; echo "map home 99999999 1 {} 1% /"'
RUST = 'case "$*" in --version) echo "{0} {1} (0123abcd 2026-01-01)" ;; -vV) printf "release: {1}\\nhost: x86_64-unknown-linux-gnu\\n" ;; esac'
STUBS = {
    "uname": "echo Linux", "id": "echo 1000", "cc": "exit 0", "make": "exit 0", "apt-get": "exit 0", "curl": "exit 0",
    "cargo": RUST.format("cargo", PINNED), "rustc": RUST.format("rustc", PINNED), "python3": 'echo "3.12.4 "',
    "df": DISK.format(80_000_000), "cat": MEMORY.format(PLENTY),
}


class Place(unittest.TestCase):
    """A clone in which nothing is installed, on a machine where all is well."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.top = pathlib.Path(made.name).resolve()
        self.home, self.bin = self.top / "home", self.top / "bin"
        for folder in (self.home, self.bin, self.top / "tmp"):
            folder.mkdir()
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name))
        for name, text in STUBS.items():
            self.stub(name, text)
        self.clone = self.make(self.top / "clone")

    def make(self, folder):
        (folder / "kernel").mkdir(parents=True)
        for name in ("Cargo.toml", "Makefile", "requirements.txt", "rust-toolchain.toml", "kernel/preflight.sh"):
            shutil.copy(PROJECT / name, folder / name)
        return folder

    def stub(self, name, text):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def without(self, *names):
        for name in names:
            (self.bin / name).unlink()

    def run_in(self, folder, *command, **env):
        env = {"PATH": str(self.bin), "HOME": str(self.home), "TMPDIR": str(self.top / "tmp")} | env
        done = subprocess.run(command, cwd=self.top, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(list((self.top / "tmp").iterdir()), [], "it leaves something behind")
        self.assertEqual(list(self.top.rglob(".casebook-preflight-*")), [], "it leaves something behind")
        return done

    def preflight(self, *words, folder=None, **env):
        folder = folder or self.clone
        return self.run_in(folder, str(self.bin / "sh"), str(folder / "kernel/preflight.sh"), *words, **env)

    def fine(self, **env):
        done = self.preflight(**env)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def problems(self, folder=None, **env):
        """What it finds, as pairs: what is wrong, and what mends it."""
        done = self.preflight(folder=folder, **env)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertTrue(done.stderr.endswith("casebook: nothing was installed or compiled; fix this and run it again\n"), done.stderr)
        found = re.findall(r"^casebook: (.+)\n {10}fix it with: (.+)$", done.stderr, re.M)
        self.assertEqual(done.stderr.count("\n"), 2 * len(found) + 1, done.stderr)
        return found

    def problem(self, folder=None, **env):
        """The only one."""
        found = self.problems(folder, **env)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def installed(self, tools=True, warm=True):
        """As an earlier run leaves it."""
        python = self.clone / ".venv/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\necho 3.12.4\n")
        python.chmod(0o755)
        if tools:
            (self.clone / ".venv/installed").touch()
        if warm:
            (self.clone / "target/kernel/warm").mkdir(parents=True)
            (self.clone / "target/kernel/warm/ready.json").touch()


class Fine(Place):
    def test_nothing_is_said(self):
        self.fine()

    def test_one_line_if_asked(self):
        done = self.preflight("-v")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"casebook: nothing is missing: cc, make, Rust {PINNED}, Python 3.12.4, 76 GB of disk, 15 GB of memory\n")

    def test_in_any_folder_whose_name_the_tools_can_work_with(self):
        folder = self.make(self.top / "Ann's #1 Käse")
        done = self.preflight(folder=folder, CARGO_TARGET_DIR=str(self.top / "target"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_what_is_done_needs_no_room(self):
        self.installed()
        self.stub("df", DISK.format(500_000))
        self.fine()

    def test_this_machine(self):
        """With its own programs: whatever it says, it can be read."""
        done = subprocess.run(["sh", PROJECT / "kernel/preflight.sh", "-v"], capture_output=True, text=True)
        self.assertIn(done.returncode, (0, 1))
        self.assertRegex(done.stdout + done.stderr, r"\Acasebook: \S")


class Programs(Place):
    def test_no_compiler(self):
        self.without("cc")
        what, mend = self.problem()
        self.assertIn("no C compiler", what)
        self.assertEqual(mend, "sudo apt-get update && sudo apt-get install -y build-essential")

    def test_a_compiler_that_links_nothing(self):
        self.stub("cc", "exit 1")
        self.assertIn("cannot make a program", self.problem()[0])

    def test_a_linker_of_ones_own(self):
        self.without("cc")
        self.stub("clang", "exit 0")
        self.fine(CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER="clang")

    def test_condas_compiler_has_another_name(self):
        self.without("cc")
        self.stub("x86_64-conda-linux-gnu-cc", "exit 0")
        what, mend = self.problem(CC="x86_64-conda-linux-gnu-cc", CONDA_PREFIX=str(self.home), CONDA_DEFAULT_ENV="casebook")
        self.assertIn("another name", what)
        self.assertTrue(mend.startswith("ln -s "), mend)

    def test_a_bad_cc_in_the_environment(self):
        self.stub("gcc-99", "exit 1")
        self.assertEqual(self.problem(CC="gcc-99 -m64")[1], "unset CC")

    def test_no_make(self):
        self.without("make")
        self.assertEqual(self.problem(), ("there is no make", "sudo apt-get update && sudo apt-get install -y make"))

    def test_root_needs_no_sudo(self):
        self.without("make")
        self.stub("id", "echo 0")
        self.assertEqual(self.problem()[1], "apt-get update && apt-get install -y make")

    def test_macos(self):
        self.stub("uname", "echo Darwin")
        self.stub("sysctl", "echo 17179869184")
        self.stub("xcode-select", "exit 2")
        self.assertEqual(self.problem()[1], "xcode-select --install")
        self.stub("xcode-select", "exit 0")
        self.fine()


class Rust(Place):
    def test_none(self):
        self.without("cargo", "rustc")
        what, mend = self.problem()
        self.assertIn("there is no cargo", what)
        self.assertIn(f"--default-toolchain {PINNED}", mend)

    def test_not_in_path(self):
        self.without("cargo", "rustc")
        place = self.home / ".cargo/bin/cargo"
        place.parent.mkdir(parents=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
        self.assertEqual(self.problem()[1], f'export PATH="{place.parent}:$PATH"')

    def test_old(self):
        for name in ("cargo", "rustc"):
            with self.subTest(name):
                self.stub(name, RUST.format(name, "1.63.0"))
                self.assertIn(f"{name} is 1.63.0; this project needs {WANTED} or newer", self.problem()[0])
                self.stub(name, STUBS[name])

    def test_newer(self):
        for name in ("cargo", "rustc"):
            self.stub(name, RUST.format(name, "2.1.0-nightly"))
        self.fine()

    def test_broken(self):
        self.stub("rustc", "echo 'no default toolchain is set' >&2; exit 1")
        self.assertIn("no default toolchain is set", self.problem()[0])

    def test_another_version_is_asked_for(self):
        self.stub("rustup", "exit 0")
        self.stub("rustc", RUST.format("rustc", "1.80.1"))
        self.assertEqual(self.problem(RUSTUP_TOOLCHAIN="1.80.1")[1], "unset RUSTUP_TOOLCHAIN")

    def test_the_pinned_one_is_missing(self):
        """rustup fetches it, unless it may not; then cargo is not asked for its version, which would begin that."""
        self.stub("rustup", "echo stable-x86_64-unknown-linux-gnu")
        self.stub("rustc", "echo 'asked too early' >&2; exit 1")
        self.fine()
        self.assertEqual(self.problem(RUSTUP_AUTO_INSTALL="0")[1], f"rustup toolchain install {PINNED}")
        self.stub("df", DISK.format(6_000_000))
        self.assertIn(str(self.home / ".rustup"), self.problem()[0])

    def test_the_pinned_one_is_there(self):
        self.stub("rustup", f"echo stable; echo '{PINNED}-x86_64-unknown-linux-gnu (active)'")
        self.fine(RUSTUP_AUTO_INSTALL="0")

    def test_static_musl(self):
        self.stub("rustc", RUST.format("rustc", PINNED).replace("-gnu", "-musl").replace(
            "esac", "'--print cfg') echo 'target_feature=\"crt-static\"' ;; esac"))
        self.assertIn("cannot make shared objects", self.problem()[0])


class Python(Place):
    def real(self, **modules):
        """This Python, with modules that are as broken as their text."""
        broken = self.top / "modules"
        broken.mkdir()
        for name, text in modules.items():
            (broken / f"{name}.py").write_text(text)
        self.stub("python3", f'PYTHONPATH="{broken}" exec "{sys.executable}" "$@"')

    def test_none(self):
        self.without("python3")
        self.assertEqual(self.problem(), ("there is no python3", "sudo apt-get update && sudo apt-get install -y python3 python3-venv"))

    def test_too_old(self):
        self.stub("python3", 'echo "3.9.18 "')
        what, mend = self.problem()
        self.assertEqual(what, "python3 is Python 3.9.18; this project needs 3.10 or newer")
        self.assertRegex(mend, "conda|add-apt-repository")

    def test_a_newer_one_has_another_name(self):
        self.stub("python3", 'echo "3.9.18 "')
        self.stub("python3.11", "exit 0")
        self.assertIn("python3.11", self.problem()[1])

    def test_does_not_run(self):
        self.stub("python3", "echo 'bad interpreter' >&2; exit 127")
        self.assertIn("bad interpreter", self.problem()[0])

    def test_this_one(self):
        self.real()
        self.fine()

    def test_no_environments(self):
        """As Debian splits it."""
        self.real(ensurepip="raise ImportError")
        what, mend = self.problem()
        self.assertRegex(what, r"cannot make virtual environments: it lacks ensurepip$")
        self.assertIn(f"python3.{sys.version_info.minor}-venv", mend)

    def test_no_pip_in_it(self):
        self.real(ensurepip="def version(): raise OSError('no wheel')")
        self.assertIn("lacks ensurepip", self.problem()[0])

    def test_no_venv(self):
        self.real(venv="raise ImportError")
        self.assertIn("lacks venv", self.problem()[0])

    def test_the_environment_that_is_there_counts(self):
        self.installed()
        self.stub("python3", 'echo "3.9.18 "')
        self.fine()
        (self.clone / ".venv/bin/python").write_text("#!/bin/sh\nexit 127\n")
        self.assertTrue(self.problem()[1].startswith("rm -rf .venv"))


class Folders(Place):
    def test_a_space(self):
        folder = self.make(self.top / "two words")
        what, mend = self.problem(folder)
        self.assertIn("contains a space", what)
        self.assertIn(str(folder / "target"), what)
        self.assertTrue(mend.startswith("export CARGO_TARGET_DIR="), mend)

    def test_a_colon(self):
        found = self.problems(self.make(self.top / "a:b"))
        self.assertIn("cannot work with", found[0][0])
        self.assertTrue(found[0][1].startswith("mv "), found)

    def test_programs_cannot_be_run(self):
        """As where a disk is mounted noexec."""
        real = shutil.which("chmod")
        cache, cargo = self.home / ".cache", self.home / ".cargo"
        for place, name in ((self.clone, "the project's folder"), (cache, "the cache folder"), (cargo, "cargo's folder")):
            with self.subTest(name):
                place.mkdir(exist_ok=True)
                self.stub("chmod", f'case $2 in "{place}"/*) ;; *) exec {real} "$@" ;; esac')
                what, mend = self.problem()
                self.assertEqual(what, f"programs in {name} cannot be run (mounted noexec): " + str(
                    place / "casebook" if place.name == ".cache" else place))
                self.assertTrue(mend)

    def test_programs_need_not_run_among_temporary_files(self):
        real = shutil.which("chmod")
        self.stub("chmod", f'case $2 in "{self.top}/tmp"/*) ;; *) exec {real} "$@" ;; esac')
        self.fine()

    @unittest.skipUnless(pathlib.Path("/proc/self").exists(), "a folder that nobody can write to")
    def test_cannot_be_written_to(self):
        for name, value in (("CARGO_TARGET_DIR", "/proc/target"), ("XDG_CACHE_HOME", "/proc/cache"), ("CARGO_HOME", "/proc/cargo")):
            with self.subTest(name):
                what, mend = self.problem(**{name: value})
                self.assertIn(f"cannot be written to: {value}", what)
                self.assertTrue(mend.startswith(f"export {name}="), mend)


class Room(Place):
    def test_disk(self):
        self.stub("df", DISK.format(2_000_000))
        what, mend = self.problem()
        self.assertRegex(what, r"the disk has 1953 MB free; [4-9]\d\d\d MB are needed for ")
        self.assertIn(str(self.clone / ".venv"), what)
        self.assertIn("CARGO_TARGET_DIR", mend)

    def test_what_is_half_done_counts(self):
        """It is short by less than what an earlier run has left in target."""
        self.stub("df", DISK.format(4_200_000))
        (self.clone / "target").mkdir()
        self.assertEqual(len(self.problems()), 1)
        self.stub("du", 'echo "2000000 $2"')
        self.fine()

    def test_two_disks(self):
        self.stub("df", 'case $2 in *home*) echo "h"; echo "a 9 1 100000 1% /home" ;; *) ' + DISK.format(80_000_000) + " ;; esac")
        what, _ = self.problem()
        self.assertIn(str(self.home / ".cache/casebook"), what)
        self.assertNotIn(str(self.clone), what)

    def test_a_pack_takes_less(self):
        self.stub("df", DISK.format(3_000_000))
        self.assertEqual(len(self.problems()), 1)
        self.fine(CASEBOOK_PACK="/some/pack.tar.zst")
        self.assertEqual(len(self.problems(CASEBOOK_PACK="none")), 1)

    def test_tools_that_are_there_take_none(self):
        self.installed(warm=False)
        self.stub("df", DISK.format(1_000_000))
        self.assertNotIn(str(self.clone / ".venv"), self.problem()[0])

    def test_memory_is_a_note(self):
        self.stub("cat", MEMORY.format("MemAvailable: 1000000 kB"))
        done = self.preflight()
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertRegex(done.stderr, r"\Acasebook: 976 MB of memory are free; .+\n {10}if necessary: CARGO_BUILD_JOBS=1 make lab.*\n\Z")

    def test_swap_is_memory(self):
        self.stub("cat", MEMORY.format("MemAvailable: 1000000 kB\nSwapFree: 2000000 kB"))
        self.fine()

    def test_a_containers_limit(self):
        self.stub("cat", 'case $1 in /proc/meminfo) echo "' + PLENTY + '" ;; */memory.max) echo 1073741824 ;; *) exit 1 ;; esac')
        self.assertIn("1024 MB of memory are free", self.preflight().stderr)

    def test_flags(self):
        done = self.preflight(RUSTFLAGS="-Ctarget-cpu=native")
        self.assertEqual(done.returncode, 0)
        self.assertIn("RUSTFLAGS is set", done.stderr)


class Together(Place):
    def test_all_at_once(self):
        self.without("cc", "make", "cargo", "rustc")
        self.stub("python3", 'echo "3.9.18 "')
        self.stub("df", DISK.format(1_000_000))
        folder = self.make(self.top / "two words")
        what = "\n".join(what for what, _ in self.problems(folder))
        for each in ("C compiler", "no make", "no cargo", "Python 3.9.18", "contains a space", "the disk has"):
            self.assertEqual(what.count(each), 1, each)

    def test_what_mends_it_can_be_pasted(self):
        """Whatever the system's package manager is."""
        self.without("cc", "make", "cargo", "rustc", "python3")
        self.without("apt-get")
        for name, word in (("apt-get", "install -y"), ("dnf", "install -y"), ("zypper", "install -y"), ("pacman", "-S"), ("apk", "add"),
                           ("brew", "install"), ("conda", "conda-forge")):
            with self.subTest(name):
                self.stub(name, "exit 0")
                env = {"CONDA_PREFIX": str(self.home), "CONDA_DEFAULT_ENV": "casebook"} if name == "conda" else {}
                found = self.problems(**env)
                self.assertEqual(len(found), 4)
                self.assertGreaterEqual(sum(f"{name} {word}" in mend or word in mend and name in mend for _, mend in found), 3, found)
                for _, mend in found:
                    done = subprocess.run(["sh", "-n", "-c", mend], capture_output=True, text=True)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), mend)
                self.without(name)

    def test_doctor_compiles_nothing(self):
        calls = self.top / "calls"
        self.stub("cargo", f'echo "$*" >>"{calls}"; ' + STUBS["cargo"])
        done = self.preflight("doctor")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("nothing is missing", done.stdout)
        for each in ("JupyterLab", "evcxr_jupyter", "compiled crates"):
            self.assertRegex(done.stdout, rf"(?m)^ +{each} +not yet$")
        self.assertEqual(set(calls.read_text().split("\n")) - {""}, {"--version"})

    def test_doctor_says_what_is_there(self):
        self.installed()
        (self.clone / ".venv/bin/python").write_text(
            '#!/bin/sh\ncase $* in *--state) echo edited ;; *common.py) echo /some/evcxr_jupyter ;; *) echo 4.6.6 ;; esac\n')
        for folder in ("target/debug", ".venv/share/jupyter/kernels/casebook"):
            (self.clone / folder).mkdir(parents=True)
        (self.clone / ".venv/share/jupyter/kernels/casebook/kernel.json").write_text(f'["{self.clone}/kernel/launch.py"]')
        binary = self.clone / "target/debug/casebook"
        binary.write_text('#!/bin/sh\necho "the command says: $*"\n')
        binary.chmod(0o755)
        told = self.preflight("doctor").stdout
        for each in ("JupyterLab +4.6.6", r"evcxr_jupyter +/some/evcxr_jupyter", "compiled crates +ready; the library has changed",
                     r"Rust \(casebook\) +registered$", "the command says: doctor"):
            self.assertRegex(told, f"(?m){each}")

    def test_doctor_fails_where_something_is_missing(self):
        self.without("cc")
        done = self.preflight("doctor")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no C compiler", done.stderr)
        self.assertIn("compiled crates", done.stdout)


@unittest.skipUnless(shutil.which("make"), "there is no make")
class Make(Place):
    def setUp(self):
        super().setUp()
        self.without("make")
        (self.bin / "make").symlink_to(shutil.which("make"))
        (self.bin / "touch").symlink_to(shutil.which("touch"))

    def test_before_anything_long(self):
        for target in ("lab", "kernel", "test", "notebooks", "check", "site", "bench", "notion"):
            done = self.run_in(self.clone, "make", "-n", "-C", str(self.clone), target)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [line for line in done.stdout.splitlines() if not line.startswith("make")]
            self.assertIn("kernel/preflight.sh", lines[0], target)

    def test_nothing_is_begun(self):
        """Not even where make does several things at once."""
        begun = self.top / "begun"
        self.stub("python3", f'case $* in *venv\\ .venv*) echo "$*" >>"{begun}" ;; esac; echo "3.12.4 "')
        self.without("cc")
        for words in ((), ("-j4",)):
            done = self.run_in(self.clone, "make", *words, "-C", str(self.clone), "lab")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("no C compiler", done.stderr)
            self.assertFalse(begun.exists())

    def test_doctor(self):
        done = self.run_in(self.clone, "make", "-n", "-C", str(self.clone), "doctor")
        self.assertNotIn("cargo", done.stdout)
        self.assertIn("kernel/preflight.sh doctor", done.stdout)


if __name__ == "__main__":
    unittest.main()
