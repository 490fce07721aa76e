"""``companion ask``: one question, a batch of them, or recordings; stateless."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from companion.cli.common import (
    could_not_speak,
    recognizer,
    settings_of,
    speak,
    status,
    topics_of,
    write_speech,
)
from companion.content.load import load_pack
from companion.content.types import Pack
from companion.dialogue.responses import respond
from companion.errors import CompanionError, UsageError
from companion.events import Decision, Hypothesis
from companion.settings import Settings
from companion.showing import json_line
from companion.text.sentences import split
from companion.understanding import Router


@dataclass(slots=True)
class Reply:
    """One answered utterance, as it is printed."""

    decision: Decision
    text: str
    engine: str
    hear: float | None = None
    """Seconds; None for typed text."""
    understand: float | None = None
    speak: float | None = None
    """Seconds; None when nothing was spoken."""
    extra: dict[str, Any] = field(default_factory=dict)

    def as_json(self, *, explain: bool) -> str:
        """One line of JSON."""
        d = self.decision
        row: dict[str, Any] = {
            **self.extra,
            "heard": d.heard,
            "decision": d.kind,
            "id": d.id if d.kind != "decline" else None,
            "candidates": [[name, score] for name, score in d.candidates],
            "text": self.text,
            "engine": self.engine,
            "seconds": {name: _rounded(getattr(self, name)) for name in ("hear", "understand", "speak")},
        }
        if d.argument is not None:
            row["argument"] = d.argument
        if d.then is not None:
            row["then"] = {"decision": d.then.kind, "id": d.then.id}
        if explain:
            row["why"] = list(d.reasons)
        return json_line(row)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def run(options: argparse.Namespace) -> int:
    """Answer; 1 when a recording could not be heard."""
    ways = sum((bool(options.text), bool(options.audio), options.batch))
    if ways != 1:
        raise UsageError(
            "Ask one thing: a TEXT, --audio FILE, or --batch.", 'For example: companion ask "What is metastasis?"'
        )
    if (options.out or options.speak) and (options.batch or len(options.audio or ()) > 1):
        raise UsageError("--out and --speak go with one question.", "Ask one at a time.")
    if options.text and not any(c.isalnum() for c in " ".join(options.text)):
        raise CompanionError("There is no question.", 'Write one, for example: companion ask "What is metastasis?"')
    if options.out:
        from companion.speaking.export import check_target

        check_target(options.out)
    settings = settings_of(options)
    pack = load_pack(settings.pack)
    router = Router(pack, topics_of)
    if options.batch:
        for reply in _batch(router, pack, sys.stdin):
            print(reply.as_json(explain=options.explain), flush=True)
        return 0
    if options.audio:
        return _recordings(options, settings, router, pack)
    reply = _answer(" ".join(options.text), router, pack)
    _deliver(options, settings, pack, reply, as_json=options.json)
    return 0


def _answer(heard: Hypothesis | str, router: Router, pack: Pack) -> Reply:
    started = time.perf_counter()
    decision = router.decide(heard)
    text = respond(decision, pack)
    engine = heard.engine if isinstance(heard, Hypothesis) else "text"
    return Reply(decision, text, engine, understand=time.perf_counter() - started)


def _batch(router: Router, pack: Pack, lines: Iterable[str]) -> Iterator[Reply]:
    for line in lines:
        yield _answer(line.rstrip("\r\n"), router, pack)


def _recordings(options: argparse.Namespace, settings: Settings, router: Router, pack: Pack) -> int:
    from companion.hearing.files import hear_file

    several = len(options.audio) > 1
    failed = 0
    with recognizer(settings, pack) as engine:
        status(options, f"Listening with {engine.name}.")
        for name in options.audio:
            started = time.perf_counter()
            try:
                hypothesis = hear_file(name, engine)
            except CompanionError as err:
                if not several:
                    raise
                failed += 1
                print(f"error: {err}", file=sys.stderr)
                print(json_line({"file": name, "error": str(err)}), flush=True)
                continue
            seconds = time.perf_counter() - started
            reply = _answer(hypothesis, router, pack)
            reply.hear = seconds
            if several:
                reply.extra["file"] = name
            else:
                status(options, f"Heard: {reply.decision.heard or 'nothing'}.")
            _deliver(options, settings, pack, reply, as_json=options.json or several)
    return 1 if failed else 0


def _deliver(options: argparse.Namespace, settings: Settings, pack: Pack, reply: Reply, *, as_json: bool) -> None:
    started = time.perf_counter()
    sentences = split(reply.text)
    if options.out:
        from companion.speaking.export import Chapter

        write_speech(options.out, [Chapter("answer", sentences)], settings, pack)
        reply.speak = time.perf_counter() - started
        status(options, f"Wrote {options.out}.")
    if not as_json:
        _print(reply, explain=options.explain)
    if options.speak:
        started = time.perf_counter()
        try:
            speak(sentences, settings, pack)
            reply.speak = time.perf_counter() - started
        except CompanionError as err:
            could_not_speak(options, err)
    if as_json:
        print(reply.as_json(explain=options.explain), flush=True)


def _print(reply: Reply, *, explain: bool) -> None:
    print(reply.text)
    if explain:
        print(f"Decision: {reply.decision.kind}{f', {reply.decision.id}' if reply.decision.id else ''}.")
        for reason in reply.decision.reasons:
            print(f"Why: {reason}")
    sys.stdout.flush()
