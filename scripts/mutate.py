"""Change the code of safety, routing and dialogue a little, many times, and see whether the tests notice.

    nice .venv/bin/python scripts/mutate.py [--sample N] [--seed N] [--minutes N] [FILE …]

By hand, on one core. Each mutant is one change in a copy of the project: a comparison turned or shifted, "and" for
"or", a condition negated, a number moved by one tenth or one, a constant True for False, a returned value dropped, a
call's statement left out. Then the fast tests of that code run in the copy and stop at the first failure; a mutant that
they pass has survived. Docstrings, annotations and mere messages are left alone.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUTING = ("tests/test_understanding_weighing.py", "tests/test_understanding_router.py")
TARGETS = {
    "companion/understanding/safety.py": ROUTING,
    "companion/understanding/router.py": ROUTING,
    "companion/understanding/decide.py": ROUTING,
    "companion/dialogue/core.py": ("tests/test_dialogue.py",),
    "companion/dialogue/moves.py": ("tests/test_dialogue.py",),
    "companion/dialogue/commands.py": ("tests/test_dialogue.py",),
}
"""File to the tests that answer for it."""
PATIENCE = 300.0
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


def places(source: str) -> Iterator[int]:
    """The nodes of a file, by their place in ``ast.walk``, that can be changed."""
    for index, node in enumerate(ast.walk(ast.parse(source))):
        if _change(copy.copy(node)):
            yield index


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


def found(changed: Mutant, tests: tuple[str, ...], folder: Path, patience: float | None = PATIENCE) -> bool:
    """Whether the tests notice a mutant that lies in a copy of the project; ``patience`` None for none."""
    place = folder / changed.file
    before = place.read_bytes()
    place.write_text(changed.text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    # Compiled files go by size and second of writing, and mutants follow each other quickly.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, timeout=patience, check=False
        )
        return bool(done.returncode)
    except subprocess.TimeoutExpired:
        return True
    finally:
        place.write_bytes(before)


def main() -> int:
    """Mutate, test, tell; 1 when the tests fail without any mutant."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", default=list(TARGETS), metavar="FILE", help="some of the files only")
    parser.add_argument("--sample", type=int, default=60, help="how many mutants of all, 0 for every one (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: 1)")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop after these (default: 600)")
    options = parser.parse_args()
    unknown = [f for f in options.files if f not in TARGETS]
    if unknown:
        parser.error(f"no tests are named for {', '.join(unknown)}")
    sources = {f: (ROOT / f).read_text("utf-8") for f in options.files}
    everything = [(f, index) for f, source in sources.items() for index in places(source)]
    picked = random.Random(options.seed).sample(everything, min(options.sample or len(everything), len(everything)))
    chosen = [mutant(f, sources[f], index) for f, index in picked]
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        for part in ("companion", "tests", "scripts", "docs"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", *(path.name for path in ROOT.glob("*.md"))):
            shutil.copy(ROOT / part, folder)
        unchanged = Mutant("pyproject.toml", 0, "", (ROOT / "pyproject.toml").read_text("utf-8"))
        for tests in {TARGETS[f] for f in options.files}:
            if found(unchanged, tests, folder, None):  # a slow machine is no failure
                print(f"error: {' '.join(tests)} fails without any change, so nothing can be told.")
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
