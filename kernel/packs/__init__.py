"""Kernel packs: everything that is slow to compile, in one file, for machines that would compile the same.

A pack holds evcxr_jupyter and the warmed folder without what only cargo reads: compiled crates, what build scripts left,
and the sources that type inference reads. It is a tar archive in one zstd frame; the first member says what it is for and
what the others must be, and a skippable frame at the end holds the checksum of everything before it. Paths of the machine that made it
are placeholders.
"""
