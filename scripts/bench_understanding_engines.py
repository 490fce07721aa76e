"""Measure the sentence encoder and the index for large packs, beside the engines they were chosen over.

    python scripts/bench_understanding_engines.py [--questions FILE] [--spoken N] [--fit] [--quick]

FILE is a gzipped table with the columns focus, qtype, source, question (MedQuAD's questions); without it, and where
``../shared/questions/medquad.tsv.gz`` is not there, a generated pack of the same size is used. ``--spoken N`` adds N
questions spoken by flite and heard by PocketSphinx with its bundled language model (about a second each). ``--fit``
prints weights for ``companion/understanding/large.py``, fitted on the tuning lines only.

How the lines are made: *paraphrase*, templates in other words than the pack's own, one set to tune and another to
report; *typo*, one to three random slips (swap, drop, replace, double) in words of four letters or more; *verbatim*.
"Right" means the same thing asked about and the same kind of question.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core, as the targets say; before numpy is imported

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.settings import Paths  # noqa: E402 - after the path above
from companion.store import ModelStore  # noqa: E402
from companion.understanding.embeddings import LazySemantics  # noqa: E402
from companion.understanding.large import NAMES, LargeIndex  # noqa: E402
from companion.understanding.minilm import SentenceEncoder  # noqa: E402
from companion.understanding.normal import stem, tokens  # noqa: E402
from companion.understanding.sounds import metaphone  # noqa: E402

SHARED = ROOT.parent / "shared" / "questions" / "medquad.tsv.gz"
VOICES = ("slt", "rms", "awb", "kal16")

# Kind of question: (wordings to tune with, wordings to report with); {f} is what is asked about.
TEMPLATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "information": (("tell me about {f}", "could you explain {f}", "i would like to understand {f}"),
                    ("my neighbour mentioned {f} what is that", "describe {f} in simple words")),
    "symptoms": (("how would somebody notice {f}", "signs of {f}", "how does {f} show itself"),
                 ("what should i look out for with {f}", "how does it feel to have {f}")),
    "treatment": (("how do doctors treat {f}", "what therapy is there for {f}", "can {f} be cured"),
                  ("what is the remedy for {f}", "how do you get rid of {f}")),
    "causes": (("why do people get {f}", "where does {f} come from"),
               ("what brings on {f}", "what lies behind {f}")),
    "outlook": (("how long can you live with {f}", "will i get better from {f}"),
                ("how does {f} usually end", "life expectancy with {f}")),
    "exams and tests": (("which tests show {f}", "how can a doctor tell if it is {f}"),
                        ("how do they check for {f}", "how is {f} confirmed")),
    "when to contact a medical professional": (("when should i call the doctor about {f}",),
                                               ("should a physician look at my {f}",)),
    "inheritance": (("does {f} run in families",), ("do children get {f} from their parents",)),
    "prevention": (("how do i keep from getting {f}", "can {f} be avoided"), ("how to stay clear of {f}",)),
    "complications": (("what else can go wrong with {f}",), ("dangers that come with {f}",)),
    "frequency": (("how common is {f}",), ("how often does {f} occur",)),
    "side effects": (("what bad reactions can {f} give",), ("is {f} harmful in any way",)),
    "usage": (("how do i take {f}",), ("how many {f} a day",)),
    "storage and disposal": (("where do i keep {f}",), ("does {f} belong in the fridge",)),
    "forget a dose": (("i missed my {f} what now",), ("what happens when {f} was left out once",)),
    "genetic changes": (("which genes are behind {f}",), ("what is altered in the dna in {f}",)),
    "susceptibility": (("who gets {f}",), ("who has the highest chance of getting {f}",)),
    "dietary": (("what may i eat while taking {f}",), ("can i have grapefruit with {f}",)),
    "brand names": (("under which names is {f} sold",), ("trade names for {f}",)),
    "indication": (("what is {f} for",), ("which patients are given {f}",)),
    "emergency or overdose": (("i took too much {f}",), ("too many {f} swallowed",)),
    "precautions": (("what should i tell my doctor before taking {f}",), ("what to watch before starting on {f}",)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line to route."""

    id: str
    kind: str
    text: str


