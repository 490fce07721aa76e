"""Keys: the table, the listener's own changes, real terminals that are put back, and Windows by a stand-in."""

import importlib
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from companion.dialogue.commands import COMMANDS
from companion.errors import SettingsError
from companion.keymap import DEFAULT, PAUSE_OR_RESUME, describe, load_keys, spoken_list

ROOT = Path(__file__).resolve().parent.parent


def test_every_key_does_what_the_dialogue_knows_and_nearly_every_command_has_a_key():
    assert set(DEFAULT.values()) - {PAUSE_OR_RESUME} <= set(COMMANDS)
    assert set(COMMANDS) - set(DEFAULT.values()) == {"pause"}, "Space pauses"
    assert all(len(key) == 1 and not key.isdecimal() for key in DEFAULT)


def test_the_readme_names_every_key():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for key in DEFAULT:
        assert f"`{'Space' if key == ' ' else key}`" in text, key


def test_a_key_says_what_it_does():
    assert describe("n", DEFAULT) == "N: next."
    assert describe(" ", DEFAULT) == "Space: pause, or go on."
    assert describe("3", DEFAULT) == "3: choose number 3."
    assert describe("j", DEFAULT) == "J: nothing."
    assert "Comma: previous sentence." in spoken_list()


def test_the_listeners_own_keys_are_taken_and_taken_away(tmp_path):
    path = tmp_path / "keys.toml"
    assert load_keys(path) == DEFAULT
    path.write_text('[keys]\nj = "next"\nn = "none"\n"ü" = "help"\n', encoding="utf-8")
    table = load_keys(path)
    assert table["j"] == "next" and table["ü"] == "help" and "n" not in table and table["p"] == "previous"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[keys", "can't be read"),
        ('[keys]\njj = "next"', "is not a key"),
        ('[keys]\n3 = "next"', "is not a key"),
        ('[keys]\nj = "fly"', "nothing a key can do"),
        ("[keys]\nj = 3", "nothing a key can do"),
        ("", "no table of keys"),
        ('[key]\nj = "next"', "no table of keys"),
    ],
)
def test_a_wrong_table_is_one_clear_error(tmp_path, text, part):
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=part):
        load_keys(path)


_PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background hands down an ignored one
from companion import cli, keys
def told(character):
    print("key", repr(character), flush=True)
    if character == "!":
        raise ZeroDivisionError("odd key")
cli._streams()
try:
    with keys.listening(told):
        print("ready", flush=True)
        if sys.argv[1] == "raise":
            raise ValueError("a fault")
        for _ in range(600 if sys.argv[1] == "wait" else 0):
            time.sleep(0.05)
except (KeyboardInterrupt, ValueError):
    pass
"""


@pytest.mark.parametrize("ending", ["end", "raise", signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=str)
def test_the_terminal_is_put_back_however_it_ends(ending):
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    how = ending if isinstance(ending, str) else "wait"
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, how], stdin=theirs, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert program.stdout.readline() == "ready\n"
        if how == "wait":
            assert termios.tcgetattr(theirs) != before, "single keys were not read at all"
            os.write(ours, b"n\x1b[A\xc3\xbc")
            assert program.stdout.readline() == "key 'n'\n"
            program.send_signal(ending)
        program.communicate(timeout=30)
        assert termios.tcgetattr(theirs) == before
    finally:
        program.kill()
        program.wait()
        os.close(ours)
        os.close(theirs)


def test_arrow_keys_are_no_commands_and_other_letters_arrive_whole():
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "wait"], stdin=theirs, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert program.stdout.readline() == "ready\n"
        os.write(ours, b"\x1b[A")
        # The terminal hands over what has come together: the letters must come after the arrow key was taken.
        end = time.monotonic() + 30
        while select.select([theirs], [], [], 0)[0] and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.3)
        os.write(ours, "ü".encode())
        assert program.stdout.readline() == "key 'ü'\n"
    finally:
        program.kill()
        program.wait()
        os.close(ours)
        os.close(theirs)


def test_a_fault_on_one_key_is_one_line_and_the_next_key_works():
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "wait"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert program.stdout.readline() == "ready\n"
        os.write(ours, b"!n")
        assert program.stdout.readline() == "key '!'\n"
        assert program.stdout.readline() == "key 'n'\n"
        program.send_signal(signal.SIGTERM)
        _, errors = program.communicate(timeout=30)
        assert errors == "A fault in Companion's own keys: ZeroDivisionError: odd key.\n"
    finally:
        program.kill()
        program.wait()
        os.close(ours)
        os.close(theirs)


def test_a_terminal_that_goes_ends_the_reading_without_a_word():
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "wait"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert program.stdout.readline() == "ready\n"
        os.close(theirs)
        os.close(ours)
        time.sleep(0.3)
        assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        _, errors = program.communicate(timeout=30)
        assert errors == ""
    finally:
        program.kill()
        program.wait()


def test_windows_keys_by_a_stand_in(monkeypatch):
    """No Windows here: msvcrt is played by a stand-in, after Microsoft's description of kbhit and getwch."""
    waiting = list("n\xe0Hs\x00;q")  # two-character keys begin with NUL or 0xE0: Up is E0 48, F1 is 00 3B
    monkeypatch.setitem(
        sys.modules, "msvcrt", SimpleNamespace(kbhit=lambda: bool(waiting), getwch=lambda: waiting.pop(0))
    )
    monkeypatch.setattr(sys, "platform", "win32")
    import companion.keys

    try:
        windows = importlib.reload(companion.keys)
        told, done = [], threading.Event()

        def tell(character):
            told.append(character)
            if character == "q":
                done.set()

        with windows.listening(tell):
            assert done.wait(30)
        assert told == ["n", "s", "q"]
    finally:
        monkeypatch.undo()
        importlib.reload(companion.keys)
