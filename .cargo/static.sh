#!/bin/sh
# Calls the compiler for this project's own crates. The command holds all that it needs: it can be copied anywhere, and building
# something else, which may replace the library's shared object, leaves it alone. Everything else prefers shared objects, as
# config.toml says, because notebooks do.
case " $* " in
*" src/bin/casebook/main.rs "*) exec "$@" -C prefer-dynamic=no --cfg casebook_static ;;
*) exec "$@" ;;
esac
