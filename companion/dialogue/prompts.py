"""What the companion says of itself. Medical wording never stands here; it comes from the pack."""

from __future__ import annotations

from collections.abc import Sequence

from companion.content.types import Item, Pack, Term
from companion.text.sentences import split

NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
LISTED = 10
"""Questions read out at a time; a longer list goes on with "more"."""

HELLO = "Hello. Ask a question about {title}, or say help. Nothing leaves this computer."
REMIND = "I am listening. Ask a question, or say list questions."
COURTESY = {
    "hello": "Hello. Ask a question, or say help.",
    "thanks": "You are welcome. Ask another question, or say goodbye.",
    "reaction": "Take your time. You can say: repeat, or ask another question.",
}
GOODBYE = "Goodbye. Your place is saved."
STOPPED = "Stopped. Your place is saved."
HELD = "All right. It is still paused. Say resume to go on, or ask a question."
NOTHING_TO = {
    "repeat": "There is nothing to repeat yet.",
    "pause": "Nothing is being read.",
    "resume": "There is nothing to go on with. You can say: read the facts.",
    "stop": "Nothing is being read.",
    "more": "There is nothing to say more about yet. Ask a question first.",
    "source": "Ask a question first. Then I can say where the answer is from.",
    "where_am_i": "You are at the start. Ask a question, or say: read the facts.",
    "spell": "Say which word to spell. For example: spell {example}.",
    "yes": "There is nothing to say yes to. You can ask a question.",
    "no": "All right. You can ask a question.",
    "next": "There is nothing after this.",
    "previous": "There is nothing before this.",
}
NO_MORE = "That is all I have on that. Say source to hear where it is from."
PRACTISE = "Practise keys. Each key now says what it does. Press K again when you are done."
PRACTISED = "Done. The keys work again."
HEARKEN = "I am listening."
ASLEEP = "I have stopped listening. Press a key to wake me."
AWAKE = "I am listening again."
MICROPHONE_LOST = "The microphone is gone. You can type or use the keys. I will listen again when it is back."
MICROPHONE_BACK = "The microphone is back. I am listening."
LOUDSPEAKER_LOST = "The loudspeaker is gone. I go on in text."
LOUDSPEAKER_BACK = "The loudspeaker is back."
TROUBLE = {
    "voice": "My voice failed just now. What I say is also here in writing.",
    "hearing": "Something went wrong while I listened. Please say it again.",
    "deaf": "I can't hear you at the moment, since the recogniser does not work. You can use the keys.",
    "mute": "The microphone gives no sound at all. It may be switched off, or I may not use it. The keys work.",
    "slow": "I am still working on what you said.",
    "memory": "I can't save your place on this computer. All else goes on.",
    "fault": "Something went wrong inside me. Please ask again.",
}
VOICE_SLOW = "The voice is slow to answer. The words are here in writing."
SAVED, NOT_SAVED = "Your place is saved.", "Your place could not be saved."
NOT_REVIEWED = "No clinician has reviewed it yet."


def common(pack: Pack) -> tuple[str, ...]:
    """Sentences that are likely to be said at any moment; the most urgent first."""
    texts = (
        pack.emergency,
        NOT_CAUGHT,
        *(did_you_mean([q.question]) for q in pack.questions),
        declined(()),
        STOPPED,
        REMIND,
        NOTHING_TO["no"],
        TROUBLE["slow"],
        TROUBLE["hearing"],
        MICROPHONE_LOST,
        GOODBYE,
    )
    return tuple(dict.fromkeys(sentence for text in texts for sentence in split(text)))


def go_on_with(item: Item) -> str:
    """In the greeting, to somebody who was here before."""
    return f"Say continue to go on with {item.kind} {_number(item.number).lower()}."


def honest(sentences: Sequence[str], saved: bool) -> tuple[str, ...]:
    """The sentences, none of which claims that a place was saved when it was not."""
    return tuple(sentences) if saved else tuple(NOT_SAVED if s == SAVED else s for s in sentences)


def help_pages(pack: Pack) -> tuple[str, ...]:
    """Overview, controls, examples; the emergency sentence opens the first, since "help" may be a cry."""
    example = pack.questions[0].question if pack.questions else "What is this?"
    return (
        f"{pack.emergency} Otherwise: ask a question in your own words. Or say list questions, or read the facts. "
        "Say help again to hear the commands.",
        "While I speak, say stop, pause, next, previous or repeat. Say faster, slower, louder or quieter. "
        "After an answer, say more, source or spell. Say goodbye to end.",
        f"For example, ask: {example} Or say: fact three. Or: what does {_example_word(pack)} mean?",
    )


def _example_word(pack: Pack) -> str:
    return pack.glossary[-1].term if pack.glossary else "it"


def answer(item: Item) -> str:
    """The topic's name first, so that a listener can stop a wrong answer at once."""
    return f"{item.title}: {item.short}"


