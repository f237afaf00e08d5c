"""What people read is idiomatic English: documents, the text of notebooks and exercises, words that charts show, the library's
documentation. Two readers: Harper, a grammar checker, and the terms of prose/terms.json, each with what to write instead.
And the documentation of public functions begins with a verb of prose/verbs.txt, but for those in prose/nouns.json.

usage: prose_test.py install     installs Harper if it is missing
       prose_test.py show        lists what both find
       prose_test.py shrink      takes functions off prose/nouns.json whose documentation begins with a verb by now
"""

import importlib.metadata
import json
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
HERE = PROJECT / "tests" / "prose"
WANTED = HERE / "requirements.txt"
TERMS = json.loads((HERE / "terms.json").read_text(encoding="utf-8"))
# How a summary may begin: the third person, as in "Returns the rows."
VERBS = frozenset((HERE / "verbs.txt").read_text(encoding="utf-8").split())
# Functions whose documentation does not begin with a verb yet, by file. The list may only get shorter.
NOUNS = HERE / "nouns.json"
# Harper's rules that are not about grammar, or are wrong about our words: spelling is codespell's, headings are in sentence case,
# and a unit, a table's cell or a term of the field is no sentence.
IGNORED = [
    "AnA", "CompoundNouns", "DisjointPrefixes", "ExpandConfiguration", "ExpandMemoryShorthands", "ExpandStandardInputAndOutput",
    "HowTo", "MassNouns", "MissingPreposition", "MissingTo", "ModalBeAdjective", "OrthographicConsistency", "OxfordComma",
    "PronounInflectionBe", "QuantifierNumeralConflict", "RepeatedWords", "SentenceCapitalization", "SingleBe", "SpellCheck",
    "SplitWords", "ThereIsAgreement", "Therein", "ToTwoToo", "UseTitleCase", "WrongNegative",
]
# Says what was wrong, in the words that were.
QUOTING = {"docs/language.md"}


def documents():
    """Every page of Markdown."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return {name: (PROJECT / name).read_text(encoding="utf-8") for name in sorted(listed.split("\0")) if name}


def source(cell):
    return "".join(cell["source"])


def notebooks():
    """The text of every notebook and exercise, and, apart from it, the words between quotation marks of their code."""
    texts, words = {}, {}
    for path in sorted((PROJECT / "notebooks").rglob("*.ipynb")):
        name = path.relative_to(PROJECT).as_posix()
        if {"submitted", "autograded", "release", ".ipynb_checkpoints"} & set(path.parts):
            continue
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts[name] = "\n\n".join(source(cell) for cell in cells if cell["cell_type"] == "markdown")
        quoted = [text for cell in cells if cell["cell_type"] == "code" for text in re.findall(r'"((?:[^"\\]|\\.)*)"', source(cell))]
        words[name] = "\n".join(text for text in quoted if " " in text)
    return texts, words


def documentation():
    """What rustdoc shows of the library and the command, without its examples."""
    found = {}
    for path in sorted([*PROJECT.glob("src/**/*.rs"), *PROJECT.glob("cli/src/**/*.rs")]):
        lines = re.findall(r"^\s*//[/!] ?(.*)$", path.read_text(encoding="utf-8"), re.M)
        found[path.relative_to(PROJECT).as_posix()] = prose("\n".join(lines))
    return found


def summaries(text):
    """The documented public functions of some Rust, each with the first paragraph of its documentation."""
    found, said = [], []
    for line in text.splitlines():
        if comment := re.match(r"\s*/// ?(.*)", line):
            said.append(comment[1].strip())
            continue
        function = re.match(r"\s*pub (?:(?:const|async|unsafe) )*fn (\w+)", line)
        if function and said:
            found.append((function[1], " ".join(said).split("  ")[0]))
        # An attribute, of one line or of several, stands between a comment and its function.
        if function or not re.match(r"\s*(#\[|\)?\]$|\w+(?:\([^)]*\)|\s*=[^;{]*)?,?$)", line):
            said = []
    return found


def without_verb():
    """Public functions of the library and the command whose documentation begins with anything but a verb, by file."""
    found = {}
    for path in sorted([*PROJECT.glob("src/**/*.rs"), *PROJECT.glob("cli/src/**/*.rs")]):
        names = [(name, summary) for name, summary in summaries(path.read_text(encoding="utf-8")) if not begins_with_verb(summary)]
        if names:
            found[path.relative_to(PROJECT).as_posix()] = names
    return found


def begins_with_verb(summary):
    return re.split(r"[^\w-]", summary, maxsplit=1)[0] in VERBS


def shrink():
    """Takes what begins with a verb by now, or is gone, off the list."""
    found = without_verb()
    kept = {path: [name for name in names if name in {name for name, _ in found.get(path, [])}] for path, names in nouns().items()}
    write = {path: names for path, names in kept.items() if names}
    NOUNS.write_text(json.dumps(write, indent=1) + "\n", encoding="utf-8")


def nouns():
    return json.loads(NOUNS.read_text(encoding="utf-8"))


def prose(text):
    """Without blocks of code, without tags, and without what stands in backquotes."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.S | re.M)
    return re.sub(r"<[a-z/!][^>]*>", "", re.sub(r"`[^`\n]*`", "`code`", text))


