"""The microphone, by sounddevice: the device's own rate in, 16,000 Hz blocks out, its loss noticed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import DeviceError
from companion.hearing.frames import Resampler, mono
from companion.portaudio import find_device, sounddevice

HEARTBEAT = 1.0
"""Seconds without a callback after which the device counts as lost: a lost one stops silently. A busy machine or a
sound server that wakes up can be late by half of it."""
QUEUE = 300
"""Pieces kept when the recogniser is slow, about ten seconds; then the oldest are dropped and counted."""
_BLOCK_SECONDS = 0.03


class SoundDeviceMicrophone:
    """``ports.Microphone`` on PortAudio.

    Args:
        device: Number or part of the name; None for the system's default.

    Attributes:
        rate: Hz of the device.
        dropped: Pieces dropped because nobody took them in time.
        silent_seconds: How long the device has given nothing but zeros: a missing permission looks like that, and a
            microphone that is switched off.

    Raises:
        DeviceError: There is none, or it refuses to open.

    """

    def __init__(self, device: int | str | None = None) -> None:
        """Open the device and begin to record."""
        sd = sounddevice()
        number = _find(device)
        self.dropped = 0
        self.silent_seconds = 0.0
        self._pieces: deque[NDArray[np.float32]] = deque(maxlen=QUEUE)
        self._come = threading.Event()
        self._over = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self._beat = time.monotonic()
        try:
            info = sd.query_devices(number, "input")
            self.rate = int(info["default_samplerate"])
            self._stream: Any = sd.InputStream(
                device=number,
                samplerate=self.rate,
                channels=max(1, min(2, int(info["max_input_channels"]))),
                dtype="float32",
                blocksize=int(self.rate * _BLOCK_SECONDS),
                callback=self._take,
                finished_callback=self._finished,
            )
            self._stream.start()
        except (sd.PortAudioError, ValueError) as err:
            raise DeviceError("No microphone can be opened.", "Plug one in, or allow this program to use it.") from err

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """See ``ports.Microphone``.

        Raises:
            DeviceError: The device was lost.

        """
        resampler = Resampler(self.rate)
        self._beat = time.monotonic()
        while not self._closed:
            self._come.wait(HEARTBEAT / 4)
            self._come.clear()
            while self._pieces and not self._closed:
                piece = self._pieces.popleft()
                self.silent_seconds = 0.0 if piece.any() else self.silent_seconds + len(piece) / self.rate
                yield from resampler.push(mono(piece))
            if not self._closed and (self._over.is_set() or time.monotonic() - self._beat > HEARTBEAT):
                raise DeviceError("The microphone was lost.", "Plug it in again.")
        with self._lock:  # whoever ends now must not leave while another thread still closes
            return

    def close(self) -> None:
        """See ``ports.Microphone``. A second call waits for the first: leaving before crashed inside PortAudio."""
        self._closed = True
        self._come.set()
        with self._lock:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.close(ignore_errors=True)

    def _take(self, data: NDArray[np.float32], _frames: int, _time: Any, _status: Any) -> None:
        """Copy, enqueue, count; nothing else belongs into the callback."""
        self._beat = time.monotonic()
        self.dropped += len(self._pieces) == QUEUE
        self._pieces.append(data.copy())
        self._come.set()

    def _finished(self) -> None:
        self._over.set()
        self._come.set()


def _find(device: int | str | None) -> int | None:
    """The device when it is a microphone; a name that only fits a loudspeaker leaves the default microphone."""
    try:
        return find_device(device, "microphone")
    except DeviceError:
        if device is None:
            raise
        find_device(device, "loudspeaker")
        return find_device(None, "microphone")
