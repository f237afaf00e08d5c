#!/usr/bin/env python3
"""Makes and installs kernel packs: everything that is slow to compile, in one file, for machines that would compile the same.

usage: pack.py make      writes target/pack/casebook-kernel-VERSION-PLATFORM-KEY.tar.zst and its checksum
       pack.py use       installs a pack, if one is available and needed
       pack.py seed      lets the project's own builds (tests, command) use what a pack contains
"""

import sys

from packs import making, taking

if __name__ == "__main__":
    command = {"make": making.make, "use": taking.use, "seed": taking.seed}.get(" ".join(sys.argv[1:]))
    if not command:
        sys.exit(__doc__.strip())
    command()
