"""Companion: ask aloud, hear the curated answer, offline."""

__version__ = "0.1.0"
