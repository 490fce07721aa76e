"""What speaks for and against the best topic, as a handful of numbers that can each be told in a sentence."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from companion.understanding.exemplars import NOTHING
from companion.understanding.lexical import Match, Reading
from companion.understanding.normal import stem, tokens
from companion.understanding.topics import Scores


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one utterance. ``features`` is what the gate weighs."""

    ids: tuple[str, ...]
    """Content labels, best first."""
    values: tuple[float, ...]
    """Their values in the topic model."""
    nearest: str
    """The wording of the best topic that is nearest."""
    near: float
    """How near, 0 to 1."""
    rival: float
    """The largest value of what is no content: talk that the pack doesn't speak of, cries for help, advice."""
    rival_label: str
    sound: float
    """How near the sound comes to one of the topic's wordings, wherever words end, 0 to 1."""
    sound_lead: float
    """The same, over all that is not this topic."""
    views: tuple[float, ...]
    """By meaning and by form alone: the best topic's values, its leads over other topics, and the largest rivals."""
    cover: float
    """Share of the words that the best topic's own words explain, 0 to 1."""
    closeness: float
    """Weighted Dice coefficient with its nearest wording by words alone, 0 to 1."""
    open_words: tuple[str, ...]
    """Words said that nothing of the topic explains."""
    agree: bool
    """Whether the words alone point to the same topic."""
    subject: bool
    """Whether the subject is named."""
    pronoun: bool
    """Whether "it" or "they" stands in for it."""
    cost: float
    """The largest repair, 0 to 1."""
    foreign: tuple[str, ...]
    """What is named that the pack doesn't speak of, unless the nearest wording names it too."""
    organs: tuple[str, ...] = ()
    """Cancers of one organ that are named, unless the nearest wording names them too."""
    diseases: tuple[str, ...] = ()
    """Diseases that are named and that the pack doesn't speak of."""

    @property
    def lead(self) -> float:
        """Over the second topic."""
        return self.values[0] - (self.values[1] if len(self.values) > 1 else 0.0)

    @property
    def features(self) -> tuple[float, ...]:
        """In the order of ``calibrated.Calibration.first``."""
        return (
            self.values[0],
            self.lead,
            max(0.0, self.rival),
            self.near,
            self.sound,
            self.sound_lead,
            self.cover,
            self.closeness,
            math.log1p(len(self.open_words)),
            float(self.agree),
            float(self.subject),
            float(self.pronoun and not self.subject),
            self.cost,
            *self.views,
            min(self.views[0], self.views[1]),
            min(self.views[2], self.views[3]),
        )


def weigh(scores: Scores, reading: Reading, content: Collection[str]) -> Evidence | None:
    """Gather the evidence; None when there is nothing to weigh.

    Args:
        scores: From the topic model.
        reading: From the lexical layer.
        content: Labels that are content, glossary terms among them.

    """
    ranked = scores.best(tuple(content))[:4]
    if not ranked:
        return None
    best = ranked[0][0]
    at = scores.labels.index(best)
    rivals = [(v, label) for label, v in zip(scores.labels, scores.values, strict=True) if label not in content]
    rival, rival_label = max(rivals, default=(0.0, NOTHING))
    match = next((m for m in reading.matches if m.id == best), None)
    own = {stem(t) for t in tokens(scores.nearest[at])}
    foreign, organs = (
        tuple(name for name in named if not {stem(t) for t in tokens(name)} <= own)
        for named in (reading.foreign, reading.organs)
    )
    top = reading.matches[0] if reading.matches else None
    return Evidence(
        ids=tuple(label for label, _ in ranked),
        values=tuple(v for _, v in ranked),
        nearest=scores.nearest[at],
        near=scores.kernel[at],
        sound=scores.sound[at],
        sound_lead=scores.sound[at] - max(s for n, s in enumerate(scores.sound) if n != at),
        rival=rival,
        rival_label=rival_label,
        views=_views(scores, at, content),
        cover=match.cover if match else 0.0,
        closeness=match.closeness if match else 0.0,
        open_words=match.unexplained if match else (),
        agree=bool(match and top and (top.id == best or _level(match, top))),
        subject=bool(top and top.subject),
        pronoun=reading.pronoun,
        cost=reading.cost,
        foreign=foreign,
        organs=organs,
        diseases=reading.diseases,
    )


def _level(match: Match, top: Match) -> bool:
    return top.score - match.score < 0.05


def _views(scores: Scores, best: int, content: Collection[str]) -> tuple[float, ...]:
    values, leads, rivals = [], [], []
    for view in (scores.by_meaning, scores.by_form):
        topics = [v for n, v in enumerate(view) if n != best and scores.labels[n] in content]
        others = [v for n, v in enumerate(view) if scores.labels[n] not in content]
        values.append(view[best])
        leads.append(view[best] - max(topics, default=0.0))
        rivals.append(max(others, default=0.0))
    return (*values, *leads, *rivals)
