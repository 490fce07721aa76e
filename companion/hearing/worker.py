"""A recogniser in a process of its own: ``python -m companion.hearing.worker``.

Decoding holds Python's interpreter lock (PocketSphinx) or may abort the process (libvosk on bad input); here
neither can touch the sound or the keys. Frames on stdin and stdout: a JSON line, then as many bytes as its
"bytes" says.
"""

from __future__ import annotations

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
    """Serve until the input ends."""
    # The library's own output must not get between the replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    recognizer: Recognizer | None = None
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request.get("bytes", 0))
        try:
            if request["op"] == "open":
                recognizer = _open(request)
                reply: dict[str, Any] = {"name": recognizer.name}
            elif recognizer is None:
                reply = {"what": "The recogniser is not open.", "to_do": ""}
            else:
                reply = _serve(recognizer, request["op"], data)
        except CompanionError as err:
            reply = {"what": err.what, "to_do": err.to_do}
        _send(replies, reply)
    return 0


def _open(request: dict[str, Any]) -> Recognizer:
    phrases = request["phrases"]
    if request["engine"] == "vosk":
        from companion.hearing.vosk import VoskRecognizer

        return VoskRecognizer(Path(request["model"]), phrases)
    from companion.hearing.pocketsphinx import PocketSphinxRecognizer

    return PocketSphinxRecognizer(phrases or (), Path(request["cache"]))


def _serve(recognizer: Recognizer, op: str, data: bytes) -> dict[str, Any]:
    if op == "accept":
        return _told(recognizer.accept(np.frombuffer(data, dtype=np.int16)))
    if op == "finish":
        return _told(recognizer.finish())
    recognizer.reset()
    return {}


def _told(hypothesis: Hypothesis | None) -> dict[str, Any]:
    return {"hypothesis": asdict(hypothesis) if hypothesis else None}


def _send(out: BinaryIO, reply: dict[str, Any]) -> None:
    out.write(json.dumps(reply).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
