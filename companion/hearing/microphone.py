"""The microphone, by sounddevice: the device's own rate in, 16,000 Hz blocks out, its loss noticed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import DeviceError
from companion.hearing.frames import Resampler, mono
from companion.portaudio import find_device, sounddevice

HEARTBEAT = 0.5
"""Seconds without a callback after which the device counts as lost: a lost one stops silently."""
QUEUE = 300
"""Blocks kept when the recogniser is slow; about ten seconds. Older ones are dropped and counted."""
_BLOCK_SECONDS = 0.03


class SoundDeviceMicrophone:
    """``ports.Microphone`` on PortAudio.

    Args:
        device: Number or part of the name; None for the system's default.

    Raises:
        DeviceError: There is none, or it refuses to open.

    """

    def __init__(self, device: int | str | None = None) -> None:
        sd = sounddevice()
        device = _find(device)
        try:
            info = sd.query_devices(device, "input")
            self.rate = int(info["default_samplerate"])
            """Hz of the device."""
            channels = min(2, int(info["max_input_channels"]))
            self._queue: queue.Queue[NDArray[np.float32] | None] = queue.Queue(QUEUE)
            self.dropped = 0
            """Pieces dropped because nobody took them in time."""
            self._beat = time.monotonic()
            self._closed = threading.Event()
            self._stream = sd.InputStream(
                device=device,
                samplerate=self.rate,
                channels=channels,
                dtype="float32",
                blocksize=int(self.rate * _BLOCK_SECONDS),
                callback=self._take,
                finished_callback=self._finished,
            )
            self._stream.start()
        except (sd.PortAudioError, ValueError) as err:
            raise DeviceError("No microphone can be opened.", "Plug one in, or allow this program to use it.") from err
        self.silent_seconds = 0.0
        """How long the device has given nothing but zeros: a missing permission looks like that."""

    def _take(self, data: NDArray[np.float32], _frames: int, _time: Any, _status: Any) -> None:
        self._beat = time.monotonic()
        try:
            self._queue.put_nowait(data.copy())
        except queue.Full:
            self.dropped += 1

    def _finished(self) -> None:
        if not self._closed.is_set():
            self._put_end()

    def _put_end(self) -> None:
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            self._closed.set()

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """See ``ports.Microphone``.

        Raises:
            DeviceError: The device was lost.

        """
        resampler = Resampler(self.rate)
        self._beat = time.monotonic()
        while not self._closed.is_set():
            try:
                piece = self._queue.get(timeout=HEARTBEAT / 2)
            except queue.Empty:
                if time.monotonic() - self._beat > HEARTBEAT:
                    piece = None
                else:
                    continue
            if piece is None:
                if self._closed.is_set():
                    return
                raise DeviceError("The microphone was lost.", "Plug it in again.")
            self.silent_seconds = 0.0 if piece.any() else self.silent_seconds + len(piece) / self.rate
            yield from resampler.push(mono(piece))

    def close(self) -> None:
        """See ``ports.Microphone``."""
        if not self._closed.is_set():
            self._closed.set()
            self._stream.close(ignore_errors=True)
            self._put_end()


def _find(device: int | str | None) -> int | None:
    """The device when it is a microphone; a name that only fits a loudspeaker leaves the default microphone."""
    try:
        return find_device(device, "microphone")
    except DeviceError:
        if device is None:
            raise
        find_device(device, "loudspeaker")
        return find_device(None, "microphone")
