"""How hearing is counted: outcomes, intervals, the baseline by distance, two engines together."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from companion.content import load_pack
from companion.events import FRESH, Decision, Hypothesis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from _hearing_engines import by_distance, together
from _hearing_report import table
from _hearing_sounds import RATE, in_room
from _shares import wilson
from evaluate_hearing import outcome

ANSWER, OTHER = Decision("answer", "what"), Decision("answer", "spread")
ASKED = Decision("confirm", "what", candidates=(("what", 0.8),))
NOTHING = Decision("decline", None)


@pytest.mark.parametrize(
    ("decisions", "expected", "name"),
    [
        ([ANSWER], {"what"}, "right"),
        ([ASKED], {"what"}, "confirmed"),
        ([ASKED], {"spread"}, "rejected"),
        ([], {"what"}, "rejected"),
        ([ANSWER, OTHER], {"what"}, "wrong"),
        ([NOTHING, ANSWER], {"what"}, "right"),
        ([Decision("advice", None)], {"what"}, "diverted"),
        ([ANSWER], {"none"}, "accepted"),
        ([ASKED], {"none"}, "offered"),
        ([Decision("command", "stop")], {"none"}, "diverted"),
        ([], {"none"}, "declined"),
    ],
)
def test_the_worst_that_was_answered_counts(decisions, expected, name):
    assert outcome(decisions, expected) == name


def test_wilson_interval_of_a_worked_example():
    low, high = wilson(8, 10)
    assert (low, high) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_distance_forces_a_sentence_at_zero_and_lets_go_above_its_cutoff():
    pack = load_pack()
    forced, bounded = by_distance(pack, 0.0), by_distance(pack, 5.0)
    foreign = Hypothesis("a large coffee with milk")
    assert forced(foreign, FRESH).kind == "answer"
    assert bounded(foreign, FRESH).kind == "decline"
    # One letter too few costs 1.
    assert bounded(Hypothesis("what is metastasi"), FRESH) == forced(Hypothesis("what is metastasis"), FRESH)


def test_two_engines_answer_at_once_only_what_both_answer():
    assert [d.kind for d in together([ANSWER], [ANSWER])] == ["answer"]
    assert [d.kind for d in together([ANSWER], [ASKED])] == ["answer"]
    assert [d.kind for d in together([ANSWER], [OTHER])] == ["confirm"]
    assert [d.kind for d in together([ANSWER], [])] == ["confirm"]
    assert [d.kind for d in together([NOTHING], [ANSWER])] == ["confirm"]


def test_a_table_counts_each_side_by_itself():
    counts = {("vosk", "clean"): Counter({"in right": 3, "in confirmed": 1, "out accepted": 1, "out declined": 1})}
    cells = [c.split(" (")[0] for c in table(counts).splitlines()[-1].strip("| ").split(" | ")]
    assert cells == ["vosk", "clean", "75", "100", "0", "0", "50", "0"]


def test_a_room_goes_on_after_the_sound_and_dies_away():
    click = np.zeros(RATE // 10)
    click[0] = 1.0
    rung = np.abs(in_room(click, 0.3, 3.0, np.random.default_rng(0)))
    early, late = rung[RATE // 50 : RATE // 10].max(), rung[RATE // 4 :].max()
    assert rung[0] > early > 3 * late > 0
