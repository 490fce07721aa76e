"""A recogniser in a process of its own: ``python -m companion.hearing.worker``.

Decoding holds Python's interpreter lock (PocketSphinx) or may abort the process (libvosk on bad input); here
neither can touch the sound or the keys. A request is a line of JSON on standard input, then as many bytes of
sound (int16, 16,000 Hz) as its ``bytes`` says: ``{"op": "open", "engine", "model", "phrases", "cache",
"partials", "check", "spellings"}``, ``{"op": "accept"}``, ``{"op": "pause"}``, ``{"op": "finish"}``, ``{"op":
"reset"}``, ``{"op": "expect", "replies"}``, ``{"op": "lacking", "words"}``. A reply is a line of JSON:
``{"hypothesis": {…}|null}``,
``{"lacking": {word: spelling}}``, ``{}``, or ``{"error": class, "what", "to_do"}``. The process ends with its
standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from companion.errors import CompanionError
from companion.events import Hypothesis
from companion.ports import Recognizer


def main() -> int:
    """Serve one owner until the input ends."""
    _leave_no_core()
    requests, replies = _own_streams()
    recognizer: Recognizer | None = None
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request.get("bytes", 0))
        try:
            if request["op"] == "open":
                recognizer = _open(request)
                reply: dict[str, Any] = {"name": recognizer.name}
            elif recognizer is None:
                reply = {"error": "EngineError", "what": "The recogniser is not open.", "to_do": ""}
            else:
                reply = _serve(recognizer, request, data)
        except CompanionError as err:
            reply = {"error": type(err).__name__, "what": err.what, "to_do": err.to_do}
        try:
            replies.write(json.dumps(reply).encode("ascii") + b"\n")
            replies.flush()
        except BrokenPipeError:
            return 0
    return 0


def _leave_no_core() -> None:
    """An abort inside an engine must not write this process's memory, with the sound in it, to the disk."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Collectors of crashes (core_pattern with a pipe) are not bound by that limit: prctl(PR_SET_DUMPABLE, 0).
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the owner; what the libraries print then goes nowhere."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return requests, replies


def _open(request: dict[str, Any]) -> Recognizer:
    phrases = request["phrases"]
    if request["engine"] == "vosk":
        from companion.hearing.decoys import decoys
        from companion.hearing.vosk import VoskRecognizer

        check, spellings = request["check"], request["spellings"]
        others = decoys(phrases or check, Path(request["cache"]))
        return VoskRecognizer(Path(request["model"]), phrases, check=check, spellings=spellings, decoys=others)
    if request["engine"] == "words":
        from companion.hearing.spotter import WordSpotter

        return WordSpotter(phrases)
    from companion.hearing.pocketsphinx import PocketSphinxRecognizer

    cache, partials, said = Path(request["cache"]), request["partials"], request["said"]
    return PocketSphinxRecognizer(phrases or (), cache, partials=partials, said=said)


def _serve(recognizer: Recognizer, request: dict[str, Any], data: bytes) -> dict[str, Any]:
    op = request["op"]
    if op == "accept":
        return _told(recognizer.accept(np.frombuffer(data, dtype=np.int16)))
    if op == "finish":
        return _told(recognizer.finish())
    if op == "lacking":
        ask = getattr(recognizer, "lacking", None)
        return {"lacking": ask(request["words"]) if ask else {}}
    if op == "pause":
        recognizer.pause()
    elif op == "expect":
        recognizer.expect(request["replies"])
    else:
        recognizer.reset()
    return {}


def _told(hypothesis: Hypothesis | None) -> dict[str, Any]:
    return {"hypothesis": None if hypothesis is None else asdict(hypothesis)}


if __name__ == "__main__":
    code = main()
    # The engines' own threads may not join: leave without asking them.
    os._exit(code)
