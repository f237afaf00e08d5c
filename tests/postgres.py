#!/usr/bin/env python3
"""A private PostgreSQL for tests: its own data folder, its own port on this machine, a password.

usage: postgres.py install          installs the server programs if they are missing (Debian's packages)
       postgres.py start FOLDER     prints the server's URL
       postgres.py stop FOLDER      stops it at once, as a crash would
       postgres.py again FOLDER     starts it again on the same data
       postgres.py run COMMAND ...  runs a command with DATABASE_URL at a fresh server, then removes it
"""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile

PASSWORD = "correct-horse"


def find(name):
    """A server program: Debian keeps them out of PATH, others (conda, Homebrew) do not."""
    newest = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return newest[-1] if newest else shutil.which(name)


def program(name):
    return find(name) or sys.exit(f"{name} is not on this machine: run `make postgres`, or install PostgreSQL's server")


def install():
    if find("initdb") and find("pg_ctl"):
        return
    if not shutil.which("apt-get"):
        sys.exit("PostgreSQL's server is not on this machine, and neither is apt-get: install it with conda or Homebrew")
    print("casebook: installing PostgreSQL from Debian's packages, about 1 minute", file=sys.stderr, flush=True)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # No server of the system's own is wanted, only the programs.
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "postgresql"]):
        if subprocess.run([*sudo, "apt-get", *words], env=env, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit("PostgreSQL could not be installed")


def somebody():
    """PostgreSQL refuses to run as root; whom to be instead."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    sys.exit("there is no user postgres or nobody to run the server as")


def run(*words, **options):
    who = somebody()
    if who:
        options |= {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    done = subprocess.run(words, cwd="/", capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")


def up(folder):
    run(
        program("pg_ctl"), "-D", str(folder / "data"), "-l", str(folder / "log"), "-w", "-t", "60",
        "-o", f"-p {(folder / 'port').read_text()} -c listen_addresses=127.0.0.1 -k {folder}"
              " -c fsync=off -c full_page_writes=off -c shared_buffers=64MB", "start",
    )


def start(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "port").write_text(str(port))
    (folder / "password").write_text(PASSWORD)
    who = somebody()
    if who:
        for path in (folder, folder / "port", folder / "password"):
            os.chown(path, who.pw_uid, who.pw_gid)
    run(
        program("initdb"), "-D", str(folder / "data"), "-U", "casebook", "--auth=scram-sha-256",
        f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C", "--no-sync",
    )
    up(folder)
    return f"postgres://casebook:{PASSWORD}@127.0.0.1:{port}/postgres"


def stop(folder):
    if (folder / "data" / "postmaster.pid").exists():
        run(program("pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")


def main():
    if sys.argv[1:] == ["install"]:
        return install()
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    task, *words = sys.argv[1:]
    if task == "run":
        folder = pathlib.Path(tempfile.mkdtemp(prefix="casebook-pg-"))
        try:
            url = start(folder)
            sys.exit(subprocess.run(words, env=os.environ | {"DATABASE_URL": url}).returncode)
        finally:
            stop(folder)
            shutil.rmtree(folder, ignore_errors=True)
    folder = pathlib.Path(words[0])
    if task == "start":
        print(start(folder))
    elif task == "stop":
        stop(folder)
    elif task == "again":
        up(folder)
    else:
        sys.exit(__doc__.strip())


if __name__ == "__main__":
    main()
