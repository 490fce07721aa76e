"""Write ``said.toml`` of the bundled pack: how the authors of the tuning sets ask, for the topic model to learn from.

    python scripts/collect_said.py

Of the tuning sets in ``tests/data`` (nothing of a set for reporting): each line that reaches the topics, with the topic
that it asks for, or with none. Lines that are personal, cries for help or commands are not taken: what is learnt about
those is learnt elsewhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.atomic import atomic_write_text  # noqa: E402  # runs from a checkout too
from companion.content import load_pack  # noqa: E402
from companion.content.types import NO_ANSWER  # noqa: E402
from companion.understanding.exemplars import exemplars  # noqa: E402
from companion.understanding.lexical import Lexical  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.router import Router  # noqa: E402
from calibrate_understanding import CONTENT_KINDS, SAID, lines  # noqa: E402

FILE = ROOT / "companion" / "packs" / "metastasis" / "said.toml"
HEAD = """\
# How people have asked, by what they asked for; "none" is what the pack has no answer to.
# The topic model learns from it; nothing here is matched word by word, shown or spoken.
# Written by scripts/collect_said.py from the tuning sets in tests/data; don't edit.

[said]
"""


def main() -> int:
    """Write the file."""
    pack = load_pack()
    router = Router(pack)
    known = {row.label for row in exemplars(pack, Lexical(pack).vocabulary)}
    said: dict[str, dict[str, None]] = {}
    for path in SAID:
        for line in lines(path):
            meant = next((e for e in line["expected"].split("|") if e in known or e == NO_ANSWER), None)
            if meant and line["kind"] in CONTENT_KINDS and router.reaches_topics(tokens(line["text"])) is not None:
                said.setdefault(meant, {})[line["text"]] = None
    body = "".join(
        f"{json.dumps(name)} = [\n" + "".join(f"  {json.dumps(t, ensure_ascii=False)},\n" for t in said[name]) + "]\n"
        for name in sorted(said)
    )
    atomic_write_text(FILE, HEAD + body)
    print(f"{sum(map(len, said.values()))} lines for {len(said)} topics in {FILE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
