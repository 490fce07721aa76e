"""The loudspeaker: one long-lived callback stream, silent within 50 ms, aware of a device that goes."""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from companion.errors import DeviceError
from companion.portaudio import find_device, refresh_devices, sounddevice
from companion.ports import Pcm
from companion.showing import told_fault
from companion.speaking.mixer import Mixer, OnEnd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 22_050
"""Hz that espeak-ng speaks at; asked of the device first, so that nothing needs converting."""
LATENCY = 0.025
"""Seconds asked of PortAudio."""
HEARTBEAT = 0.7
"""Seconds without a callback after which the device counts as lost. Most losses end the stream and are told at once;
a busy machine can be late by 0.4."""
_TICK = 0.05


class SoundDevicePlayer:
    """``ports.Loudspeaker`` by sounddevice. Thread-safe. Keeps its stream open, and silent, between pieces.

    Callbacks (``on_end``, ``on_lost``) come from a thread of their own, one after the other, never from
    within a method; they may call any method but ``close``.

    Args:
        device: Number or part of the name of a device; None for the system's default.
        latency: Seconds asked of PortAudio.
        on_lost: Called once with the error each time the device goes.

    Raises:
        DeviceError: PortAudio is missing, there is no such device, or it refuses.

    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        latency: float = LATENCY,
        on_lost: Callable[[DeviceError], None] | None = None,
    ) -> None:
        """Open the device."""
        self._device = device
        self._wanted_latency = latency
        self._on_lost = on_lost
        self.on_block: Callable[[float, float], None] | None = None
        """For measuring: gets when a block will be heard (monotonic seconds) and its peak, in the callback."""
        self.on_played: Callable[[NDArray[np.float32], int, float], None] | None = None
        """For taking it out of the microphone: gets samples, Hz, and when the first of them will be heard."""
        self._volume = 1.0
        self._stream: Any = None
        self._mixer = Mixer(RATE)
        self._beat = 0.0
        self._channels = 1
        self._lost: DeviceError | None = None
        self._closed = False
        self._generation = 0  # streams opened; a late callback of an older one is nobody's business
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._pending = 0  # pieces whose on_end has not been called
        self._state = threading.Condition()
        self._open()
        self._notifier = threading.Thread(target=self._notify, name="player-notifier", daemon=True)
        self._notifier.start()

    @property
    def rate(self) -> int:
        """Hz of the open stream."""
        return self._mixer.rate

    @property
    def latency(self) -> float:
        """Seconds from the callback to the loudspeaker, as PortAudio tells."""
        with contextlib.suppress(Exception):
            return float(self._stream.latency)
        return self._wanted_latency

    @property
    def volume(self) -> float:
        """0 to 1 over everything that is played; 1.0 at first. Changes are heard at once."""
        return self._volume

    @volume.setter
    def volume(self, value: float) -> None:
        self._volume = max(0.0, min(1.0, float(value)))
        self._mixer.set_gain(self._volume)

    @property
    def position(self) -> float:
        """Seconds of the piece in front that have been heard; 0.0 when nothing is queued."""
        return max(0.0, self._mixer.place - self.latency) if not self._mixer.idle else 0.0

    @property
    def busy(self) -> bool:
        """Whether anything queued has not been heard to its end; also while paused."""
        with self._state:
            return self._pending > 0

    def play(self, pcm: Pcm, on_end: OnEnd | None = None) -> None:
        """Queue a piece; see ``ports.Loudspeaker``.

        Raises:
            DeviceError: The device was lost or the player closed; ``on_end`` is then not called.

        """
        while True:
            with self._state:
                self._check()
                mixer = self._mixer
            samples = _at_rate(pcm, mixer.rate)  # may take milliseconds: not while the callback waits for us
            with self._state:
                self._check()
                if mixer is self._mixer:
                    self._pending += 1
                    mixer.play(samples, lambda played: self._end(on_end, played))
                    return

    def stop(self) -> None:
        """Fade within 5 ms and drop the queue; the dropped pieces' ``on_end(False)`` follow."""
        with self._state:
            for on_end in self._mixer.stop():
                self._later(0.0, functools.partial(on_end, False))

    def pause(self) -> None:
        """Fade within 5 ms and keep the place."""
        self._mixer.pause()

    def resume(self) -> None:
        """Go on from the very sample where ``pause`` held."""
        self._mixer.resume()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until everything queued was heard and its ``on_end`` called; while paused that is never.

        Raises:
            DeviceError: The device was lost.

        """
        with self._state:
            return self._state.wait_for(lambda: self._raise_lost() or self._pending == 0, timeout)

    def reopen(self, device: int | str | None = None, *, refresh: bool = True) -> None:
        """Open again after a loss, or change the device. What was queued is dropped.

        Args:
            device: The new device; None keeps the one asked for before.
            refresh: Let PortAudio look for devices anew. That ends EVERY stream of this process, also a
                microphone's: close that first and open it after. False to leave the list of devices as it is.

        Raises:
            DeviceError: There is no device (yet), or the player was closed. Try again later.

        """
        with self._state:
            if self._closed:
                raise DeviceError("The player was closed.")
            if device is not None:
                self._device = device
            self.stop()
            self._lost = self._lost or DeviceError("The loudspeaker is being opened again.")
        self._shut()
        if refresh:
            refresh_devices()
        self._open()
        with self._state:
            self._lost = None

    def close(self) -> None:
        """Free the device. Calling it twice is harmless."""
        with self._state:
            if self._closed:
                return
            self.stop()
            self._closed = True
            self._state.notify_all()
        self._shut()
        if threading.current_thread() is not self._notifier:
            self._notifier.join(2.0)

    def __enter__(self) -> SoundDevicePlayer:
        """Use in a ``with`` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _open(self) -> None:
        sd = sounddevice()
        index = find_device(self._device)
        try:
            info = sd.query_devices(index, "output")
            self._channels = min(2, int(info["max_output_channels"]))
            rates = [RATE, int(info["default_samplerate"])]
            stream, mixer = self._first_that_opens(sd, index, rates)
        except (sd.PortAudioError, ValueError) as error:
            raise DeviceError(
                "The loudspeaker could not be opened.",
                f"Choose another with --device; the system says: {error}.",
            ) from error
        mixer.set_gain(self._volume)
        with self._state:
            self._mixer, self._stream = mixer, stream
            self._beat = time.monotonic() + 1.0  # the first callback may take its time
        try:
            stream.start()
        except sd.PortAudioError as error:
            self._shut()
            raise DeviceError("The loudspeaker could not be started.", f"The system says: {error}.") from error

    def _first_that_opens(self, sd: Any, index: int | None, rates: list[int]) -> tuple[Any, Mixer]:
        failure: Exception | None = None
        for rate in dict.fromkeys(rates):
            for channels in dict.fromkeys((1, self._channels)):
                mixer = Mixer(rate)
                self._generation += 1
                try:
                    stream = sd.OutputStream(
                        samplerate=rate,
                        device=index,
                        channels=channels,
                        dtype="float32",
                        latency=self._wanted_latency,
                        callback=self._callback_for(mixer),
                        finished_callback=self._finished_for(self._generation),
                    )
                except sd.PortAudioError as error:
                    failure = error
                else:
                    return stream, mixer
        assert failure is not None
        raise failure

    def _callback_for(self, mixer: Mixer) -> Callable[[NDArray[np.float32], int, Any, Any], None]:
        import numpy

        block = numpy.zeros(0, numpy.float32)

        def callback(out: NDArray[np.float32], frames: int, _time: Any, _status: Any) -> None:
            nonlocal block
            self._beat = time.monotonic()
            if len(block) != frames:
                block = numpy.zeros(frames, numpy.float32)
            ended = mixer.fill(block)
            out[:] = block[:, None]
            if self.on_played is not None:
                self.on_played(block, mixer.rate, self._beat + self.latency)
            if self.on_block is not None:
                self.on_block(self._beat + self.latency, float(numpy.abs(block).max(initial=0.0)))
            if ended:
                heard = self._beat + self.latency
                with self._state:
                    for on_end in ended:
                        self._later(heard, functools.partial(on_end, True))

        return callback

    def _finished_for(self, generation: int) -> Callable[[], None]:
        def finished() -> None:
            with self._state:
                if generation == self._generation and not self._closed and self._stream is not None:
                    self._beat = float("-inf")
                    self._state.notify_all()

        return finished

    def _shut(self) -> None:
        with self._state:
            stream, self._stream = self._stream, None
        if stream is not None:
            # abort(), then close(); never touched again: PortAudio crashes on a closed stream.
            with contextlib.suppress(Exception):
                stream.abort(ignore_errors=True)
            with contextlib.suppress(Exception):
                stream.close(ignore_errors=True)

    def _check(self) -> None:
        self._raise_lost()
        if self._closed:
            raise DeviceError("The player was closed.")

    def _raise_lost(self) -> bool:
        if self._lost is not None:
            raise self._lost
        return False

    def _end(self, on_end: OnEnd | None, played: bool) -> None:
        try:
            if on_end is not None:
                on_end(played)
        finally:
            with self._state:
                self._pending -= 1
                self._state.notify_all()

    def _later(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._order), what))
        self._state.notify_all()

    def _notify(self) -> None:
        """Call what is due; notice a device that has stopped asking for sound."""
        while True:
            with self._state:
                now = time.monotonic()
                if self._closed and not self._due:
                    return
                ripe = bool(self._due) and (self._closed or self._due[0][0] <= now)
                what = heapq.heappop(self._due)[2] if ripe else None
                if what is None:
                    lost = self._stream is not None and self._lost is None and now - self._beat > HEARTBEAT
                    if lost:
                        what = self._lose()
                    else:
                        self._state.wait(min(_TICK, self._due[0][0] - now) if self._due else _TICK)
            if what is not None:
                # A listener's mistake must not end the thread that tells of lost devices.
                try:
                    what()
                except Exception as error:  # noqa: BLE001, RUF100 - as above
                    told_fault("player", error)

    def _lose(self) -> Callable[[], None]:
        error = DeviceError(
            "The loudspeaker was lost.", "Plug it in again or choose another; the session goes on in text."
        )
        self._lost = error
        self.stop()
        self._state.notify_all()
        hook = self._on_lost
        self._later(0.0, lambda: hook(error) if hook is not None else None)
        return self._shut


def _at_rate(pcm: Pcm, rate: int) -> NDArray[np.float32]:
    import numpy

    samples = numpy.ascontiguousarray(pcm.samples, dtype=numpy.float32)
    if pcm.rate == rate or not len(samples):
        return samples
    import soxr

    return numpy.asarray(soxr.resample(samples, pcm.rate, rate, quality="HQ"), dtype=numpy.float32)
