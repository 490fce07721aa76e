"""Try mutants on tests that were collected once: see mutate.py."""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from types import CodeType, FunctionType

import pytest

PATIENCE = 300
"""Seconds for the tests of one mutant; one that hangs is counted as found."""
AT_THE_START = {"__init__", "_compile"}
"""Functions that the tests' modules call while they are collected, when no mutant is in its place yet."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change."""

    file: str
    line: int
    what: str
    text: str
    """The whole changed file."""

    def changed(self, before: str) -> tuple[str, CodeType] | None:
        """The name and new code of the changed function; None where it is not one that the tests still have to call.

        Args:
            before: The file's text without the change.

        """
        texts = (ast.unparse(ast.parse(before)), self.text)
        rows = zip_longest(*(_parts(compile(text, self.file, "exec")) for text in texts), fillvalue=("", None))
        found = [(name, new) for (name, old), (_, new) in rows if old != new]
        name, code = found[0] if len(found) == 1 else ("", None)
        return (name, code) if isinstance(code, CodeType) and code.co_name not in AT_THE_START else None

    def put_in(self, before: str) -> bool:
        """Give the loaded module's function its changed code; whether that could be done."""
        held: object = sys.modules[self.file.removesuffix(".py").replace("/", ".")]
        changed = self.changed(before)
        for part in changed[0].split(".") if changed else ():
            held = vars(held).get(part)
        if not changed or not isinstance(held, FunctionType):
            return False
        held.__code__ = changed[1]
        return True


def _parts(code: CodeType, within: str = "") -> Iterator[tuple[str, object]]:
    """The functions of a module or class, and what runs besides them."""
    yield within, (code.co_code, [c for c in code.co_consts if not isinstance(c, CodeType)])
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            name = f"{within}.{inner.co_name}".lstrip(".")
            if inner.co_flags & inspect.CO_OPTIMIZED:  # a function; a class's body has names as a module has
                yield name, inner
            else:
                yield from _parts(inner, name)


class Trying:
    """A plugin of pytest: each mutant in a child that has all modules already, so that only the tests take time."""

    def __init__(
        self,
        mutants: list[Mutant],
        sources: dict[str, str],
        last: tuple[str, ...],
        until: float,
        anew: Callable[[Mutant], bool],
    ) -> None:
        """Wait for the collection.

        Args:
            mutants: To be tried.
            sources: The files' texts without a change.
            last: How the names of slow tests begin.
            until: On the monotonic clock; then no other is begun.
            anew: Tells whether a mutant is noticed that can't be put into a loaded module.

        """
        self._mutants, self._sources, self._last, self._until, self._anew = mutants, sources, last, until, anew
        self._out = os.fdopen(os.dup(1), "w")
        self.tried = self.killed = 0
        self.child = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Bring the slow tests to the end."""
        items.sort(key=lambda item: item.name.startswith(self._last))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the tests without a mutant, then fork for each; a child goes on with pytest's own loop."""
        # One always follows: the session's fixtures are the children's too.
        for item, following in zip(session.items, [*session.items[1:], session.items[0]], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            raise pytest.UsageError("The tests fail without any change, so nothing can be told.")
        for each in self._mutants:
            if time.monotonic() > self._until:
                break
            noticed = self._noticed(each)
            if self.child:
                break
            self.tried += 1
            self.killed += noticed
            if not noticed:
                print(f"survived: {each.file}:{each.line}: {each.what}", file=self._out, flush=True)
        return None if self.child else True

    def _noticed(self, each: Mutant) -> bool:
        ours, theirs = os.pipe()
        pid = os.fork()
        if not pid:
            os.setsid()  # what the tests start ends with them
            if not each.put_in(self._sources[each.file]):
                os.write(theirs, b"-")
                os._exit(0)
            signal.alarm(PATIENCE)
            for stream in (0, 1, 2):
                os.dup2(os.open(os.devnull, os.O_RDWR), stream)
            self.child = True
            return False
        os.close(theirs)
        status = os.waitpid(pid, 0)[1]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        with os.fdopen(ours, "rb") as pipe:
            anew = bool(pipe.read())
        return self._anew(each) if anew else status != 0
