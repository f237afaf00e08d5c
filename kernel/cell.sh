#!/bin/sh
# Compiles a cell. Only the cell's own few lines: the library is compiled and optimised already, and
# without optimisation a cell takes its generic code from there instead of compiling it again, which is
# most of a cell's time. `:build_env CASEBOOK_CELL_OPT=2` optimises the cells that follow.
exec "$@" -C opt-level="${CASEBOOK_CELL_OPT:-0}"
