#!/bin/sh
# Stands in for cargo inside a kernel session, for evcxr and for the rust-analyzer in it. Everything is
# passed on to the real cargo, with two exceptions:
# - rust-analyzer's `metadata` for the notebook's usual dependencies is answered from a file that leaves
#   out packages no cell can name: it reads the source of every package listed, and that halves the
#   session's start;
# - evcxr's check of a new `:dep` happens with a manifest that has nothing else in it, after which the
#   lock file would have forgotten which versions are compiled; it is put back.
session="@SESSION@"
cargo="@CARGO@"
CARGO_HOME="@CARGO_HOME@"
export CARGO_HOME

case " $* " in
*" metadata "*)
    case " $* " in
    *" --no-deps "*) ;;
    *" --filter-platform "*)
        if cmp -s "$session/Cargo.toml" "$session/Cargo.toml.usual"; then
            exec cat "$session/metadata.json"
        fi ;;
    *)
        cp "$session/Cargo.lock" "$session/Cargo.lock.kept" 2>/dev/null
        "$cargo" "$@" --filter-platform @HOST@
        status=$?
        mv "$session/Cargo.lock.kept" "$session/Cargo.lock" 2>/dev/null
        exit $status ;;
    esac ;;
esac
exec "$cargo" "$@"
