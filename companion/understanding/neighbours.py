"""Leave one out: whether each wording of a pack would still find its own topic if it weren't there."""

from __future__ import annotations

from dataclasses import dataclass

from companion.content.types import Pack
from companion.understanding.lexical import Lexical
from companion.understanding.normal import tokens


@dataclass(frozen=True, slots=True)
class Collision:
    """A wording that points to another topic than its own."""

    id: str
    wording: str
    other: str
    """The topic that the rest of the pack takes it for."""


def collisions(pack: Pack) -> tuple[Collision, ...]:
    """The wordings that, left out, would be taken for another topic."""
    lexical = Lexical(pack)
    out = []
    for item in pack.items:
        for wording in item.wordings:
            best = lexical.read(tokens(wording), without=wording).matches[0]
            if best.id != item.id and best.telling > 0:
                out.append(Collision(item.id, wording, best.id))
    return tuple(out)
