"""``companion narrate``: facts, questions or one item read aloud, or written to a sound file."""

from __future__ import annotations

import argparse
import difflib

from companion.cli.common import could_not_speak, settings_of, speak, status, write_speech
from companion.content.load import load_pack
from companion.content.types import Item, Pack
from companion.errors import CompanionError, DeviceError, UsageError
from companion.text.sentences import split


def run(options: argparse.Namespace) -> int:
    """Narrate; where nothing can be played, the text is printed all the same."""
    if options.out:
        from companion.speaking.export import check_target

        check_target(options.out)
    settings = settings_of(options, remembered=not options.out)
    pack = load_pack(settings.pack)
    chapters = narration(pack, options.what)
    if options.out:
        from companion.speaking.export import Chapter

        seconds = write_speech(options.out, [Chapter(title, split(text)) for title, text in chapters], settings, pack)
        status(options, f"Wrote {options.out}: {seconds:.0f} seconds of speech.")
        return 0
    for _, text in chapters:
        print(text, flush=True)
    try:
        speak([s for _, text in chapters for s in split(text)], settings, pack)
    except CompanionError as err:
        could_not_speak(options, err)
        if isinstance(err, DeviceError):
            status(options, f"To have it as a sound file: companion narrate {options.what} --out narration.mp3.")
    return 0


def narration(pack: Pack, what: str) -> list[tuple[str, str]]:
    """The chapters of a narration: (title, text).

    Raises:
        UsageError: ``what`` is neither facts, questions, all, nor the id of an item or a glossary word.

    """
    facts = [(f.title, _spoken(f, f"Fact {f.number}.")) for f in pack.facts]
    questions = [(q.title, _spoken(q, q.question)) for q in pack.questions]
    opening = [("Introduction", pack.introduction)] if pack.introduction else []
    ending = [("Closing", pack.closing)] if pack.closing else []
    if what == "facts":
        return [*opening, *facts, *ending]
    if what == "questions":
        return questions
    if what == "all":
        return [*opening, *facts, *questions, *ending]
    if item := pack.item(what):
        lead = f"Fact {item.number}." if item.kind == "fact" else item.question
        return [(item.title, " ".join((_spoken(item, lead), *item.more)))]
    if term := pack.term(what):
        return [(term.term, term.meaning)]
    ids = ["facts", "questions", "all", *(i.id for i in pack.items)]
    near = difflib.get_close_matches(what, ids, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(ids)}."
    raise UsageError("There is nothing of that name to narrate.", hint)


def _spoken(item: Item, lead: str) -> str:
    return f"{lead} {item.short}"
