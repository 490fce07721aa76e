"""``companion doctor``: each part, found or not, and what to do."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from companion.cli.common import quiet_libraries, settings_of
from companion.doctor import examine
from companion.showing import json_line


def run(options: argparse.Namespace) -> int:
    """Print every part; 1 when one that everything needs is missing."""
    with quiet_libraries():
        parts = examine(settings_of(options))
    if options.json:
        print(json_line([asdict(p) for p in parts]))
    else:
        for part in parts:
            state = "found" if part.found else f"missing, needed for {part.needed_for}"
            print(f"{part.name}: {state}. {part.detail} {part.to_do}".rstrip())
    return 0 if all(p.found for p in parts if p.needed_for == "everything") else 1
