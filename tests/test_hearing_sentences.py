"""The sentences that hearing is measured on: none is the pack's own wording, every topic exists."""

from __future__ import annotations

import csv
from pathlib import Path

from companion.content import load_pack
from companion.understanding.normal import tokens
from companion.understanding.phrases import phrases

DATA = Path(__file__).parent / "data"


def rows(part):
    with (DATA / f"hearing_{part}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_no_sentence_stands_in_the_pack_or_in_both_parts():
    listed = set(phrases(load_pack()))
    tune, report = ({" ".join(tokens(r["text"])) for r in rows(part)} for part in ("tune", "report"))
    assert tune and report
    assert not (tune | report) & listed
    assert not tune & report


def test_every_expected_topic_is_in_the_pack_and_every_item_is_asked_for():
    pack = load_pack()
    items = {i.id for i in pack.items}
    known = {"none", *items, *(f"glossary/{t.id}" for t in pack.glossary)}
    expected = [set(r["expected"].split("|")) for part in ("tune", "report") for r in rows(part)]
    assert set().union(*expected) <= known
    assert items <= set().union(*expected)
    assert sum(e == {"none"} for e in expected) >= 30
