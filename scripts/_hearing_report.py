"""Tables and the picture of ``evaluate_hearing.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from _shares import wilson

Counts = Mapping[tuple[str, str], Counter[str]]
COLUMNS = (
    "engine", "condition", "right at once", "within one confirmation", "wrong", "false reject", "false accept",
    "offered, out of scope",
)  # fmt: skip


def share(hits: int, n: int) -> str:
    """A share with its interval, in per cent; "-" of nothing."""
    if not n:
        return "-"
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.0f} ({100 * low:.0f}-{100 * high:.0f})"


def side(count: Counter[str], which: str) -> int:
    """How many sentences were in scope ("in") or out of it ("out")."""
    return sum(n for k, n in count.items() if k.startswith(f"{which} "))


def row(name: str, condition: str, count: Counter[str]) -> str:
    """One line of the table."""
    inside, outside = side(count, "in"), side(count, "out")
    cells = [
        share(count["in right"], inside),
        share(count["in right"] + count["in confirmed"], inside),
        share(count["in wrong"], inside),
        share(count["in rejected"] + count["in diverted"], inside),
        share(count["out accepted"], outside),
        share(count["out offered"], outside),
    ]
    return f"| {name} | {condition} | {' | '.join(cells)} |"


def table(counts: Counts) -> str:
    """Markdown, one line for each engine and condition; per cent with 95 % intervals."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += [row(name, condition, count) for (name, condition), count in sorted(counts.items(), key=lambda c: c[0][0])]
    return "\n".join(lines)


def headline(counts: Counts) -> str:
    """All conditions together, by engine."""
    total: dict[str, Counter[str]] = {}
    for (name, _), count in counts.items():
        total.setdefault(name, Counter()).update(count)
    head = table({}).splitlines()
    return "\n".join([*head, *(row(name, "all", count) for name, count in total.items())])


def drawn(counts: Counts, conditions: Sequence[str], path: Path, title: str) -> None:
    """Right within one confirmation, and wrongly answered, by condition and engine, as a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (upper, lower) = plt.subplots(2, 1, figsize=(11, 8), sharex=True, layout="constrained")
    for n, name in enumerate(dict.fromkeys(name for name, _ in counts)):
        places = [i for i, c in enumerate(conditions) if (name, c) in counts]
        having = [counts[name, conditions[i]] for i in places]
        inside = [max(1, side(c, "in")) for c in having]
        good = [100 * (c["in right"] + c["in confirmed"]) / total for c, total in zip(having, inside, strict=True)]
        bad = [
            100 * (c["in wrong"] + c["out accepted"]) / max(1, total + side(c, "out"))
            for c, total in zip(having, inside, strict=True)
        ]
        style = {"marker": "osv^Dx*"[n % 7], "color": f"C{n}", "label": name}
        upper.plot(places, good, **style)
        lower.plot(places, bad, **style)
    upper.set_ylabel("in scope: right within\none confirmation, %")
    upper.set_ylim(0, 100)
    lower.set_ylabel("content answered\nwrongly, %")
    lower.set_ylim(0, max(10.0, lower.get_ylim()[1]))
    lower.set_xticks(range(len(conditions)), conditions, rotation=30, ha="right")
    upper.legend(loc="lower left", fontsize=8)
    upper.set_title(title)
    figure.savefig(path, dpi=90)
    plt.close(figure)
