"""How well speech is heard, by engine and condition: from sound to the router's decision, endpoint included.

    python scripts/evaluate_hearing.py [--engines NAME,…] [--conditions NAME,…] [--set FILE] [--voices NAME,…]
        [--every N] [--people DIR] [--no-partials] [--noise-minutes N] [--model DIR] [--minilm] [--plot FILE] [--show]

Needs flite (Debian: apt-get install flite); festival's voices are used where they are. Sentences:
``tests/data/hearing_report.tsv``, which nothing is tuned on; ``hearing_tune.tsv`` is for that. Each sentence is spoken
by one voice in each condition, the voices taking turns. "vosk" is measured where a model is found or given. What was
heard is understood by words alone, as where nothing could be downloaded, unless ``--minilm`` says otherwise.

Right at once: answered with the right topic. Within one confirmation: that, or the right topic offered. Wrong:
other content answered. False accept: content answered to what is out of scope. False reject: neither.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import platform
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from _hearing_engines import Decide, Ear, Heard, by_distance, by_router, open_ear, together  # noqa: E402
from _hearing_report import drawn, headline, table  # noqa: E402
from _hearing_sounds import CONDITIONS, looped, recorded, spoken, voices  # noqa: E402

from companion.content import load_pack  # noqa: E402  # runs from a checkout too
from companion.content.types import Pack  # noqa: E402
from companion.dialogue.replies import replies  # noqa: E402
from companion.dialogue.state import State  # noqa: E402
from companion.errors import CompanionError  # noqa: E402
from companion.events import FRESH, Context, Decision  # noqa: E402
from companion.settings import Paths  # noqa: E402
from companion.store import ModelStore  # noqa: E402
from companion.understanding import Router  # noqa: E402
from companion.understanding.background import Topics  # noqa: E402
from companion.understanding.phrases import as_asked, phrases  # noqa: E402

REPORT = ROOT / "tests" / "data" / "hearing_report.tsv"
PEOPLE = ROOT.parent / "shared" / "speech"
COMMANDS = {
    "yes": {"yes"}, "no": {"no"}, "stop": {"stop"}, "next": {"next"}, "pause": {"pause"}, "resume": {"resume"},
}  # fmt: skip
NUMBERS = "one two three four five six seven eight".split()
CUTOFF = 12.0
"""Distance of the second baseline by wyoming-vosk's rule; 0 forces a sentence on everything."""


@dataclass
class Tally:
    """Outcomes by engine and condition."""

    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lines: list[str] = field(default_factory=list)
    """What went wrong, to be shown."""


def outcome(decisions: Sequence[Decision], expected: set[str]) -> str:
    """Of all utterances of one sound, the worst that was answered counts, then the best.

    In scope: wrong, right, confirmed, rejected, diverted (another reply that gives no content). Out of scope: accepted,
    offered, diverted, declined.
    """
    inside = expected != {"none"}
    answers = [d for d in decisions if d.kind == "answer"]
    if not inside:
        if answers:
            return "accepted"
        if any(d.kind == "confirm" for d in decisions):
            return "offered"
        return "diverted" if any(d.kind in {"command", "urgent", "advice"} for d in decisions) else "declined"
    if any(d.id not in expected for d in answers):
        return "wrong"
    if answers:
        return "right"
    if any(d.kind == "confirm" and expected & {i for i, _ in d.candidates} for d in decisions):
        return "confirmed"
    return "diverted" if any(d.kind in {"command", "urgent", "advice"} for d in decisions) else "rejected"


def decided(heard: Heard, decide: Decide, context: Context = FRESH) -> list[Decision]:
    """The decisions for what was heard."""
    return [decide(h, context) for h in heard.hypotheses]


def synthetic(
    ears: Sequence[Ear], ways: dict[str, list[tuple[str, Decide]]], rows: Sequence[dict[str, str]],
    conditions: Sequence[str], having: Sequence[str],
) -> Tally:  # fmt: skip
    """Every sentence in every condition by every engine."""
    tally = Tally()
    for number, row in enumerate(rows):
        expected = set(row["expected"].split("|"))
        side = side_of(expected)
        for step, condition in enumerate(conditions):
            voice = having[(number + step) % len(having)]
            sound = spoken(row["text"], voice, condition)
            by_engine: dict[str, list[Decision]] = {}
            for ear in ears:
                heard = ear.hear(sound)
                for name, decide in ways[ear.name]:
                    by_engine[name] = decided(heard, decide)
                    note = " / ".join(f"{h.text}{'' if h.trusted else ' (doubted)'}" for h in heard.hypotheses)
                    got = outcome(by_engine[name], expected)
                    tally.lines.append(f"{name}\t{condition}\t{voice}\t{got}\t{row['text']}\t{note}")
            if {"pocketsphinx", "vosk"} <= by_engine.keys():
                by_engine["both"] = together(by_engine["pocketsphinx"], by_engine["vosk"])
            for name, decisions in by_engine.items():
                tally.counts[name, condition][f"{side} {outcome(decisions, expected)}"] += 1
        print(f"{number + 1} of {len(rows)} sentences", file=sys.stderr)
    return tally


