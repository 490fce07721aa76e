"""``companion pack check`` and ``companion pack show``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from companion.content.check import advice, measured
from companion.content.load import load_pack, read_pack
from companion.content.types import Item, Pack
from companion.showing import json_line


def run(options: argparse.Namespace) -> int:
    """Check or show."""
    folder = options.folder or options.pack
    if options.action == "show":
        _show(load_pack(folder), as_json=options.json)
        return 0
    pack, problems = read_pack(folder)
    if problems.found or pack is None:
        for problem in problems.found:
            print(f"{problem.what} {problem.to_do}")
        count = len(problems.found)
        print(f"error: The pack has {count} fault{'s' if count != 1 else ''} and can't be used.", file=sys.stderr)
        return 1
    _report(pack, as_json=options.json)
    return 0


def _report(pack: Pack, *, as_json: bool) -> None:
    from companion.cli.common import topics_of
    from companion.understanding.lexical import Lexical
    from companion.understanding.neighbours import collisions

    rows = measured(pack)
    close = collisions(pack, topics_of(pack, Lexical(pack).vocabulary))
    hints = advice(pack)
    if as_json:
        print(
            json_line(
                {
                    "pack": pack.id,
                    "texts": [
                        {"id": r.id, "part": r.part, "grade": round(r.plain.grade, 1), "words": r.plain.words,
                         "mean_sentence": round(r.plain.mean_sentence, 1)}
                        for r in rows
                    ],
                    "collisions": [asdict(c) for c in close],
                    "advice": [asdict(a) for a in hints],
                }
            )
        )  # fmt: skip
        return
    print(
        f"{pack.title}. {len(pack.questions)} questions, {len(pack.facts)} facts, {len(pack.glossary)} glossary words."
    )
    for r in rows:
        print(
            f"{r.id}, {r.part}: grade {r.plain.grade:.1f}, {r.plain.words} words, "
            f"{r.plain.mean_sentence:.1f} words to a sentence."
        )
    for c in close:
        print(
            f'advice: {c.id}: "{c.wording}" is nearer to "{c.nearest}" of {c.other}. Word it differently, or move it.'
        )
    for a in hints:
        print(f"advice: {a.id}: {a.what}")
    hard = sum(r.hard for r in rows)
    print(
        f"The pack is sound. {hard} of {len(rows)} texts are harder than grade 6 or longer than 15 words to a sentence."
    )


def _show(pack: Pack, *, as_json: bool) -> None:
    if as_json:
        print(json_line(_plain(pack)))
        return
    print(f"{pack.title} ({pack.id} {pack.version}).")
    print(pack.introduction)
    for kind, items in (("Question", pack.questions), ("Fact", pack.facts)):
        for item in items:
            print(f"{kind} {item.number}, {item.id}: {item.question}")
            print(f"{item.title}: {' '.join((item.short, *item.more))}")
            print(f"Sources: {'; '.join(_source(pack, s) for s in item.sources) or 'none'}.")
            print(f"Reviewed: {item.reviewed or 'by no clinician yet'}.")
    for term in pack.glossary:
        print(f"{term.term}, said {term.respelling}: {term.meaning}")
    print(pack.closing)


def _source(pack: Pack, source_id: str) -> str:
    s = pack.sources[source_id]
    year = f", {s.year}" if s.year else ""
    return f"{s.title}, {s.publisher}{year}, {s.address}"


def _plain(pack: Pack) -> dict[str, Any]:
    def item(i: Item) -> dict[str, Any]:
        return {**asdict(i), "sources": [asdict(pack.sources[s]) for s in i.sources]}

    return {
        "id": pack.id,
        "title": pack.title,
        "version": pack.version,
        "introduction": pack.introduction,
        "closing": pack.closing,
        "emergency": pack.emergency,
        "questions": [item(i) for i in pack.questions],
        "facts": [item(i) for i in pack.facts],
        "glossary": [asdict(t) for t in pack.glossary],
    }
