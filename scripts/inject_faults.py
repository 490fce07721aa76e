"""Break the parts of a conversation, one by one and in random pairs, and see that it is told and goes on.

    .venv/bin/python scripts/inject_faults.py --runs 1000 --seed 1

Each run is a conversation of twins (see tests/fault_world.py): a question, one or two faults, two more questions,
goodbye. It prints how long it took until the listener was told, in seconds of the world's clock from when the part
failed, and every run in which something was told late or never, or the conversation did not go on. That clock runs
20 times as fast as the machine's: on a busy one, a tenth of a second's wait for the processor is two seconds of it. A
longer run by hand; the tests do a few of them.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

PROMISED = 2.0
"""Seconds within which the listener is told."""


def main() -> int:
    """Run; 1 when a conversation was lost."""
    from fault_world import FAULTS, World, survive  # type: ignore[import-not-found]  # lives with the tests

    parser = argparse.ArgumentParser(description="Break the parts of a conversation at random.")
    parser.add_argument("--runs", type=int, default=1_000, help="conversations (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the first run's seed (default: 1)")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no run after these (default: 600)")
    chosen = parser.parse_args()
    told: dict[str, list[float]] = defaultdict(list)
    lost = ran = 0
    began = time.monotonic()
    for seed in range(chosen.seed, chosen.seed + chosen.runs):
        if time.monotonic() - began > 60 * chosen.minutes:
            break
        ran += 1
        # Every fault alone first, then pairs.
        alone = seed - chosen.seed < len(FAULTS)
        names = [list(FAULTS)[seed - chosen.seed]] if alone else random.Random(seed).sample(list(FAULTS), 2)
        try:
            with World() as world:
                seconds = survive(world, *names)
        except Exception as error:
            lost += 1
            print(f"seed {seed}, {' and '.join(names)}: {type(error).__name__}: {error}", flush=True)
        else:
            told["alone" if alone else "pairs"] += seconds
            if slow := [f"{value:.1f} s" for value in seconds if value > PROMISED]:
                print(f"seed {seed}, {' and '.join(names)}: told after {', '.join(slow)}", flush=True)
    print(f"{ran} runs from seed {chosen.seed}, {time.monotonic() - began:.0f} seconds, {lost} lost.")
    for kind, values in told.items():
        row = sorted(values)
        at = [row[min(len(row) - 1, int(len(row) * part))] for part in (0.5, 0.95, 0.99)]
        median, most, nearly_all = (f"{seconds:.1f} s" for seconds in at)
        late = sum(seconds > PROMISED for seconds in row)
        print(
            f"{kind}: {len(row)} faults told after {median} (median), {most} (95 %), {nearly_all} (99 %); "
            f"{late} after more than {PROMISED:.0f} s."
        )
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}.")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
