"""Simulated: as much of comtypes as pyttsx3's sapi5 driver calls."""
