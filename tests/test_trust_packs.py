"""Hostile packs: they can't run code, read or write outside their folder, or take the emergency replies away."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.content import Pack, bundled_pack_dir, load_pack
from companion.content.guard import names_whom_to_call
from companion.content.load import read_pack
from companion.dialogue import respond
from companion.errors import PackError
from companion.text.lexicon import Lexicon
from companion.understanding import Router

BUNDLED = load_pack()
CRIES = [p for rule in BUNDLED.urgent for p in rule.prototypes]
PLAIN = """
format = 1
id = "other"
title = "Something else"
emergency = "If anyone may be in danger, call 112 now."
advice = "Ask the care team."
"""
QUESTION = '\n[[question]]\nid = "q"\ntitle = "Tea"\nquestion = "What is tea?"\nshort = "A drink."\n'
POSIX = pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")


def made(folder: Path, top: str = PLAIN, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.toml").write_text(top, encoding="utf-8")
    (folder / "questions.toml").write_text(QUESTION, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    assert str(caught.value).isprintable()
    return str(caught.value)


# Reading outside


@POSIX
def test_a_link_that_leads_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text('password = "hunter2"')
    folder = made(tmp_path / "pack")
    (folder / "words.toml").symlink_to(tmp_path / "secret.toml")
    assert refused(folder).startswith("words.toml is a link to a file outside")
    (folder / "words.toml").unlink()
    (folder / "words.toml").symlink_to(folder / "subject.txt")
    (folder / "subject.txt").write_text('same = [["tea", "cuppa"]]')
    assert load_pack(folder).same == (("tea", "cuppa"),), "a link inside the folder is read as the file it is"


@POSIX
def test_a_folder_that_is_itself_a_link_is_fine(tmp_path: Path) -> None:
    made(tmp_path / "pack")
    (tmp_path / "link").symlink_to(tmp_path / "pack")
    assert load_pack(tmp_path / "link").id == "other"


@pytest.mark.parametrize(
    "base", ["{abs}", "../../far", "../../far/../near/../../far", "..", ".", "/", "a\\u0000b", "{long}", "~/far"]
)
def test_extends_follows_no_path_that_leads_away(base: str, tmp_path: Path) -> None:
    made(tmp_path / "far")
    base = base.replace("{abs}", str(tmp_path / "far")).replace("{long}", "x/" * 3_000)
    folder = made(tmp_path / "here" / "pack", f'{PLAIN}extends = "{base}"\n')
    message = refused(folder)
    assert any(w in message for w in ("extends leads outside", "circle", "holds no pack.toml", "no pack", "too long"))


@POSIX
def test_extends_through_a_link_leads_nowhere(tmp_path: Path) -> None:
    made(tmp_path / "far")
    folder = made(tmp_path / "here" / "pack", f'{PLAIN}extends = "base"\n')
    (folder / "base").symlink_to(tmp_path / "far")
    assert "extends leads outside" in refused(folder)


def test_extends_takes_a_bundled_pack_one_inside_and_one_beside(tmp_path: Path) -> None:
    for base in ("metastasis", "inside", "./inside", "../beside"):
        folder = made(tmp_path / "here" / "pack", f'{PLAIN}extends = "{base}"\n')
        for other in (folder / "inside", folder.parent / "beside"):
            made(other, tea='[[question]]\nid = "w"\ntitle = "Water"\nquestion = "What is water?"\nshort = "Wet."\n')
        assert load_pack(folder).item("what" if base == "metastasis" else "w"), base


@POSIX
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    folder = made(tmp_path / "pack")
    os.mkfifo(folder / "pipe.toml")
    (folder / "zero.toml").symlink_to("/dev/zero")
    assert load_pack(folder).id == "other"
    (folder / "pack.toml").unlink()
    os.mkfifo(folder / "pack.toml")
    assert "holds no pack.toml" in refused(folder)


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    folder = made(tmp_path / "pack")
    with (folder / "big.toml").open("wb") as file:
        file.truncate(20_000_000_000)  # takes no room on the disk
    assert "larger than 64 MB" in refused(folder)


def test_reading_a_pack_writes_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path / "pack")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    load_pack(folder)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


# Running code


def test_code_in_a_pack_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that Python would run when they lay in its way, and texts that a careless reader would carry out."""
    short = "{0.__class__} %s $(touch owned) `touch owned` __import__('os').system('touch owned')"
    folder = made(tmp_path / "pack", PLAIN.replace("Something else", short))
    (folder / "questions.toml").write_text(QUESTION.replace("A drink.", short), encoding="utf-8")
    for name in ("pack.py", "conftest.py", "sitecustomize.py", "companion.py", "tomllib.py", "pack.pth", "pack.pickle"):
        (folder / name).write_text("open('owned', 'w')")
    monkeypatch.chdir(folder)
    pack = load_pack(folder)
    router = Router(pack)
    assert respond(router.decide("what is tea"), pack) == f"Tea: {short}"
    for command in ("help", "list questions", "source", "spell tea"):
        assert respond(router.decide(command), pack)
    assert not (folder / "owned").exists()