def people(ears: Sequence[Ear], router: Router, folder: Path) -> dict[str, Counter[str]]:
    """Recordings: commands, numbers after "Which number?", and speech that is none of the companion's business.

    Commands and foreign speech are heard out of the blue; short ones also after "Did you mean …?" ("offered yes") and
    after "Which number?" ("numbered"), where short replies are awaited.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    numbered = State(numbered=True)
    offered = State(options=(router.decide("question one").id or "",))
    for row in manifest(folder):
        kind, said = row["kind"], row["transcript"]
        if kind == "noise":
            continue
        sound = recorded(folder / row["file"])
        for ear in ears:
            state = numbered if kind.startswith("number") else State()
            context = state.context
            heard = ear.hear(sound, replies(state))
            decisions = decided(heard, router.decide, context)
            count = counts[ear.name]
            if kind == "command":
                wanted = COMMANDS[said]
                got = {str(d.id) for d in decisions if d.kind == "command"}
                count[f"command {'right' if got == wanted else 'other' if got else 'missed'}"] += 1
                if said in {"yes", "no"}:
                    again = decided(ear.hear(sound, replies(offered)), router.decide, offered.context)
                    got = {str(d.id) for d in again if d.kind in {"command", "answer"}}
                    count[f"offered {said} {'right' if got == wanted else 'other' if got else 'missed'}"] += 1
            elif kind == "number":
                items = router.decide(said, context).id
                got = {str(d.id) for d in decisions if d.kind == "answer"}
                asked = {i for d in decisions if d.kind == "confirm" for i, _ in d.candidates}
                what = "right" if got == {items} else "wrong" if got else "asked" if items in asked else "missed"
                count[f"number {what}"] += 1
            else:
                acted = outcome(decisions, {"none"})
                if any(d.kind == "command" for d in decisions) and acted == "diverted":
                    acted = "command"
                count[f"other {acted}"] += 1
                for name, after in (("numbered", numbered), ("offered", offered)):
                    again = decided(ear.hear(sound, replies(after)), router.decide, after.context)
                    done = {f"{d.kind} {d.id}" for d in again if d.kind in {"command", "answer"}}
                    count[f"other, {name}, {'acted' if done else 'nothing done'}"] += 1
                    if done:
                        print(f"{ear.name}: {row['file']}, {name}: {sorted(done)}", file=sys.stderr)
                if acted in {"accepted", "command"}:
                    print(f"{ear.name}: {row['file']} heard as {[h.text for h in heard.hypotheses]}", file=sys.stderr)
    return counts


def noise(ears: Sequence[Ear], router: Router, folder: Path, minutes: float) -> Iterator[str]:
    """Each recording of noise looped: what was decided on it."""
    for row in manifest(folder):
        if row["kind"] != "noise":
            continue
        sound = looped(folder / row["file"], minutes)
        for ear in ears:
            heard = ear.hear(sound)
            kinds = Counter(d.kind for d in decided(heard, router.decide))
            told = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items())) or "nothing"
            yield f"{row['file']}, {minutes:g} min, {ear.name}: {told}"


def manifest(folder: Path) -> list[dict[str, str]]:
    """The rows of the recordings' list."""
    return read(folder / "manifest.tsv")


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def side_of(expected: set[str]) -> str:
    """In the pack's scope or out of it."""
    return "out" if expected == {"none"} else "in"


def opened(options: argparse.Namespace, pack: Pack, stack: contextlib.ExitStack) -> list[Ear]:
    """The engines that can be had; the others are named."""
    ears = []
    for name in options.engines.split(","):
        try:
            ear = open_ear(
                name, phrases(pack), options.model, Paths.find().cache,
                partials=not options.no_partials, said=as_asked(pack),
            )  # fmt: skip
        except CompanionError as err:
            print(f"{name} is left out: {err}", file=sys.stderr)
        else:
            stack.callback(ear.recognizer.close)
            ears.append(ear)
    return ears


