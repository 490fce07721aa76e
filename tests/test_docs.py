"""The documents hold: what they name is there, what they tell people to type or say does what they tell."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from companion.catalogue import CATALOGUE
from companion.cli import main
from companion.cli.arguments import COMMANDS, build_parser, parse
from companion.content import load_pack
from companion.text.plain import measure
from companion.understanding import Router

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACK = load_pack()
DOCUMENTS = sorted(
    p
    for p in (*ROOT.glob("*.md"), *(ROOT / "models").glob("*.md"), *(ROOT / "companion" / "packs").glob("*.md"))
    if p.name != "LICENCES.md"  # made by a script; its addresses are other people's
)


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    top = build_parser()
    yield "companion", top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def test_every_command_and_option_has_help_and_stands_in_the_readme():
    found = dict(parsers())
    assert set(found) == {"companion", *COMMANDS}
    for name, parser in found.items():
        assert f"companion {name}" in README or name == "companion"
        for action in parser._actions:
            if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
                continue
            assert action.help, (name, action.dest)
            for option in action.option_strings:
                if option not in {"-h", "--help"}:
                    assert option in README, (name, option)


def commands_of(text: str) -> list[str]:
    """What a reader would type: lines of code blocks and code in sentences, without the remarks behind them."""
    found = []
    for piece in [
        *re.findall(r"`([^`\n]+)`", text),
        *re.findall(r"^(?: {4,})?((?:python3|companion) .*)$", text, re.M),
    ]:
        line = re.split(r" {2,}|  *#", piece.strip())[0]
        if line.startswith(("companion ", "python3 scripts/run.py")):
            found.append(re.sub(r"^(companion|python3 scripts/run\.py) ?", "", line))
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_is_shown_to_be_typed_is_understood_by_the_program(path):
    for line in commands_of(path.read_text(encoding="utf-8")):
        first = re.sub(r" ?\[--[^\]]*\]|…", "", line)  # [--json] is optional
        for choice in re.findall(r"[^ \[\]]+(?:\|[^ \[\]]+)+", first):
            first = first.replace(f"[{choice}]", choice.split("|")[0]).replace(choice, choice.split("|")[0])
        first = re.sub(r" ?\[[A-Z]+\]", "", first)
        if first in COMMANDS:
            continue  # named, not typed
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                parse(shlex.split(first))
            except SystemExit as end:
                raise AssertionError(f"{line}: {said.getvalue()}") from end


def test_the_readme_shows_something_to_type_for_every_command():
    shown = {line.split()[0] for line in commands_of(README) if line}
    assert set(COMMANDS) <= shown, set(COMMANDS) - shown


def said(*arguments: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(list(arguments)) == 0
    return out.getvalue()


def test_the_json_has_the_keys_and_decisions_that_the_readme_names():
    text = README[README.index("The JSON of `ask` has") :].split("In Python")[0]
    row = json.loads(said("ask", "what is metastasis", "--json"))
    for key in (*row, *row["seconds"]):
        assert f"`{key}`" in text, key
    asked = (
        "what is metastasis",
        "metastasis in the bone",
        "good morning",
        "I can't breathe",
        "should I worry",
        "stop",
    )
    kinds = {json.loads(said("ask", question, "--json"))["decision"] for question in asked}
    assert kinds <= set(re.findall(r"`(\w+)`", text)) and len(kinds) >= 5


def test_the_python_of_the_readme_runs():
    (program,) = re.findall(r"```python\n(.*?)```", README, re.S)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "README.md", "exec"), {})
    assert out.getvalue().startswith("answer prevention (")


def test_the_pack_of_the_readme_is_sound(tmp_path):
    (text,) = re.findall(r"```\n(\s*format = 1\n.*?)```", README, re.S)
    (tmp_path / "pack.toml").write_text(re.sub(r"^ +", "", text, flags=re.M), encoding="utf-8")
    assert "The pack is sound." in said("--pack", str(tmp_path), "pack", "check")
    assert "call 112 now" in json.loads(said("--pack", str(tmp_path), "ask", "should I worry", "--json"))["text"]


def test_what_the_listener_is_told_to_say_is_understood():
    router = Router(PACK)
    chapter = README[README.index("## For the listener") : README.index("Keys work at any moment")]
    for question in re.findall(r'^- "(.+)"$', chapter, re.M):
        assert router.decide(question).kind == "answer", question
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", chapter, re.M)[1:]
    phrases = [phrase.strip() for row in rows for phrase in row.split(",")]
    assert len(phrases) > 25
    for phrase in phrases:
        assert router.decide(phrase).kind in {"command", "answer"}, phrase


def test_the_models_stand_with_their_licence_checksums_and_addresses():
    text = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    for model in CATALOGUE:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{model.name}` |"))
        assert model.licence in row and re.search(rf"\b{round(model.download_bytes / 1e6)} MB", row), model.name
        for file in model.files:
            assert file.url in text and file.sha256 in text, file.url


def test_the_files_of_a_pack_stand_in_its_manual():
    manual = (ROOT / "companion" / "packs" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+\.toml)` \|", manual, re.M))
    assert listed == {p.name for p in (ROOT / "companion" / "packs" / "metastasis").glob("*.toml")}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_scripts_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (path.parent / target).exists(), target
    for script in re.findall(r"\bscripts/\w+\.py", text):
        assert (ROOT / script).is_file(), script


def test_the_listeners_chapter_is_plain():
    chapter = README[README.index("## For the listener") : README.index("## For who sets it up")]
    prose = [line for line in chapter.splitlines()[1:] if line and not line.startswith(("|", "-"))]
    plain = measure(re.sub(r":$", ".", "\n".join(prose).replace("`", ""), flags=re.M))
    assert plain.grade <= 6 and plain.mean_sentence <= 15, plain
