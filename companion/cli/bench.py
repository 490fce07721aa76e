"""``companion bench``: how quick the conversation is on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from companion.atomic import atomic_write_text
from companion.cli.common import quiet_libraries, settings_of, status, topics_of
from companion.content.load import load_pack
from companion.errors import CompanionError, EngineError, UsageError
from companion.later import LaterRouter
from companion.settings import Paths
from companion.showing import json_line


def run(options: argparse.Namespace) -> int:
    """Measure, print, and draw."""
    from companion.bench import run as bench
    from companion.bench.machine import described
    from companion.bench.plot import svg
    from companion.bench.rig import Rig
    from companion.hearing.endpoint import PATIENCE
    from companion.understanding import Router

    if options.turns < 1:
        raise UsageError(f"{options.turns} turns measure nothing.", "Choose 1 or more; 50 give percentiles.")
    settings = settings_of(options)
    pack = load_pack(settings.pack)
    router = LaterRouter(lambda: Router(pack, topics_of))
    machine = described()
    with quiet_libraries(), Rig(settings, pack, router, Paths.find().cache, PATIENCE["normal"]) as rig:
        first = rig.until(lambda: rig.first_sound(0.0), 30.0)
        if first is None:
            raise EngineError("The voice could not be heard.", "Run companion doctor.")
        if options.first_prompt:
            print(first, flush=True)
            return 0
        status(options, f"Measuring {options.turns} turns with {rig.recognizer.name}. You will hear it.")
        rows = bench.converse(rig, pack, options.turns, lambda line: status(options, line))
        bench.losses(rig, rows, options.turns)
        soaked = bench.soak(rig, pack, options.soak, lambda line: status(options, line)) if options.soak else []
        engine = rig.recognizer.name
    bench.starts(rows, options.turns, _same(options))
    found = bench.as_measures(rows)
    plot = Path(options.plot)
    try:
        atomic_write_text(plot, svg(found, f"Companion with {engine}: median / 95th percentile / longest"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CompanionError(f"The plot {plot} can't be written ({why}).", "Choose another --plot.") from error
    if options.json:
        figures = {m.name: m.as_json() for m in found}
        print(json_line({"machine": machine, "engine": engine, "measures": figures, "soak": soaked, "plot": str(plot)}))
        return 0
    print(f"{machine}; {engine}.")
    for m in found:
        print(m.as_line())
    for row in soaked:
        print(", ".join(f"{k} {v}" for k, v in row.items()))
    print(f"Plot: {plot}")
    sys.stdout.flush()
    return 0


def _same(options: argparse.Namespace) -> list[str]:
    """The options that a started program must share."""
    given = {"--pack": options.pack, "--engine": options.engine, "--model": options.model, "--device": options.device}
    return [x for name, value in given.items() if value is not None for x in (name, str(value))]
