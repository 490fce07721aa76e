"""Change the code of safety, routing and dialogue a little, many times, and see whether the tests notice.

    nice .venv/bin/python scripts/mutate.py [--sample N] [--seed N] [--minutes N] [FILE[:LINE] …]

By hand, on one core. Each mutant is one change in a copy of the project: a comparison turned or shifted, "and" for
"or", a condition negated, a number moved by one tenth or one, a constant True for False, a returned value dropped, a
call's statement left out. Then the fast tests of that code run in the copy and stop at the first failure; a mutant that
they pass has survived. FILE:LINE tries that line's mutants only, and all of them. Docstrings, annotations, what makes
a class frozen, and mere messages are left alone.
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
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported, which the tests do
import pytest
from _trying import PATIENCE, Mutant, Trying

ROOT = Path(__file__).resolve().parent.parent
EDGES = "tests/test_understanding_edges.py"
EDGES_OF_DIALOGUE = (
    f"{EDGES}::test_continue_after_an_answer_that_ended_tells_more_and_after_a_fact_the_next_one",
    f"{EDGES}::test_spell_it_after_a_word_was_explained_spells_that_word",
)
DIALOGUE = ("tests/test_dialogue.py", *EDGES_OF_DIALOGUE)
STORIES, STEERING = "tests/test_understanding_cases.py", "tests/test_understanding_steering.py"
WORDS = "tests/test_understanding_router.py"
ROUTING = ("tests/test_understanding_weighing.py", STORIES, STEERING, WORDS, EDGES)
TARGETS = {
    **{f"companion/understanding/{name}.py": ROUTING for name in ("safety", "router", "decide")},
    "companion/understanding/cases.py": (STORIES,),
    "companion/understanding/steering.py": (STEERING,),
    **{f"companion/dialogue/{name}.py": DIALOGUE for name in ("core", "moves", "commands")},
}
"""File to the tests that answer for it, the quickest first. What takes minutes is left out: the meaning of whole sets
of sentences, live sessions, and the next."""
LEFT_OUT = tuple(
    f"--deselect={file}::{start}"
    for file, start in (
        (STORIES, "test_without_the_sentence_model"),
        (WORDS, "test_no_text_raises"),
        (WORDS, "test_case_punctuation"),
    )
)
LAST = ("test_no_order_of_events", "test_what_happens_is_what_is_drawn")
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def places(source: str) -> Iterator[tuple[int, int]]:
    """The nodes of a file that can be changed, by their place in ``ast.walk``, each with its line."""
    tree = ast.parse(source)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    frozen = {node for each in classes for how in each.decorator_list for node in ast.walk(how)}
    for index, node in enumerate(ast.walk(tree)):
        if node not in frozen and _change(copy.copy(node)):
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


def found(changed: Mutant, folder: Path) -> bool:
    """Whether the tests, started anew, notice a mutant that lies in a copy of the project."""
    place = folder / changed.file
    before = place.read_bytes()
    place.write_text(changed.text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *LEFT_OUT, *TARGETS[changed.file]]
    # Compiled files go by size and second of writing, and mutants follow each other quickly.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, timeout=PATIENCE, check=False
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
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(folder)
        sys.path.insert(0, str(folder))
        return _run(chosen, sources, len(everything), 60 * options.minutes)


def _run(chosen: list[Mutant], sources: dict[str, str], of: int, seconds: float) -> int:
    killed = tried = 0
    until = time.monotonic() + seconds
    for tests in dict.fromkeys(TARGETS[file] for file in sources):
        # What needs the tests started anew takes longest, so it comes last.
        mutants = sorted((m for m in chosen if TARGETS[m.file] == tests), key=lambda m: not m.changed(sources[m.file]))
        trying = Trying(mutants, sources, LAST, until, lambda m: found(m, Path.cwd()))
        # With capturing, a child's words would come out at its end.
        options = ["-x", "-q", "-s", "-p", "no:cacheprovider", "--hypothesis-seed=1", *LEFT_OUT]
        code = pytest.main([*options, *tests], [trying])
        if trying.child:
            os._exit(code)
        if code:
            return 1
        killed, tried = killed + trying.killed, tried + trying.tried
    share = 100 * killed / tried if tried else 0.0
    print(f"{killed} of {tried} mutants were found ({share:.0f} %); {of} could be made.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
