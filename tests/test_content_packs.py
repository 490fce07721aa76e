"""Reading packs: the bundled one, and every fault with its place."""

import shutil

import pytest

from companion.content import bundled_pack_dir, load_pack
from companion.content.check import advice, measured
from companion.content.load import read_pack
from companion.errors import PackError

FACTS = ["spreads", "after-surgery", "differs", "surroundings", "years-later", "many-places", "some-more", "research"]
QUESTIONS = ["what", "spread", "prognosis", "which-cancers", "symptoms", "prevention", "diagnosis", "treatment"]


@pytest.fixture
def pack_dir(tmp_path):
    return shutil.copytree(bundled_pack_dir(), tmp_path / "pack")


def change(folder, name, old, new, count=1):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def fault(folder):
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_bundled_pack_has_its_sixteen_items_in_order():
    pack = load_pack()
    assert [f.id for f in pack.facts] == FACTS
    assert [q.id for q in pack.questions] == QUESTIONS
    assert [f.number for f in pack.facts] == list(range(1, 9))


def test_every_item_is_short_worded_and_sourced():
    pack = load_pack()
    for item in pack.items:
        assert len(item.short.split()) <= 30, item.id
        assert len(item.more) <= 3
        assert len(item.wordings) >= (8 if item.kind == "question" else 4), item.id
        assert item.sources and all(s in pack.sources for s in item.sources), item.id
        assert len(set(item.wordings)) == len(item.wordings), item.id
    assert pack.introduction and pack.closing


def test_no_wording_belongs_to_two_items():
    pack = load_pack()
    seen = {}
    for item in pack.items:
        for wording in (item.question, *item.wordings):
            assert seen.setdefault(wording.lower(), item.id) == item.id, wording


def test_what_the_care_rules_forbid_is_not_said():
    pack = load_pack()
    said = " ".join(" ".join((i.short, *i.more)) for i in pack.items).lower()
    for word in ("astonishing", "fascinating", "devastating", "fight", "percent", "%", "aggressive"):
        assert word not in said, word


def test_every_text_is_plain():
    for row in measured(load_pack()):
        assert row.plain.grade <= 6.0, (row.id, row.part, row.plain.grade)
        assert row.plain.mean_sentence <= 15.0, (row.id, row.part)


def test_advice_names_the_missing_review():
    assert sum("clinician" in a.what for a in advice(load_pack())) == 16


def test_every_urgent_reply_says_whom_to_call():
    pack = load_pack()
    for rule in pack.urgent:
        assert "emergency number" in rule.reply or "urgent line" in rule.reply, rule.id


def test_a_missing_field_names_file_line_and_remedy(pack_dir):
    change(pack_dir, "questions.toml", 'title = "Prevention"\n', "")
    message = fault(pack_dir)
    line = (pack_dir / "questions.toml").read_text().splitlines().index('id = "prevention"')
    assert message.startswith(f"questions.toml, line {line}: title is missing.")
    assert "Add a line" in message


def test_a_duplicate_id_names_both_places(pack_dir):
    change(pack_dir, "facts.toml", 'id = "differs"', 'id = "spreads"')
    message = fault(pack_dir)
    assert 'the id "spreads" stands already at facts.toml, line' in message


def test_an_id_shared_by_a_question_and_a_fact_is_found(pack_dir):
    change(pack_dir, "facts.toml", 'id = "spreads"', 'id = "what"')
    assert 'the id "what" stands already' in fault(pack_dir)


def test_a_mistyped_key_is_not_lost_silently(pack_dir):
    change(pack_dir, "questions.toml", "wordings = [", "wordngs = [")
    assert "Did you mean wordings" in fault(pack_dir)


def test_a_long_answer_is_refused_with_its_length(pack_dir):
    change(pack_dir, "questions.toml", "Nothing prevents it for certain.", "word " * 31)
    assert "at most 30" in fault(pack_dir)


def test_an_unknown_source_is_named(pack_dir):
    change(pack_dir, "questions.toml", '"acs-recurrence"', '"nowhere"')
    assert 'there is no source "nowhere"' in fault(pack_dir)


