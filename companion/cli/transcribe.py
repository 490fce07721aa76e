"""``companion transcribe``: what recordings say, utterance by utterance."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from companion.cli.common import recognizer, settings_of, status
from companion.content.load import load_pack
from companion.errors import CompanionError
from companion.showing import json_line


def run(options: argparse.Namespace) -> int:
    """Transcribe; 1 when a file could not be heard, after the others were."""
    from companion.hearing.files import transcribe_file

    settings = settings_of(options)
    pack = load_pack(settings.pack)
    failed = 0
    with recognizer(settings, pack) as engine:
        status(options, f"Listening with {engine.name}.")
        for name in options.files:
            heard = False
            try:
                for hypothesis in transcribe_file(name, engine):
                    heard = True
                    if options.json:
                        row = {"file": name, **asdict(hypothesis)}
                        print(json_line(row), flush=True)
                    else:
                        label = f"{name}: " if len(options.files) > 1 else ""
                        print(f"{label}{hypothesis.text}", flush=True)
                if not heard:
                    status(options, f"{name}: no words were made out.")
            except CompanionError as err:
                failed += 1
                print(f"error: {err}", file=sys.stderr)
    return 1 if failed else 0