def sentences(
    ears: Sequence[Ear], pack: Pack, router: Router, rows: Sequence[dict[str, str]],
    *, conditions: Sequence[str], having: Sequence[str],
) -> Tally:  # fmt: skip
    """Measure and print what is spoken by voices."""
    ways: dict[str, list[tuple[str, Decide]]] = {ear.name: [(ear.name, by_router(router))] for ear in ears}
    if "bundled" in ways:
        for cutoff in (0.0, CUTOFF):
            ways["bundled"].append((f"bundled, wyoming-vosk's rule, cutoff {cutoff:g}", by_distance(pack, cutoff)))
    tally = synthetic(ears, ways, rows, conditions, having)
    typed = Counter[str]()
    for row in rows:
        expected = set(row["expected"].split("|"))
        typed[f"{side_of(expected)} {outcome([router.decide(row['text'])], expected)}"] += 1
    print(f"The same sentences typed: {', '.join(f'{k} {n}' for k, n in typed.most_common())}")
    print(f"\n{table(tally.counts)}\n\n{headline(tally.counts)}")
    return tally


def recordings(ears: Sequence[Ear], router: Router, folder: Path, minutes: float) -> None:
    """Measure and print recordings."""
    print("\nPeople:")
    for name, counts in people(ears, router, folder).items():
        print(f"- {name}: {', '.join(f'{k} {n}' for k, n in sorted(counts.items()))}")
    if minutes > 0:
        print("\nNoise alone:")
        for line in noise(ears, router, folder, minutes):
            print(f"- {line}", flush=True)


def costs(ears: Sequence[Ear]) -> str:
    """Work, waiting and memory, as a table."""
    lines = ["\n| engine | processor seconds for a second of sound | last block to text, p50 / p95 | memory |"]
    lines.append("|---|---|---|---|")
    for ear in ears:
        waits = sorted(ear.waits) or [0.0]
        half, most = (1000 * waits[len(waits) * p // 100] for p in (50, 95))
        lines.append(f"| {ear.name} | {ear.real_time_factor:.3f} | {half:.0f} / {most:.0f} ms | {ear.peak:.0f} MB |")
    return "\n".join(lines)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engines", default="pocketsphinx,vosk,bundled")
    parser.add_argument("--conditions", default=",".join(CONDITIONS))
    parser.add_argument("--set", type=Path, default=REPORT)
    parser.add_argument("--voices", help="flite's by name, festival-NAME, espeak-NAME")
    parser.add_argument("--every", type=int, default=1, help="every Nth sentence")
    parser.add_argument("--people", type=Path, default=PEOPLE)
    parser.add_argument("--noise-minutes", type=float, default=10.0, help="0: leave out")
    parser.add_argument("--no-partials", action="store_true", help="decode once only; half of the work")
    parser.add_argument("--model", type=Path, help="a Vosk model's folder")
    parser.add_argument("--minilm", action="store_true", help="understand with MiniLM, which must be there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="what was heard, line by line")
    options = parser.parse_args()
    having = tuple(options.voices.split(",")) if options.voices else voices()
    conditions = [c for c in options.conditions.split(",") if c]
    if conditions and not having:
        print("error: There is no voice. Install flite (apt-get install flite).", file=sys.stderr)
        return 1
    pack = load_pack()
    model_dir = ModelStore(Paths.find()).path("minilm") if options.minilm else None
    if options.minilm and model_dir is None:
        print("error: MiniLM is not there. To get it: companion model fetch minilm.", file=sys.stderr)
        return 1
    router = Router(pack, partial(Topics, model_dir=model_dir, cache_dir=None))
    router.decide("warm up")
    with contextlib.ExitStack() as stack:
        ears = opened(options, pack, stack)
        machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors"
        print(f"{machine}, {date.today()}; voices: {', '.join(having)}")
        if conditions:
            tally = sentences(
                ears, pack, router, read(options.set)[:: max(1, options.every)], conditions=conditions, having=having
            )
            if options.show:
                print("\n".join(tally.lines))
            if options.plot:
                drawn(tally.counts, conditions, options.plot, f"{machine}, {date.today()}")
        if options.people.is_dir():
            recordings(ears, router, options.people, options.noise_minutes)
        print(costs(ears))
    return 0


if __name__ == "__main__":
    sys.exit(main())
