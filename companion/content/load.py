"""Read a pack's folder into a frozen ``Pack``; every fault is named with its file, its line and what to do."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from companion.content.fields import Fields, Problems
from companion.content.guard import Floor, floored, names_whom_to_call, silenced
from companion.content.raw import RawFile, Table, read_raw
from companion.content.reading import bundled_pack_dir, chain, find_pack_dir, read_files
from companion.content.types import NO_ANSWER, Item, Pack, Source, Term, UrgentRule
from companion.errors import PackError

SHORT_WORDS = 30
"""Words of a short answer: about 12 seconds of speech, one breath of listening (see docs of the pack format)."""
MAX_MORE = 3
MAX_ENTRIES = 200_000
_TABLES = {
    "foreign", "advice", "decoys", "said", "hard_terms", "misheard", "sounds_like", "all", "espeak", "sapi5", "nsss",
}  # fmt: skip


def load_pack(folder: Path | None = None) -> Pack:
    """Read and check a pack.

    Args:
        folder: The pack's folder; None for the bundled one. A bare name is also looked up among the bundled packs.

    Raises:
        PackError: With the first fault, and how many more there are.

    """
    pack, problems = read_pack(folder)
    if problems.found:
        first, more = problems.found[0], len(problems.found) - 1
        tail = f" There are {more} more: run companion pack check." if more else ""
        raise PackError(first.what, first.to_do + tail)
    assert pack is not None  # no problem found means that it was built
    return pack


def read_pack(folder: Path | None = None) -> tuple[Pack | None, Problems]:
    """Read a pack and gather every fault; the pack is None when it can't be built.

    Raises:
        PackError: A file can't be read at all, or ``extends`` runs in a circle.

    """
    where = find_pack_dir(folder)
    problems = Problems()
    merged, digest = _merge(chain(where))
    pack = _build(merged, problems)
    if pack is not None and where.resolve() != bundled_pack_dir().resolve():
        pack = _guarded(pack, merged, problems)
    if pack is None or problems.found:
        return None, problems
    return replace(pack, digest=digest, where=str(where)), problems


def _merge(folders: Iterable[list[tuple[Path, bytes]]]) -> tuple[_Merged, str]:
    """The tables of the folders, the later over the earlier, and the SHA-256 of all files, hex."""
    merged = _Merged()
    digest = hashlib.sha256()
    for files in folders:
        for path, data in files:
            digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
            merged.add(read_raw(path, data))
    return merged, digest.hexdigest()


@functools.cache
def _floor() -> Floor:
    """What the bundled pack says of emergencies, read from its own files."""
    pack = _build(_merge([read_files(bundled_pack_dir())])[0], Problems())
    assert pack is not None  # the tests load it
    return Floor(pack.urgent, pack.emergency, pack.speech)


def _guarded(pack: Pack, raw: _Merged, problems: Problems) -> Pack:
    """The pack with the bundled urgent rules, which it can add to but not take away."""
    if not names_whom_to_call(pack.emergency):
        problems.add(
            raw.top.at("emergency"),
            "emergency does not say whom to call",
            'Write a number or "your local emergency number"',
        )
    for engine, text in silenced(pack, _floor()):
        problems.add(
            raw.tables[engine].at(text),
            f'"{text}" stands in the replies to an emergency, and how those are said can\'t be changed',
            "Take that line out; numbers may be spelled digit by digit",
        )
    return replace(pack, urgent=floored(pack.urgent, _floor().rules))


class _Merged:
    """The raw tables of a pack and of those it extends; a later entry with the same id replaces the earlier."""

    def __init__(self) -> None:
        self.top = Table({}, "pack.toml", 1)
        self.lists: dict[str, list[Table]] = {}
        self.tables: dict[str, Table] = {}
        self.tops: dict[str, Table] = {}

    def add(self, raw: RawFile) -> None:
        if raw.top.file == "pack.toml":
            self.top = _over(self.top, raw.top)
        else:
            self.tops[raw.top.file] = _over(self.tops.get(raw.top.file, raw.top), raw.top)
        for name, table in raw.tables.items():
            self.tables[name] = _over(self.tables.get(name, table), table)
        for name, rows in raw.lists.items():
            mine = self.lists.setdefault(name, [])
            before = {name: i for i, row in enumerate(mine) if (name := _name(row))}
            for row in rows:
                at = before.get(_name(row))
                # The same id in one file is a mistake that _unique reports; in an extending pack it replaces.
                if at is not None and not _same_file(mine[at], row, rows):
                    mine[at] = row
                else:
                    mine.append(row)


def _name(row: Table) -> str:
    """The row's id; "" where it is none, which is told of later."""
    value = row.values.get("id")
    return value if isinstance(value, str) else ""


