"""Whether a model's folder is whole: names, sizes, checksums."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from companion.atomic import atomic_write_text
from companion.catalogue import Model
from companion.fetching import sha256_of
from companion.graph_check import is_cut

MANIFEST = "companion-manifest.json"
"""Lies in a model's folder and travels with it: per file its size in bytes and its SHA-256."""

MAX_MANIFEST_BYTES = 1_000_000


def vosk_problem(folder: Path) -> str | None:
    """Half a sentence about why ``folder`` can't be used as a Vosk model; None when nothing is seen.

    libvosk reads some cut files without a complaint and then hears wrong words. Where the store's manifest
    lies in the folder, every size is compared with it; else the decoding graph is looked through for a cut.
    """
    if not folder.is_dir():
        return "there is no such folder"
    needed = ["am/final.mdl", "conf/model.conf"]
    # A large model has one static graph; a small one has it in two parts, which allow a grammar.
    static = folder / "graph" / "HCLG.fst"
    needed += ["graph/HCLG.fst"] if static.is_file() else ["graph/HCLr.fst", "graph/Gr.fst"]
    for name in needed:
        file = folder / name
        if not file.is_file():
            return f"{name} is missing"
    for name in [*needed, "graph/words.txt"]:
        file = folder / name
        if file.is_file() and not file.stat().st_size:
            return f"{name} is empty"
    manifest = read_manifest(folder)
    if manifest is not None:
        return _sizes_problem(folder, manifest)
    for name in needed:
        if name.endswith(".fst") and is_cut(folder / name):
            return f"{name} is cut short"
    return None


def read_manifest(folder: Path) -> dict[str, tuple[int, str]] | None:
    """Per file its size and SHA-256; None when the folder carries none that can be read."""
    try:
        if (folder / MANIFEST).stat().st_size > MAX_MANIFEST_BYTES:
            return None
        raw = json.loads((folder / MANIFEST).read_text("utf-8"))
        found = {str(name): (int(size), str(digest)) for name, (size, digest) in raw["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return found if found and all(map(_is_inside, found)) else None


def _is_inside(name: str) -> bool:
    """Whether a name in a manifest, which came with the model, stays in the model's folder."""
    path = PurePosixPath(name)
    return name.isprintable() and not path.is_absolute() and ".." not in path.parts and not set("\\:") & set(name)


def _sizes_problem(folder: Path, manifest: Mapping[str, tuple[int, str]]) -> str | None:
    for name, (size, _) in manifest.items():
        if not (folder / name).is_file():
            return f"{name} is missing"
        try:
            found = (folder / name).stat().st_size
        except OSError:
            return f"{name} can't be read"
        if found != size:
            return f"{name} has {found} bytes instead of {size}"
    return None


def write_manifest(folder: Path) -> None:
    """Note every file of a fresh model, so that a later cut or change is found."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    body = {path.relative_to(folder).as_posix(): [path.stat().st_size, sha256_of(path)] for path in files}
    atomic_write_text(folder / MANIFEST, json.dumps({"version": 1, "files": body}, indent=1) + "\n")


def quick_problem(model: Model, folder: Path) -> str | None:
    """Half a sentence about what is wrong with a model's folder, from names and sizes; None for nothing."""
    if model.kind == "vosk":
        return vosk_problem(folder)
    for pinned in model.files:
        file = folder / pinned.name
        if not file.is_file():
            return f"{pinned.name} is missing"
        size = file.stat().st_size
        if pinned.size is not None and size != pinned.size:
            return f"{pinned.name} has {size} bytes instead of {pinned.size}"
    return None
