"""Never silent: whatever part fails, the listener hears or reads what happened, and the rest goes on."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fault_world import FAULTS, PACK, Microphone, World, survive

from companion.dialogue.state import State
from companion.errors import SettingsError
from companion.text_mode import run_text
from companion.understanding import Router

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_told_and_the_rest_goes_on(fault: str) -> None:
    with World() as world:
        told = survive(world, fault)
        assert len(told) == bool(FAULTS[fault][1])


@pytest.mark.parametrize("seed", range(12))
def test_random_pairs(seed: int) -> None:
    """``scripts/inject_faults.py`` does the same a thousand times."""
    with World() as world:
        survive(world, *random.Random(seed).sample(list(FAULTS), 2))


def test_a_place_that_could_not_be_saved_is_not_claimed_to_be() -> None:
    with World() as world:
        world.memory.broken = 1_000
        world.session.key("q")
        assert world.lines.wait_for("Goodbye. Your place could not be saved.") is not None
        assert "Your place is saved" not in world.text()


def test_a_recogniser_that_never_comes_back_is_told_as_that() -> None:
    with World() as world:
        for told in ("Something went wrong while I listened.", "I can't hear you at the moment"):
            world.recognizer.faults.append("die")
            world.speak("what is metastasis", told)


def test_faults_of_its_own_without_end_do_end_the_conversation() -> None:
    world = World()
    with pytest.raises(AssertionError), world:
        world.router.faults = 1_000
        for number in range(30):
            world.session.key(str(1 + number % 8))
        world._thread.join(20)
        assert not world._thread.is_alive()
    assert [type(e) for e in world._failure] == [ZeroDivisionError]


def test_asleep_it_tells_and_sleeps_on() -> None:
    with World() as world:
        world.speak("stop listening", "I have stopped listening.")
        world.quiet()
        FAULTS["loudspeaker gone"][0](world)
        world.session.microphone_lost(True)
        assert world.lines.wait_for("The microphone is gone.") is not None
        assert world.session._state.mode in {"asleep", "speaking"}
        assert not world.ears.open
        world.session.microphone_lost(False)
        world.session.key("h")
        assert world.lines.wait_for("Otherwise: ask a question") is not None


def test_text_mode_goes_on_when_nothing_can_be_saved() -> None:
    def full(_state: State, _place: object) -> None:
        raise SettingsError("Your place could not be saved (No space left on device).", "Free some space.")

    out = io.StringIO()
    lines = io.StringIO("slower\nwhat is metastasis\ngoodbye\n")
    assert run_text(PACK, Router(PACK), lines, out, save=full) == 0
    assert "What metastasis is:" in out.getvalue()
    assert out.getvalue().endswith("companion: Goodbye. Your place could not be saved.\n")


def test_a_microphone_that_opens_and_gives_nothing_counts_as_gone() -> None:
    with World() as world:
        world.quiet()
        whole, opened = Microphone.blocks, []

        def blocks(self: Microphone) -> Iterator[np.ndarray]:
            opened.append(self)
            return iter(()) if len(opened) < 4 else whole(self)

        Microphone.blocks = blocks  # type: ignore[method-assign]
        try:
            since = world.said
            world.room.said.put("ends")
            assert world.lines.wait_for("The microphone is gone.", since=since) is not None
            assert world.lines.wait_for("The microphone is back.", since=since) is not None
            world.ask("what is metastasis")
            lines = [line for _, line in world.lines.lines[since:]]
            assert len([line for line in lines if "The microphone is gone." in line]) == 1
        finally:
            Microphone.blocks = whole  # type: ignore[method-assign]


def test_whatever_ends_a_thread_of_ours_is_one_line() -> None:
    program = (
        "import sys, threading\n"
        "from companion.cli import main\n"
        "import companion.cli.doctor as command\n"
        "def fail():\n"
        "    raise ZeroDivisionError('a \\x1b[31mline\\nand another')\n"
        "def run(options):\n"
        "    thread = threading.Thread(target=fail, name='ears')\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "    print('on')\n"
        "    return 0\n"
        "command.run = run\n"
        "sys.exit(main(['doctor']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, "on\n")
    assert done.stderr == "A fault in Companion's own ears: ZeroDivisionError: a  [31mline and another.\n"


def test_a_loudspeaker_that_fails_oddly_does_not_end_the_speech() -> None:
    with World() as world:
        play, failed = world.loudspeaker.play, []

        def odd(*arguments: object) -> None:
            if not failed:
                failed.append(1)
                raise KeyError("samples")
            play(*arguments)  # type: ignore[arg-type]

        world.quiet()
        world.loudspeaker.play = odd  # type: ignore[method-assign, assignment]
        world.session.key("w")
        assert world.lines.wait_for("My voice failed just now.") is not None
        world.ask("what is metastasis")


def test_a_listener_of_the_speech_that_fails_does_not_end_it() -> None:
    with World() as world:
        world.quiet()
        on_event, failed = world.session._mouth._on_speech, []

        def odd(event: object) -> None:
            if not failed:
                failed.append(1)
                raise KeyError("kind")
            on_event(event)  # type: ignore[arg-type]

        world.session._mouth.speaker._on_event = odd
        world.session.key("h")
        world.ask("what is metastasis")
        assert failed
        assert "A fault in Companion's own speaker: KeyError: 'kind'." in world.errors.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX")
def test_the_program_says_why_nothing_can_be_saved(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    done = subprocess.run(
        [sys.executable, "-m", "companion", "--text"], input="slower\ngoodbye\n", capture_output=True, text=True,
        cwd=ROOT, env={**os.environ, "COMPANION_HOME": str(tmp_path)}, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0
    assert "could not be saved in" in done.stderr and "Traceback" not in done.stderr
    assert "Goodbye. Your place could not be saved." in done.stdout
