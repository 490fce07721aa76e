"""The index for large packs, on a generated pack of 5,000 questions."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

import bench_understanding_engines as bench  # noqa: E402 - the scripts are no package

from companion.settings import Paths  # noqa: E402
from companion.store import ModelStore  # noqa: E402
from companion.understanding import large  # noqa: E402
from companion.understanding.large import NAMES, LargeIndex  # noqa: E402
from companion.understanding.large_store import load  # noqa: E402
from companion.understanding.postings import Postings, topic_grams  # noqa: E402
from companion.understanding.sounds import outline, skeleton  # noqa: E402

ROWS = bench.generated(5_000)
ENTRIES = [(bench.identity(row), [row[2]]) for row in ROWS]


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def index(cache) -> LargeIndex:
    return LargeIndex.build(ENTRIES, cache, "generated")


@pytest.fixture(scope="session")
def semantics(index, cache):
    model = ModelStore(Paths.find()).path("minilm")
    if model is None:
        pytest.skip("all-MiniLM-L6-v2 is not fetched; run: companion model fetch minilm")
    layer = index.semantics(model, cache)
    assert layer.wait(300), layer.reason
    return layer


def share(index, lines, layer=None):
    found = [index.search(line.text, 1, layer) for line in lines]
    return sum(bool(m) and m[0].id == line.id for m, line in zip(found, lines, strict=True)) / len(lines)


def lines_of(kind, part=1, each=60):
    return [line for line in bench.make_lines(ROWS, part, each) if line.kind == kind]


def test_verbatim_and_mistyped_questions_are_found(index):
    assert share(index, lines_of("verbatim")) == 1
    assert share(index, lines_of("typo")) >= 0.9


def test_paraphrases_are_found_by_meaning(index, semantics):
    # In the generated pack every name has all 22 kinds of question, also those that don't fit it.
    lines = lines_of("paraphrase", each=200)
    with_meaning = share(index, lines, semantics)
    assert with_meaning >= 0.45
    assert with_meaning > share(index, lines) + 0.3
    assert share(index, lines_of("verbatim"), semantics) == 1


def test_the_topic_is_found_in_any_frame(index):
    for line in lines_of("paraphrase"):
        topics = {m.id.split("|")[0] for m in index.search(line.text, 20)}
        assert line.id.split("|")[0] in topics


def test_a_name_cut_into_other_words_is_found_by_sound(tmp_path):
    entries = [
        (name, [f"What are the symptoms of {name}?"])
        for name in (
            "Aarskog syndrome",
            "Polycythemia vera",
            "Cushing syndrome",
            "Ursodiol",
            "Neurosyphilis",
            "Measles",
        )
    ]
    index = LargeIndex.build(entries, tmp_path, "x")
    assert index.search("what are the symptoms of ours cog syndrome")[0].id == "Aarskog syndrome"
    assert index.search("what are the symptoms of polly site he me a veera")[0].id == "Polycythemia vera"


def test_sounds_fold_what_recognisers_mix_up():
    assert skeleton(["bat"]) == skeleton(["pad"])
    assert skeleton(["ours", "cog"]) == skeleton(["aarskog"])
    assert outline(["phase"]) == outline(["fase"])
    assert skeleton([]) == outline([]) == ""


def test_the_second_build_is_read_from_disk_and_finds_the_same(index, cache, monkeypatch):
    monkeypatch.setattr(large, "_make", lambda _: pytest.fail("built again"))
    again = LargeIndex.build(ENTRIES, cache, "generated")
    assert len(again) == len(index) == 5_000
    for line in bench.make_lines(ROWS, 0, 10):
        assert again.search(line.text) == index.search(line.text)


@pytest.mark.parametrize("damage", [lambda raw: b"", lambda raw: raw[:-9], lambda raw: raw[:99] + b"\7" + raw[100:]])
def test_a_damaged_index_is_built_again(tmp_path, damage):
    entries = ENTRIES[:50]
    LargeIndex.build(entries, tmp_path, "x")
    (path,) = (tmp_path / "indexes").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert load(path) is None
    assert LargeIndex.build(entries, tmp_path, "x").search(entries[7][1][0])[0].id == entries[7][0]
    assert load(path) is not None


def test_another_digest_is_another_index(tmp_path):
    LargeIndex.build(ENTRIES[:30], tmp_path, "a")
    LargeIndex.build(ENTRIES[:30], tmp_path, "b")
    assert len(list((tmp_path / "indexes").iterdir())) == 2


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path):
    (tmp_path / "file").write_text("")
    assert LargeIndex.build(ENTRIES[:30], tmp_path / "file", "a").search(ENTRIES[3][1][0])


def test_matches_explain_themselves(index):
    matches = index.search(ENTRIES[11][1][0], 5)
    assert len({m.id for m in matches}) == len(matches) == 5
    assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)
    best = matches[0]
    assert best.wording == ENTRIES[11][1][0]
    assert best.topic == 1
    assert best.sound == 1
    assert best.meaning is None
    assert [name for name, _ in best.parts] == list(NAMES[:-2])


@pytest.mark.parametrize("entries", [[], [("a", [])], [("a", [""])], [("a", ["?!"]), ("b", ["one"])]])
def test_poor_packs_do_not_break(tmp_path, entries):
    index = LargeIndex.build(entries, tmp_path, "x")
    assert [m.id for m in index.search("one")] == [i for i, w in entries if "one" in w]


@pytest.mark.parametrize("text", ["", " ", "?", "\x00", "中文", "\ud800", "x" * 100_000, "the of and", "what " * 5_000])
def test_odd_queries_do_not_break(index, text):
    assert all(np.isfinite(m.score) for m in index.search(text, 3))


@given(text=st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_text_may_be_asked(index, text):
    assert len(index.search(text, 4)) <= 4


def test_case_and_punctuation_change_nothing(index):
    plain = index.search("what are the symptoms of " + ROWS[0][0], 5)
    assert index.search(f"WHAT are, the symptoms... of {ROWS[0][0].upper()}?!", 5) == plain


def test_several_wordings_of_one_entry_count_as_one(tmp_path):
    index = LargeIndex.build([("a", ["bone pain", "aching bones", "bone pain"]), ("b", ["headache"])], tmp_path, "x")
    assert len(index) == 3
    assert [m.id for m in index.search("bone pain")].count("a") == 1


def test_the_order_of_the_hash_seed_does_not_matter(tmp_path):
    import subprocess

    program = (
        "import sys; sys.path[:0] = ['scripts', '.']\n"
        "from pathlib import Path; import bench_understanding_engines as b\n"
        "from companion.understanding.large import LargeIndex\n"
        "rows = b.generated(300); e = [(b.identity(r), [r[2]]) for r in rows]\n"
        "i = LargeIndex.build(e, Path(sys.argv[1]), 'x')\n"
        "print([(m.id, m.score) for l in b.make_lines(rows, 0, 5) for m in i.search(l.text, 3)])\n"
    )
    out = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / seed)],
            env={**__import__("os").environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).resolve().parent.parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
        out.add(done.stdout)
    assert len(out) == 1


def test_postings_weigh_rare_terms_more():
    topics = [["alpha", "common"], ["beta", "common"], ["gamma", "common"]]
    postings = Postings.build([topic_grams(t) for t in topics])
    scores = postings.scores(topic_grams(["beta", "common"]))
    assert scores.argmax() == 1
    assert postings.scores(topic_grams(["alpha"])).argmax() == 0
    assert not postings.scores(set()).any()


def test_typos_are_made_as_described():
    rnd = random.Random(1)
    for _ in range(200):
        changed = bench.typo(rnd, "how are neurological disorders treated")
        assert len(changed.split()) == 5
        assert changed.split()[0] == "how"


def test_the_bench_runs(capsys):
    assert bench.main(["--quick", "--fit"]) == 0
    out = capsys.readouterr().out
    assert "own index, lexical" in out
    assert "WITHOUT_MEANING = [" in out
