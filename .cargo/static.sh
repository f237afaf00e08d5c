#!/bin/sh
# Calls the compiler for this project's own crates. The command holds all that it needs: it can be copied anywhere, and building
# something else, which may replace the library's shared object, leaves it alone. So do its tests, which use crates of which the
# shared object holds only a part. Everything else prefers shared objects, as config.toml says, because notebooks do.
#
# Programs of tests are optimised less than the library and the command that they are linked with or start: optimising them takes
# longer than it saves.
case " $* " in *" --test "*)
    case " $* " in *" opt-level="[23]" "*) set -- "$@" -C opt-level=1 -C lto=off ;; esac
    ;;
esac
case $CARGO_PKG_NAME in
casebook-cli) exec "$@" -C prefer-dynamic=no --cfg casebook_static ;;
*) exec "$@" ;;
esac
