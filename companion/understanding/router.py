"""Safety first, then commands, then the pack: one pure decision per utterance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from companion.content.types import Pack
from companion.events import FRESH, Context, Decision, Hypothesis
from companion.understanding import steering
from companion.understanding.alternatives import among, may_differ
from companion.understanding.background import Topics
from companion.understanding.cases import chance, learnt, signs
from companion.understanding.commands import Command, find_command
from companion.understanding.courtesy import courtesy
from companion.understanding.decide import Verdict, carried_out, judge, near, share, weigh_up
from companion.understanding.doubt import EMBEDDED, asked_first, beside_whole, hinted, settled, word_or_topic
from companion.understanding.evidence import Evidence, weigh
from companion.understanding.exemplars import ADVICE, COMMAND, URGENT, care_words
from companion.understanding.frames import HARMLESS, afterthoughts, clauses, two_questions
from companion.understanding.lexical import Lexical, by_wording
from companion.understanding.library import LARGE, Library
from companion.understanding.likeness import danger, likeness
from companion.understanding.meanings import Meanings
from companion.understanding.normal import clean, stem, tokens
from companion.understanding.persons import PERSONS
from companion.understanding.safety import Finding, Safety
from companion.understanding.sight import names_something_to_read, without_sight
from companion.understanding.talk import IDLE_ADVICE, STORY_DANGER, Talk, is_nobodys_case
from companion.understanding.topics import Scores
from companion.understanding.vocabulary import Vocabulary

Learn = Callable[[Pack, Vocabulary], "Topics | Library"]
"""Begins to make the topic model of a pack, or the index of one that is a library."""

NEAREST_NAMED = 0.15
"""Least value of a topic that a decline names."""
LONG_WINDED = 9
"""Words from which on a question is also looked for in the clauses of an utterance."""


class Router:
    """Decides what utterances mean, for one pack. Implements ``ports.Router``."""

    def __init__(self, pack: Pack, topics: Learn | None = None) -> None:
        """Compile the pack; takes some 0.1 s for a small one.

        Args:
            pack: What can be answered.
            topics: Makes the topic model from the pack and its vocabulary (``background.Topics`` with its folders
                filled in), or ``library.Library`` for a pack of ``library.LARGE`` items and more; None to go by the
                lexical rules alone, or by a library without meaning.

        """
        self._pack = pack
        self._safety = Safety(pack)
        large = len(pack.items) >= LARGE
        # A library's items are found by its index; the rest of the pack serves as in a small one.
        self._lexical = Lexical(replace(pack, facts=(), questions=()) if large else pack)
        made = topics(pack, self._lexical.vocabulary) if topics else Library(pack, None, None) if large else None
        self._topics = made if isinstance(made, Topics) else None
        self._library = made if isinstance(made, Library) else None
        self._content = frozenset([*(i.id for i in pack.items), *(f"glossary/{t.id}" for t in pack.glossary)])
        self._meanings = Meanings(pack, self._lexical.vocabulary)
        self._talk = Talk(self._lexical, care_words(pack), self._weighed)
        self._wordings = {} if large else by_wording(pack)

    def decide(self, heard: Hypothesis | str, context: Context = FRESH) -> Decision:
        """Never raises, whatever the text."""
        strict = isinstance(heard, Hypothesis) and heard.engine == EMBEDDED
        read = partial(self._read, context=context, strict=strict)
        if not isinstance(heard, Hypothesis):
            return read(heard)
        decision = read(heard.text)
        return among(decision, heard, read) if may_differ(decision, heard) else settled(decision, heard, context)

    def _read(self, text: str, context: Context, *, strict: bool) -> Decision:
        words = self._lexical.vocabulary.united(tokens(text))
        return replace(self._decide(words, context, strict=strict), heard=clean(text))

    def _decide(self, words: list[str], context: Context, *, strict: bool) -> Decision:
        if not words:
            return Decision("decline", None, reasons=("Nothing was said that could be read.",))
        finding = self._safety.check(words)
        command = find_command(words)
        if command is None or command.remark:
            rest = without_sight(words)
            if command is None and not rest and (finding.rule is None or names_something_to_read(words)):
                command = Command("help")
            elif finding.grade != "none" and (asked := self._beside_sight(rest, words, finding)):
                words, (finding, command) = rest, asked
        if words == _GO_ON and not context.options:
            command = Command("resume")
        # "Speak up, I can't hear you" holds the words of a sign, and is about the companion's voice as a whole.
        if finding.rule is not None and not (command and command.id in _NO_SIGN):
            if not finding.rule.always and (found := self._in_story(finding, words)):
                return found
            return Decision("urgent", finding.rule.id, reasons=(finding.reason, "Safety comes before everything else."))
        # What the embedded recogniser finds beside a command may as well be made up ("I have a head, what").
        if command and command.remark and (strict or not self._talk.is_mere(command.remark, self._scores(finding.question))):
            command = None
        if command and (decision := self._command(command, context)):
            return decision
        if not context.options and (polite := courtesy(words)):
            return Decision("decline", None, argument=polite, reasons=("It is a greeting, thanks or a remark, and no question.",))
        if alike := self._by_likeness(finding, words, strict=strict):
            return alike
        return self._behind(words) or self._asked(finding, words, context)

    def _asked(self, finding: Finding, words: list[str], context: Context) -> Decision:
        if finding.grade == "personal":
            aside = self._in_passing(finding, words)
            if aside and aside.kind == "answer":
                return aside
            return self._in_story(finding, words) or aside or self._advice(finding)
        return self._hinted(self._topic(list(finding.question), words, context), finding, words)

    def _behind(self, words: list[str]) -> Decision | None:
        """A cry for help behind a question ("does it go to the lungs because I can't finish a sentence")."""
        for tail in afterthoughts(words):
            finding = self._safety.check(tail)
            if (scores := self._scores(finding.question)) is None:
                return None
            kind, label = likeness(scores, finding, tail, self._content, strict=True)
            if kind == "urgent":
                why = f'What is said behind it is like "{scores.nearest[scores.labels.index(label)]}".'
                return Decision("urgent", label.removeprefix(URGENT), reasons=(why, "Safety comes before everything else."))
        return None

    def _beside_sight(
        self, rest: list[str], words: list[str], found: Finding
    ) -> tuple[Finding, Command | None] | None:
        """What safety and the commands make of the rest beside talk of poor sight; None where it asks for nothing."""
        # A sign of danger counts unless the talk of sight was all of it: "I can't see the point of living" stays one.
        if not rest or rest == words or set(found.sign.split()) & set(rest):
            return None
        finding, command = self._safety.check(rest), find_command(rest)
        asks = finding.grade == "none" and (
            finding.question in self._wordings or self._talk.names_illness(finding.question)
        )
        # "What should I do" asks for help with the sight itself.
        steers = finding.rule is None and command is not None and command.id != "help"
        return (finding, command) if asks or steers else None

    def _hinted(self, found: Decision, finding: Finding, words: list[str]) -> Decision:
        scores, person = self._scores(finding.question), found.kind == "answer" and bool(PERSONS & set(words))
        around = [w for w in words if w not in finding.question and w not in HARMLESS] if person else []
        peril, advice = (danger(scores)[1], scores.of(ADVICE)) if scores else (0.0, 0.0)
        return hinted(found, peril, advice if person else 0.0, illness=person and self._talk.names_illness(around))

    def reaches_topics(self, words: list[str]) -> list[str] | None:
        """The question within an utterance that is neither a cry for help nor personal nor a command; None for those."""
        finding = self._safety.check(words)
        if not words or finding.grade != "none" or find_command(words):
            return None
        return list(finding.question)

    # Commands

    def _command(self, command: Command, context: Context) -> Decision | None:
        why = f'The whole utterance is the command "{command.id.replace("_", " ")}".'
        if command.id in {"item", "number"}:
            return self._numbered(command.argument or "", context)
        if command.id == "spell":
            word = self._mend(command.argument) if command.argument else None
            return Decision("command", "spell", argument=word, reasons=(why,))
        return Decision("command", command.id, argument=command.argument, reasons=(why,))

    def _steered(self, scores: Scores, words: list[str], *, strict: bool) -> Decision | None:
        """A command in other words than the grammar's, by what is learnt."""
        may_be = len(words) <= steering.LONGEST and danger(scores)[1] <= STORY_DANGER
        meaning = self._topics.as_said(words) if self._topics and may_be else None
        if meaning is None:
            return None
        name, share = steering.command_in(meaning, steering.learnt())
        named = share >= steering.LEAST and self.on_topic(words, scores)  # what is far from any needs no look
        if share < steering.least(name, words, named=named, embedded=strict):
            return None
        term = self._meanings.named(words) if name == "spell" else None
        why = f'It is said as one says "{name.replace("_", " ")}" ({share:.2f} of 1).'
        return Decision("command", name, argument=term.term if term else None, reasons=(why,))

    def on_topic(self, words: Sequence[str], scores: Scores) -> bool:
        """Whether the subject, a disease, one organ's cancer or a word of the glossary is named, or a topic is near."""
        named = self._meanings.named(words) is not None or self._talk.names_subject(words)
        return named or scores.best(tuple(self._content))[0][1] >= steering.NEAR

    def _numbered(self, argument: str, context: Context) -> Decision | None:
        kind, _, number = argument.rpartition(" ")
        at = int(number)
        if not kind and context.options:
            if 1 <= at <= len(context.options):
                return _answer(context.options[at - 1], 1.0, (f"Number {at} of the topics just offered.",))
            return Decision(
                "decline", None, argument=number, reasons=(f"There is no number {at} among the topics offered.",)
            )
        items = self._pack.facts if kind == "fact" else self._pack.questions
        if not kind and not context.numbered:
            return Decision("decline", None, argument=number, reasons=("A lone number, and no list was read out.",))
        if 1 <= at <= len(items):
            return _answer(items[at - 1].id, 1.0, (f"The {kind or 'question'} was asked for by its number.",))
        reason = f"There are {len(items)} {kind or 'question'}s; number {at} is not among them."
        return Decision("decline", None, argument=number, reasons=(reason,))

    def _mend(self, word: str) -> str:
        keys = [c for c in self._lexical.vocabulary.concepts(tokens(word)) if c.cost]
        literal = {stem(t.term): t.term for t in self._pack.glossary}
        return literal.get(keys[0].key, word) if len(keys) == 1 else word

    # Safety's softer half

    def _advice(self, finding: Finding) -> Decision:
        reading = self._lexical.read(finding.question)
        close = near(reading)
        return Decision(
            "advice", close[0][0] if close else None, candidates=close,
            reasons=(finding.reason, "A question about one person is never answered directly."),
        )  # fmt: skip

    def _by_likeness(self, finding: Finding, words: list[str], *, strict: bool) -> Decision | None:
        """Commands, danger and personal questions that no list holds; and what names a person and is neither."""
        if self._topics and len(words) <= steering.LONGEST:
            self._topics.foresee(finding.question, words)
        scores = self._scores(finding.question)
        if scores is None:
            return None
        if steered := self._steered(scores, words, strict=strict):
            return steered
        kind, label = likeness(scores, finding, words, self._content, strict=strict)
        if not kind:
            return None
        why = f'It is like "{scores.nearest[scores.labels.index(label)]}" ({scores.of(label):.2f} of 1).'
        if kind == "urgent":
            return Decision("urgent", label.removeprefix(URGENT), reasons=(why, "Safety comes before everything else."))
        if kind == "advice":
            return self._advice(replace(finding, reason=why))
        if kind == "command":
            return Decision("command", label.removeprefix(COMMAND), reasons=(why,))
        if kind == "talk" and self._talk.names_illness(finding.question):
            return self._advice(finding)
        found = self._topic(list(finding.question), words, FRESH)
        if kind == "question":
            if found.kind != "answer":
                return found
            asked = asked_first(found, "A person is named, so it is asked first.")
            return self._in_passing(finding, words) or replace(asked, personal=True)
        return found if found.kind == "decline" else None

    def _in_passing(self, finding: Finding, words: list[str]) -> Decision | None:
        """A general question within a story, answered at once where nobody's case is near and the question is clear.

        Where an illness is named around it, the answer carries the emergency sentence.
        """
        scores = self._scores(finding.question)
        if scores is None or not is_nobodys_case(scores, words):
            return None
        if scores.of(ADVICE) <= IDLE_ADVICE and (term := self._meanings.meant(words)):
            why = f'It asks what "{term.term}" means.'
            topic = self._wordings.get(("what", "is", *tokens(term.term)), f"glossary/{term.id}")
            return replace(_answer(topic, 1.0, (finding.reason, why)), personal=True)
        within = self._talk.question_of(words, scores)
        if within is None:
            return None
        verdict = within.verdict
        why = f'The question in it is general: "{within.question}".'
        whole = scores.best(tuple(self._content))[0]
        sure = within.evidence.subject or whole[0] == verdict.ids[0]
        if within.idle and verdict.kind == "answer" and sure:
            found = _answer(verdict.ids[0], round(within.evidence.values[0], 3), (why, *verdict.reasons))
            return replace(found, personal=within.illness)
        found = _answer(verdict.ids[0], round(verdict.chance, 3), (finding.reason, why, *verdict.reasons))
        asked = asked_first(found, "People are named around it, so it is asked first.")
        return replace(beside_whole(asked, whole), personal=True)

    def _in_story(self, finding: Finding, words: list[str]) -> Decision | None:
        """The general question of what names people in passing, which is learnt; asked about first in most cases.

        It is answered at once only where nothing speaks for somebody's own case, and where the question in it and the
        whole point to the same topic: without that, a story of a set for reporting was answered wrongly.
        """
        meaning = self._topics.meaning(finding.question) if self._topics else None
        scores = self._scores(finding.question)
        if meaning is None or scores is None:
            return None
        model, sign = learnt(), finding.rule is not None
        likely = chance(model, meaning, signs(scores, words, tuple(self._content), sign=sign), words)
        found = self._talk.general(list(finding.question), words) if model.passes(likely, scores, sign=sign) else None
        if found is None or found[2].kind == "decline":
            return None
        question, evidence, verdict = found
        values = dict(zip(evidence.ids, evidence.values, strict=True))
        passing = f"That is in passing: the chance that it is about somebody's own case is {likely:.0%}."
        reasons = (finding.reason, passing, f'The question in it is general: "{question}".', *verdict.reasons)
        candidates = tuple((i, share(values[i])) for i in verdict.ids)
        whole = scores.best(tuple(self._content))[0]
        if verdict.kind == "answer" and evidence.subject and whole[0] == verdict.ids[0] and not sign and likely < model.sure:
            return Decision("answer", verdict.ids[0], candidates=candidates, reasons=reasons, personal=True)
        asked = Decision("confirm", verdict.ids[0], candidates=candidates, reasons=reasons, personal=True)
        return beside_whole(asked, whole)

    # The pack

    def _scores(self, words: Sequence[str]) -> Scores | None:
        return self._topics.by_own(words) if self._topics else None

    def outright(self, bare: Sequence[str], words: Sequence[str]) -> Decision | None:
        """What is answered before anything is weighed: a topic's own wording, or the meaning of a word."""
        if exact := self._wordings.get(tuple(bare)) or self._wordings.get(tuple(words)):
            return _answer(exact, 1.0, ("It is one of the topic's own wordings.",))
        if term := self._meanings.asked(bare, words):
            return _answer(f"glossary/{term.id}", 1.0, (f'It asks what "{term.term}" means.',))
        return None

    def _topic(self, bare: list[str], words: list[str], context: Context) -> Decision:
        if found := self.outright(bare, words):
            return found
        if two := self._two(bare, context):
            return two
        if self._library:
            return self._by_library(bare)
        if found := self._by_model(bare):
            return found
        return self._by_words(bare)

    def _by_model(self, bare: list[str]) -> Decision | None:
        weighed = self._weighed(bare)
        if weighed is None:
            return None
        term = self._meanings.meant(bare)
        evidence, verdict = weighed
        if verdict.kind != "answer" and len(bare) > LONG_WINDED:
            evidence, verdict = self._talk.clearest(bare, evidence, verdict)
        if term and not (verdict.kind == "answer" and evidence.subject):
            found = _answer(f"glossary/{term.id}", 1.0, (f'It asks what "{term.term}" means.',))
            if not PERSONS & set(bare):
                return found
            return asked_first(found, "Other words are said with it, so it is asked first.")
        values = dict(zip(evidence.ids, evidence.values, strict=True))
        ids = verdict.ids if verdict.kind == "confirm" else evidence.ids[:3]
        candidates = tuple((i, share(values[i])) for i in ids if values[i] > 0)
        if verdict.kind == "decline":
            near = tuple(c for c in candidates[:2] if c[1] >= NEAREST_NAMED and not evidence.foreign)
            return Decision("decline", None, candidates=near, reasons=verdict.reasons)
        decision = Decision(verdict.kind, verdict.ids[0], candidates=candidates, reasons=verdict.reasons)
        if verdict.kind != "answer" or evidence.subject:
            return decision
        return word_or_topic(decision, self._meanings.beside(bare, evidence.nearest))

    def _by_library(self, bare: list[str]) -> Decision:
        found = self._library.find(bare) if self._library else None
        if found is None:
            return Decision("decline", None, reasons=("The index of this pack could not be made.",))
        verdict, best = found.verdict, next(iter(found.verdict.ids), None)
        return Decision(verdict.kind, best, candidates=found.candidates, reasons=verdict.reasons)

    def _weighed(self, bare: Sequence[str]) -> tuple[Evidence, Verdict] | None:
        """The evidence of the topic model and the words, and the verdict; None without a model."""
        scores = self._topics.scores(bare) if self._topics else None
        evidence = weigh(scores, self._lexical.read(bare), self._content) if scores else None
        if self._topics is None or evidence is None:
            return None
        return evidence, weigh_up(evidence, meaning=self._topics.knows_meaning)

    def _by_words(self, bare: list[str]) -> Decision:
        reading = self._lexical.read(bare)
        verdict = judge(reading)
        if verdict.kind != "answer" and len(bare) > LONG_WINDED:
            inner = [(judge(r), r) for r in map(self._lexical.read, clauses(bare))]
            pointing = [v for v in inner if v[0].ids]
            better = next((v for v in pointing if v[0].kind == "answer"), next(iter(pointing), None))
            if better and (verdict.kind == "decline" or better[0].kind == "answer") and not (reading.foreign or reading.organs):
                verdict, reading = better
        return carried_out(verdict, reading)

    def _two(self, bare: list[str], context: Context) -> Decision | None:
        """Two questions in one breath, when each is clear on its own."""
        if (parts := two_questions(bare)) is None:
            return None
        first, second = (self._topic(part, part, context) for part in parts)
        if first.kind == second.kind == "answer" and first.id != second.id:
            return replace(first, then=second, reasons=("Two questions in one breath.", *first.reasons))
        return None


def _answer(item_id: str, score: float, reasons: tuple[str, ...]) -> Decision:
    return Decision("answer", item_id, candidates=((item_id, score),), reasons=reasons)


_GO_ON = ["go", "on", "then"]
"""A yes where something was offered, and a push where nothing was."""
_NO_SIGN = frozenset({"louder", "quieter", "faster", "slower", "help"})
"""Commands that are no cry for help, whatever sign their words make: about the companion's voice, and about reading."""
