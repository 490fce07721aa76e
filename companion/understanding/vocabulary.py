"""From tokens to the pack's own concepts: same-meaning words folded, hard terms and typing slips repaired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import jellyfish
from rapidfuzz.distance import Levenshtein

from companion.content.types import Pack
from companion.understanding.normal import stem, tokens
from companion.understanding.spelling import SLIP_COST, Speller, is_english

# Words that carry no topic. Question words that do ("why", "where", "when", "who") are not among them.
FILLER = frozenset(
    stem(w)
    for w in (
        "a an the of in on to for with from by at is are was were be been being am do does did done has have had "
        "having can could may might must will would shall should ought it its this that these those there here "
        "what which how if whether then than and or but so as also too into onto out up about your they them their "
        "theirs one ones people person someone somebody anyone anybody everyone everybody patient human body "
        "doctor oncologist nurse really actually just very quite exactly basically simply thing something anything "
        "everything stuff get got getting gets gotten make makes made some please tell say said know call called "
        "use used using go goes going gone went come comes coming came be able thank you ever even still yet "
        "already other another give given giving kind of sort person once after before during over through "
        "throughout within inside between while because put set let want need like mean means such much more most "
        "lot little bit only own certain case question answer fact word term topic subject name whole general "
        "usually normally typical typically common commonly main major let see look looks like appear show happen "
        "happens occur exist exists there available possible possibly way ways again first now today these days "
        "involve involved include includes included relate related regarding concerning affect actually truly"
    ).split()
)
# Fillers that still lean towards a topic ("how", "called"): they help to rank, never to refuse.
SOFT = frozenset(
    stem(w)
    for w in (
        "what how which why where when who can could do does is are will mean means call called happen happens way "
        "make get most more often usually normally common commonly likely one even still other another use kind "
        "look again now while possible possibly involve include related affect person people doctor appear after "
        "before during through general exist need only same after"
    ).split()
)
SOFT_MARK = "~"
# Wording decides here, not only words: "not" turns a question round.
NEGATION = frozenset({"not", "no", "never", "without", "none"})

MAX_SOUND_DISTANCE = 0.25
"""Normalised Levenshtein distance between Metaphone codes, tighter than the 0.34 of phoneme strings that was
measured: Metaphone drops the vowels, so that its codes are nearer to each other."""
JOINED_COST = 0.1
"""Of two words that are one written apart ("out look")."""
MIN_JOINED, SHORTEST_PART = 6, 3
"""Letters of the shortest word that is put together from two, and of its first part ("a round" stays)."""
_BEGINS_TERM = frozenset({"a", "met", "may", "my", "by", "buy"})
"""Fillers that a garbled term may begin with ("a doctor me")."""
REMEMBERED = 64
"""Utterances whose repair is kept: each is looked at several times."""
MIN_CODE = 4
"""Shortest Metaphone code that is repaired by sound; shorter ones match half of the dictionary."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One unit of meaning of an utterance."""

    key: str
    """Canonical stem(s)."""
    said: str
    """The words as they were said."""
    cost: float = 0.0
    """How much repair it took: 0 none, up to 1."""
    soft: bool = False
    """A filler that only leans towards a topic."""


