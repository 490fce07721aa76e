"""The bench: its arithmetic, its picture, and one turn on the virtual sound card."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.bench.measures import Measure, measures, percentile
from companion.bench.plot import svg
from companion.bench.rig import BLOCK, SpokenMicrophone

ROOT = Path(__file__).resolve().parent.parent


def test_percentiles_by_nearest_rank():
    # Worked by hand: rank = ceil(share * 5).
    values = [15, 20, 35, 40, 50]
    assert [percentile(values, p) for p in (0.05, 0.3, 0.4, 0.5, 1.0)] == [15, 20, 20, 35, 50]
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_percentiles_are_values_in_order(values):
    m = Measure("x", "ms", tuple(values))
    assert {m.p50, m.p95, m.most} <= set(values)
    assert m.p50 <= m.p95 <= m.most
    assert sum(v <= m.p95 for v in values) >= 0.95 * len(values)


def test_what_was_not_measured_is_left_out():
    assert [m.name for m in measures({("a", "ms"): [1.0], ("b", "ms"): []})] == ["a"]


def test_the_picture_is_xml_and_tells_its_figures_in_words():
    text = svg([Measure("key < silence", "ms", (20.0, 30.0)), Measure("idle", "%", (5.0,))], "A & B")
    root = ET.fromstring(text)
    words = " ".join(root.itertext())
    assert "key < silence: p50 20, p95 30, max 30 ms" in words and "A & B" in words and "idle" not in words


def test_a_turn_is_measured_on_the_virtual_card(sound_card, tmp_path):
    plot = tmp_path / "bench.svg"
    done = subprocess.run(
        [sys.executable, "-m", "companion", "bench", "--json", "--turns", "1", "--engine", "pocketsphinx",
         "--soak", "20", "--plot", str(plot)],
        env={**sound_card.env, "COMPANION_HOME": str(tmp_path / "home")}, cwd=ROOT, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in ("loudspeaker lost to said", "start to first prompt in text", "start to first prompt aloud"):
        assert found["measures"][name]["n"] == 1
        assert found["measures"][name]["p50"] > 0
    ET.parse(plot)
    # The loudspeaker was unplugged before: what is said after that must be heard all the same.
    first, last = found["soak"][0], found["soak"][-1]
    assert last["turns"] >= 1
    assert last["understood"] >= 1, found["soak"]
    assert first["turns"] == 0


def test_the_spoken_microphone_can_be_let_go_of_and_taken_again():
    microphone = SpokenMicrophone()
    assert len(next(microphone.blocks())) == BLOCK
    microphone.close()
    assert list(microphone.blocks()) == []
    assert len(next(microphone.open().blocks())) == BLOCK


def test_wrong_numbers_of_turns_are_refused():
    done = subprocess.run(
        [sys.executable, "-m", "companion", "bench", "--turns", "0"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: 0 turns measure nothing. Choose 1 or more; 50 give percentiles.\n"