def generated(count: int = 47_000, seed: int = 7) -> list[tuple[str, str, str]]:
    """A pack of ``count`` questions on invented names: (what is asked about, kind of question, question)."""
    rnd = random.Random(seed)
    starts = "bar cor del fen gal hol jas kel lum mor nev ost pel quin ros sel tar ul vol wen xan yor zim".split()
    middles = "a e i o u ara eno ili ota umi".split()
    ends = "dosis lin mab nitis pathy rosis sone statin thia vir zole".split()
    kinds = list(TEMPLATES)
    frames = {
        "information": "What is (are) {f} ?",
        "symptoms": "What are the symptoms of {f} ?",
        "treatment": "What are the treatments for {f} ?",
        "causes": "What causes {f} ?",
        "outlook": "What is the outlook for {f} ?",
        "exams and tests": "How to diagnose {f} ?",
        "when to contact a medical professional": "Do I need to see a doctor for {f} ?",
        "inheritance": "Is {f} inherited ?",
        "prevention": "How to prevent {f} ?",
        "complications": "What are the complications of {f} ?",
        "frequency": "How many people are affected by {f} ?",
        "side effects": "What are the side effects or risks of {f} ?",
        "usage": "How should {f} be used and what is the dosage ?",
        "storage and disposal": "What should I know about storage and disposal of {f} ?",
        "forget a dose": "What should I do if I forget a dose of {f} ?",
        "genetic changes": "What are the genetic changes related to {f} ?",
        "susceptibility": "Who is at risk for {f} ?",
        "dietary": "What special dietary instructions should I follow with {f} ?",
        "brand names": "What are the brand names of {f} ?",
        "indication": "Who should get {f} and why is it prescribed ?",
        "emergency or overdose": "What to do in case of emergency or overdose of {f} ?",
        "precautions": "Are there safety concerns or special precautions about {f} ?",
    }
    names: dict[str, None] = {}
    while len(names) * len(kinds) < count:
        name = "".join(
            (rnd.choice(starts), rnd.choice(middles), rnd.choice(starts), rnd.choice(middles), rnd.choice(ends))
        )
        names[name + rnd.choice(["", "", " syndrome", " disease", " deficiency", " type two"])] = None
    return [(n, k, frames[k].format(f=n)) for n in names for k in kinds][:count]


def read_questions(path: Path) -> list[tuple[str, str, str]]:
    """Rows (focus, kind, question) of a table as the module's text describes it."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return [(r[0].strip(), r[1], r[3].strip()) for r in rows if len(r) >= 4]


def typo(rnd: random.Random, text: str) -> str:
    """One to three slips of the keys."""
    words = text.split()
    for _ in range(rnd.choice((1, 2, 2, 3))):
        long = [i for i, w in enumerate(words) if len(w) > 3]
        if not long:
            break
        i = rnd.choice(long)
        w, p, kind = words[i], rnd.randrange(1, len(words[i]) - 1), rnd.randrange(4)
        changed = (
            w[p + 1] + w[p] + w[p + 2 :],
            w[p + 1 :],
            rnd.choice("abcdefghijklmnopqrstuvwxyz") + w[p + 1 :],
            w[p] + w[p:],
        )
        words[i] = w[:p] + changed[kind]
    return " ".join(words)


def identity(row: tuple[str, str, str]) -> str:
    """What an entry is: the thing asked about and the kind of question."""
    return f"{row[0].lower()}|{row[1]}"


def make_lines(rows: Sequence[tuple[str, str, str]], part: int, each: int) -> list[Line]:
    """Lines of ``part`` 0 (to tune with) or 1 (to report with), ``each`` of a kind."""
    rnd = random.Random(100 + part)
    askable = [r for r in rows if r[1] in TEMPLATES]
    lines = []
    for row in rnd.sample(askable, min(each, len(askable))):
        text = rnd.choice(TEMPLATES[row[1]][part]).format(f=row[0].rstrip("?").strip())
        lines.append(Line(identity(row), "paraphrase", text))
    lines += [Line(identity(r), "typo", typo(rnd, r[2])) for r in rnd.sample(rows, min(each, len(rows)))]
    lines += [Line(identity(r), "verbatim", r[2]) for r in rnd.sample(rows, min(each // 2, len(rows)))]
    return lines


def make_spoken(rows: Sequence[tuple[str, str, str]], part: int, count: int) -> list[Line]:
    """Questions spoken by flite's four voices in turn and heard by PocketSphinx; [] where one is missing."""
    if shutil.which("flite") is None:
        print("flite is not installed; no spoken lines.", file=sys.stderr)
        return []
    from pocketsphinx import Decoder, get_model_path

    decoder = Decoder(lm=get_model_path("en-us/en-us.lm.bin"), loglevel="FATAL")
    out = []
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "line.wav"
        for n, row in enumerate(random.Random(200 + part).sample(rows, count)):
            said = re.sub(r"[^\w ,.'-]", " ", row[2])
            subprocess.run(["flite", "-voice", VOICES[n % 4], "-t", said, "-o", str(wav)], check=True)
            samples = np.frombuffer(wav.read_bytes()[44:], dtype="<i2").astype(np.int32)
            samples += np.random.default_rng(n).integers(-3, 4, len(samples))  # digital silence makes ghost words
            decoder.start_utt()
            decoder.process_raw(samples.clip(-32768, 32767).astype("<i2").tobytes(), full_utt=True)
            decoder.end_utt()
            heard = decoder.hyp()
            out.append(Line(identity(row), "recogniser", heard.hypstr if heard else ""))
    return out


