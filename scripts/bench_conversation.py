"""``companion bench`` on a virtual sound card (PulseAudio without hardware); arguments are handed on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def main() -> int:
    """Run it; its exit code, or 2 where there can be no virtual card."""
    from virtual_sound import VirtualSoundCard, why_not  # type: ignore[import-not-found] # of the tests

    if reason := why_not():
        print(f"No virtual sound card: {reason}", file=sys.stderr)
        return 2
    with VirtualSoundCard() as card:
        env = {**card.env, "COMPANION_HOME": str(card.folder / "companion")}
        return subprocess.run(
            [sys.executable, "-m", "companion", "bench", *sys.argv[1:]], env=env, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