def _same_file(old: Table, new: Table, rows: Iterable[Table]) -> bool:
    return any(row is old for row in rows) and old.file == new.file


def _over(base: Table, new: Table) -> Table:
    return Table({**base.values, **new.values}, new.file, new.line, {**base.key_lines, **new.key_lines})


def _build(raw: _Merged, problems: Problems) -> Pack | None:
    known = {"source", "question", "fact", "term", "urgent"}
    for name in raw.lists.keys() - known:
        problems.add(raw.lists[name][0].at(), f"[[{name}]] is not part of a pack", "Use " + ", ".join(sorted(known)))
    for name in raw.tables.keys() - _TABLES:
        problems.add(raw.tables[name].at(), f"[{name}] is not part of a pack", "Use " + ", ".join(sorted(_TABLES)))
    for other in raw.tops.values():
        if other.file != "words.toml":
            Fields(other, problems).allow()
    if sum(map(len, raw.lists.values())) > MAX_ENTRIES:
        problems.add(raw.top.at(), f"the pack has more than {MAX_ENTRIES} entries", "Split it")
        return None
    sources = {s.id: s for s in _unique(raw, problems, "source", _source)}
    questions = tuple(_unique(raw, problems, "question", _item, numbered=True))
    facts = tuple(_unique(raw, problems, "fact", _item, numbered=True))
    glossary = _resolve_terms(tuple(_unique(raw, problems, "term", _term)), raw, problems)
    urgent = tuple(_unique(raw, problems, "urgent", _urgent))
    _check_items(raw, problems, (*questions, *facts), sources)

    top = Fields(raw.top, problems)
    top.allow(
        "format",
        "extends",
        "subject",
        "id",
        "title",
        "language",
        "version",
        "introduction",
        "closing",
        "emergency",
        "advice",
        "visit",
        "authors",
    )
    if raw.top.values.get("format") != 1:
        problems.add(raw.top.at("format"), "this program reads packs of format 1", "Write format = 1")
    words = Fields(raw.tops.get("words.toml", Table({}, "words.toml", 1)), problems)
    words.allow("same")
    foreign = Fields(raw.tables.get("foreign", Table({}, "words.toml", 1)), problems)
    foreign.allow("diseases", "organs", "topics")
    advice = Fields(raw.tables.get("advice", Table({}, "safety.toml", 1)), problems)
    advice.allow("prototypes")
    decoys = Fields(raw.tables.get("decoys", Table({}, "words.toml", 1)), problems)
    decoys.allow("lines")
    if not questions and not facts:
        problems.add(raw.top.at(), "the pack has neither questions nor facts", "Add a [[question]] to questions.toml")
    pack = Pack(
        id=top.text("id"),
        title=top.text("title"),
        language=top.text("language", "en"),
        version=top.text("version", "0"),
        introduction=top.text("introduction", ""),
        closing=top.text("closing", ""),
        emergency=top.text("emergency"),
        advice=top.text("advice"),
        visit=top.texts("visit"),
        authors=top.text("authors", ""),
        facts=facts,
        questions=questions,
        glossary=glossary,
        sources=sources,
        urgent=urgent,
        advice_prototypes=advice.texts("prototypes"),
        subject=top.texts("subject"),
        same=words.groups("same"),
        hard_terms=Fields(raw.tables.get("hard_terms", Table({}, "words.toml", 1)), problems).all_texts(),
        misheard=Fields(raw.tables.get("misheard", Table({}, "words.toml", 1)), problems).all_texts(),
        sounds_like=Fields(raw.tables.get("sounds_like", Table({}, "words.toml", 1)), problems).spellings(),
        foreign_diseases=foreign.texts("diseases"),
        foreign_organs=foreign.texts("organs"),
        foreign_topics=foreign.texts("topics"),
        decoys=decoys.texts("lines"),
        said=_said(raw, problems, {i.id for i in (*questions, *facts)} | {f"glossary/{t.id}" for t in glossary}),
        speech={
            engine: Fields(raw.tables[engine], problems).all_text()
            for engine in ("all", "espeak", "sapi5", "nsss")
            if engine in raw.tables
        },
        digest="",
    )
    return None if problems.found else pack