def test_a_circle_of_terms_is_named(pack_dir):
    change(pack_dir, "glossary.toml", 'same_as = "metastases"', 'same_as = "secondaries"')
    assert "circle" in fault(pack_dir)


def test_a_longer_circle_of_terms_is_named(pack_dir):
    with (pack_dir / "glossary.toml").open("a") as out:
        out.write('[[term]]\nid = "a"\nterm = "a"\nsame_as = "b"\n[[term]]\nid = "b"\nterm = "b"\nsame_as = "a"\n')
    assert "circle" in fault(pack_dir)


def test_packs_that_extend_each_other_are_refused(tmp_path):
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pack.toml").write_text(f'format = 1\nextends = "../{other}"\n')
    assert "circle" in fault(tmp_path / "one")


def test_a_clinic_extends_the_pack_with_its_own_numbers_and_items(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "pack.toml").write_text(
        'format = 1\nextends = "metastasis"\nid = "ward-7"\nemergency = "Call 112 now."\n', encoding="utf-8"
    )
    (mine / "questions.toml").write_text(
        '[[question]]\nid = "what"\ntitle = "Metastasis"\nquestion = "What is metastasis?"\nshort = "Our own words."\n'
        '[[question]]\nid = "visit"\ntitle = "Visiting hours"\nquestion = "When can people visit?"\n'
        'short = "From two to six."\n',
        encoding="utf-8",
    )
    pack = load_pack(mine)
    assert (pack.id, pack.emergency, len(pack.questions), len(pack.facts)) == ("ward-7", "Call 112 now.", 9, 8)
    assert pack.item("what").short == "Our own words."
    assert pack.item("treatment") is not None
    assert pack.digest != load_pack().digest


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'id = "x\n', "line 1"),
        (b"id = \xff\xfe\n", "UTF-8"),
        (b"format = 1\nsources = [\n", "line 2"),
        (b"a = " + b"[" * 50_000, "nested too deeply"),
        (b"a: &a [1]\nb: [*a, *a]\n", "line 1"),
        (b"", "format = 1"),
        (b"format = 2\n", "format 1"),
        (b'format = "one"\n', "format 1"),
    ],
)
def test_broken_files_give_one_line(tmp_path, content, expected):
    (tmp_path / "pack.toml").write_bytes(content)
    assert expected in fault(tmp_path)


def test_a_text_that_steers_a_terminal_is_refused(pack_dir):
    change(pack_dir, "questions.toml", 'title = "Prevention"', 'title = "Prevention\\u001b[2J"')
    assert "control character" in fault(pack_dir)


@pytest.mark.parametrize("name", ["missing", "file", "empty", "a\0b"])
def test_folders_that_are_no_packs(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    assert "pack" in fault(tmp_path / name)


def test_files_from_a_windows_editor_are_read(pack_dir):
    for path in pack_dir.glob("*.toml"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(load_pack(pack_dir).questions) == 8


def test_check_gathers_every_fault(pack_dir):
    change(pack_dir, "questions.toml", 'title = "Prevention"\n', "")
    change(pack_dir, "facts.toml", 'id = "differs"', 'id = "spreads"')
    _, problems = read_pack(pack_dir)
    assert len(problems.found) >= 2
    assert "more: run companion pack check" in fault(pack_dir)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("questions.toml", 'title = "Prevention"', 'title = " "', "title is empty"),
        ("questions.toml", 'title = "Prevention"', r'title = "Prevent\u0007ion"', "title holds a control character"),
        ("questions.toml", 'title = "Prevention"', "title = 3", "title must be a text"),
        ("questions.toml", "wordings = [", r'wordings = ["a \u001b[2J screen", ', "wordings holds a control character"),
        ("questions.toml", "wordings = [", 'wordings = ["", ', "wordings holds an empty text"),
        ("questions.toml", 'id = "prevention"', 'id = "Pre vention"', 'the id "Pre vention" may only have'),
        ("questions.toml", "more = [", 'more = ["One.", "Two.", "Three.", "Four.", ', "pieces, at most 3 may be"),
        ("safety.toml", "signs = [", 'signs = ["chest+|pain", ', 'the sign "chest+|pain" has an empty word'),
        ("safety.toml", "\nalways = true", "\nalways = 3", "always must be true or false"),
        ("questions.toml", "[[question]]", "[[riddle]]\nid = 'x'\n[[question]]", "[[riddle]] is not part of a pack"),
        ("pack.toml", "", "[weather]\nsun = 1\n", "[weather] is not part of a pack"),
        ("words.toml", "", '[sounds_like]\n"bone scan" = ["x"]', '"bone scan" is not one word of letters'),
        ("words.toml", "", '[sounds_like]\nct2 = ["see tea"]', '"ct2" is not one word of letters'),
        ("words.toml", "", "[sounds_like]\nbiopsy = []", "biopsy has no spelling"),
        ("words.toml", "", '[sounds_like]\nbiopsy = "by op see"', "biopsy must be a list of texts"),
        ("words.toml", "", '[sounds_like]\nbiopsy = ["by-op-see"]', 'the spelling "by-op-see" has more than letters'),
        ("words.toml", "", '[sounds_like]\nbiopsy = [""]', "biopsy holds an empty text"),
        ("words.toml", "", '[sounds_like]\nbiopsy = ["Biopsy"]', "biopsy is spelled as itself"),
    ],
)
def test_each_fault_of_an_entry_is_told_with_its_place(pack_dir, name, old, new, told):
    path = pack_dir / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else f"{text}\n{new}", encoding="utf-8")
    message = fault(pack_dir)
    assert told in message and f"{name}, line " in message


