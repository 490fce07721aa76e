"""What a listener may say, as plain phrases: the recognisers build their language model from these."""

from __future__ import annotations

from companion.content.types import Pack
from companion.understanding.normal import NUMBERS, tokens

COMMAND_PHRASES: dict[str, tuple[str, ...]] = {
    "next": ("next", "next one", "next fact", "next question", "skip", "go on to the next one", "skip this one"),
    "previous": ("previous", "go back", "back", "previous one", "previous fact", "the one before", "go back one"),
    "repeat": ("repeat", "repeat that", "again", "say that again", "say it again please", "once more", "pardon", "come again", "what did you say", "could you repeat that"),
    "stop": ("stop", "stop it", "stop talking", "stop reading", "be quiet", "enough", "cancel", "that is enough"),
    "pause": ("pause", "wait", "hold on", "one moment", "pause please", "just a moment"),
    "resume": ("resume", "continue", "go on", "carry on", "keep going", "go ahead", "keep reading"),
    "faster": ("faster", "faster please", "speak faster", "speed up", "talk faster", "too slow", "a bit faster"),
    "slower": ("slower", "slower please", "speak slower", "slow down", "more slowly", "too fast", "not so fast", "a bit slower"),
    "louder": ("louder", "louder please", "speak up", "turn it up", "volume up", "i can not hear you", "a bit louder", "turn up the volume"),
    "quieter": ("quieter", "quieter please", "softer", "turn it down", "volume down", "too loud", "a bit quieter", "turn down the volume"),
    "help": ("help", "help me", "what can i say", "how does this work", "what can you do", "commands", "i need help"),
    "list_questions": ("list questions", "list the questions", "what can i ask", "read the questions", "what questions are there", "which questions can i ask", "topics"),
    "read_facts": ("read the facts", "read all facts", "read me the facts", "tell me the facts", "read all", "the eight facts", "facts", "start reading"),
    "yes": ("yes", "yes please", "yeah", "yes that is right", "correct", "that is right", "sure", "okay", "that one"),
    "no": ("no", "no thanks", "no thank you", "nope", "not that", "that is wrong", "that is not it", "neither"),
    "more": ("more", "tell me more", "more please", "say more", "more about that", "what else", "more details"),
    "source": ("source", "where is that from", "who says that", "what is the source", "how do you know that", "who wrote this"),
    "where_am_i": ("where am i", "where are we", "which fact is this", "how many are left"),
    "spell": ("spell", "spell it", "spell that", "how do you spell that"),
    "quit": ("goodbye", "bye", "bye bye", "quit", "exit", "good night", "that is all", "i am done", "thank you goodbye", "see you later"),
    "stop_listening": ("stop listening",),
}  # fmt: skip


def phrases(pack: Pack) -> tuple[str, ...]:
    """Lower-case phrases without punctuation, in a fixed order, none twice."""
    out: dict[str, None] = {}
    for item in pack.items:
        for wording in (item.question, *item.wordings, item.title):
            out[" ".join(tokens(wording))] = None
    for term in pack.glossary:
        name = " ".join(tokens(term.term))
        for frame in ("what is {}", "what is a {}", "what does {} mean", "spell {}", "define {}", "{}"):
            out[frame.format(name)] = None
    numbers = [w for w, n in NUMBERS.items() if n]
    for kind, items in (("fact", pack.facts), ("question", pack.questions)):
        for word in numbers[: len(items)]:
            out |= dict.fromkeys((f"{kind} {word}", f"read {kind} {word}", f"number {word}", word))
    for examples in COMMAND_PHRASES.values():
        out |= dict.fromkeys(examples)
    # What must be understood best of all: somebody in danger.
    for rule in pack.urgent:
        out |= dict.fromkeys(" ".join(tokens(p)) for p in rule.prototypes)
    for sentence in (*pack.advice_prototypes, *pack.decoys):
        out[" ".join(tokens(sentence))] = None
    return tuple(p for p in out if p)
