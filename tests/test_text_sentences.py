from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.text.sentences import split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" \n\t ", ()),
        ("One. Two! Three? Four…", ("One.", "Two!", "Three?", "Four…")),
        ("No mark at the end", ("No mark at the end",)),
        ("This is stage 4. It has spread.", ("This is stage 4.", "It has spread.")),
        ("Take 2.5 milligrams. Then rest.", ("Take 2.5 milligrams.", "Then rest.")),
        ("Ask Dr. Lee or Mrs. Hale. They know.", ("Ask Dr. Lee or Mrs. Hale.", "They know.")),
        ("Some organs, e.g. Lung or liver. Others not.", ("Some organs, e.g. Lung or liver.", "Others not.")),
        ("Scans, i.e. CT. Then a biopsy.", ("Scans, i.e. CT.", "Then a biopsy.")),
        ("Bones, liver, etc. can be reached.", ("Bones, liver, etc. can be reached.",)),
        ("Bones, liver, etc. Doctors look there.", ("Bones, liver, etc.", "Doctors look there.")),
        ("Come at 5 p.m. Dr. Lee waits.", ("Come at 5 p.m. Dr. Lee waits.",)),
        ("Come at 5 p.m. The doctor waits.", ("Come at 5 p.m.", "The doctor waits.")),
        ("In the U.S. Congress it was said.", ("In the U.S. Congress it was said.",)),
        ("J. Smith wrote it. I read it.", ("J. Smith wrote it.", "I read it.")),
        ("She takes vitamin C. It helps.", ("She takes vitamin C.", "It helps.")),
        ('"Is it back?" she asked. "No."', ('"Is it back?" she asked.', '"No."')),
        ('He said "Stop." Then he left.', ('He said "Stop."', "Then he left.")),
        ("(See the scan.) It is clear.", ("(See the scan.)", "It is clear.")),
        ("Really?! Yes.", ("Really?!", "Yes.")),
        ("Well... maybe not. Ask.", ("Well... maybe not.", "Ask.")),
        ("The answer is no. 3 people said so.", ("The answer is no.", "3 people said so.")),
        ("See No. 3 on the list. It is short.", ("See No. 3 on the list.", "It is short.")),
        ("1. Spread is common. 2. It varies.", ("1. Spread is common.", "2. It varies.")),
        ("A heading\n\nA sentence.", ("A heading", "A sentence.")),
        ("One line\nand its rest. Two.", ("One line and its rest.", "Two.")),
    ],
)
def test_split(text: str, expected: tuple[str, ...]) -> None:
    assert split(text) == expected


def test_a_long_sentence_is_cut_at_clauses() -> None:
    text = "; ".join(f"part {i} of a very long sentence, with a comma" for i in range(20)) + "."
    pieces = split(text, longest=120)
    assert all(len(piece) <= 120 for piece in pieces)
    assert " ".join(pieces) == text
    assert all(piece[-1] in ";,." for piece in pieces)


def test_an_endless_word_is_cut_somewhere() -> None:
    assert "".join(split("a" * 1000, longest=100)) == "a" * 1000
    assert max(map(len, split("a" * 1000, longest=100))) == 100


def test_a_megabyte_is_no_trouble() -> None:
    text = "Dr. Lee said e.g. this. " * 40_000
    assert len(split(text)) == 40_000


@given(st.text(alphabet=st.sampled_from(list("aA1 .!?…\"')\n;,e.g Dr")), max_size=200))
def test_nothing_is_lost_but_white_space(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())
    assert all(piece == " ".join(piece.split()) != "" for piece in split(text))