def test_what_a_word_sounds_like_comes_before_how_it_is_garbled(pack_dir):
    path = pack_dir / "words.toml"
    text = path.read_text(encoding="utf-8")
    more = '[sounds_like]\nMetastasis = ["Meta  STAY sis"]\nprimary = ["pry mary"]\n'
    path.write_text(f"{text}\n{more}", encoding="utf-8")
    pack = load_pack(pack_dir)
    assert pack.sounds_like == {"metastasis": ("meta stay sis",), "primary": ("pry mary",)}
    assert pack.spellings["metastasis"][:2] == ("meta stay sis", "meta stasis")
    assert pack.spellings["primary"] == ("pry mary",)


@pytest.mark.parametrize(
    ("meant", "told"),
    [('same_as = "other"', "name each other in a circle"), ('same_as = "nowhere"', 'there is no term "nowhere"')],
)
def test_a_term_that_means_no_other_is_a_fault(pack_dir, meant, told):
    path = pack_dir / "glossary.toml"
    more = f'\n[[term]]\nid = "one"\nterm = "one"\n{meant}\n\n[[term]]\nid = "other"\nterm = "other"\nsame_as = "one"\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert told in fault(pack_dir)


def test_a_folder_that_is_no_pack_and_a_base_that_is_no_name_are_told(pack_dir, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no pack.toml" in fault(tmp_path / "empty")
    change(pack_dir, "pack.toml", "format = 1", "format = 1\nextends = 3")
    assert "extends must name a folder" in fault(pack_dir)


def test_a_pack_of_too_many_bytes_is_refused_before_it_is_read(pack_dir, monkeypatch):
    monkeypatch.setattr("companion.content.raw.MAX_BYTES", 2_000)
    assert "is larger than 0 MB" in fault(pack_dir)


def test_a_pack_of_too_many_entries_is_refused(pack_dir, monkeypatch):
    monkeypatch.setattr("companion.content.load.MAX_ENTRIES", 10)
    assert "the pack has more than 10 entries" in fault(pack_dir)


def test_advice_names_hard_texts_few_wordings_and_missing_sources():
    from dataclasses import replace

    pack = load_pack()
    hard = "Haematogenous dissemination necessitates multidisciplinary chemotherapeutic reconsideration, "
    item = replace(pack.questions[0], short=hard * 3 + "unfortunately.", wordings=("what",), sources=())
    told = [a.what for a in advice(replace(pack, questions=(item, *pack.questions[1:]))) if a.id == item.id]
    assert any("reading grade" in w for w in told) and any("words to a sentence" in w for w in told)
    assert any("1 other wordings" in w for w in told) and "No source is named." in told
