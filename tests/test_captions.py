"""Captions while somebody speaks: added to, never taken back; nothing of them where nobody can follow."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.captions import Captions, captioned


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_word_is_shown_once_two_hypotheses_agree_and_the_line_ends_before_the_next():
    out = Terminal()
    captions = Captions(out)
    for text in ("what", "what is", "what is met", "what is metastasis", "what is metastasis"):
        captions.partial(text)
    captions.write("you: what is metastasis\n")
    assert out.getvalue() == "hearing: what is metastasis\nyou: what is metastasis\n"


def test_what_was_taken_back_stays_and_adds_nothing():
    out = Terminal()
    captions = Captions(out)
    for text in ("can it", "can it be", "canned", "canned beans", "canned beans"):
        captions.partial(text)
    assert out.getvalue() == "hearing: can it"
    captions.write("you: canned beans\n")
    for text in ("stop", "stop"):
        captions.partial(text)
    assert out.getvalue().splitlines()[1:] == ["you: canned beans", "hearing: stop"]


def test_a_cough_leaves_nothing_to_the_next_utterance():
    out = Terminal()
    captions = Captions(out)
    for text in ("", "the", "the", "", "", "stop", "stop"):
        captions.partial(text)
    assert out.getvalue() == "hearing: the\nhearing: stop"


def test_lines_of_the_conversation_stand_alone():
    out = Terminal()
    captions = Captions(out)
    captions.write("companion: Hello.\n")
    captions.write("companion: Paused.\n")
    assert out.getvalue() == "companion: Hello.\ncompanion: Paused.\n"
    assert captions.isatty()


@given(st.lists(st.lists(st.sampled_from(["can", "it", "be", "cured"]), max_size=5).map(" ".join), max_size=12))
def test_whatever_is_heard_the_line_only_grows(hypotheses):
    out = Terminal()
    captions = Captions(out)
    for text in hypotheses:
        before = out.getvalue()
        captions.partial(text)
        assert out.getvalue().startswith(before)
        assert not set(out.getvalue()) & set("\r\b\x1b")


@pytest.mark.parametrize(
    ("stream", "environment"),
    [
        (io.StringIO(), {}),
        (Terminal(), {"ACCESSIBLE": "1"}),
        (Terminal(), {"TERM": "dumb"}),
    ],
)
def test_pipes_and_who_wants_whole_lines_get_none(stream, environment):
    assert captioned(stream, environment) == (stream, None)


def test_a_terminal_gets_them():
    out = Terminal()
    stream, captions = captioned(out, {"TERM": "xterm", "ACCESSIBLE": "0"})
    assert captions is not None and stream is captions
