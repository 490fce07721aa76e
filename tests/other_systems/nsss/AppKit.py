"""Simulated: NSSpeechSynthesizer. Writing a file is begun at once and told to the delegate when it is done.

It writes AIFF, big-endian, whatever the file is called; setting a voice puts rate and volume back, as Apple's does.
"""

import os

import Foundation
import numpy as np
import soundfile

BEFORE = "com.apple.speech.synthesis.voice."
VOICES = {"Anna": ("de_DE", 150), "Alex": ("en_US", 300), "Daniel": ("en_GB", 600)}


class NSSpeechSynthesizer:
    @classmethod
    def alloc(cls):
        return cls()

    def initWithVoice_(self, voice):
        self.setVoice_(voice or f"{BEFORE}Anna")
        return self

    def setDelegate_(self, delegate):
        self._delegate = delegate

    def setVoice_(self, voice):
        self._voice, self._rate, self._volume = voice, 175.0, 0.5

    def voice(self):
        return self._voice

    def setRate_(self, rate):
        self._rate = float(rate)

    def rate(self):
        return self._rate

    def setVolume_(self, volume):
        self._volume = float(volume)

    def volume(self):
        return self._volume

    @staticmethod
    def availableVoices():
        return [BEFORE + name for name in VOICES]

    @staticmethod
    def attributesForVoice_(voice):
        name = voice.removeprefix(BEFORE)
        return {"VoiceIdentifier": voice, "VoiceName": name, "VoiceLocaleIdentifier": VOICES[name][0]}

    def startSpeakingString_toURL_(self, text, url):
        if os.environ.get("SIMULATED_SPEECH_NEVER_ENDS"):
            return True
        hertz = VOICES[self._voice.removeprefix(BEFORE)][1]
        count = int(22_050 * len(text) * 0.07 * 175 / self._rate)
        sound = self._volume * 0.5 * np.sin(2 * np.pi * hertz * np.arange(count) / 22_050)

        def written():
            soundfile.write(url, sound, 22_050, format="AIFF", subtype="PCM_16")
            self._delegate.speechSynthesizer_didFinishSpeaking_(self, True)

        Foundation.waiting.append(written)
        return True

    def stopSpeaking(self):
        pass