def report(name: str, lines: Sequence[Line], route: Callable[[str], str | None]) -> None:
    """Print the share that came out right by kind, and the time a query takes."""
    asked, right, times = Counter[str](), Counter[str](), []
    for line in lines:
        began = time.perf_counter()
        got = route(line.text)
        times.append(1000 * (time.perf_counter() - began))
        asked[line.kind] += 1
        right[line.kind] += got == line.id
    shares = "  ".join(f"{k} {100 * right[k] / asked[k]:5.1f} % of {asked[k]}" for k in asked)
    p50, p99 = np.percentile(times, [50, 99])
    print(f"{name:32s} {shares}  p50 {p50:.2f} ms  p99 {p99:.2f} ms", flush=True)


def memory() -> int:
    """Megabytes that this process holds now; 0 where the system doesn't say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next(int(x.split()[1]) // 1024 for x in status.splitlines() if x.startswith("VmRSS"))


def bench_encoder(model: Path, texts: Sequence[str]) -> None:
    """Print what loading and single queries cost."""
    before = memory()
    began = time.perf_counter()
    encoder = SentenceEncoder(model)
    loaded = time.perf_counter() - began
    encoder.encode(texts[:3])
    times = []
    for text in texts:
        began = time.perf_counter()
        encoder.encode([text])
        times.append(1000 * (time.perf_counter() - began))
    p50, p99 = np.percentile(times, [50, 99])
    more = f"{memory() - before} MB more (weights mapped)"
    print(f"encoder: load {loaded:.3f} s, p50 {p50:.2f} ms, p99 {p99:.2f} ms, {more}")


def bench_others(wordings: Sequence[tuple[str, str]], lines: Sequence[Line]) -> None:
    """The engines that the index was chosen over, where they are installed."""
    ids = [i for i, _ in wordings]
    try:
        bm25s = import_module("bm25s")  # carries no types
    except ImportError:
        print("bm25s is not installed; left out.")
    else:
        began = time.perf_counter()
        engine = bm25s.BM25()
        engine.index([three_channels(w) for _, w in wordings], show_progress=False)
        print(f"bm25s: built in {time.perf_counter() - began:.1f} s")

        def by_bm25(text: str) -> str | None:
            known = [t for t in three_channels(text) if t in engine.vocab_dict]
            return ids[int(np.argmax(engine.get_scores(known)))] if known else None

        report("bm25s stems+4-grams+Metaphone", lines, by_bm25)
    with sqlite3.connect(":memory:") as base:
        try:
            base.execute("create virtual table t using fts5(x, tokenize = 'porter unicode61')")
        except sqlite3.OperationalError:
            print("This SQLite has no FTS5; left out.")
            return
        base.executemany("insert into t(rowid, x) values (?, ?)", ((n, w) for n, (_, w) in enumerate(wordings)))

        def by_fts(text: str) -> str | None:
            query = " OR ".join(f'"{w}"' for w in dict.fromkeys(tokens(text)))
            row = (
                base.execute("select rowid from t where t match ? order by rank limit 1", (query,)).fetchone()
                if query
                else None
            )
            return ids[row[0]] if row else None

        report("SQLite FTS5", lines, by_fts)


def three_channels(text: str) -> list[str]:
    """Word stems, letter 4-grams and trigrams of Metaphone codes of a text, as terms for one BM25 index."""
    out = []
    for word in tokens(text):
        padded, code = f" {word} ", metaphone(word)
        out.append("w" + stem(word))
        out += ["c" + padded[i : i + 4] for i in range(max(1, len(padded) - 3))]
        out += ["p" + code[i : i + 3] for i in range(max(1, len(code) - 2))]
    return out


def fit(index: LargeIndex, semantics: LazySemantics | None, lines: Sequence[Line], steps: int = 300) -> list[float]:
    """Weights that put the right entry first: softmax over each query's candidates, kinds counting alike, by Adam."""
    per_kind = Counter(line.kind for line in lines)
    cases = []
    for line in lines:
        rows, values = index.compare(line.text, semantics)
        right = np.array([index.entry_of(r) == line.id for r in rows], dtype=bool)
        if right.any():
            cases.append((np.nan_to_num(values), right, 0.25 / per_kind[line.kind]))
    weights = np.full(len(NAMES), 2.0)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps):
        slope = 1e-3 * weights
        for values, right, share in cases:
            chance = np.exp(values @ weights - (values @ weights).max())
            chance /= chance.sum()
            wanted = np.where(right, chance, 0)
            slope += share * (values.T @ (chance - wanted / max(wanted.sum(), 1e-12)))
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights -= 0.1 * mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return [round(float(w), 2) for w in weights]


