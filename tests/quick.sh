#!/bin/sh
# Calls the compiler for tests/quick.py, instead of .cargo/static.sh: the integration tests become part of the unit tests' program.
exec "$@" --cfg casebook_quick -C lto=off
