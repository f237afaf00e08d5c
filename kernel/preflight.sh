#!/bin/sh
# Finds what would fail after minutes of downloading and compiling, in a second: programs, versions, room, folders.
# usage: preflight.sh [-v | doctor]
#
# All that is wrong is listed, each with the command that mends it, and the exit code is 1. What only slows things down is
# a note. Nothing is said when nothing is wrong; with -v one line tells what was found, and `doctor` says besides how far the
# installation is. Plain POSIX sh, for any machine.

verbose='' doctor=''
case ${1:-} in
-v) verbose=yes ;;
doctor) verbose=yes doctor=yes ;;
esac
unset CDPATH
project=$(cd "$(dirname "$0")/.." && pwd -P) && cd "$project" || exit 1
home=${HOME:-/}
here() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$project/$1" ;; esac; }
target=$(here "${CARGO_TARGET_DIR:-target}")
cache=$(here "${XDG_CACHE_HOME:-$home/.cache}")/casebook
cargo_home=$(here "${CARGO_HOME:-$home/.cargo}")
rustup_home=$(here "${RUSTUP_HOME:-$home/.rustup}")
temp=$(here "${TMPDIR:-/tmp}")
pack=${CASEBOOK_PACK:-}
[ "$pack" = none ] && pack=
wanted=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml)
pinned=$(sed -n 's/^channel *= *"\([^"]*\)".*/\1/p' rust-toolchain.toml)
system=$(uname -s)

# How far an earlier run came: what is done needs no room, and no check of what it was made with.
tools='' ready=''
[ -e .venv/installed ] && [ -z "$(find requirements.txt -newer .venv/installed)" ] && tools=yes
[ -e .venv/installed ] && [ -e "$target/kernel/warm/ready.json" ] && ready=yes
kernel_program=
for path in "$cache"/evcxr_jupyter-*/bin/evcxr_jupyter; do
    [ -x "$path" ] && kernel_program=yes
done

failed=0
say() { printf 'casebook: %s\n          %s: %s\n' "$1" "$2" "$3" >&2; }
problem() { failed=$((failed + 1)); say "$1" "fix it with" "$2"; }
note() { say "$1" "if necessary" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
found=
add() { found="${found:+$found, }$1"; }
size() { if [ "$1" -lt 10000 ]; then echo "$1 MB"; else echo "$((($1 + 512) / 1024)) GB"; fi; }
tab=$(printf '\t')
newline='
'

# --- How something is installed here.

sudo=
[ "$(id -u)" = 0 ] || sudo='sudo '
manager=
for name in apt-get dnf pacman apk zypper brew; do
    has $name && { manager=$name; break; }
done
[ "$system" = Darwin ] && { manager=; has brew && manager=brew; }
# Into an environment of one's own; nobody wants it in conda's base.
if [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_DEFAULT_ENV:-}" != base ]; then
    for name in conda mamba micromamba; do
        has $name && { manager=$name; break; }
    done
fi

install() { # package names: apt-get, dnf and zypper, pacman, apk, brew, conda
    case $manager in
    apt-get) echo "${sudo}apt-get update && ${sudo}apt-get install -y $1" ;;
    dnf) echo "${sudo}dnf install -y $2" ;;
    zypper) echo "${sudo}zypper install -y $2" ;;
    pacman) echo "${sudo}pacman -S --needed $3" ;;
    apk) echo "${sudo}apk add $4" ;;
    brew) echo "brew install $5" ;;
    *conda|mamba|micromamba) echo "$manager install -y -c conda-forge $6" ;;
    *) echo "your system's package manager, which this script does not know: $2" ;;
    esac
}

compiler() {
    if [ "$system" = Darwin ]; then
        echo "xcode-select --install"
    else
        install build-essential "gcc make" base-devel build-base gcc c-compiler
    fi
}

rust() {
    case $manager in
    *conda|mamba|micromamba) install - - - - - "rust=$wanted" ;;
    *) has curl || has wget || { echo "the installer at https://rustup.rs"; return; }
        get="curl --proto '=https' --tlsv1.2 -sSf"
        has curl || get="wget -qO-"
        # The quotes are for whoever pastes the line.
        # shellcheck disable=SC2016
        echo "$get https://sh.rustup.rs | sh -s -- -y --default-toolchain $pinned && . \"\${CARGO_HOME:-\$HOME/.cargo}/env\"" ;;
    esac
}

