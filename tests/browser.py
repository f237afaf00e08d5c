#!/usr/bin/env python3
"""The browser of the tests: Chromium, driven by Playwright.

usage: browser.py install          installs both if they are missing (Debian's package; elsewhere Playwright's own)
"""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys

WANTED = pathlib.Path(__file__).with_name("requirements.txt")


def found():
    """A browser on this machine, or nothing."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def page(test, width, height):
    """A page of a test's own, in its `browser`. What it says (messages, errors, dialogs) and asks for is collected
    in the test's `said` and `asked`."""
    page = test.browser.new_page(viewport={"width": width, "height": height}, accept_downloads=True)
    test.addCleanup(page.close)
    test.said, test.asked = [], []
    page.on("console", lambda message: test.said.append(message.text))
    page.on("pageerror", lambda error: test.said.append(str(error)))
    page.on("dialog", lambda dialog: (test.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: test.asked.append(request.url))
    return page


def start(test):
    """A browser for a class of tests, in its `browser`, closed when they have ended."""
    from playwright.sync_api import sync_playwright  # not there yet when this file installs it
    playwright = sync_playwright().start()
    test.addClassCleanup(playwright.stop)
    test.browser = launch(playwright)
    test.addClassCleanup(test.browser.close)


def launch(playwright):
    """Headless, with this machine's browser, or the one Playwright installed."""
    # Root has no sandbox; there is no graphics card to use; nothing is asked of a network.
    words = ["--disable-gpu", "--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=found(), args=words)


def there():
    """Whether the Python packages are, in the versions wanted."""
    lines = (line.split("==") for line in WANTED.read_text().split() if "==" in line)
    try:
        return all(importlib.metadata.version(name) == version for name, version in lines)
    except importlib.metadata.PackageNotFoundError:
        return False


def install():
    if not there():
        print("casebook: installing Playwright into .venv", file=sys.stderr, flush=True)
        words = ["install", "--quiet", "--disable-pip-version-check", "-r", str(WANTED)]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    if found():
        return
    print("casebook: installing Chromium, about 1 minute", file=sys.stderr, flush=True)
    if shutil.which("apt-get"):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run([*sudo, "apt-get", *words], env=env, stdout=subprocess.DEVNULL)
    if not found() and subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode != 0:
        sys.exit("no Chromium could be installed: install it yourself, and run this again")


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit(__doc__)
    install()
