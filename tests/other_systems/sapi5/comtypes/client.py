"""Simulated: SAPI's SpVoice and SpFileStream. A file stream is 22,050 Hz, mono, 16 bit; Speak blocks until it is full.

What is said is told by the sound: its length follows the rate, its pitch the voice. As pyttsx3's issues 419 and 440
tell, only the first utterance of a process is written; later files stay empty.
"""

import math
import struct
import wave

HERE = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Speech\\Voices\\Tokens\\TTS_MS_"
_spoken = []


class Token:
    def __init__(self, name, language, description, hertz):
        self.Id, self.hertz = HERE + name, hertz
        self._description, self._language = description, language

    def GetDescription(self):
        return self._description

    def GetAttribute(self, name):
        return {"Language": self._language, "Gender": "Female", "Age": "Adult"}[name]


VOICES = [
    Token("DE-DE_HEDDA_11.0", "407", "Microsoft Hedda Desktop - German", 150),
    Token("EN-US_ZIRA_11.0", "409", "Microsoft Zira Desktop - English (United States)", 300),
    Token("EN-GB_HAZEL_11.0", "809", "Microsoft Hazel Desktop - English (Great Britain)", 600),
]


class SpVoice:
    def __init__(self):
        self.Voice, self.Rate, self.Volume = VOICES[0], 0, 100
        self.EventInterests, self.AudioOutputStream = 0, None

    def GetVoices(self):
        return VOICES

    def Speak(self, text, flags=0):
        assert flags == 0, "only what is written to a file is simulated"
        if not -10 <= self.Rate <= 10:
            raise ValueError("(-2147024809, 'The parameter is incorrect.')")  # E_INVALIDARG
        if _spoken:
            return
        _spoken.append(text)
        # SAPI's rate runs from -10 to 10; each step is a ninth root of three.
        seconds = len(text) * 0.07 * 3 ** (-self.Rate / 10)
        self.AudioOutputStream.write(seconds, self.Voice.hertz, self.Volume)


class SpFileStream:
    def Open(self, filename, mode):
        assert mode == 3
        self._file = wave.open(filename, "wb")  # noqa: SIM115 - closed by close
        self._file.setparams((1, 2, 22_050, 0, "NONE", ""))

    def write(self, seconds, hertz, volume):
        count = int(22_050 * seconds)
        loud = 80 * volume
        wave_form = (int(loud * math.sin(2 * math.pi * hertz * n / 22_050)) for n in range(count))
        self._file.writeframes(struct.pack(f"<{count}h", *wave_form))

    def close(self):
        self._file.close()


def CreateObject(name):
    return {"sapi.spvoice": SpVoice, "sapi.spfilestream": SpFileStream}[name.lower()]()


def GetEvents(source, sink):
    return (source, sink)
