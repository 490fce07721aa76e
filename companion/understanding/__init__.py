"""From words to a decision: safety, commands, topics, explanation. No audio, no printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from companion.understanding.router import Router

__all__ = ["Router"]


def __getattr__(name: str) -> Any:
    """The router, loaded when it is asked for: its phrases are needed before it, to open the recogniser."""
    if name == "Router":
        from companion.understanding.router import Router

        return Router
    raise AttributeError(name)
