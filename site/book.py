"""What the committed notebooks say, for the site and the README."""

import base64
import hashlib
import json
import pathlib
import re

import nbformat

PROJECT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))

# One chart of each notebook but the first, for the README and the landing page: this file, from this notebook's chart with these
# words in its description.
PICTURES = {
    "mentor": ("01_mentor_marketplace", "The dashboard gives mentors"),
    "saas": ("02_saas_take_home", "Make the offer to"),
    "ecommerce": ("03_ecommerce_behaviour", "The three we would fund"),
    "notion": ("04_notion_growth", "We expect "),
    "platform": ("05_experiment_platform", "Enforce "),
    "diagnosis": ("06_the_metric_moved", "users are missing"),
    "scale": ("A1_beyond_one_machine", "At a hundred million events"),
}
# Pages of the site with a new address: the old one, and the new one as seen from there.
MOVED = {"notebooks/05_beyond_one_machine.html": "A1_beyond_one_machine.html"}
LEDGER = re.compile(r"^(\S.*?)\s{2,}.*?\s{2,}(met|missed|undecided|impossible|undefined|not tested)(?:\s|$)", re.M)


def read(path):
    return nbformat.read(path, as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def charts(notebook):
    """PNG and description of each chart."""
    shown = [output for output in outputs(notebook) if "image/png" in output.get("data", {})]
    return [(base64.b64decode(o["data"]["image/png"]), o["metadata"]["image/png"]["alt"]) for o in shown]


def title(notebook):
    """The first heading, as a line of text."""
    return next(re.sub(r"[*`]", "", found[1]) for cell in notebook.cells if cell.cell_type == "markdown"
                if (found := re.search(r"^# (.+)$", cell.source, re.M)))


def verdicts(text):
    """Claim and verdict of each row of the ledgers in a text."""
    return [(claim, verdict) for table in re.split(r"(?=^claim\s+source\s)", text, flags=re.M)
            if table.startswith("claim ") for claim, verdict in LEDGER.findall(table.split("\n\n")[0])]


def ledger(notebook):
    tables = [o.get("data", {}).get("text/plain", "") for o in outputs(notebook)]
    return [row for table in tables for row in verdicts(table)]


def picture(name):
    notebook, words = PICTURES[name]
    return next((png, alt) for png, alt in charts(read(PROJECT / "notebooks" / f"{notebook}.ipynb")) if words in alt)


def digest(path):
    """Of what a notebook computes: its code and its outputs."""
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:16]
