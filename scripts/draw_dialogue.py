"""Draw the dialogue's table as a Mermaid state diagram; ``--write`` puts it into ARCHITECTURE.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# An event can lead to several modes, by what it holds; the table names handlers, these say where they can go.
GOES = {
    "_understood": ("speaking", "paused", "listening", "asleep", "ended"),
    "_sentence_started": (),
    "_speech_ended": ("speaking", "listening"),
    "_nothing_said": ("speaking",),
    "_lost": ("speaking",),
    "_back": ("speaking",),
    "_trouble": ("speaking",),
    "_input_ended": ("ended",),
    "_wake": ("speaking", "listening", "ended"),
}


def diagram() -> str:
    """The diagram's text."""
    from companion.dialogue import TABLE

    rows: dict[tuple[str, str], list[str]] = {}
    for (mode, event), handler in TABLE.items():
        for target in GOES[handler.__name__] or (mode,):
            if target != mode or not GOES[handler.__name__]:
                rows.setdefault((mode, target), []).append(event.__name__)
    lines = ["stateDiagram-v2", "  [*] --> speaking: start"]
    lines += [f"  {a} --> {b}: {', '.join(sorted(set(e)))}" for (a, b), e in sorted(rows.items())]
    return "\n".join([*lines, "  ended --> [*]"])


def main() -> int:
    """Print or write."""
    if "--write" not in sys.argv[1:]:
        print(diagram())
        return 0
    path = ROOT / "ARCHITECTURE.md"
    text = path.read_text(encoding="utf-8")
    drawn = re.sub(r"```mermaid\n.*?```", lambda _: f"```mermaid\n{diagram()}\n```", text, flags=re.S)
    path.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
