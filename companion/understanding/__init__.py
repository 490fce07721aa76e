"""From words to a decision: safety, commands, topics, explanation. No audio, no printing."""

from companion.understanding.router import Router

__all__ = ["Router"]
