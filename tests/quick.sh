#!/bin/sh
# Calls the compiler for tests/quick.py, instead of .cargo/static.sh: the integration tests become part of the unit tests' program.
# Many small parts, so that an edit has few of them compiled again.
exec "$@" --cfg casebook_quick -C lto=off -C codegen-units=256
