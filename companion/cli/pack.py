"""``companion pack check`` and ``companion pack show``."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from companion.content.check import advice, measured
from companion.content.load import load_pack, read_pack
from companion.content.types import Item, Pack
from companion.errors import CompanionError
from companion.showing import json_line

if TYPE_CHECKING:
    from companion.understanding.neighbours import Collision


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
    _report(pack, _vocabulary(pack, options), as_json=options.json, every=options.all)
    return 0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the Vosk model that would be used makes of the pack's words."""

    model: str
    """Its folder's name."""
    lacking: Mapping[str, str]
    """Words that it lacks, in the pack's order, each with the spelling that is listened for instead, or ""."""
    problem: str = ""
    """Why it could not be asked, one line."""


def _vocabulary(pack: Pack, options: argparse.Namespace) -> Vocabulary | None:
    """None where no Vosk model would be used."""
    from companion.hearing.engines import choose
    from companion.hearing.process import ProcessRecognizer
    from companion.settings import Paths
    from companion.understanding.phrases import phrases

    said = phrases(pack)
    try:
        engine = choose(options.engine, options.model, said, Paths.find().cache, pack.spellings)
        if engine.model is None:
            return None
        # In a process of its own, as for listening: a damaged model may end it.
        with contextlib.closing(ProcessRecognizer(engine)) as recognizer:
            words = list(dict.fromkeys(w for phrase in said for w in phrase.split()))
            return Vocabulary(engine.model.name, recognizer.lacking(words))
    except CompanionError as err:
        return Vocabulary("", {}, str(err))


def _report(pack: Pack, vocabulary: Vocabulary | None, *, as_json: bool, every: bool) -> None:
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
                    "vosk": None if vocabulary is None else asdict(vocabulary),
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
    for line in _colliding(close, every=every):
        print(line)
    for a in hints:
        print(f"advice: {a.id}: {a.what}")
    for line in _heard(pack, vocabulary, every=every):
        print(line)
    hard = sum(r.hard for r in rows)
    print(
        f"The pack is sound. {hard} of {len(rows)} texts are harder than grade 6 or longer than 15 words to a sentence."
    )


PAIRS = 10
"""Pairs of entries that are counted one by one without ``--all``."""
WORST = 5
"""Colliding wordings that are told in full without ``--all``."""
WORDS = 12
"""Words that a Vosk model lacks that are named without ``--all``."""


def _colliding(close: Sequence[Collision], *, every: bool) -> Iterator[str]:
    """What to say of wordings that point elsewhere: how many for each pair of entries, then the worst of them."""
    if not close:
        return
    worst = sorted(close, key=lambda c: -c.value)
    if not every:
        pairs = Counter((c.id, c.other) for c in close)
        many = f"{len(close)} wordings are" if len(close) > 1 else "1 wording is"
        yield f"advice: {many} nearer to another entry than to the rest of its own. From and to, how many:"
        counted = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
        for (own, other), count in counted[:PAIRS]:
            yield f"advice: {own} to {other}: {count}."
        if rest := counted[PAIRS:]:
            yield f"advice: {len(rest)} other pairs: {sum(count for _, count in rest)}."
        worst = worst[:WORST]
    for c in worst:
        yield f'advice: {c.id}: "{c.wording}" is nearer to "{c.nearest}" of {c.other}. Word it differently, or move it.'
    if len(worst) < len(close):
        yield f"These {len(worst)} are the worst. For all {len(close)}: companion pack check --all"


def _heard(pack: Pack, vocabulary: Vocabulary | None, *, every: bool) -> Iterator[str]:
    """What to say of the words that a Vosk model lacks, and of spellings for words that nobody would say."""
    from companion.understanding.phrases import phrases

    said = {w for phrase in phrases(pack) for w in phrase.split()}
    for word in sorted(pack.sounds_like.keys() - said):
        yield f'advice: [sounds_like] names "{word}", which nobody asks for. Take it out, or mend how it is written.'
    if vocabulary is None:
        return
    if vocabulary.problem:
        yield f"advice: No Vosk model could be asked about the words. {vocabulary.problem}"
        return
    lacking = vocabulary.lacking
    if not lacking:
        yield f"The Vosk model {vocabulary.model} has every word of the pack."
        return
    many = f"{len(lacking)} words" if len(lacking) > 1 else "1 word"
    yield f"advice: The Vosk model {vocabulary.model} does not have {many} of the pack."
    if spelled := [f'{word} as "{way}"' for word, way in lacking.items() if way]:
        yield f"It listens for how these sound: {_some(spelled, every=every)}."
    if deaf := [word for word, way in lacking.items() if not way]:
        yield (
            f"advice: It can't hear these, and nobody can ask by them: {_some(deaf, every=every)}. "
            "Write how each sounds in words.toml, under [sounds_like]."
        )


def _some(rows: Sequence[str], *, every: bool) -> str:
    """The first ones, and how many more there are."""
    named = rows if every else rows[:WORDS]
    more = f"; and {len(rows) - len(named)} more (--all)" if len(named) < len(rows) else ""
    return f"{', '.join(named)}{more}"


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
