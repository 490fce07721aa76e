"""Write LICENCES.md: what every installed package that Companion needs is licensed under.

    .venv/bin/python scripts/licences.py [--check]

The packages are those of requirements.lock; what they say of themselves is read from the environment that runs this.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from email.message import Message
from typing import cast

from _system import ROOT, lock_file

HEAD = """# Licences

Written by `scripts/licences.py` from what the packages say of themselves. Companion itself is under Apache-2.0.
The models that `companion model fetch` brings are named in companion/catalogue.py, all Apache-2.0.

| package | licence | where from |
|---|---|---|
"""
CARRIES = {"espeakng-loader": "; it carries espeak-ng, GPL-3.0-or-later"}
"""What is inside a package under another licence than its own."""


def pinned() -> list[str]:
    """The names in the lock file, each once."""
    return sorted(set(re.findall(r"(?m)^([a-z0-9.-]+)==", lock_file("").read_text("utf-8"))))


def licence(name: str) -> tuple[str, str] | None:
    """The licence and the project's address; None where the package is not installed here."""
    try:
        about = cast("Message", importlib.metadata.metadata(name))
    except importlib.metadata.PackageNotFoundError:
        return None
    says = about.get("License-Expression") or ""
    classes = [c.rsplit("::", 1)[1].strip() for c in about.get_all("Classifier", []) if c.startswith("License ::")]
    # Some put the whole text into this field.
    field = (about.get("License") or "").strip()
    says = says or ", ".join(classes) or (field if 0 < len(field) < 60 else "see its LICENSE file")
    says += CARRIES.get(name, "")
    links = dict(u.lower().split(", ", 1) for u in about.get_all("Project-URL", []) if ", " in u)
    best = next((links[k] for k in ("homepage", "source", "source code", "repository", "code") if k in links), "")
    return " ".join(says.split()), about.get("Home-page") or best


def table() -> str:
    """The file's text."""
    rows = []
    for name in pinned():
        found = licence(name)
        if found is None:
            found = ("not installed on this system", "")
        rows.append(f"| {name} | {found[0].replace('|', '/')} | {found[1]} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Write, or with ``--check`` say which packages the file lacks."""
    path = ROOT / "LICENCES.md"
    if "--check" in sys.argv[1:]:
        text = path.read_text("utf-8")
        missing = [name for name in pinned() if f"| {name} |" not in text]
        if missing:
            print(f"error: LICENCES.md lacks {', '.join(missing)}. Run: .venv/bin/python scripts/licences.py")
        return 1 if missing else 0
    path.write_text(table(), "utf-8")
    print(f"Wrote {path.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