# --- What links programs, and builds them.

linked() { # whether a compiler makes a program of the smallest source
    [ -d "$scratch" ] || return 0 # there is no place to try it in; check_folders says so
    printf 'int main(void) { return 0; }\n' | "$@" -x c - -o "$scratch/program" >/dev/null 2>&1
}

check_compiler() {
    # macOS has a cc that only opens a window.
    if [ "$system" = Darwin ] && ! xcode-select -p >/dev/null 2>&1; then
        problem "there is no C compiler: Xcode's command line tools are missing, and Rust links with them" "$(compiler)"
        return
    fi
    # As cargo takes it: a linker of its own if one is named, and cc if not.
    linker=$(env | sed -n 's/^CARGO_TARGET_[A-Z0-9_]*_LINKER=//p' | sed 1q)
    linker=${linker:-cc}
    # CC may hold options.
    # shellcheck disable=SC2086
    if ! has "$linker"; then
        if [ -n "${CC:-}" ] && [ -n "${CONDA_PREFIX:-}" ] && has "${CC%% *}"; then
            problem "there is no \`$linker\`, which Rust links with; conda's compiler has another name" \
                "ln -s \"\$(command -v ${CC%% *})\" \"\$CONDA_PREFIX/bin/cc\""
        else
            problem "there is no C compiler (\`$linker\`), which Rust links with" "$(compiler)"
        fi
    elif [ -z "$ready" ] && ! linked "$linker"; then
        problem "\`$linker\` cannot make a program: a linker or the C library's files are missing" "$(compiler)"
    elif [ -z "$ready" ] && [ -n "${CC:-}" ] && ! linked ${CC:-}; then
        problem "CC is \"$CC\", which cannot make a program" "unset CC"
    else
        add "$linker"
    fi
}

check_make() {
    if has make; then
        add make
    elif [ "$system" = Darwin ]; then
        problem "there is no make" "xcode-select --install"
    else
        problem "there is no make" "$(install make make make make make make)"
    fi
}

# --- Rust.

at_least() { # whether version $1, such as 1.95.0, is not below $2, such as 1.95
    [ "${1%%.*}" -gt "${2%%.*}" ] && return 0
    rest=${1#*.} least=${2#*.}
    [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${rest%%[!0-9]*}" -ge "${least%%[!0-9]*}" ]
}

check_rust() {
    for name in cargo rustc; do
        has $name && continue
        if [ -x "$cargo_home/bin/$name" ]; then
            problem "$name is installed, but not in this shell's PATH" "export PATH=\"$cargo_home/bin:\$PATH\""
        else
            problem "there is no $name: Rust is missing" "$(rust)"
        fi
        return
    done
    if has rustup && [ -z "${RUSTUP_TOOLCHAIN:-}" ] && ! rustup toolchain list 2>/dev/null | grep -Eq "^$pinned(-| |\$)"; then
        if [ "${RUSTUP_AUTO_INSTALL:-}" = 0 ] || grep -qs 'auto_install *= *"disable"' "$rustup_home/settings.toml"; then
            problem "Rust $pinned, which this project pins, is not installed" "rustup toolchain install $pinned"
        else
            add "Rust $pinned as soon as rustup has fetched it"
            toolchain_room=1500
        fi
        return # asked for its version, rustup would fetch it now
    fi
    told=$(rustc -vV 2>/dev/null)
    version=$(printf '%s\n' "$told" | sed -n 's/^release: //p')
    host=$(printf '%s\n' "$told" | sed -n 's/^host: //p')
    builder=$(cargo --version 2>/dev/null | sed -n 's/^cargo \([^ ]*\).*/\1/p')
    for pair in "rustc:$version" "cargo:$builder"; do
        name=${pair%%:*} is=${pair#*:}
        case $is in
        [0-9]*.[0-9]*) at_least "$is" "$wanted" && continue ;;
        *) problem "$name does not say its version: $($name --version 2>&1 | sed 1q)" "$(rust)"; return ;;
        esac
        if [ -n "${RUSTUP_TOOLCHAIN:-}" ] && has rustup; then
            problem "$name is $is, from RUSTUP_TOOLCHAIN=$RUSTUP_TOOLCHAIN; this project needs $wanted" "unset RUSTUP_TOOLCHAIN"
        elif has rustup && [ -x "$cargo_home/bin/$name" ]; then
            problem "$(command -v "$name") is $is and comes before rustup's; this project needs $wanted" "export PATH=\"$cargo_home/bin:\$PATH\""
        else
            problem "$name is $is; this project needs $wanted or newer" "$(rust)"
        fi
        return
    done
    # rustup's toolchain for musl links everything statically; a cell is a shared object.
    case $ready$host in
    *-musl*) if rustc --print cfg | grep -q '^target_feature="crt-static"'; then
            problem "this Rust, for $host, cannot make shared objects, which notebooks need" "${sudo}apk add rust cargo"
            return
        fi ;;
    esac
    add "Rust $version"
}