# The emergency replies


def spoken(pack: Pack, text: str, engine: str) -> str:
    return Lexicon.for_engine(pack.speech, engine).apply(text)


def cries_are_answered(pack: Pack) -> None:
    router = Router(pack)
    for cry in CRIES:
        decision, bundled = router.decide(cry), BUNDLED_ROUTER.decide(cry)
        if bundled.kind in {"urgent", "advice"}:  # the rest is for the topic model
            assert decision.kind in {"urgent", bundled.kind}, cry
        if decision.kind == "urgent":
            reply = respond(decision, pack)
            assert pack.emergency in reply and names_whom_to_call(reply)
            for engine in ("espeak", "sapi5", "nsss"):
                assert "call" in spoken(pack, reply, engine).lower()


BUNDLED_ROUTER = Router(BUNDLED)


def test_most_cries_are_urgent_to_begin_with() -> None:
    kinds = [BUNDLED_ROUTER.decide(cry).kind for cry in CRIES]
    # By words alone; the roundabout ones are there for what is learnt from them.
    assert kinds.count("urgent") > 0.7 * len(kinds)
    assert "answer" not in kinds


def test_a_pack_without_urgent_rules_has_the_bundled_ones(tmp_path: Path) -> None:
    pack = load_pack(made(tmp_path / "pack"))
    assert {r.id for r in pack.urgent} == {r.id for r in BUNDLED.urgent}
    cries_are_answered(pack)


@pytest.mark.parametrize("extends", ["", 'extends = "metastasis"\n'])
def test_rules_can_be_added_to_but_not_emptied(extends: str, tmp_path: Path) -> None:
    rules = "".join(f'[[urgent]]\nid = "{r.id}"\nreply = "Rest a little."\nsigns = []\n' for r in BUNDLED.urgent)
    rules += '[[urgent]]\nid = "leak"\nreply = "Ring the ward."\nsigns = ["drain + leaking"]\n'
    pack = load_pack(made(tmp_path / "pack", PLAIN + extends, safety=rules))
    cries_are_answered(pack)
    decision = Router(pack).decide("my drain is leaking")
    assert (decision.kind, decision.id) == ("urgent", "leak")
    assert "call 112 now" in respond(decision, pack)


def test_a_subject_cannot_turn_a_cry_into_a_question(tmp_path: Path) -> None:
    words = sorted({w for r in BUNDLED.urgent for s in r.signs for w in s.replace("|", " ").replace("+", " ").split()})
    listed = ", ".join(f'"{w.lstrip("=")}"' for w in words)
    pack = load_pack(
        made(tmp_path / "pack", f"{PLAIN}subject = [{listed}]\n", words=f"same = [[{listed}], [{listed}]]\n")
    )
    cries_are_answered(pack)


