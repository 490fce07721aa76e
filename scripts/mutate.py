"""Change the code of safety, routing and dialogue a little, many times, and see whether the tests notice.

    nice .venv/bin/python scripts/mutate.py [--sample N] [--seed N] [--minutes N] [FILE[:LINE] …]

By hand, on one core. Each mutant is one change in a copy of the project: a comparison turned or shifted, "and" for
"or", a condition negated, a number moved by one tenth or one, a constant True for False, a returned value dropped, a
call's statement left out. Then the fast tests of that code run in the copy and stop at the first failure; a mutant that
they pass has survived. FILE:LINE tries that line's mutants only, and all of them. Docstrings, annotations and mere
messages are left alone.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import contextlib
import copy
import os
import py_compile
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported, which comes with what is below
import hypothesis.extra.numpy  # noqa: F401 - for the children: see _fails
import pytest

ROOT = Path(__file__).resolve().parent.parent


def _without(file: str, *slow: str) -> str:
    return " --deselect ".join((file, *(f"{file}::{start}" for start in slow)))


_DIALOGUE, _ROUTER = "tests/test_dialogue.py", "tests/test_understanding_router.py"
_ANY_ORDER = ("test_no_order_of_events_raises_and_illegal_ones_change_nothing", "test_what_happens_is_what_is_drawn")
DIALOGUE = (_without(_DIALOGUE, *_ANY_ORDER), " ".join(f"{_DIALOGUE}::{name}" for name in _ANY_ORDER))
STORIES = _without("tests/test_understanding_cases.py", "test_without_the_sentence_model")
STEERING = "tests/test_understanding_steering.py"
IN_WORDS = _without(_ROUTER, "test_no_text_raises", "test_case_punctuation")
ROUTING = ("tests/test_understanding_weighing.py", IN_WORDS, "tests/test_understanding_edges.py", STORIES, STEERING)
TARGETS = {
    **{f"companion/understanding/{name}.py": ROUTING for name in ("safety", "router", "decide")},
    "companion/understanding/cases.py": (STORIES,),
    "companion/understanding/steering.py": (STEERING,),
    **{f"companion/dialogue/{name}.py": DIALOGUE for name in ("core", "moves", "commands")},
}
"""File to the tests that answer for it, in stages: the next is run on what the one before did not notice. What takes
minutes is left out (the meaning of whole sets of sentences, live sessions)."""
PATIENCE = 300
"""Seconds for the tests of one mutant; one that hangs is counted as found."""
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change."""

    file: str
    line: int
    what: str
    text: str
    """The whole changed file."""


def places(source: str) -> Iterator[tuple[int, int]]:
    """The nodes of a file that can be changed, by their place in ``ast.walk``, each with its line."""
    for index, node in enumerate(ast.walk(ast.parse(source))):
        if _change(copy.copy(node)):
            yield index, getattr(node, "lineno", 0)


def mutant(file: str, source: str, index: int) -> Mutant:
    """The change of one node."""
    tree = ast.parse(source)
    node = next(n for i, n in enumerate(ast.walk(tree)) if i == index)
    what = _change(node)
    return Mutant(file, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(tree)))


def _change(node: ast.AST) -> str:
    """Change a node in place; what was done, "" for nothing."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        before = type(node.ops[0])
        node.ops = [TURNED[before](), *node.ops[1:]]  # a list of its own: the node may be a copy
        return f"{before.__name__} to {TURNED[before].__name__}"
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"to {type(node.op).__name__}"
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return "condition negated"
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            node.value = not node.value
            return f"to {node.value}"
        if isinstance(node.value, int | float):
            node.value = node.value + (1 if isinstance(node.value, int) else 0.1)
            return f"number to {node.value:.4g}"
    given = node.value if isinstance(node, ast.Return) else None
    if isinstance(node, ast.Return) and given and not (isinstance(given, ast.Constant) and given.value is None):
        node.value = ast.Constant(None)
        return "returns None"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        node.value = ast.Constant(None)
        return "call left out"
    return ""


def found(changed: Mutant, stages: tuple[str, ...], folder: Path, patience: int = PATIENCE) -> bool:
    """Whether the tests notice a mutant that lies in a copy of the project; ``patience`` 0 for endless."""
    place = folder / changed.file
    before = place.read_bytes()
    place.write_text(changed.text, "utf-8")
    try:
        return any(_fails(stage.split(), folder, patience) for stage in stages)
    finally:
        place.write_bytes(before)


def _fails(tests: list[str], folder: Path, patience: int) -> bool:
    """Run tests in a child that has pytest and numpy already: to start them anew would take most of the time."""
    child = os.fork()
    if not child:
        os.setsid()  # what the tests started ends with them
        signal.alarm(patience)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(folder)
        sys.path.insert(0, str(folder))
        for stream in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        code = 1
        with contextlib.suppress(BaseException):  # even an exit of the mutant's own is a failure
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1", *tests])
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return status != 0


def main() -> int:
    """Mutate, test, tell; 1 when the tests fail without any mutant."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", default=list(TARGETS), metavar="FILE", help="some of the files only")
    parser.add_argument("--sample", type=int, default=60, help="how many mutants of all, 0 for every one (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: 1)")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop after these (default: 600)")
    options = parser.parse_args()
    wanted = [(file, line) for file, _, line in (each.partition(":") for each in options.files)]
    if unknown := [f for f, line in wanted if f not in TARGETS or not (line or "0").isdecimal()]:
        parser.error(f"no tests are named for {', '.join(unknown)}")
    sources = {f: (ROOT / f).read_text("utf-8") for f, _ in wanted}
    everything = [(f, i) for f, line in wanted for i, at in places(sources[f]) if line in {"", str(at)}]
    picked = random.Random(options.seed).sample(everything, min(options.sample or len(everything), len(everything)))
    chosen = [mutant(f, sources[f], index) for f, index in picked]
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        for part in ("companion", "tests", "scripts", "docs"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", *(path.name for path in ROOT.glob("*.md"))):
            shutil.copy(ROOT / part, folder)
        # Taken by content: by size and second of writing, one mutant's would be taken for the next's.
        compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        unchanged = Mutant("pyproject.toml", 0, "", (ROOT / "pyproject.toml").read_text("utf-8"))
        for stages in {TARGETS[f] for f in sources}:
            if found(unchanged, stages, folder, 0):  # a slow machine is no failure
                print(f"error: {' and '.join(stages)} fails without any change, so nothing can be told.")
                return 1
        return _run(chosen, len(everything), folder, time.monotonic() + 60 * options.minutes)


def _run(chosen: list[Mutant], of: int, folder: Path, until: float) -> int:
    killed = tried = 0
    for each in chosen:
        if time.monotonic() > until:
            break
        tried += 1
        if found(each, TARGETS[each.file], folder):
            killed += 1
        else:
            print(f"survived: {each.file}:{each.line}: {each.what}", flush=True)
    share = 100 * killed / tried if tried else 0.0
    print(f"{killed} of {tried} mutants were found ({share:.0f} %); {of} could be made.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