class Vocabulary:
    """A pack's words. Pure and frozen after construction."""

    def __init__(self, pack: Pack, texts: Iterable[str]) -> None:
        """Learn the words.

        Args:
            pack: Its groups of same words, hard terms and foreign words.
            texts: Wordings and answers, whose words count as known.

        """
        self._phrases: dict[tuple[str, ...], str] = {}
        self._longest = 1
        self._repaired: dict[tuple[str, ...], tuple[list[str], list[str], list[float]]] = {}
        for group in pack.same:
            key = " ".join(stem(t) for t in tokens(group[0]))
            for phrase in group:
                self._add(tokens(phrase), key)
        self._heard: dict[tuple[str, ...], str] = {}
        self._written: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        for term, variants in {**pack.hard_terms, **pack.misheard}.items():
            key = self._phrases.get(tuple(stem(t) for t in tokens(term)), stem(term))
            self._written.setdefault(key, term)
            for variant in variants:
                self._heard[tuple(tokens(variant))] = term if len(tokens(term)) == 1 else key
            code = jellyfish.metaphone(term) if term in pack.hard_terms else ""
            if len(code) >= MIN_CODE:
                self._codes[key if len(tokens(term)) > 1 else term] = code
        self._heard_from: dict[str, int] = {}
        for row in filter(None, self._heard):  # a variant of signs alone has no first word
            self._heard_from[row[0]] = max(len(row), self._heard_from.get(row[0], 0))
        self._term_keys = {t: self._phrases.get((stem(t),), stem(t)) for t in self._codes}
        self.known: frozenset[str] = frozenset(
            stem(t)
            for text in (
                *texts,
                *(w for group in pack.same for w in group),
                *pack.foreign_diseases,
                *pack.foreign_organs,
                *pack.foreign_topics,
                *pack.hard_terms,
            )
            for t in tokens(text)
        )
        texts = [*texts, *(w for group in pack.same for w in group), *pack.hard_terms]
        rows = [tokens(text) for text in texts]
        self._speller = Speller(t for row in rows for t in row)
        apart = {a + b for row in rows for a, b in pairwise(row)}
        self._joined = {t for row in rows for t in row if len(t) >= MIN_JOINED} - apart

    def _add(self, words: Sequence[str], key: str) -> None:
        row = tuple(map(stem, words))
        # A phrase of one filler would swallow every sentence.
        if row and not (len(row) == 1 and row[0] in FILLER - {stem("around")}):
            self._phrases.setdefault(row, key)
            self._longest = max(self._longest, len(row))

    def concepts(self, words: Sequence[str], *, repair: bool = True) -> list[Concept]:
        """The content of an utterance, in order; fillers are left out.

        Args:
            words: Tokens.
            repair: Mend misheard terms and typing slips; off for the pack's own texts.

        """
        costs = [0.0] * len(words)
        said = list(words)
        row = list(words)
        if repair:
            row, said, costs = self._repair(list(words))
        stemmed = [stem(w) for w in row]
        out: list[Concept] = []
        i = 0
        while i < len(row):
            n = next(
                (
                    n
                    for n in range(min(self._longest, len(row) - i), 0, -1)
                    if tuple(stemmed[i : i + n]) in self._phrases
                ),
                0,
            )
            if n:
                key = self._phrases[tuple(stemmed[i : i + n])]
                out.append(Concept(key, " ".join(said[i : i + n]).strip(), max(costs[i : i + n])))
                i += n
                continue
            if stemmed[i] in NEGATION:
                out.append(Concept("not", said[i], costs[i]))
            elif stemmed[i] not in FILLER:
                out.append(Concept(stemmed[i], said[i], costs[i]))
            elif stemmed[i] in SOFT:
                out.append(Concept(f"{SOFT_MARK}{stemmed[i]}", said[i], soft=True))
            i += 1
        return out

    def mend(self, words: Sequence[str]) -> list[str]:
        """The words with hard terms and typing slips mended, as they are written."""
        row, said, _ = self._repair(list(words))
        return [w if w == was else self._written.get(w, w) for w, was in zip(row, said, strict=True)]

    def united(self, words: Sequence[str]) -> list[str]:
        """The tokens, a term that was heard as several words made whole where "us" is one of them: nobody is meant."""
        if "us" not in words:
            return list(words)
        row, said, _ = self._repair(list(words))
        out: list[str] = []
        for term, was in zip(row, said, strict=True):
            parts = was.split()
            whole = len(parts) > 1 and "us" in parts
            out += [self._written.get(term, term)] if whole else parts
        return out

    def _repair(self, words: list[str]) -> tuple[list[str], list[str], list[float]]:
        """Rows of equal length: repaired words, what was said for each, and the cost of each."""
        if (known := self._repaired.get(key := tuple(words))) is not None:
            return known
        row: list[str] = []
        said: list[str] = []
        costs: list[float] = []
        i = 0
        while i < len(words):
            term, n, cost = self._mended(words, i)
            row.append(term)
            said.append(" ".join(words[i : i + n]))
            costs.append(cost)
            i += n
        if len(self._repaired) >= REMEMBERED:
            self._repaired.clear()
        self._repaired[key] = row, said, costs
        return row, said, costs

    def _mended(self, words: list[str], i: int) -> tuple[str, int, float]:
        """What stands at ``i`` once mended, of how many words it was made, and the cost."""
        for n in range(min(self._heard_from.get(words[i], 0), len(words) - i), 0, -1):
            if (key := self._heard.get(tuple(words[i : i + n]))) is not None:
                return key, n, 0.1
        keep = stem(words[i]) in self.known or stem(words[i]) in FILLER
        slip = (words[i], 0.0) if keep else self._speller.mend(words[i])
        if 0 < slip[1] <= SLIP_COST:
            return slip[0], 1, slip[1]
        if len(words[i]) >= SHORTEST_PART and i + 1 < len(words) and words[i] + words[i + 1] in self._joined:
            return words[i] + words[i + 1], 2, JOINED_COST
        term, n, cost = self._hard_term(words, i)
        return (term, n, cost) if n else (slip[0], 1, slip[1])

    def _hard_term(self, words: list[str], i: int) -> tuple[str, int, float]:
        best = ("", 0, 1.0)
        most = 1 if stem(words[i]) in FILLER and words[i] not in _BEGINS_TERM else 4
        known = True
        for n in range(1, min(most, len(words) - i) + 1):
            part = words[i : i + n]
            known = known and stem(part[-1]) in self.known
            if known or (is_english(part[0]) if n == 1 else sum(map(len, part)) < MIN_JOINED):
                continue
            code = jellyfish.metaphone("".join(part))
            if len(code) < MIN_CODE:
                continue
            for term, wanted in self._codes.items():
                if wanted[0] != code[0]:
                    continue
                distance = Levenshtein.normalized_distance(code, wanted)
                if distance <= MAX_SOUND_DISTANCE and distance < best[2]:
                    best = (term, n, distance)
        return best if best[1] else ("", 0, 0.0)


def count_concepts(rows: Iterable[Iterable[str]]) -> Mapping[str, int]:
    """In how many rows each concept occurs."""
    counts: dict[str, int] = {}
    for row in rows:
        for key in set(row):
            counts[key] = counts.get(key, 0) + 1
    return counts
