"""Simulated: the type library of SAPI, as comtypes makes it."""

from types import SimpleNamespace

SpeechLib = SimpleNamespace(SSFMCreateForWrite=3)