def terms(name, text):
    """Every term that is not the field's, with what to write."""
    for line, words in enumerate(text.splitlines(), 1):
        for pattern, better in TERMS.items():
            for match in re.finditer(pattern, words, re.I):
                yield f"{name}: \"{words[max(0, match.start() - 25):match.end() + 25].strip()}\": {better}"


def harper():
    return pathlib.Path(sysconfig.get_path("scripts")) / "harper"


def grammar(texts):
    """What Harper finds in Markdown."""
    with tempfile.TemporaryDirectory(prefix="casebook-prose-") as folder:
        names = {f"{number}.md": name for number, name in enumerate(texts)}
        for file, name in names.items():
            (pathlib.Path(folder) / file).write_text(prose(texts[name]), encoding="utf-8")
        words = [harper(), "lint", "--no-color", "--quiet", "--format", "json", "--ignore", ",".join(IGNORED), *names]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=os.environ | {"RUST_BACKTRACE": "0"})
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"Harper ended with {done.returncode}: {done.stderr[-500:]}") from None
    for file in found:
        for lint in file["lints"]:
            yield f"{names[file['file']]}: \"{lint['matched_text'][:80]}\": {lint['message']} ({lint['rule']})"


def findings():
    texts, words = notebooks()
    pages = documents() | texts
    pages = {name: text for name, text in pages.items() if name not in QUOTING}
    for name, text in pages.items():
        yield from terms(name, prose(text))
    for name, text in [*words.items(), *documentation().items()]:
        yield from terms(name, text)
    yield from grammar(pages)


class Prose(unittest.TestCase):
    def test_pages_are_read_without_a_stumble(self):
        self.assertGreater(len(documents()), 10)
        self.assertGreater(len(notebooks()[0]), 6)
        self.assertGreater(len(documentation()), 100)
        self.assertEqual("\n".join(findings()), "")

    def test_a_term_that_is_not_the_fields_is_found(self):
        text = "Of the last tenth, 51.8 % left; the law of waiting times is dearer than that.\n"
        told = "\n".join(terms("page.md", text))
        for part in ("decile", "51.8%", "distribution", "expensive"):
            self.assertIn(part, told)
        self.assertEqual(list(terms("page.md", "A tenth of a second, 51.8%, by the law.\n")), [])

    def test_a_mistake_of_grammar_is_found(self):
        self.assertIn("page.md", "\n".join(grammar({"page.md": "There is many users who could of left without no reason.\n"})))

    def test_the_documentation_of_public_functions_begins_with_a_verb(self):
        known = nouns()
        told = [f"{path}: `{name}`: \"{summary[:60]}\": begin with a verb: Counts …, Returns …, Creates … (tests/prose/verbs.txt)"
                for path, names in without_verb().items() for name, summary in names if name not in known.get(path, [])]
        self.assertEqual("\n".join(told), "")

    def test_documentation_without_a_verb_is_found(self):
        planted = """
/// That the shares sum to one. Counts nothing.
#[must_use]
pub fn whole() {}

/// Returns the
/// rows.
pub const fn rows() {}

/// So many.
fn hidden() {}

/// Times that a file holds.
///
/// Returns them.
#[expect(
    clippy::unused,
    reason = "planted"
)]
pub(crate) fn inner() {}
pub fn silent() {}
    /// Days of a month.
    #[inline]
    pub unsafe fn days() {}
"""
        self.assertEqual([name for name, _ in summaries(planted)], ["whole", "rows", "days"])
        self.assertEqual([name for name, summary in summaries(planted) if not begins_with_verb(summary)], ["whole", "days"])
        self.assertGreater(sum(len(summaries(path.read_text(encoding="utf-8"))) for path in PROJECT.glob("src/**/*.rs")), 400)

    def test_code_is_not_read(self):
        self.assertEqual(list(terms("page.md", prose("Good.\n\n```rust\n// the last tenth\n```\n\nAs `the middle 90` says.\n"))), [])


def install():
    name, version = re.search(r"^(\S+)==(\S+)$", WANTED.read_text(), re.M).groups()
    try:
        if importlib.metadata.version(name) == version and harper().exists():
            return
    except importlib.metadata.PackageNotFoundError:
        pass
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(WANTED)], check=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        install()
    elif sys.argv[1:] == ["shrink"]:
        shrink()
    elif sys.argv[1:] == ["show"]:
        print("\n".join(findings()))
    else:
        unittest.main()
