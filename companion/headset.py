"""Whether a headset is worn, as far as the names of the sound devices tell. The default of ``--barge-in`` asks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Literal

from companion.errors import DeviceError
from companion.portaudio import find_device, sounddevice

WORN = re.compile(r"head-?\s?(?:set|phone)|ear-?\s?(?:bud|phone|pod)|airpod", re.I)
SERVERS = frozenset({"default", "sysdefault", "pulse", "pipewire", "jack"})
"""Names under which a sound server hides its devices from PortAudio."""
_PATIENCE = 1.0
"""Seconds that the sound server may take."""
_HANGS: list[str] = []
"""Programs that did not answer in time: they are not asked again, since whoever asks waits."""
Kind = Literal["loudspeaker", "microphone"]


def headset(device: int | str | None = None) -> bool:
    """Whether what plays and what records are both worn on the head; False where that can't be told.

    Args:
        device: As for the player and the microphone; None for the system's defaults.

    """
    kinds: tuple[Kind, Kind] = ("loudspeaker", "microphone")
    return all(WORN.search(_described(device, kind)) for kind in kinds)


def _described(device: int | str | None, kind: Kind) -> str:
    """All that is known of a device's name and form; "" for one that is not there."""
    try:
        sd = sounddevice()
        number = find_device(device, kind)
    except DeviceError:
        return ""
    try:
        name = str(sd.query_devices(number, "output" if kind == "loudspeaker" else "input")["name"])
    except (sd.PortAudioError, ValueError):
        return ""
    return _of_server(kind) if name.partition(":")[0].lower() in SERVERS else name


def _of_server(kind: Kind) -> str:
    """Name, form and plug of the sound server's default device, by its own program; "" without that."""
    sort = "sink" if kind == "loudspeaker" else "source"
    default = re.search(rf"^Default {sort}: (.+)$", _pactl("info"), re.I | re.M)
    if default is None:
        return ""
    for device in re.split(rf"^{sort} #", _pactl("list", f"{sort}s"), flags=re.I | re.M):
        if re.search(rf"^\s*Name: {re.escape(default[1])}$", device, re.M):
            told = re.findall(r"^\s*(?:Name|Description|Active Port): .+|^\s*device\.form_factor = .+", device, re.M)
            return "\n".join(told)
    return ""


def _pactl(*arguments: str) -> str:
    """What PulseAudio's or PipeWire's program says; "" where there is none."""
    program = None if _HANGS else shutil.which("pactl")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, *arguments],
            capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _HANGS.append(program)
        return ""
    except OSError:
        return ""
    return done.stdout
