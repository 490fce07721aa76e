"""Turns of the session with twins of the devices (tests/fault_world.py): keys, push to talk, silence."""

from __future__ import annotations

import io
import threading
import time

import pytest
from fault_world import PACK, World

from companion import showing
from companion.dialogue.state import State
from companion.session import HOLD, REMIND_AFTER
from companion.text_mode import LONGEST_LINE, run_text
from companion.understanding import Router


def until(condition, patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


def test_keys_can_be_practised_without_doing_anything() -> None:
    with World() as world:
        world.session.key("k")
        world.quiet()
        for key, told in (("n", "N: next."), ("3", "3: choose number 3."), ("j", "J: nothing.")):
            world.session.key(key)
            assert world.lines.wait_for(told) is not None
        assert "What metastasis is" not in world.text(), "next was only named"
        since = world.said
        world.session.key("k")
        assert world.lines.wait_for("The keys work again.", since=since) is not None
        world.session.key("n")
        assert world.lines.wait_for(f"{PACK.questions[0].title}:", since=since) is not None


def test_a_digit_chooses_and_space_pauses_and_goes_on() -> None:
    with World() as world:
        world.session.key("2")
        assert world.lines.wait_for(f"{PACK.questions[1].title}:") is not None
        world.session.key("a")  # a long reading
        assert world.lines.wait_for(f"{PACK.facts[0].short[:20]}") is not None
        world.session.key(" ")
        assert world.lines.wait_for("Paused.") is not None
        assert world.session._state.mode == "paused"
        world.session.key(" ")
        until(lambda: world.session._state.mode != "paused")
        world.session.key("0")  # chooses nothing and breaks nothing
        world.ask("what is metastasis")


def test_after_a_long_silence_the_listener_is_told_what_can_be_said() -> None:
    with World() as world:
        world.quiet()
        until(lambda: world.session._state.mode == "listening")
        since = world.said
        world.clock.jumped += REMIND_AFTER + 5
        assert world.lines.wait_for("I am listening. Ask a question", since=since) is not None
        world.ask("can metastasis be prevented")


def test_push_to_talk_hears_one_utterance_for_a_key() -> None:
    world = World()
    world.session._push_to_talk = True
    with world:
        world.quiet()
        assert not world.ears.open
        world.recognizer.next = "what is metastasis"
        world.room.said.put("speech")
        world.session.key("t")
        until(lambda: world.ears.open)
        world.ask("can metastasis be prevented")
        until(lambda: not world.ears.open)


def test_what_is_said_over_the_companion_holds_it_and_a_noise_lets_it_go_on() -> None:
    with World() as world:
        world.voice.SECONDS_A_WORD = 0.2  # long enough to be spoken over
        world.session.key("a")
        until(lambda: world.session._mouth.speaking and world.session._state.mode == "speaking")
        world.session.interrupted()
        until(lambda: world.session._held_at is not None)
        assert not world.session._mouth.audible
        world.clock.jumped += HOLD + 1
        until(lambda: world.session._held_at is None and world.session._mouth.audible)


def test_where_nothing_can_be_written_any_more_the_conversation_ends_with_that() -> None:
    world = World()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with world:
        world.quiet()
        world.lines.write = full  # type: ignore[method-assign]
        world.session.key("h")
        world._thread.join(30)
        assert not world._thread.is_alive()
        (failure,) = world._failure
        assert isinstance(failure, OSError) and failure.errno == 28
        world._failure.clear()


def test_a_fault_in_a_thread_is_one_line_and_its_whole_page_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(error: BaseException) -> None:
        def fail() -> None:
            raise error

        thread = threading.Thread(target=fail, name="worker-of-mine")
        thread.start()
        thread.join()

    before = threading.excepthook
    monkeypatch.setattr(threading, "excepthook", before)
    monkeypatch.setenv("COMPANION_DEBUG", "1")
    showing.tell_faults_of_threads()
    assert threading.excepthook is before
    monkeypatch.delenv("COMPANION_DEBUG")
    showing.tell_faults_of_threads()
    run(ValueError("odd"))
    run(SystemExit(3))  # an end that is meant
    assert capsys.readouterr().err == "A fault in Companion's own worker-of-mine: ValueError: odd.\n"


def test_several_lines_written_at_once_are_made_safe_too() -> None:
    out = io.StringIO()
    showing.plain(out).writelines(["one\x1b[2J\n", "two\n"])
    assert out.getvalue().count("\n") == 2 and "\x1b" not in out.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_each_question_is_asked_for_and_is_not_said_twice() -> None:
    out = Terminal()
    assert run_text(PACK, Router(PACK), Terminal("what is metastasis\n...\n"), out, state=State()) == 0
    text = out.getvalue()
    assert text.count("you: ") == 3 and "you: what is metastasis" not in text
    assert text.endswith("you: \n"), "what the shell says next begins a line of its own"


def test_the_end_of_an_endless_line_is_still_read() -> None:
    line = "well " * LONGEST_LINE + "I want to kill myself\n"
    out = io.StringIO()
    assert run_text(PACK, Router(PACK), io.StringIO(line), out, state=State()) == 0
    assert "You are not alone" in out.getvalue()


def test_ctrl_c_ends_the_reading_aloud_and_not_the_conversation() -> None:
    spoken: list[list[str]] = []

    def speak(sentences: list[str]) -> None:
        spoken.append(sentences)
        raise KeyboardInterrupt

    out = io.StringIO()
    assert run_text(PACK, Router(PACK), io.StringIO("what is metastasis\n"), out, state=State(), speak=speak) == 0
    assert len(spoken) == 2 and "What metastasis is" in out.getvalue()
