"""Nothing that comes from outside can steer the terminal: recogniser, pack, file names, device names, arguments."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.cli import main
from companion.content import bundled_pack_dir
from companion.errors import CompanionError
from companion.events import Hypothesis, Word
from companion.showing import PlainStream, json_line, plain, shown
from companion.testing import ScriptedRecognizer

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = "a\x1b]0;owned\x07b\x9b2Jc\u202ed\u2066e\u200ff\u2028g\rh\x00i\x7fj\U000e0041k"
"""Escape sequences of seven and eight bits, direction marks and overrides, line separators, tags."""


def harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@given(st.text())
def test_shown_is_printable_and_keeps_what_was_printable(text: str) -> None:
    out = shown(text)
    assert out.isprintable()
    assert [c for c in out if c != " "] == [c for c in text if c.isprintable() and c != " "]


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_json_is_printable_and_means_the_same(value: object) -> None:
    line = json_line(value)
    assert line.isprintable()
    assert json.loads(line) == value


@given(st.lists(st.text()))
def test_a_stream_passes_line_feeds_and_nothing_else_that_steers(texts: list[str]) -> None:
    inner = io.StringIO()
    stream = plain(inner)
    assert plain(stream) is stream
    for text in texts:
        assert stream.write(text) == len(text)
    assert harmless(inner.getvalue())
    assert inner.getvalue().count("\n") == sum(t.count("\n") for t in texts)


def test_a_stream_is_else_the_one_it_wraps(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        stream = PlainStream(file)
        assert (stream.fileno(), stream.encoding, stream.isatty()) == (file.fileno(), "utf-8", False)
        stream.writelines(["a\n", "b\t\n"])
    assert (tmp_path / "out").read_text() == "a\nb \n"


def test_an_error_is_one_harmless_line() -> None:
    assert harmless(str(CompanionError(HOSTILE, HOSTILE))) and "\n" not in str(CompanionError(HOSTILE, "x\ny"))


def companion(*arguments: str | bytes, home: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "companion", *arguments],
        cwd=ROOT, env={**os.environ, "COMPANION_HOME": str(home)}, capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    out, err = (raw.decode("utf-8") for raw in (done.stdout, done.stderr))
    assert harmless(out) and harmless(err), (out, err)
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
@pytest.mark.parametrize("command", [["transcribe"], ["ask", "--audio"], ["transcribe", "--json"]])
def test_names_of_files(command: list[str], tmp_path: Path) -> None:
    name = HOSTILE.replace("\x00", "")
    (tmp_path / f"{name}.wav").write_bytes(b"RIFF")
    done = companion(*command, str(tmp_path / f"{name}.wav"), str(tmp_path / "no\udcff\x1b[2J.wav"), home=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("error: ") == 2


@pytest.mark.parametrize("arguments", [["--x\x1b[2J"], ["\x1b[2J"], ["--engine", "\x9b2J"], ["narrate", "\x1b[2J"]])
def test_arguments(arguments: list[str], tmp_path: Path) -> None:
    assert companion(*arguments, home=tmp_path).returncode == 2


@pytest.mark.parametrize(
    "line",
    [
        'id = "a\\u001b[2J"',
        '"\\u001b]0;owned\\u0007" = "x"',
        'title = "\\u202eback"',
        'related = ["\\u009b2J"]',
        "x = \x1b[2J",
    ],
)
def test_packs(line: str, tmp_path: Path) -> None:
    folder = tmp_path / "pack\x1b[31m"
    folder.mkdir()
    (folder / "pack.toml").write_bytes((bundled_pack_dir() / "pack.toml").read_bytes())
    (folder / "questions.toml").write_text(f"[[question]]\n{line}\n", encoding="utf-8")
    done = companion("pack", "check", str(folder), home=tmp_path)
    assert done.returncode == 1 and "line" in done.stdout + done.stderr
    assert companion("--pack", str(folder), "ask", "what is metastasis", home=tmp_path).returncode == 1


def test_what_a_model_says_of_itself(tmp_path: Path) -> None:
    """The list of files that lies in a model's folder came with the model."""
    model = tmp_path / "data" / "models" / "vosk-model-small-en-us-0.15"
    for name in ("am/final.mdl", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"):
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(b"x")
    (model / "companion-manifest.json").write_text(json.dumps({"files": {HOSTILE: [1, "00"]}}))
    for command in (["list"], ["verify"], ["list", "--json"], ["verify", "--json"], ["path"]):
        companion("model", *command, home=tmp_path)
    companion("doctor", home=tmp_path)


@pytest.mark.parametrize("command", [["transcribe"], ["ask", "--audio"], ["transcribe", "--json"]])
def test_a_recogniser_whose_word_list_is_hostile(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A twin stands for the recogniser: libvosk writes whatever words its model's list holds."""
    import soundfile

    from companion.cli import common

    heard = Hypothesis(HOSTILE, words=(Word(HOSTILE, 0.0, 1.0),), engine="vosk")
    for module in ("transcribe", "ask"):
        monkeypatch.setattr(
            f"companion.cli.{module}.recognizer", lambda *a, **k: contextlib.nullcontext(ScriptedRecognizer([heard]))
        )
    assert common.recognizer is not None
    speech = [8_000 if i % 160 < 80 else -8_000 for i in range(16_000)]
    soundfile.write(str(tmp_path / "a.wav"), [[0]] * 8_000 + [[s / 32_768] for s in speech] + [[0]] * 16_000, 16_000)
    monkeypatch.setenv("COMPANION_HOME", str(tmp_path))
    assert main([*command, str(tmp_path / "a.wav")]) == 0
    out, err = capsys.readouterr()
    assert "owned" in out + err, "the words themselves are shown"
    assert harmless(out) and harmless(err)


def test_main_gives_the_streams_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    assert main(["ask", "what is metastasis"]) == 0
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("name", ["../../../../../../../dev/zero", "/dev/zero", "am/zero", "am/pipe"])
def test_a_models_own_list_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    """/dev/zero has no end, and nobody writes into the pipe: a program that read them would hang."""
    from companion.model_check import vosk_problem
    from companion.settings import Paths
    from companion.store import ModelStore

    model = tmp_path / "data" / "models" / "vosk-model-small-en-us-0.15"
    for part in ("am/final.mdl", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"):
        (model / part).parent.mkdir(parents=True, exist_ok=True)
        (model / part).write_bytes(b"x")
    (model / "am" / "zero").symlink_to("/dev/zero")
    os.mkfifo(model / "am" / "pipe")
    (model / "companion-manifest.json").write_text(json.dumps({"files": {name: [0, "00"]}}))
    store = ModelStore(Paths.find({"COMPANION_HOME": str(tmp_path)}))
    assert not store.verify("vosk-small").ok
    assert vosk_problem(model) is not None or "dev" in name
