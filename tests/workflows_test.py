"""What cannot be run here, workflows and containers, is well formed and calls what exists; so are scripts for systems that
this is not."""

import ast
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

import run  # noqa: E402

WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
# What a pack is made for: the compiler's names of the platforms.
PLATFORMS = {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"}
# Commands and options that only Linux has, or that mean something else on macOS, where a command can stand.
LINUX_ONLY = re.compile(r"(?:^|[|&;(])\s*(sed -i|date -d|stat -c|cp -a|grep -P|sort -V|xargs -r|nproc|sha256sum|timeout|free)\b")


def read(path):
    return (PROJECT / path).read_text(encoding="utf-8")


def workflow(name):
    return yaml.safe_load(read(f".github/workflows/{name}.yml"))


def jobs():
    """Every job: its workflow, its name, what it says."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            yield path.stem, name, job


def commands():
    """Every command of the workflows, of the image and of the development container, with where it stands."""
    for file, name, job in jobs():
        for step in job["steps"]:
            if "run" in step:
                yield f"{file}, {name}", step["run"]
    for name in ("Dockerfile", "binder/Dockerfile"):
        for command in re.findall(r"^RUN (.+?)(?<!\\)$", read(name), re.M | re.S):
            yield name, command
    yield "devcontainer.json", json.loads(read(".devcontainer/devcontainer.json"))["postCreateCommand"]


class Workflows(unittest.TestCase):
    def test_each_job_has_an_end_and_only_the_rights_it_needs(self):
        for path in WORKFLOWS:
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
            self.assertIn("permissions", told, path.name)
            self.assertTrue(told["name"] and told[True], path.name)  # `on` is a truth value to YAML
        for file, name, job in jobs():
            with self.subTest(f"{file}, {name}"):
                self.assertTrue(job["runs-on"])
                # What publishes pages has an end of its own.
                self.assertTrue(job.get("timeout-minutes") or job.get("environment"))
                needed = job.get("needs", [])
                self.assertLessEqual({needed} if isinstance(needed, str) else set(needed), set(workflow(file)["jobs"]))
                for step in job["steps"]:
                    if "uses" in step:
                        self.assertRegex(step["uses"], r"^[\w.-]+/[\w.-]+@(v\d+(\.\d+)*|[0-9a-f]{40})$")
                    else:
                        self.assertIn("run", step)

    def test_only_a_tag_publishes(self):
        told = workflow("pack")
        self.assertEqual(told["permissions"], {})
        for name, job in told["jobs"].items():
            above, waits = name, []
            while above:
                waits.append(above)
                above = told["jobs"][above].get("needs")
            writes = "write" in job["permissions"].values()
            self.assertEqual(writes, "publish" in waits, name)
        self.assertIn("refs/tags/v", told["jobs"]["publish"]["if"])
        self.assertEqual(workflow("check")["permissions"], {"contents": "read"})

    def test_packs_are_made_and_tried_for_each_platform_and_checked_on_two_systems(self):
        told = workflow("pack")["jobs"]
        rows = {name: told[name]["strategy"]["matrix"]["include"] for name in ("build", "try", "image")}
        matrix = {name: {row["host"]: row for row in each} for name, each in rows.items()}
        self.assertEqual(set(matrix["build"]), PLATFORMS)
        self.assertEqual(set(matrix["try"]), PLATFORMS)
        self.assertEqual(set(matrix["image"]), {host for host in PLATFORMS if "linux" in host})
        for each in (*matrix["build"].values(), *matrix["try"].values(), *matrix["image"].values()):
            self.assertEqual(each["runner"].startswith("macos"), "darwin" in each["host"])
            self.assertEqual(each["runner"].endswith("-arm"), each["host"].startswith("aarch64") and "linux" in each["host"])
        runners = workflow("check")["jobs"]["check"]["strategy"]["matrix"]["runner"]
        self.assertEqual({runner.split("-")[0] for runner in runners}, {"ubuntu", "macos"})

    def test_everything_runs_at_night(self):
        told = workflow("nightly")
        self.assertTrue(told[True]["schedule"])
        self.assertIn("workflow_dispatch", told[True])
        self.assertEqual(told["permissions"], {"contents": "read"})
        self.assertIn("make test-all", [step.get("run") for step in told["jobs"]["test"]["steps"]])

    def test_a_pack_runs_in_the_image(self):
        """Made with a newer C library, its programs would not start there."""
        begins = re.search(r"^FROM (rust:\S+) AS fresh$", read("binder/Dockerfile"), re.M)[1]
        for each in workflow("pack")["jobs"]["build"]["strategy"]["matrix"]["include"]:
            self.assertEqual(each["container"], begins if "linux" in each["host"] else "", each["host"])

    def test_what_is_called_exists(self):
        targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
        called = set()
        for place, text in commands():
            with self.subTest(place):
                made = re.findall(r"\bmake ([a-z-]+)", re.sub(r"apt-get install[^&|;]*", "", text))
                self.assertLessEqual(set(made), targets)
                called |= set(made)
                for path in re.findall(r"(?:\.\./)?\b((?:kernel|tests|site|binder|benches)/[\w./-]+)", text):
                    self.assertTrue((PROJECT / path).exists(), path)
                done = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual({"check", "pack", "kernel", "site", "test-all"}, called)

    def test_scripts_see_no_expression(self):
        """An expression is put into a script as text, whatever it holds; the environment is safe."""
        for file, name, job in jobs():
            for step in job["steps"]:
                self.assertNotIn("${{", step.get("run", ""), f"{file}, {name}")

    @unittest.skipUnless(importlib.util.find_spec("check_jsonschema"), "its schema comes with the tools of `make test`")
    def test_schema(self):
        words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS)]
        done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Containers(unittest.TestCase):
    def test_the_development_container_begins_with_a_stage_of_the_image(self):
        built = json.loads(read(".devcontainer/devcontainer.json"))["build"]
        file = (PROJECT / ".devcontainer" / built["dockerfile"]).resolve()
        self.assertEqual(file, PROJECT / "binder/Dockerfile")
        self.assertEqual((PROJECT / ".devcontainer" / built["context"]).resolve(), PROJECT)
        self.assertIn(built["target"], re.findall(r"^FROM \S+ AS (\w+)$", file.read_text(), re.M))

    def test_the_published_image_is_this_repositorys_or_none(self):
        """Until there is one, Binder and the development container make the kernel themselves; and no owner is made up."""
        named = re.search(r"^ARG BASE_IMAGE=(\S+)$", read("binder/Dockerfile"), re.M)[1]
        address = re.search(r'^repository = "https://[^/]+/([^"]+?)(?:\.git)?/?"$', read("Cargo.toml"), re.M)
        accepted = {"fresh"} | ({f"ghcr.io/{address[1].lower()}:latest"} if address else set())
        self.assertIn(named, accepted)
        for file in (*WORKFLOWS, PROJECT / ".devcontainer/devcontainer.json", PROJECT / "docs/ways_in.md"):
            for image in re.findall(r"ghcr\.io/([\w.$-]+)", file.read_text(encoding="utf-8")):
                own = address and address[1].lower().split("/")[0]
                self.assertTrue(image.startswith("$") or image == own, f"{file.name}: {image}")


class Scripts(unittest.TestCase):
    def files(self, pattern):
        """Ours, not those that are made."""
        words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", pattern]
        listed = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
        return [PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).is_file()]

    def test_shell(self):
        """It is read, and asks for nothing that only Linux has."""
        files = [*self.files("*.sh"), PROJECT / ".ci/run"]
        self.assertGreater(len(files), 1)
        for path in files:
            first = path.read_text(encoding="utf-8").split("\n", 1)[0]
            shell = "bash" if "bash" in first else "sh"
            done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), path.name)
            for line in path.read_text(encoding="utf-8").splitlines() if shell == "sh" else []:
                if LINUX_ONLY.search(line) and not line.lstrip().startswith("#"):
                    self.assertRegex(line, r"\|\||command -v", f"{path.name}: what is it on macOS?")

    def test_python(self):
        """As the oldest Python reads it that the kernel runs on."""
        files = self.files("*.py")
        self.assertGreater(len(files), 20)
        for path in files:
            ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 10))

    def test_no_test_is_forgotten(self):
        words = {word for step in run.STEPS for word in step.command}
        for path in sorted((PROJECT / "tests").glob("*_test.py")):
            self.assertIn(f"tests/{path.name}", words)

    def test_names_differ_by_more_than_their_case(self):
        """macOS and Windows keep one of two such files."""
        names = [str(path.relative_to(PROJECT)) for path in self.files("*")]
        folded = [name.casefold() for name in names]
        self.assertEqual(sorted(name for name in names if folded.count(name.casefold()) > 1), [])


if __name__ == "__main__":
    unittest.main()
