"""Leave one out: whether each wording of a pack would still find its own topic if it weren't there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from companion.content.types import Pack
from companion.understanding.background import Topics
from companion.understanding.exemplars import exemplars
from companion.understanding.library import Library


@dataclass(frozen=True, slots=True)
class Collision:
    """A wording that points to another topic than its own."""

    id: str
    wording: str
    other: str
    """The topic that the rest of the pack takes it for."""
    nearest: str
    """That topic's wording that is nearest."""
    value: float = 0.0
    """How near: the topic model's value of the other topic, from ``CLOSE`` up."""


def collisions(pack: Pack, topics: Topics | Library) -> tuple[Collision, ...]:
    """The wordings that, left out, would be taken for another topic; none where the model could not be made.

    Args:
        pack: Its wordings.
        topics: The model of the same pack.

    """
    if isinstance(topics, Library):
        return ()  # too many to weigh each against every other
    topics.wait()
    model = topics.own_model
    if model is None:
        return ()
    ids = [item.id for item in pack.items]
    out = []
    for row, scores in zip(exemplars(replace(pack, said={}), topics.vocabulary), model.leave_one_out(), strict=True):
        if row.label not in ids:
            continue
        best, value = scores.best(ids)[0]
        if best != row.label and value >= CLOSE:
            out.append(Collision(row.label, row.text, best, scores.nearest[scores.labels.index(best)], value))
    return tuple(out)


CLOSE = 0.25
"""Least value of another topic that is worth telling: below it, the wording would be declined or asked about."""