def _first(index: LargeIndex, text: str, semantics: LazySemantics | None) -> str | None:
    return next((m.id for m in index.search(text, 1, semantics)), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=Path, default=SHARED)
    parser.add_argument("--model", type=Path, help="folder of all-MiniLM-L6-v2; default: the model store's")
    parser.add_argument("--spoken", type=int, default=0)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--quick", action="store_true", help="5,000 generated questions and 50 lines of a kind")
    args = parser.parse_args(arguments)
    each = 50 if args.quick else 500
    rows = (
        generated(5_000) if args.quick else read_questions(args.questions) if args.questions.is_file() else generated()
    )
    model = args.model or ModelStore(Paths.find()).path("minilm")
    entries: dict[str, list[str]] = {}
    for row in rows:
        entries.setdefault(identity(row), []).append(row[2])
    print(f"{len(rows)} questions, {len(entries)} entries; {memory()} MB before")
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        began = time.perf_counter()
        index = LargeIndex.build(list(entries.items()), cache, "bench")
        print(f"index: built in {time.perf_counter() - began:.1f} s; {memory()} MB now")
        began = time.perf_counter()
        LargeIndex.build(list(entries.items()), cache, "bench")
        print(f"index: loaded in {time.perf_counter() - began:.2f} s")
        semantics = None
        if model is not None:
            began = time.perf_counter()
            semantics = index.semantics(model, cache)
            state = "ready" if semantics.wait() else semantics.reason
            print(f"frames: {state} after {time.perf_counter() - began:.1f} s; {memory()} MB now")
            bench_encoder(model, [r[2] for r in rows[:: max(1, len(rows) // 200)]])
        if args.fit:
            lines = make_lines(rows, 0, each) + (make_spoken(rows, 0, args.spoken) if args.spoken else [])
            print("WITH_MEANING =", fit(index, semantics, lines) if semantics else "needs the model")
            print("WITHOUT_MEANING =", fit(index, None, lines))
        lines = make_lines(rows, 1, each) + (make_spoken(rows, 1, args.spoken) if args.spoken else [])
        if semantics is not None:
            report("own index with MiniLM", lines, lambda text: _first(index, text, semantics))
        report("own index, lexical", lines, lambda text: _first(index, text, None))
        bench_others([(i, w) for i, ws in entries.items() for w in ws], lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
