#!/usr/bin/env python3
"""Makes and takes kernel packs: all that is dear to compile, in one file, for machines that would compile the same.

usage: pack.py make      writes target/pack/casebook-kernel-VERSION-PLATFORM-KEY.tar.zst and its checksum
       pack.py use       takes a pack, if there is one and it is needed
       pack.py seed      gives what a pack has to the project's own builds: tests, command
"""

import sys

from packs import making, taking

if __name__ == "__main__":
    command = {"make": making.make, "use": taking.use, "seed": taking.seed}.get(" ".join(sys.argv[1:]))
    if not command:
        sys.exit(__doc__.strip())
    command()
