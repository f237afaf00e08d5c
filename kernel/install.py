#!/usr/bin/env python3
"""Installs the kernel "Rust (casebook)" for this project's Jupyter.

usage: install.py [--no-warm]

Uses a kernel pack, if there is one and something would have to be compiled; installs evcxr_jupyter into the
user's cache folder if it is missing, registers the kernel in .venv, and warms it. Each step is skipped if it is
already done.
"""

import json
import os
import re
import shutil
import sys

import progress
import warm
from common import EVCXR_VERSION, PROJECT, cache, evcxr, locked, say
from packs import taking

SPEC = PROJECT / ".venv" / "share" / "jupyter" / "kernels" / "casebook"
# How JupyterLab starts here. A user's own settings come before these.
OVERRIDES = PROJECT / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
SETTINGS = {
    # The kernel needs a few seconds for the first completion; JupyterLab would give up after one.
    "@jupyterlab/completer-extension:manager": {"providerTimeout": 15_000},
    # Nothing is asked of a network.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
# nbgrader's "Validate" cannot be given another way to execute than its own, which stops at Rust's first error; the
# checks in the notebooks do what it would.
PAGE = PROJECT / ".venv" / "etc" / "jupyter" / "labconfig" / "page_config.json"
DISABLED = {"@jupyter/nbgrader:validate-assignment": True}


# How the kernel program is compiled: in half of the time that its own settings for releases take.
QUICK = {
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
}
# But for what infers the types of a cell's variables, which everybody waits for at each cell.
INFERENCE = (
    "evcxr", "ra_ap_base_db", "ra_ap_hir_def", "ra_ap_hir_expand", "ra_ap_hir_ty", "ra_ap_intern", "ra_ap_mbe", "ra_ap_parser", "ra_ap_span",
    "ra_ap_syntax", "ra_ap_tt", "ra-ap-rustc_index", "ra-ap-rustc_next_trait_solver", "ra-ap-rustc_type_ir",
    "boxcar", "dashmap", "la-arena", "rowan", "salsa", "triomphe",
)
FAST = [word for name in INFERENCE for word in ("--config", f"profile.release.package.{name}.opt-level=3")]


def install_evcxr():
    with locked(cache() / "evcxr.lock"):
        if evcxr():
            return
        say(f"installing evcxr_jupyter {EVCXR_VERSION}, the Rust kernel: about 4 minutes on 2 cores, once on this machine")
        root = cache() / f"evcxr_jupyter-{EVCXR_VERSION}"
        # Through rustup, where there is one, with the toolchain that the project pins: some packages
        # bring a wish of their own.
        pinned = re.search(r'^channel = "(.+)"', (PROJECT / "rust-toolchain.toml").read_text(), re.M)
        # In a folder that stays if this is interrupted, so that it can go on from there; cargo's own would be a new one each time.
        build = cache() / "evcxr-build"
        env = os.environ | QUICK | {
            "CARGO_TARGET_DIR": str(build), "RUSTUP_TOOLCHAIN": pinned.group(1),
            "RUSTFLAGS": "",  # not this project's flags: they are for notebooks' dependencies
        }
        done = progress.run(
            ["cargo", "install", "evcxr_jupyter", "--version", EVCXR_VERSION, "--locked", "--root", str(root), *FAST],
            "compiling the Rust kernel", cwd=cache(), env=env,
        )
        if done.returncode != 0:
            sys.exit("casebook: evcxr_jupyter could not be installed; see the messages above")
        shutil.rmtree(build, ignore_errors=True)


def register():
    spec = {
        "argv": [str(PROJECT / ".venv/bin/python"), str(PROJECT / "kernel/launch.py"), "{connection_file}"],
        "display_name": "Rust (casebook)",
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": {"debugger": False},
    }
    files = {
        SPEC / "kernel.json": json.dumps(spec, indent=1),
        OVERRIDES: json.dumps(SETTINGS, indent=1),
        PAGE: json.dumps({"disabledExtensions": DISABLED}, indent=1),
    }
    for path, text in files.items():
        if path.exists() and path.read_text() == text:
            continue
        say(f"registering the kernel «Rust (casebook)» in .venv: {path.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main():
    taking.use()
    install_evcxr()
    register()
    if "--no-warm" not in sys.argv[1:]:
        warm.warm(packs=False)


if __name__ == "__main__":
    main()