def define(term: Term) -> str:
    """A word of the glossary."""
    return term.meaning


def narrated(item: Item) -> str:
    """A fact or a question with its answer, as read in a row."""
    lead = f"Fact {item.number}." if item.kind == "fact" else item.question
    return f"{lead} {item.short}"


def offer_more(item: Item) -> str:
    """Said after an answer that has further pieces."""
    return "Say more to hear more." if item.more else ""


def did_you_mean(questions: Sequence[str]) -> str:
    """A confirmation with answers of two words: a short "no" alone is missed more often."""
    if len(questions) == 1:
        return f"Did you mean: {questions[0]} Say yes please, or no thanks."
    numbered = " ".join(f"{NUMBER_WORDS[n].capitalize()}: {q}" for n, q in enumerate(questions, start=1))
    return f"Did you mean one of these? {numbered} Say the number, or no thanks."


SURELY = {
    "quit": "Did you say goodbye?",
    "stop_listening": "Did you say stop listening?",
    "read_facts": "Shall I read the facts?",
}
"""Asked when a command that changes much was not heard clearly."""


def surely(command: str) -> str:
    """The question whether a command was meant."""
    return f"{SURELY.get(command, 'Did you mean that?')} Say yes please, or no thanks."


def list_of_questions(pack: Pack, start: int = 0) -> str:
    """The numbered list."""
    part = pack.questions[start : start + LISTED]
    rows = " ".join(f"{_number(start + n)}: {q.question}" for n, q in enumerate(part, start=1))
    rest = len(pack.questions) - start - len(part)
    tail = f" There are {rest} more." if rest else ""
    return f"You can ask: {rows}{tail} Which number?"


def _number(n: int) -> str:
    return NUMBER_WORDS[n].capitalize() if n < len(NUMBER_WORDS) else str(n)


def declined(titles: Sequence[str]) -> str:
    """First time: honest, with the nearest topics by name."""
    if titles:
        return f"I don't have an answer to that. I can tell you about: {either(titles)}."
    return "I don't have an answer to that. Say list questions to hear what I know."


def declined_again(heard: str, example: str, misses: int = 2) -> str:
    """Second time: what was heard, and one example. From the fourth time on, the keyboard too."""
    keyboard = " You can also press H for help." if misses > 3 else ""
    if not heard:
        return f"I still did not catch that. You could ask, for example: {example}{keyboard}"
    return f"I heard: {heard}. I don't have that. You could ask, for example: {example}{keyboard}"


NOT_CAUGHT = "I did not catch that. Please say it again."


def either(titles: Sequence[str]) -> str:
    """The titles as a choice: "A, or B"."""
    return ", or ".join(titles)


def no_such_number(pack: Pack, number: str) -> str:
    """A number beyond the list, or a lone one where no list was read: which list it is of can't be known."""
    if number.isdecimal() and 1 <= int(number) <= max(len(pack.questions), len(pack.facts)):
        return f'For one of the questions, say "question {number}". For one of the facts, say "fact {number}".'
    return f"There is no number {number}. There are {len(pack.questions)} questions and {len(pack.facts)} facts."


def advice(pack: Pack, titles: Sequence[str], *, conversation: bool) -> str:
    """To a question about one person: never an answer; whom to ask, the emergency sentence, the general topic."""
    near = f" In general, I can tell you about: {either(titles)}." if titles else ""
    visit = " Say more to hear questions for your care team." if conversation and pack.visit else ""
    return f"{pack.advice} {pack.emergency}{near}{visit}"


def urgent(reply: str, emergency: str) -> str:
    """The rule's reply, and the emergency sentence behind it."""
    return reply if emergency in reply else f"{reply} {emergency}"


def visit(pack: Pack) -> str:
    """Questions to bring to the care team."""
    return "You could ask your care team: " + " ".join(pack.visit)


def source(pack: Pack, item: Item) -> str:
    """Where an item is from, and who has read it."""
    named = "; and ".join(
        f"{s.title}, {s.publisher}{f', {s.year}' if s.year else ''}" for s in (pack.sources[i] for i in item.sources)
    )
    reviewed = f"Reviewed by {item.reviewed}." if item.reviewed else NOT_REVIEWED
    return f"{item.title}: this is from {named}. {reviewed}" if named else f"No source is named. {reviewed}"


def authors(pack: Pack) -> str:
    """Who wrote the pack, and whether clinicians have read it."""
    waiting = sum(not i.reviewed for i in pack.items)
    state = (
        f"{waiting} of {len(pack.items)} items still wait for a clinician's review." if waiting else "It is reviewed."
    )
    return f"{pack.authors} {state}".strip()


def spelled(word: str, respelling: str = "") -> str:
    """Letter by letter; the respelling only for the eye."""
    letters = ", ".join(c.upper() for c in word if c.isalnum())
    shown = f" It is said {respelling}." if respelling else ""
    return f"{word}: {letters}.{shown}"
