"""What the project says of itself: pins that agree, notebooks as committed."""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import tomllib
import unittest
import base64

import yaml

PROJECT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "benches")]

import compare  # noqa: E402
import scale  # noqa: E402
from common import EVCXR_VERSION  # noqa: E402


def text(value):
    return "".join(value) if isinstance(value, list) else str(value)


class Pins(unittest.TestCase):
    def setUp(self):
        self.environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
        self.cargo = tomllib.loads((PROJECT / "Cargo.toml").read_text())
        packages = [entry for entry in self.environment["dependencies"] if isinstance(entry, str)]
        self.conda = dict(entry.split("=", 1) if "=" in entry else (entry, "") for entry in packages)

    def test_rust(self):
        rust = self.cargo["package"]["rust-version"]
        self.assertEqual(self.conda["rust"], f"{rust}.*")
        toolchain = tomllib.loads((PROJECT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
        self.assertEqual(toolchain.rsplit(".", 1)[0], rust)

    def test_evcxr(self):
        self.assertEqual(self.conda["evcxr"], EVCXR_VERSION)

    def test_python_tools(self):
        pip = next(entry["pip"] for entry in self.environment["dependencies"] if isinstance(entry, dict))
        self.assertEqual(pip, ["-r requirements.txt"])
        for line in (PROJECT / "requirements.txt").read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                self.assertRegex(line, r"^[A-Za-z0-9_.-]+==[0-9.]+$")
        self.assertIn("postgresql", self.conda)

    def test_the_kernels_profile_is_the_crates(self):
        import warm
        kernel = tomllib.loads(warm.manifest())["profile"]["dev"]
        own = self.cargo["profile"]["dev"]
        self.assertEqual({name: value for name, value in own.items() if name != "package"}, kernel)
        # In a cell's build the library is a dependency, and keeps its checks.
        settings = tomllib.loads(warm.DEPENDENCIES.read_text())["profile"]["dev"]["package"]
        self.assertEqual(settings.pop("casebook"), {name: kernel[name] for name in ("debug-assertions", "overflow-checks")})
        self.assertEqual(own["package"], settings)
        config = tomllib.loads((PROJECT / ".cargo/config.toml").read_text())["build"]
        self.assertEqual(config["rustflags"], warm.environment()["RUSTFLAGS"].split())

    def test_polars_is_built_once(self):
        """Notebooks, command, tests and benches take every crate they share with the same features; otherwise
        cargo compiles polars, which takes ten minutes, once for each."""
        def features(*words):
            # The flag is cargo's own, and not stable yet; nothing is built.
            done = subprocess.run(["cargo", *words, "--unit-graph", "-Zunstable-options"], cwd=PROJECT, check=True,
                                  capture_output=True, text=True, env=os.environ | {"RUSTC_BOOTSTRAP": "1"})
            return {(unit["pkg_id"], unit["target"]["name"], str(unit.get("platform"))): unit["features"]
                    for unit in json.loads(done.stdout)["units"] if "/casebook" not in unit["pkg_id"] and unit["mode"] == "build"
                    # A build script has its library's features, and the same name whichever platform that is for.
                    and unit["target"]["kind"] != ["custom-build"]}
        notebooks = features("build", "--lib")
        self.assertGreater(len(notebooks), 100)
        # Some of polars' features bring its streaming engine, and with it a network stack of 60 crates.
        names = {target for _, target, _ in notebooks}
        self.assertEqual(names & {"polars_stream", "reqwest", "hyper"}, set())
        every = ("--workspace", "--all-features")
        builds = [("build", "--all-features", "--lib"), ("build", *every), ("test", *every, "--no-run"), ("bench", "--profile", "dev", *every, "--no-run")]
        for package in ("casebook", "casebook-cli"):
            builds += [("build", "--package", package), ("test", "--package", package, "--no-run")]
        for words in builds:
            other = features(*words)
            differ = {name: (mine, other[name]) for name, mine in notebooks.items() if name in other and other[name] != mine
                      and str(PROJECT) not in name[0]}
            self.assertEqual(differ, {}, words)
            self.assertIn("polars", {target for _, target, _ in other})

    def test_the_library_is_built_once(self):
        """It has one shared object, whatever it is compiled with: of two builds with other features, the later replaces the earlier."""
        def features(*words):
            done = subprocess.run(["cargo", *words, "--unit-graph", "-Zunstable-options"], cwd=PROJECT, check=True,
                                  capture_output=True, text=True, env=os.environ | {"RUSTC_BOOTSTRAP": "1"})
            return {tuple(sorted(unit["features"])) for unit in json.loads(done.stdout)["units"]
                    if unit["target"]["name"] == "casebook" and "dylib" in unit["target"]["kind"] and unit["mode"] == "build"}
        every = ("--workspace", "--all-features")
        commands = [("build", *every), ("test", *every, "--no-run"), ("bench", "--profile", "dev", *every, "--no-run"),
                    ("build", "--workspace"), ("test", "--workspace", "--no-run"), ("build", "--lib"), ("build", "--lib", "--all-features")]
        # `cargo casebook` among them, and what builds the command for an installation or an image.
        commands += [(verb, "--package", package, *rest) for package in ("casebook", "casebook-cli") for verb, *rest in (["build"], ["test", "--no-run"])]
        found = {words: features(*words) for words in commands}
        self.assertEqual({words: each for words, each in found.items() if each != {("default", "postgres")}}, {})

    def test_a_session_takes_what_is_built_for_the_project(self):
        """A cell's crate outside the workspace, as a session has it, takes every crate with the features that it has here."""
        def resolved(folder, *words):
            tree = ["cargo", "tree", "--offline", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p} {f}"]
            done = subprocess.run([*tree, *words], cwd=folder, check=True, capture_output=True, text=True)
            lines = (line.removesuffix(" (*)") for line in done.stdout.splitlines())
            return {line for line in lines if line and not line.startswith(("casebook", "ctx", "workspace-hack"))}
        import warm
        with tempfile.TemporaryDirectory() as folder:
            cell = pathlib.Path(folder)
            (cell / "src").mkdir()
            (cell / "src/lib.rs").touch()
            (cell / "Cargo.toml").write_text(warm.manifest())
            shutil.copyfile(PROJECT / "Cargo.lock", cell / "Cargo.lock")
            session = resolved(cell)
        self.assertGreater(len(session), 100)
        # Proc macros have a line with the same features.
        self.assertEqual(session - resolved(PROJECT, "--workspace", "--all-features"), set())

    def test_the_members_have_one_version(self):
        cli = tomllib.loads((PROJECT / "cli/Cargo.toml").read_text())
        for name in ("version", "edition", "rust-version", "license"):
            self.assertEqual(cli["package"][name], self.cargo["package"][name], name)

    def test_containers(self):
        rust = self.cargo["package"]["rust-version"]
        for path in ("Dockerfile", "binder/Dockerfile"):
            self.assertIn(f"FROM rust:{rust}-", (PROJECT / path).read_text(), path)
        container = json.loads((PROJECT / ".devcontainer/devcontainer.json").read_text())
        self.assertTrue((PROJECT / ".devcontainer" / container["build"]["dockerfile"]).exists())
        # What the image copies must not be left out of what is sent to its builder.
        self.assertNotIn("notebooks", (PROJECT / ".dockerignore").read_text().split())

    def test_the_workflow_publishes_what_make_site_builds(self):
        workflow = yaml.safe_load((PROJECT / ".github/workflows/site.yml").read_text())
        steps = workflow["jobs"]["build"]["steps"]
        self.assertIn("make site", [step.get("run") for step in steps])
        self.assertEqual(next(step["with"]["path"] for step in steps if "upload-pages" in step.get("uses", "")), "site/html")

    def test_commands_of_the_documents_exist(self):
        targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.M))
        for name in ("README.md", "CONTRIBUTING.md", "docs/performance.md", "docs/teaching.md", "docs/ways_in.md", "kernel/README.md"):
            found = set(re.findall(r"(?:^|`)make ([a-z-]+)", (PROJECT / name).read_text(), re.M))
            self.assertLessEqual(found, targets, name)

    def test_the_figures_shown_are_those_measured(self):
        found = json.loads(compare.RESULTS.read_text())
        self.assertEqual(compare.PAGE.read_text(), compare.page(found))
        self.assertIn(compare.BEGIN + compare.summary(found) + compare.END, compare.README.read_text())

    def test_the_growth_of_cost_was_measured_everywhere_and_with_what_is_pinned(self):
        rows = scale.read(scale.RESULTS)
        for events in scale.SIZES:
            there = {row["step"] for row in rows if int(row["events"]) == events}
            self.assertEqual(there, set(scale.ENGINES), events)
        for row in rows:
            self.assertGreater(float(row["seconds"]), 0, row)
            self.assertGreater(int(row["peak"]), 0, row)
        made_with = {row["what"]: row["value"] for row in scale.read(scale.MADE_WITH)}
        ours, *peers = compare.versions()
        self.assertEqual(f"casebook {made_with['Casebook']}", ours)
        self.assertIn(f"polars {made_with['Python polars']}", peers)
        wanted = (PROJECT / "tests/cluster-requirements.txt").read_text()
        self.assertIn(f"pyspark=={made_with['Spark'].split(',')[0]}", wanted)

    def test_cargo_finds_every_target_in_what_the_image_copies(self):
        """It refuses a manifest that names a bench which is not there, though the image builds none."""
        def targets(folder):
            words = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = [target for package in json.loads(done.stdout)["packages"] for target in package["targets"]]
            for target in found:
                self.assertTrue(pathlib.Path(target["src_path"]).is_file(), target["src_path"])
            # Tests and examples are found in their folders, or are not there; the others are named in a manifest or have its place.
            return {(target["name"], *target["kind"]) for target in found if not {"test", "example"} & set(target["kind"])}
        with tempfile.TemporaryDirectory() as place:
            for words in re.findall(r"^COPY (?!--from)(.+)$", (PROJECT / "Dockerfile").read_text(), re.M):
                *sources, into = words.split()
                for source in map(PROJECT.joinpath, sources):
                    to = pathlib.Path(place, into)
                    if source.is_dir():
                        shutil.copytree(source, to)
                    else:
                        self.assertTrue(into.endswith("/"), words)
                        to.mkdir(parents=True, exist_ok=True)
                        shutil.copy(source, to)
            self.assertEqual(targets(place), targets(PROJECT))

    def test_compose_file(self):
        compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
        self.assertEqual(set(compose["services"]), {"database", "app"})


