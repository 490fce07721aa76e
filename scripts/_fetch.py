"""What fetch_model.py does, for Python 3.10 and newer."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path

import _setup
from _system import ROOT

# The store needs the standard library only, but for the folders' names; nothing need be installed.
sys.path.insert(0, str(ROOT))

from companion.errors import CompanionError
from companion.fetching import megabytes
from companion.settings import HOME_VARIABLE, Paths
from companion.store import ModelStore

DEFAULT = ("vosk-small",)
SENTENCES = "minilm"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _list(store: ModelStore) -> None:
    for status in store.list():
        model = status.model
        if status.path is None:
            where = "not fetched"
        elif status.problem is not None:
            where = f"damaged ({status.problem}), in {status.path}"
        else:
            where = f"in {status.path}"
        about = f"{model.title}, {megabytes(model.download_bytes)}, {model.licence}; {model.purpose}"
        print(f"{model.name}: {where}. {about}.")


def main(arguments: list[str]) -> int:
    """Fetch what is named; the exit code."""
    parser = argparse.ArgumentParser(prog="fetch_model.py", description="Fetch speech models and check them.")
    parser.add_argument("name", nargs="*", metavar="NAME", help="a model of --list; vosk-small when none is named")
    parser.add_argument("--list", action="store_true", help="say which models there are, and where")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="take the files from a folder")
    parser.add_argument("--try", dest="trying", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if importlib.util.find_spec("platformdirs") is None and not os.environ.get(HOME_VARIABLE):
        # Only the project's own environment knows this system's folders by name.
        return _setup.again_in_venv(Path(__file__).with_name("fetch_model.py"), arguments)
    store = ModelStore(Paths.find())
    try:
        if chosen.list:
            _list(store)
            return 0
        return _fetch(store, chosen.name or list(DEFAULT), chosen.source, trying=chosen.trying)
    except CompanionError as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("Stopped. What was fetched so far is kept.")
        return 130


def _fetch(store: ModelStore, names: list[str], source: Path | None, *, trying: bool) -> int:
    missed, prepare = 0, False
    for name in names:
        if trying and store.path(name) is not None:
            continue
        prepare |= name == SENTENCES
        try:
            folder = store.fetch(name, _say, source=source)
        except CompanionError as error:
            if not trying:
                raise
            missed = 1
            _say(f"{name} is not here yet: {error.what} Companion goes on without it.")
        else:
            if not trying:
                print(folder)
    if prepare:  # without MiniLM too: the words alone take twenty seconds to learn
        # The list is told before the project's packages are there; only this needs them.
        from companion.cli.common import prepare_pack

        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program itself, before numpy is imported
        prepare_pack(_say)
    return missed
