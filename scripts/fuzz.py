"""Throw bytes at everything that reads bytes from outside.

    .venv/bin/pip install atheris        (Linux, Python 3.11 to 3.13)
    .venv/bin/python scripts/fuzz.py text --seconds 600
    .venv/bin/python scripts/fuzz.py --list

Each target must end in a result or in one of the program's own errors, whatever the bytes. Atheris guides by coverage;
without it, or with ``--runs N``, the corpus in tests/data/fuzz is mutated at random from a seed: that is the short pass
of the tests. A crash's input is written to the current folder; put it into the corpus once it is mended.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "data" / "fuzz"
sys.path.insert(0, str(ROOT))
Target = Callable[[bytes], None]


@functools.cache
def _folder() -> Path:
    """In memory where that is possible: a run writes some thousand files a second."""
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="companion-fuzz-", dir=shm if shm.is_dir() else None))


def _file(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def text(data: bytes) -> None:
    """An utterance or a typed line: a decision, a reply, and nothing that steers a terminal."""
    from companion.dialogue import respond
    from companion.text.plain import measure
    from companion.text.sentences import split

    pack, router = _router()
    said = data.decode("utf-8", "surrogateescape" if data[:1] == b"\xff" else "replace")
    decision = router.decide(said)
    assert decision.heard.isprintable()
    reply = respond(decision, pack)
    assert reply and "".join(split(reply)).replace(" ", "") == reply.replace(" ", "")
    assert "".join("".join(split(said)).split()) == "".join(said.split())
    measure(said)


@functools.cache
def _router() -> Any:
    from companion.content import load_pack
    from companion.understanding import Router

    pack = load_pack()
    return pack, Router(pack)


def audio(data: bytes) -> None:
    """A recording: blocks of sound, or an AudioFileError."""
    from companion.hearing.files import blocks

    with _own_errors():
        for count, block in enumerate(blocks(_file("a.wav", data))):
            assert 0 < len(block) <= 1_600
            if count > 600:  # a minute; a long one is no fault
                break


def pack(data: bytes) -> None:
    """A pack: its files, parted by NUL; a Pack, or a PackError."""
    from companion.content.load import load_pack

    names = ("pack.toml", "questions.toml", "safety.toml", "speech.toml", "words.toml", "glossary.toml")
    folder = _folder() / "pack"
    folder.mkdir(exist_ok=True)
    parts = data.split(b"\0", len(names) - 1)
    for name, part in zip(names, [*parts, *[b""] * (len(names) - len(parts))], strict=True):
        (folder / name).write_bytes(part)
    with _own_errors():
        load_pack(folder)


def settings(data: bytes) -> None:
    """The remembered place: always a state."""
    from companion.settings import State, load_state, save_state

    path = _file("state.json", data)
    state, note = load_state(path)
    assert isinstance(state, State) and (note is None or note.isprintable())
    save_state(path, state)
    assert load_state(path) == (state, None)
    for aside in _folder().glob("state.json.broken-*"):
        aside.unlink()


def archive(data: bytes) -> None:
    """A model's archive: files inside the folder, or a ModelError."""
    from companion.unpacking import Limits, unpack_zip

    with tempfile.TemporaryDirectory(dir=_folder()) as inside, _own_errors():
        target = Path(inside, "in")
        target.mkdir()
        try:
            unpack_zip(_file("model.zip", data), target, Limits(files=50, size=1_000_000))
        finally:
            assert {p.name for p in Path(inside).iterdir()} == {"in"}
            assert not any(p.is_symlink() for p in target.rglob("*"))


def model(data: bytes) -> None:
    """What lies in a model's folder: graph, manifest, word list, tensors; a verdict, or a ModelError."""
    from companion.graph_check import is_cut
    from companion.hearing.vosk_files import check_model
    from companion.model_check import read_manifest
    from companion.understanding.minilm import read_safetensors

    folder = _folder() / "model"
    for name in ("am/final.mdl", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst", "graph/words.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "conf/model.conf").write_bytes(b"--endpoint.silence-phones=1\n" + data)
    is_cut(folder / "graph/HCLr.fst")
    manifest = folder / "companion-manifest.json"
    for content in (None, data):
        manifest.unlink(missing_ok=True)
        if content is not None:
            manifest.write_bytes(content)
        read_manifest(folder)
        with _own_errors():
            check_model(folder)
    with _own_errors():
        read_safetensors(folder / "am/final.mdl")


TARGETS: dict[str, Target] = {f.__name__: f for f in (text, audio, pack, settings, archive, model)}


@contextlib.contextmanager
def _own_errors() -> Iterator[None]:
    from companion.errors import CompanionError

    try:
        yield
    except CompanionError as error:
        assert str(error).isprintable() and error.what


def corpus(target: str) -> list[bytes]:
    """The inputs that are kept for a target, in the order of their names."""
    return [p.read_bytes() for p in sorted((CORPUS / target).glob("*"))] or [b""]


def mutated(rows: list[bytes], chance: random.Random) -> bytes:
    """One of the rows, changed in a few places, or two of them joined."""
    data = bytearray(chance.choice(rows))
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        match chance.randrange(6):
            case 0 if data:
                data[at % len(data)] = chance.randrange(256)
            case 1:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case 2:
                del data[at : at + chance.randint(1, 20)]
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 200)] * chance.randint(1, 4)
            case 4:
                other = chance.choice(rows)
                data[at:] = other[chance.randint(0, len(other)) :]
            case _:
                odd = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"../", b"\x1b[2J", b'"')
                data[at : at + 4] = chance.choice(odd)
    return bytes(data[:100_000])


def at_random(target: str, runs: int, seed: int) -> None:
    """The corpus as it is, then mutated ``runs`` times.

    Raises:
        Exception: Whatever a target should not raise; a note carries the input.

    """
    rows, chance = corpus(target), random.Random(seed)
    for number in range(len(rows) + runs):
        data = rows[number] if number < len(rows) else mutated(rows, chance)
        try:
            TARGETS[target](data)
        except Exception as error:
            Path(f"crash-{target}").write_bytes(data)
            raise AssertionError(f"{target}, input {number} (in crash-{target}): {data[:200]!r}") from error


def main() -> int:
    """Fuzz one target."""
    parser = argparse.ArgumentParser(description="Fuzz one target.")
    parser.add_argument("target", nargs="?", choices=TARGETS)
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("--seconds", type=int, default=600, help="with atheris (default: 600)")
    parser.add_argument("--runs", type=int, help="this many random inputs instead, without atheris")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.list or not chosen.target:
        for name, target in TARGETS.items():
            print(f"{name}: {target.__doc__}")
        return 0
    if chosen.runs is not None:
        at_random(chosen.target, chosen.runs, chosen.seed)
        print(f"{chosen.target}: {chosen.runs} inputs, no fault.")
        return 0
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("error: atheris is not here. Install it with pip install atheris, or use --runs N.")
    with atheris.instrument_imports(include=["companion", "zipfile", "tomllib", "json"]):
        TARGETS[chosen.target](corpus(chosen.target)[0])
    grown = _folder() / "corpus"
    grown.mkdir()
    # What is found stays out of the repository's corpus.
    arguments = [str(grown), str(CORPUS / chosen.target), f"-max_total_time={chosen.seconds}", "-max_len=20000"]
    atheris.Setup([sys.argv[0], *arguments, "-timeout=20", "-rss_limit_mb=2048"], TARGETS[chosen.target])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
