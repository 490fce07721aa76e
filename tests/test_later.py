"""What is made while the listener is already spoken to."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from companion.errors import EngineError
from companion.events import Context, Decision
from companion.later import Later, LaterRouter

ROOT = Path(__file__).resolve().parent.parent


def test_it_is_made_once_in_the_background_and_waited_for():
    go, made = threading.Event(), []

    def make():
        go.wait(30)
        made.append(threading.current_thread())
        return "thing"

    later = Later(make)
    later.begin()
    later.begin()
    assert made == []
    go.set()
    assert later.get() == later.get() == "thing"
    assert len(made) == 1 and made[0] is not threading.current_thread()


def test_what_went_wrong_is_raised_where_it_is_asked_for_each_time():
    def make():
        raise EngineError("It is broken.")

    later = Later(make)
    for _ in range(2):
        with pytest.raises(EngineError, match="It is broken"):
            later.get()


@pytest.mark.parametrize("early", [True, False])
def test_what_nobody_wants_any_more_is_dropped_once(early):
    go, dropped, done = threading.Event(), [], threading.Event()

    def drop(thing):
        dropped.append(thing)
        done.set()

    later = Later(lambda: go.wait(30) and "thing")
    later.begin()
    if not early:
        go.set()
        later.get()
    later.discard(drop)
    go.set()
    assert done.wait(30)
    assert dropped == ["thing"]


def test_what_was_never_begun_is_not_made_to_be_dropped():
    later = Later(lambda: pytest.fail("made"))
    later.discard(lambda _thing: pytest.fail("dropped"))


def test_the_first_question_waits_for_the_router():
    class Router:
        def decide(self, heard, context):
            return Decision("decline", None, heard=heard)

    assert LaterRouter(Router).decide("what", Context()).heard == "what"


def test_the_greeting_in_text_waits_for_no_router():
    program = (
        "import sys\n"
        "from companion.cli import main\n"
        "from companion.later import LaterRouter\n"
        "import companion.cli.converse as c\n"
        "class Never(LaterRouter):\n"
        "    def __init__(self, make):\n"
        "        self.begin = int\n"
        "c.LaterRouter = Never\n"
        "code = main(['--text'])\n"
        "sys.exit(code or 9 * ('numpy' in sys.modules or 'companion.understanding.router' in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input="", capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "companion: Hello." in done.stdout