def _said(raw: _Merged, problems: Problems, ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    said = Fields(raw.tables.get("said", Table({}, "said.toml", 1)), problems)
    for key in said.table.values.keys() - ids - {NO_ANSWER}:
        said.problem(key, f'[said] names "{key}", and the pack has nothing of that id', "Mend the id or take it out")
    return said.all_texts()


def _unique(raw: _Merged, problems: Problems, name: str, make: Any, numbered: bool = False) -> list[Any]:
    out: list[Any] = []
    seen: dict[str, Table] = {}
    for table in raw.lists.get(name, []):
        fields = Fields(table, problems)
        made = make(fields, name, len(out) + 1) if numbered else make(fields)
        if made.id in seen:
            problems.add(
                table.at("id"),
                f'the id "{made.id}" stands already at {seen[made.id].at("id")}',
                "Give one of them another id",
            )
        seen[made.id] = table
        out.append(made)
    return out


def _source(f: Fields) -> Source:
    f.allow("id", "title", "publisher", "address", "year")
    return Source(f.id(), f.text("title"), f.text("publisher"), f.text("address"), f.text("year", ""))


def _item(f: Fields, kind: Any, number: int) -> Item:
    f.allow("id", "title", "question", "short", "more", "wordings", "sources", "reviewed", "related")
    f.at_most_words("short", SHORT_WORDS)
    more = f.texts("more")
    if len(more) > MAX_MORE:
        f.problem("more", f"there are {len(more)} further pieces, at most {MAX_MORE} may be", "Shorten or join them")
    return Item(
        id=f.id(),
        kind=kind,
        number=number,
        title=f.text("title"),
        question=f.text("question"),
        short=f.text("short"),
        more=more,
        wordings=f.texts("wordings"),
        sources=f.texts("sources"),
        reviewed=f.text("reviewed", ""),
        related=f.texts("related"),
    )


def _term(f: Fields) -> Term:
    f.allow("id", "term", "meaning", "same_as", "respelling", "also", "wordings", "sources", "reviewed")
    f.at_most_words("meaning", SHORT_WORDS)
    meaning = "" if "same_as" in f.table.values else f.text("meaning")
    return Term(
        f.id(),
        f.text("term"),
        meaning,
        f.text("respelling", ""),
        f.texts("also"),
        f.texts("wordings"),
        f.texts("sources"),
        f.text("reviewed", ""),
    )


def _urgent(f: Fields) -> UrgentRule:
    f.allow("id", "reply", "signs", "prototypes", "always", "sources")
    for sign in f.texts("signs"):
        if any(not word.strip() for group in sign.split("+") for word in group.split("|")):
            f.problem("signs", f'the sign "{sign}" has an empty word', 'Write words between "|" and "+"')
    return UrgentRule(
        f.id(), f.text("reply"), f.texts("signs"), f.texts("prototypes"), f.flag("always"), f.texts("sources")
    )


def _resolve_terms(terms: tuple[Term, ...], raw: _Merged, problems: Problems) -> tuple[Term, ...]:
    """Give a term with ``same_as`` the other one's meaning; a circle is a fault."""
    by_id = {t.id: t for t in terms}
    points = {str(t.values.get("id")): t for t in raw.lists.get("term", []) if "same_as" in t.values}
    out = []
    for term in terms:
        current, seen = term.id, set[str]()
        while current in points and current not in seen:
            seen.add(current)
            current = str(points[current].values["same_as"])
        if current in seen:
            problems.add(
                points[term.id].at("same_as"), "the terms name each other in a circle", "Give one of them a meaning"
            )
        elif current not in by_id:
            problems.add(points[term.id].at("same_as"), f'there is no term "{current}"', "Name the id of a term")
        else:
            out.append(replace(term, meaning=by_id[current].meaning))
    return tuple(out)


def _check_items(raw: _Merged, problems: Problems, items: tuple[Item, ...], sources: Mapping[str, Source]) -> None:
    tables = [*raw.lists.get("question", []), *raw.lists.get("fact", [])]
    ids: dict[str, Table] = {}
    for item, table in zip(items, tables, strict=True):
        if item.id in ids and ids[item.id].file != table.file:
            problems.add(
                table.at("id"),
                f'the id "{item.id}" stands already at {ids[item.id].at("id")}',
                "Give one of them another id",
            )
        ids[item.id] = table
    for item, table in zip(items, tables, strict=True):
        for source in item.sources:
            if source not in sources:
                problems.add(
                    table.at("sources"), f'there is no source "{source}"', "Add it as a [[source]] in pack.toml"
                )
        for other in item.related:
            if other not in ids:
                problems.add(table.at("related"), f'there is no item "{other}"', "Name the id of a question or fact")