def test_wordings_of_a_question_do_not_come_before_safety(tmp_path: Path) -> None:
    listed = ", ".join('"{}"'.format(c.replace('"', "")) for c in CRIES)
    folder = made(tmp_path / "pack")
    (folder / "questions.toml").write_text(f"{QUESTION}wordings = [{listed}]\n", encoding="utf-8")
    with (folder / "words.toml").open("w") as file:
        file.write(f"[decoys]\nlines = [{listed}]\n[foreign]\ntopics = [{listed}]\n")
    cries_are_answered(load_pack(folder))


@pytest.mark.parametrize("sentence", ["Have a nice day.", "All will be well.", "Take 2 aspirin.", " "])
def test_the_emergency_sentence_must_say_whom_to_call(sentence: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "pack", PLAIN.replace("If anyone may be in danger, call 112 now.", sentence))
    assert "emergency" in refused(folder)


@pytest.mark.parametrize(
    "entry",
    [
        '"call" = "do not call"',
        '"Call your local emergency number now" = "Rest a little"',
        '"112" = "nine nine nine"',
        '"112 now" = "later"',
        '"now" = "some day"',
        '"EMERGENCY" = "pizza"',
        '"dial" = "call"\n"emergency   number" = "cinema"',
        '"if anyone" = "nobody"',
    ],
)
@pytest.mark.parametrize("engine", ["all", "espeak", "sapi5", "nsss"])
def test_the_voice_says_the_emergency_replies_as_they_are_written(entry: str, engine: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "pack", speech=f"[{engine}]\n{entry}\n")
    assert "how those are said can't be changed" in refused(folder)


def test_other_words_and_numbers_may_be_said_as_a_pack_likes(tmp_path: Path) -> None:
    top = PLAIN.replace("call 112 now", "call Whittington ward on 020 7272 now")
    speech = '[all]\n"112" = "one one two"\n"020" = "oh two oh"\n"7272" = "7 2 7 2"\n"tea" = "tee"\n'
    speech += '"Whittington" = "witting tun"\n'
    pack = load_pack(made(tmp_path / "pack", top, speech=speech))
    assert "oh two oh" in spoken(pack, pack.emergency, "espeak")


def test_the_bundled_pack_is_held_to_the_same_rules(tmp_path: Path) -> None:
    assert names_whom_to_call(BUNDLED.emergency)
    copy = shutil.copytree(bundled_pack_dir(), tmp_path / "copy")
    assert read_pack(copy)[1].found == []
    assert [(r.id, r.reply, set(r.signs), r.always) for r in load_pack(copy).urgent] == [
        (r.id, r.reply, set(r.signs), r.always) for r in BUNDLED.urgent
    ]


# Any bytes

toml_like = st.lists(
    st.sampled_from(
        ["[[question]]", "[[urgent]]", "[all]", "[", "]]", "\n", "id", "=", '"x"', "'''", '"""', "extends", "signs",
         "[]", '["a + b | c"]', "\\u0000", "\ufeff", "1e999", "same_as", "short", "{a={a=1}}", "a.a.a", "1979-05-27"]
    )
    | st.text(max_size=5),
    max_size=40,
).map("".join)  # fmt: skip


@given(st.binary(max_size=200) | toml_like.map(lambda t: t.encode("utf-8", "surrogatepass")))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_anything_but_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("pack.toml", "questions.toml", "safety.toml", "speech.toml"):
        (folder / name).write_bytes(content if name == "pack.toml" else content[1:])
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomli has its own limits")
@pytest.mark.parametrize("content", ["a." * 20_000 + "a = 1", "a = " + "{b=" * 20_000, "[" + "a." * 20_000 + "a]"])
def test_deep_nesting_ends_in_one_line(content: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "pack", PLAIN + content)
    assert "pack.toml" in refused(folder) or "not known" in refused(folder)
