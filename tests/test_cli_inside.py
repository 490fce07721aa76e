"""Commands called in this process: every way that a narration or a look at the models can end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from companion.cli import main
from companion.cli.narrate import narration
from companion.content import load_pack
from companion.errors import UsageError

PACK = load_pack()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPANION_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(("what", "chapters"), [("facts", 10), ("questions", 8), ("all", 18)])
def test_a_narration_of_many_has_a_chapter_for_each_and_its_frame(what: str, chapters: int) -> None:
    told = narration(PACK, what)
    assert len(told) == chapters
    assert (told[0][1] == PACK.introduction) is (told[-1][1] == PACK.closing) is (what != "questions")


def test_a_narration_of_one_says_all_of_it() -> None:
    item = PACK.item("spreads")
    [(title, text)] = narration(PACK, "spreads")
    assert title == item.title and text.startswith("Fact 1.") and text.endswith(item.more[-1])
    assert narration(PACK, "what")[0][1].startswith(PACK.item("what").question)
    assert narration(PACK, "glossary/biopsy") == [("biopsy", PACK.term("glossary/biopsy").meaning)]


@pytest.mark.parametrize(("what", "hint"), [("treatmnt", "Did you mean treatment?"), ("zebra", "There are: facts,")])
def test_what_cannot_be_narrated_is_told_with_what_can(what: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        narration(PACK, what)
    assert hint in caught.value.to_do


def test_a_narration_goes_to_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "one.wav"
    code = main(["narrate", "surroundings", "--out", str(out)])
    told = capsys.readouterr()
    if code:
        pytest.skip(f"no voice here: {told.err}")
    assert out.stat().st_size > 50_000 and "seconds of speech" in told.err


def test_an_empty_store_is_told_in_words_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "list"]) == 0
    assert "minilm: " in (told := capsys.readouterr().out) and "not fetched." in told
    assert main(["model", "list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"minilm", "vosk-small"} <= {row["name"] for row in rows} and not any(row["path"] for row in rows)
    assert main(["model", "verify"]) == 0
    assert "no model in the store" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["verify", "minilm"], ["verify", "minilm", "--json"]])
def test_a_model_that_is_not_there_does_not_pass(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", *arguments]) == 1
    told = capsys.readouterr().out
    assert json.loads(told)["ok"] is False if "--json" in arguments else "minilm" in told


@pytest.mark.parametrize("names", [["minilm"], []])
def test_the_path_of_a_model_that_is_not_there_is_one_line(
    names: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOSK_MODEL_PATH", raising=False)
    assert main(["model", "path", *names]) != 0
    told = capsys.readouterr()
    assert told.out == "" and "companion model fetch" in told.err and told.err.count("\n") <= 2