# --- Python.

too_old() { # a newer one may be there under another name
    # The names are in the command, for whoever pastes it.
    # shellcheck disable=SC2016
    for name in python3.14 python3.13 python3.12 python3.11 python3.10; do
        has $name || continue
        echo "mkdir -p ~/.local/bin && ln -sf \"$(command -v $name)\" ~/.local/bin/python3 && export PATH=\"\$HOME/.local/bin:\$PATH\""
        return
    done
    case $manager in
    apt-get) if grep -qs '^ID=ubuntu' /etc/os-release; then
            echo "${sudo}add-apt-repository -y ppa:deadsnakes/ppa && ${sudo}apt-get install -y python3.12-venv; then run this again"
        else
            echo "conda env create -f environment.yml && conda activate casebook"
        fi ;;
    *) install - python3.12 python python3 python@3.12 "'python>=3.10'" ;;
    esac
}

check_python() {
    if ! has python3; then
        problem "there is no python3" "$(install "python3 python3-venv" python3 python python3 python "'python>=3.10'")"
        return
    fi
    if [ -n "$tools" ]; then # made already: does it still run?
        version=$(.venv/bin/python -c 'import importlib.util, sys
print(sys.version.split()[0] if importlib.util.find_spec("jupyterlab") else "")' 2>/dev/null)
        if [ -n "$version" ]; then
            add "Python $version"
        else
            problem "JupyterLab in .venv does not run any more; its Python may have been replaced" "rm -rf .venv, and what you were about to do"
        fi
        return
    fi
    # One line: version, then the modules that are missing. For any Python 3; pip comes from a wheel that ensurepip finds.
    told=$(python3 -c '
import sys
lacking = []
for name in ("venv", "ensurepip", "ssl"):
    try:
        module = __import__(name)
        if name == "ensurepip":
            module.version()
    except Exception:
        lacking.append(name)
print(sys.version.split()[0] + " " + " ".join(lacking))' 2>/dev/null)
    version=${told%% *} lacking=${told#* }
    if [ -z "$version" ]; then
        problem "python3 does not run: $(python3 --version 2>&1 | sed 1q)" \
            "$(install "python3 python3-venv" python3 python python3 python "'python>=3.10'")"
    elif ! at_least "$version" 3.10; then
        problem "python3 is Python $version; this project needs 3.10 or newer" "$(too_old)"
    elif [ -n "$lacking" ]; then
        minor=${version#*.} minor=${minor%%.*}
        problem "Python $version cannot make virtual environments: it lacks ${lacking% }" \
            "$(install "python3.$minor-venv" "python3 python3-pip" python "python3 py3-pip" "python@3.$minor" python)"
    else
        add "Python $version"
    fi
}

# --- Folders: names that the tools can work with, and the right to write and to run.

check_names() {
    # Measured: cargo, the linker, venv and evcxr take all others, apostrophes, # and letters of any script too.
    case $project in
    *:*|*\"*|*\\*|*"$newline"*)
        problem "the project's path contains a character that cargo or Python cannot work with (: \" \\): $project" \
            "mv \"\$PWD\" ~/casebook && cd ~/casebook"
        return ;;
    esac
    case $target in
    *[:\"\\%\$\`\ ]*|*"$tab"*|*"$newline"*)
        problem "the path for compiled files contains a space or one of : \" \\ % \$ \`, which evcxr or the linker cannot work with: $target" \
            "export CARGO_TARGET_DIR=\"\$HOME/.cache/casebook/target\", or give the folder another name" ;;
    esac
}

there() { # the folder itself, or the nearest above it that exists
    folder=$1
    until [ -d "$folder" ]; do
        folder=$(dirname "$folder")
    done
    printf '%s' "$folder"
}

usable() { # what, folder, command that mends; whether no program has to run there
    probe=$(there "$2")/.casebook-preflight-$$
    if ! { printf '#!/bin/sh\nexit 0\n' >"$probe"; } 2>/dev/null; then
        problem "$1 cannot be written to: $2" "$3"
    elif [ -n "${4:-}" ]; then
        :
    elif ! chmod +x "$probe" || ! "$probe" 2>/dev/null; then
        problem "programs in $1 cannot be run (mounted noexec): $2" "$3"
    fi
    rm -f "$probe"
}

check_folders() {
    # These names are for whoever pastes the line.
    # shellcheck disable=SC2016
    usable "the project's folder" "$project" 'cp -R . ~/casebook && cd ~/casebook'
    case $target/ in
    "$project"/*) [ -d "$target" ] && usable "the folder of what is compiled" "$target" "export CARGO_TARGET_DIR=\"\$HOME/.cache/casebook/target\"" ;;
    *) usable "CARGO_TARGET_DIR" "$target" "export CARGO_TARGET_DIR=\"\$HOME/.cache/casebook/target\"" ;;
    esac
    usable "the cache folder" "$cache" "export XDG_CACHE_HOME=\"$project/target/cache\""
    [ -n "$ready" ] && return
    usable "cargo's folder" "$cargo_home" "export CARGO_HOME=\"\$HOME/.cargo\""
    usable "the folder for temporary files" "$temp" "mkdir -p \"$cache/tmp\" && export TMPDIR=\"$cache/tmp\"" "only written to"
}

# --- Room, in MB.

needs() { printf '%s\t%s\n' "$1" "$2"; } # MB, folder

room_needed() {
    if [ -n "$ready" ]; then
        needs 400 "$target"
        return
    fi
    [ -n "$tools" ] || needs 600 "$project/.venv"
    if [ -n "$pack" ]; then
        needs 1500 "$target"
    else
        needs 3000 "$target"
        needs 800 "$cargo_home/registry"
        [ -n "$kernel_program" ] || needs 900 "$cache"
    fi
    [ -z "${toolchain_room:-}" ] || needs "$toolchain_room" "$rustup_home"
}

rooms() { # for each file system: MB free, MB needed, by which folders
    room_needed | while IFS=$tab read -r mb folder; do
        # A device's name may hold spaces: count from the percentage.
        df -Pk "$(there "$folder")" 2>/dev/null | awk -v mb="$mb" -v folder="$folder" '
            END { for (i = 2; i <= NF; i++) if ($i ~ /^[0-9]+%$/) {
                mount = ""; for (k = i + 1; k <= NF; k++) mount = mount " " $k
                printf "%d\t%d\t%s\t%s\n", $(i - 1) / 1024, mb, mount, folder; exit } }'
    done | awk -F '\t' '
        { free[$3] = $1; need[$3] += $2; where[$3] = where[$3] "\t" $4 }
        END { for (mount in free) print free[mount] "\t" need[mount] where[mount] }'
}

check_room() {
    least=
    while IFS=$tab read -r free mb folders; do
        [ -n "$free" ] || continue
        [ -n "$least" ] && [ "$least" -le "$free" ] || least=$free
        [ "$free" -ge "$mb" ] && continue
        # Short: what an earlier run left there counts.
        IFS=$tab
        for folder in $folders; do
            case $folder in
            "$temp"|"$rustup_home") ;;
            *) [ -d "$folder" ] && mb=$((mb - $(du -sk "$folder" 2>/dev/null | awk 'END { print int($1 / 1024) }'))) ;;
            esac
        done
        unset IFS
        [ "$free" -ge "$mb" ] && continue
        problem "the disk has $free MB free; $mb MB are needed for $(printf '%s' "$folders" | sed "s/$tab/, /g")" \
            "rm of what you don't need, or another disk: export CARGO_TARGET_DIR=/that/disk/casebook"
    done <<END
$(rooms)
END
    [ -z "$least" ] || add "$(size "$least") of disk"
}

memory() { # MB that can be had
    if [ "$system" = Darwin ]; then
        bytes=$(sysctl -n hw.memsize 2>/dev/null) && echo "$((bytes / 1048576))"
        return
    fi
    mb=$(cat /proc/meminfo 2>/dev/null | awk '/^(MemAvailable|SwapFree):/ { kb += $2 } END { if (kb) print int(kb / 1024) }')
    # A container's own limit.
    for limit in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        bytes=$(cat "$limit" 2>/dev/null)
        case $bytes in
        ''|*[!0-9]*) ;;
        *) [ "${#bytes}" -lt 16 ] && [ "$((bytes / 1048576))" -lt "${mb:-0}" ] && mb=$((bytes / 1048576)) ;;
        esac
    done
    echo "$mb"
}

check_memory() {
    mb=$(memory)
    [ -n "$mb" ] || return
    add "$(size "$mb") of memory"
    if [ -n "$ready" ] || [ -n "$pack" ]; then
        [ "$mb" -ge 800 ] || note "$mb MB of memory are free; a notebook's kernel takes about 400, and as much again for a second one" \
            "close other programs and notebooks"
    elif [ "$mb" -lt 2000 ]; then
        note "$mb MB of memory are free; compiling polars takes about 2,000: it will be slow, or be killed (signal: 9)" \
            "CARGO_BUILD_JOBS=1 make lab, which takes half of that and longer"
    fi
}

check_flags() {
    [ -n "$ready" ] || [ -z "${RUSTFLAGS:-}${CARGO_ENCODED_RUSTFLAGS:-}" ] ||
        note "RUSTFLAGS is set: polars will be compiled twice, with your flags and with the kernel's" "unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS"
}

# --- How far the installation is. Nothing is compiled for the answer.

piece() { printf '          %-20s %s\n' "$1" "$2"; }

pieces() {
    echo "casebook: what is installed; `make lab` does the rest"
    installed=$(.venv/bin/python -m jupyterlab --version 2>/dev/null)
    piece "JupyterLab" "${installed:-not yet}"
    place=$(.venv/bin/python kernel/common.py 2>/dev/null)
    piece "evcxr_jupyter" "${place:-not yet}"
    registered=.venv/share/jupyter/kernels/casebook/kernel.json
    if [ ! -e $registered ]; then
        piece "Rust (casebook)" "not registered yet"
    elif grep -qF "$project/kernel/launch.py" $registered; then
        piece "Rust (casebook)" "registered"
    else
        piece "Rust (casebook)" "registered, but for another folder"
    fi
    case $(.venv/bin/python kernel/warm.py --state 2>/dev/null) in
    ready) piece "compiled crates" "ready" ;;
    edited) piece "compiled crates" "ready; the library has changed since, so the next start takes 20 seconds longer" ;;
    *) piece "compiled crates" "not yet" ;;
    esac
}

command_says() { # what the compiled command finds, if there is one: the database, besides
    for binary in "$target"/debug/casebook "$target"/*/debug/casebook; do
        [ -x "$binary" ] || continue
        libraries=$(rustc --print target-libdir 2>/dev/null):$(dirname "$binary")/deps
        LD_LIBRARY_PATH=$libraries DYLD_FALLBACK_LIBRARY_PATH=$libraries "$binary" doctor
        return
    done
}

scratch=$temp/casebook-preflight-$$
mkdir -m 700 "$scratch" 2>/dev/null || scratch=/nonexistent
trap 'rm -f "$scratch/program"; [ ! -d "$scratch" ] || rmdir "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check_compiler
check_make
check_rust
check_python
check_names
check_folders
check_room
check_memory
check_flags

status=0
if [ "$failed" -gt 0 ]; then
    status=1
    printf 'casebook: nothing was installed or compiled; fix this and run it again\n' >&2
elif [ -n "$verbose" ]; then
    printf 'casebook: nothing is missing: %s\n' "$found"
fi
[ -z "$doctor" ] || { pieces; command_says; }
exit $status