class Committed(unittest.TestCase):
    def cells(self, path):
        return json.loads(path.read_text(encoding="utf-8"))["cells"]

    def outputs(self, path):
        for cell in self.cells(path):
            for output in cell.get("outputs", []):
                yield output

    def test_there_are_notebooks(self):
        self.assertTrue(NOTEBOOKS)

    def test_no_output_is_an_error(self):
        """But of cells that fail on purpose, and those must have one."""
        for path in NOTEBOOKS:
            for cell in self.cells(path):
                kinds = [output["output_type"] for output in cell.get("outputs", [])]
                on_purpose = "raises-exception" in cell["metadata"].get("tags", [])
                self.assertEqual("error" in kinds, on_purpose, path.name)
                self.assertNotIn("stderr", [output.get("name") for output in cell.get("outputs", [])], path.name)

    def test_every_code_cell_is_executed_and_short(self):
        for path in NOTEBOOKS:
            for cell in self.cells(path):
                if cell["cell_type"] == "code":
                    self.assertIsNotNone(cell["execution_count"], path.name)
                    self.assertLessEqual(len(text(cell["source"]).splitlines()), 16, text(cell["source"]))

    def test_charts_have_alt_text_and_are_twice_their_width(self):
        for path in NOTEBOOKS:
            charts = [output for output in self.outputs(path) if "image/png" in output.get("data", {})]
            self.assertGreaterEqual(len(charts), 1 if path.stem.startswith("00") else 6, path.name)
            for chart in charts:
                about = chart["metadata"]["image/png"]
                self.assertGreater(len(about["alt"]), 40)
                width, = struct.unpack(">I", base64.b64decode(text(chart["data"]["image/png"]))[16:20])
                self.assertEqual(width, 2 * about["width"])

    def test_no_path_of_a_machine_and_no_vector_graphics(self):
        for path in NOTEBOOKS:
            raw = path.read_text(encoding="utf-8")
            self.assertIsNone(re.search(r"/home/\w|/root/|/tmp/\w|/Users/\w", raw), path.name)
            self.assertNotIn(str(PROJECT), raw)
            self.assertNotIn("<svg", raw)
            self.assertLess(len(raw), 1_000_000)

    def test_numbers_in_the_prose_are_numbers_in_the_outputs(self):
        """Measured figures only: those with decimals or thousands. Rules of the brief stand in the code."""
        for path in NOTEBOOKS:
            shown = ""
            for cell in self.cells(path):
                if cell["cell_type"] == "code":
                    shown += text(cell["source"])
                    for output in cell["outputs"]:
                        data = output.get("data", {})
                        shown += text(output.get("text", "")) + "".join(text(v) for k, v in data.items() if k.startswith("text/"))
            shown = shown.replace(",", "")
            for cell in self.cells(path):
                if cell["cell_type"] == "markdown":
                    prose = re.sub(r"`[^`]*`", "", text(cell["source"]))
                    for number in re.findall(r"\d+\.\d+|\d{1,3}(?:,\d{3})+|\d{4,}", prose):
                        self.assertIn(number.replace(",", ""), shown.replace("_", ""), f"{path.name}: {number}")


if __name__ == "__main__":
    unittest.main()
