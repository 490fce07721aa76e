"""``companion model list|fetch|verify|path``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from companion.cli.common import prepare_pack, status
from companion.errors import ModelError
from companion.settings import Paths
from companion.showing import json_line
from companion.store import ModelStore, vosk_model_for

DEFAULT = "vosk-small"
SENTENCES = "minilm"


def run(options: argparse.Namespace) -> int:
    """Carry out one action; 1 when a model is missing, damaged or can't be fetched."""
    store = ModelStore(Paths.find())
    if options.action == "list":
        return _list(store, as_json=options.json)
    if options.action == "path":
        return _path(store, options)
    names: Sequence[str] = options.names or [DEFAULT]
    for name in names:
        store.model(name)  # a wrong name is told before anything is downloaded
    if options.action == "fetch":
        for name in names:
            print(store.fetch(name, lambda line: status(options, line)), flush=True)
        if SENTENCES in names:
            prepare_pack(lambda line: status(options, line))
        return 0
    reports = [store.verify(name) for name in options.names or [s.model.name for s in store.list() if s.path]]
    for report in reports:
        if options.json:
            row = {"name": report.name, "ok": report.ok, "checked": report.checked, "problems": list(report.problems)}
            print(json_line({**row, "path": str(report.path) if report.path else None}))
        else:
            print(report)
    if not reports:
        print(f"There is no model in the store. To get one: companion model fetch {DEFAULT}")
    return 0 if all(r.ok for r in reports) else 1


def _list(store: ModelStore, *, as_json: bool) -> int:
    for row in store.list():
        model = row.model
        if as_json:
            where = str(row.path) if row.path else None
            print(
                json_line({"name": model.name, "bytes": model.download_bytes, "path": where, "problem": row.problem})
            )
            continue
        state = "not fetched" if row.path is None else row.problem or f"in {row.path}"
        print(f"{model.name}: {model.title}, {model.download_bytes / 1e6:.0f} MB, {model.licence}; {state}.")
    return 0


def _path(store: ModelStore, options: argparse.Namespace) -> int:
    if options.names:
        for name in options.names:
            path = store.path(name)
            if path is None:
                raise ModelError(f"{name} is not in the store.", f"Run: companion model fetch {name}")
            print(path)
        return 0
    found = vosk_model_for(options.model)
    if found is None:
        raise ModelError("No Vosk model was found.", f"Run: companion model fetch {DEFAULT}")
    print(found)
    return 0
