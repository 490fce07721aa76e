"""A loudspeaker driven line by line, for test_speaking_player.py: PortAudio needs the virtual card's environment.

Commands on stdin: ``open [NAME]``, ``play FILE.npy RATE``, ``stop``, ``pause``, ``resume``, ``wait``, ``volume X``,
``reopen``, ``position``, ``close``. Each ends with a line ``done``; events come in between.
"""

from __future__ import annotations

import sys
import threading

import numpy as np

from companion.errors import CompanionError
from companion.ports import Pcm
from companion.speaking.player import SoundDevicePlayer

_SAYING = threading.Lock()


def say(line: str) -> None:
    with _SAYING:  # two threads print; print() writes its line and its end apart
        print(line, flush=True)


def main() -> None:
    player: SoundDevicePlayer | None = None
    for line in sys.stdin:
        command, *rest = line.split()
        try:
            if command == "open":
                player = SoundDevicePlayer(rest[0] if rest else None, on_lost=lambda error: say(f"lost {error.what}"))
                say(f"rate {player.rate}")
            if player is None:
                raise CompanionError("Nothing is open.")
            if command == "play":
                player.play(Pcm(np.load(rest[0]), int(rest[1])), lambda played: say(f"end {played}"))
            elif command == "volume":
                player.volume = float(rest[0])
            elif command == "wait":
                say(f"waited {player.wait(20)}")
            elif command == "position":
                say(f"position {player.position}")
            elif command in ("stop", "pause", "resume", "reopen", "close"):
                getattr(player, command)()
        except CompanionError as error:
            say(f"error {error}")
        say("done")


main()
