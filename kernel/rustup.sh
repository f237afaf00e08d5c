#!/bin/sh
# evcxr asks rustup where cargo is: in this session it is the stand-in beside this file.
case "$*" in
"which cargo") echo "@SESSION@/bin/cargo" ;;
"which rustc") echo "@RUSTC@" ;;
# rust-analyzer would download the standard library's source; std/ in the project's kernel/ stands in.
"component add rust-src") exit 1 ;;
*) exec "${RUSTUP:-$(PATH=$(printf %s "$PATH" | sed 's#@SESSION@/bin:##g') command -v rustup)}" "$@" ;;
esac
