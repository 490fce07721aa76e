"""What a listener may say, as plain phrases: the recognisers build their language model from these."""

from __future__ import annotations

from companion.content.types import Pack
from companion.understanding.normal import NUMBERS, tokens

COMMAND_PHRASES: dict[str, tuple[str, ...]] = {
    "next": ("next", "next one", "next fact", "next question", "skip", "go on to the next one", "skip this one", "the next one please", "go to the next fact", "next fact please", "move along", "let us hear the next one", "on to the next", "forward", "skip to the next", "carry on to the next fact", "next item please", "bring on the next one", "that is clear next one", "leave this one and take the next", "let us hear another one", "another one", "i have heard this one"),
    "previous": ("previous", "go back", "back", "previous one", "previous fact", "the one before", "go back one", "the previous fact", "go back to the one before", "take me back", "the last one before this", "go to the one before", "back up one", "last fact again", "the fact before this one", "take me back to the previous one", "one step back", "one back"),
    "next_sentence": ("next sentence", "skip this sentence", "the next sentence please", "go to the next sentence", "one sentence on"),
    "previous_sentence": ("previous sentence", "the sentence before", "go back a sentence", "go back one sentence", "back one sentence"),
    "repeat": ("repeat", "repeat that", "again", "say that again", "say it again please", "once more", "pardon", "come again", "what did you say", "could you repeat that", "one more time", "i did not catch that", "i missed that", "what was that", "read it again", "play it again", "tell me that again", "let me hear that again", "sorry what", "repeat last", "run that by me again", "repeat the last thing", "what was that last bit", "what was the end of that", "my mind wandered say it again", "i dozed off say that again"),
    "stop": ("stop", "stop it", "stop talking", "stop reading", "be quiet", "enough", "cancel", "that is enough", "stop now", "please stop", "you can stop now", "stop speaking", "that will do", "shut up", "silence please", "no more talking", "no more", "no more please", "stop it now"),
    "pause": ("pause", "wait", "hold on", "one moment", "pause please", "just a moment", "wait a moment", "hold it there", "give me a second", "pause there", "hang on a minute", "just a second please", "wait for me", "hold your horses", "stay there", "hold it right there"),
    "resume": ("resume", "continue", "go on", "carry on", "keep going", "go ahead", "keep reading", "go on please", "please continue", "carry on reading", "you can go on", "go on from where you stopped", "continue reading", "i am ready go on", "start again from where you were", "start where you left off", "off we go again", "where were we"),
    "faster": ("faster", "faster please", "speak faster", "speed up", "talk faster", "too slow", "a bit faster", "a little faster", "go faster", "can you speak faster", "quicker please", "you are too slow", "pick up the pace", "read a bit quicker", "double speed", "twice as fast", "a notch faster", "this is too slow", "get on with it"),
    "slower": ("slower", "slower please", "speak slower", "slow down", "more slowly", "too fast", "not so fast", "a bit slower", "a little slower", "go slower", "can you slow down", "that is too fast for me", "you speak too fast", "take your time", "read more slowly", "half speed", "easy there slow down", "not so quickly", "you are racing", "a notch slower"),
    "louder": ("speak up i can not hear you", "louder i can not hear you", "louder", "louder please", "speak up", "turn it up", "volume up", "i can not hear you", "a bit louder", "turn up the volume", "a little louder", "can you speak louder", "i can hardly hear you", "more volume", "make it louder", "raise your voice", "it is too quiet", "a notch louder", "up a notch", "i can not make out a word", "you are hard to hear"),
    "quieter": ("quieter", "quieter please", "softer", "turn it down", "volume down", "too loud", "a bit quieter", "turn down the volume", "a little quieter", "speak more quietly", "not so loud", "less volume", "make it quieter", "lower your voice", "you are too loud", "a notch quieter", "down a notch", "quiet down a bit", "that is rather loud"),
    "help": ("help", "show commands", "list commands", "help me", "what can i say", "how does this work", "what can you do", "commands", "i need help", "how do i use this", "what are the commands", "i do not know what to say", "show me the help", "what do i do now", "give me some help", "how do i talk to you", "what am i supposed to say", "can you help me use this", "how am i supposed to use this", "give me the instructions", "instructions", "i am new to this", "what are the words i can use", "how do you work", "explain how to use this"),
    "list_questions": ("list questions", "list the questions", "what can i ask", "read the questions", "what questions are there", "which questions can i ask", "topics", "what can you tell me", "which topics are there", "what do you know about", "give me the list", "tell me the questions", "what could i ask you", "what else can i ask", "list of topics", "tell me which questions you can answer", "all questions", "what information do you have", "all the questions please", "read out what i can ask", "list everything i can ask about", "what are you able to answer"),
    "read_facts": ("read the facts", "read all facts", "read me the facts", "tell me the facts", "read all", "the eight facts", "facts", "start reading", "read everything", "tell me everything from the start", "read out all the facts", "start with the facts", "let me hear the facts", "narrate the facts", "i want to hear all the facts", "go through the facts", "start narrating", "begin narrating", "tell me every fact", "one fact after the other"),
    "yes": ("yes", "yes please", "yeah", "yes that is right", "correct", "that is right", "sure", "okay", "that one", "yes that one", "yes i did", "that is it", "exactly", "right", "of course", "please do", "yes go ahead", "i do", "go on yes", "yes go on", "mm yes", "yes do that", "precisely that", "that would be good"),
    "no": ("no", "no thanks", "no thank you", "nope", "not that", "that is wrong", "that is not it", "neither", "no not that", "no that is not what i meant", "not really", "something else", "none of them", "no i did not", "never mind no", "wrong", "that is the wrong one", "not what i was after", "i would rather not"),
    "more": ("more", "tell me more", "more please", "say more", "more about that", "what else", "more details", "go into more detail", "is there more", "tell me a bit more", "i want to know more about that", "continue about that", "say more about it", "more on that", "anything else about that", "keep telling me about that", "tell me the rest of it", "can you add anything", "give me the longer version", "i want to hear the rest", "tell me everything you know on that", "anything to add"),
    "source": ("source", "where is that from", "who says that", "what is the source", "how do you know that", "who wrote this", "where did you get that", "who said that", "what is that based on", "is that from a doctor", "where does that come from", "where do you have that from", "name the source", "can i trust that", "where is this information from", "based on what", "where was that written", "where does this information come from", "how can i be sure that is true", "who stands behind this", "name your sources"),
    "where_am_i": ("where am i", "where are we", "which fact is this", "how many are left", "how far are we", "which one is this", "what number is this", "tell me where we are", "how far along am i", "what is my place", "how many more are there", "where in the list are we", "how many are there still", "tell me my place", "what are we on now"),
    "spell": ("spell", "spell it", "spell that", "how do you spell that", "spell that out letter by letter", "letter by letter please"),
    "quit": ("goodbye", "bye", "bye bye", "quit", "exit", "good night", "that is all", "i am done", "thank you goodbye", "see you later", "i want to stop now goodbye", "that will be all", "i am finished", "end the program", "close the program", "thanks bye", "that is it for today", "bye for now", "we are done", "close", "ciao", "let us finish here", "let us stop for today"),
    "stop_listening": ("stop listening", "do not listen any more", "turn off the microphone", "mute the microphone", "go to sleep", "mute yourself", "microphone off"),
    "practise_keys": ("practise keys", "practise the keys", "practice keys", "what do the keys do", "try the keys", "try out the keys", "learn the keys", "which key does what"),
}  # fmt: skip


LONGEST = 24
"""Words of a line that teaches the language model how people ask; what is longer is a story."""


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
        for wording in term.wordings:
            out[" ".join(tokens(wording))] = None
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


def as_asked(pack: Pack) -> tuple[str, ...]:
    """How people have asked, and what they asked that has no answer, as ``phrases`` writes it; for a language model."""
    rows = (tokens(line) for lines in pack.said.values() for line in lines)
    return tuple(dict.fromkeys(" ".join(row) for row in rows if len(row) <= LONGEST))
