"""A microphone in a process of its own, for test_hearing_microphone.py: PortAudio needs the virtual card's environment.

Prints ``ready RATE``, then ``block N PEAK`` per block, and at the end ``lost SENTENCE``, or ``closed`` when the
input said ``close``. With ``hear MODEL`` it prints what Vosk hears instead, as ``heard TEXT``.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

from companion.errors import DeviceError
from companion.hearing.endpoint import Endpointer, webrtc_detector
from companion.hearing.microphone import SoundDeviceMicrophone
from companion.hearing.vosk import VoskRecognizer


def main() -> None:
    recognizer = None
    if sys.argv[1:2] == ["hear"]:
        recognizer = VoskRecognizer(Path(sys.argv[2]), ["what is metastasis", "stop"])
    endpointer = Endpointer(webrtc_detector())
    try:
        microphone = SoundDeviceMicrophone()
        print(f"ready {microphone.rate}", flush=True)
        threading.Thread(target=lambda: sys.stdin.readline() and microphone.close(), daemon=True).start()
        for block in microphone.blocks():
            assert block.dtype == np.int16 and 0 < len(block) <= 1_600
            if recognizer is None:
                print(f"block {len(block)} {int(np.abs(block.astype(int)).max())}", flush=True)
                continue
            for step in endpointer.push(block):
                recognizer.accept(step.audio)
                if step.kind == "end":
                    print(f"heard {recognizer.finish().text}", flush=True)
    except DeviceError as error:
        print(f"lost {error}", flush=True)
        return
    microphone.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main()
