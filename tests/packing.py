"""A small project of the same shape as this one, a folder that stands for the registry, a server, and packs that somebody
changed: for the tests of kernel packs. No network."""

import contextlib
import http.server
import io
import json
import os
import pathlib
import sys
import tarfile
import tempfile
import threading

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import zstandard  # noqa: E402

from packs import making  # noqa: E402

# A registry's packages: file by file. `polars-utils` has a name that type inference reads.
VENDORED = {
    "leaf": {
        "Cargo.toml": '[package]\nname = "leaf"\nversion = "1.0.0"\nedition = "2024"\nlinks = "leaf"\n',
        "build.rs": """
fn main() {
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    std::fs::create_dir_all(out.join("more")).unwrap();
    let mode = std::env::var("LEAF_MODE").unwrap_or("plain".into());
    std::fs::write(out.join("more/made.rs"), format!("pub const MODE: &str = {mode:?};")).unwrap();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LEAF_MODE");
    println!("cargo::rerun-if-env-changed=CC");
    println!("cargo::metadata=include={}", out.join("more").display());
    println!("cargo::rustc-env=LEAF_SOURCE={}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
}
""",
        "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/more/made.rs"));\npub const SOURCE: &str = env!("LEAF_SOURCE");\n',
    },
    "magic": {
        "Cargo.toml": '[package]\nname = "magic"\nversion = "1.0.0"\nedition = "2024"\n[lib]\nproc-macro = true\n',
        "src/lib.rs": """
extern crate proc_macro;
#[proc_macro]
pub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream { "7".parse().unwrap() }
""",
    },
    "polars-utils": {
        "Cargo.toml": '[package]\nname = "polars-utils"\nversion = "1.0.0"\nedition = "2024"\n'
                      '[dependencies]\nleaf = "1"\nmagic = "1"\n',
        "build.rs": """
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let include = std::env::var("DEP_LEAF_INCLUDE").unwrap();
    println!("cargo::rustc-env=STEM_INCLUDES={}", std::path::Path::new(&include).join("made.rs").exists());
}
""",
        "src/lib.rs": '#![doc = include_str!("../README.md")]\npub fn say() -> String '
                      '{ format!("{} {} {}", leaf::MODE, magic::seven!(), env!("STEM_INCLUDES")) }\n',
        "README.md": "What a stem says.\n",
        "NEWS.md": "Nothing reads this.\n",
        "tests/all.rs": "",
    },
    "twig": {
        "Cargo.toml": '[package]\nname = "twig"\nversion = "1.0.0"\nedition = "2024"\n',
        "src/lib.rs": "pub fn two() -> i32 { 2 }\n",
    },
}
CONFIG = """
[build]
target = "host-tuple"
rustflags = ["-Cprefer-dynamic"]
[source.crates-io]
replace-with = "folder"
[source.folder]
directory = "{vendored}"
[net]
offline = true
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def registry(folder):
    for package, files in VENDORED.items():
        write(folder / package, files | {".cargo-checksum.json": '{"files":{}}'})


def clean_environment(**more):
    """This process's environment without what would lead cargo or a pack elsewhere."""
    own = ("CARGO", "RUSTC", "RUSTFLAGS", "CASEBOOK", "XDG_CACHE", "LEAF")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | more


class Shelf(http.server.BaseHTTPRequestHandler):
    """Serves what `files` has; `stalls` answers and then says nothing more; `breaks` promises more than it sends."""

    files = {}

    def do_GET(self):
        self.asked.append(self.path)
        if self.path not in self.files:
            return self.send_error(404)
        data = self.files[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) + (1 if "breaks" in self.path else 0)))
        self.end_headers()
        self.wfile.write(data[:1] if "stalls" in self.path else data)
        if "stalls" in self.path:
            self.server.over.wait(20)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(files):
    handler = type("Handler", (Shelf,), {"files": files, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.over = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.asked
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def rewritten(data, change):
    """A pack with other content, sealed like one that somebody made on purpose. `change` gets its members, in order:
    `[TarInfo, bytes]`."""
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(data[:-40])
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        members = [[member, tar.extractfile(member).read()] for member in tar]
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    return sealed(zstandard.ZstdCompressor(level=1).compress(out.getvalue()))


def sealed(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        making.seal(file.name)
        return pathlib.Path(file.name).read_bytes()


def saying(**values):
    """A change of the manifest."""
    def change(members):
        members[0][1] = json.dumps(json.loads(members[0][1]) | values).encode()
    return change
