"""Greetings, thanks and "I see": nothing to answer from the pack, and no reason to say that there is no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DAY = r"good (?:morning|afternoon|evening|day)"
_HELLO = re.compile(
    rf"(?:hello|hi|hey|hiya|howdy|greetings|{_DAY}|morning|evening)"
    rf"(?: (?:there|again|companion|computer|to you|everyone|everybody|dear|love|hello|hi|{_DAY}))*"
    r"(?: how (?:are|do) you(?: (?:do|doing|keeping|today|this morning|this evening))*)?"
    r"|how are you(?: (?:doing|keeping|today|this morning|this evening))*"
)
_KIND = (
    r"(?:that|this|it|you)(?: answer)? (?:was|is|were|are|have been) (?:very |really |so |most |a great |a big )?"
    r"(?:helpful|useful|kind|clear|help|good to know)"
)
_THANKS = re.compile(
    rf"(?:(?:ok|okay|great|good|lovely|well|right|ah|oh|{_KIND}) )*(?:many )?(?:thanks|thank you|cheers)"
    r"(?: (?:very much|so much|kindly|a lot|a million|ever so much|indeed|again|companion|dear|love"
    rf"|for (?:that|this|the answer|your help|the help|helping(?: me)?|telling me|explaining)|{_KIND}))*"
    rf"|{_KIND}"
)
_SIGH = (
    r"oh|ah|oh dear|dear me|dear oh dear|goodness|my goodness|good heavens|heavens|gosh|golly|blimey|crikey|wow|"
    r"my word|hmm|hm|well"
)
# No word of fear or grief is among them: those get the reply to somebody in distress.
_TAKEN_IN = (
    r"i see|i see what you mean|fair enough|fancy that|well i never|is that so|who would have thought(?: (?:it|that))?|"
    r"(?:(?:how|very|that is|that was) )?(?:(?:very|really|quite) )?interesting|that makes sense|makes sense|"
    r"(?:that is|it is|what) (?:quite )?a lot(?: to (?:take in|think about|remember|digest))?|"
    r"a lot to (?:take in|think about)|"
    r"i (?:did not|do not think i) (?:know|realise|realize) (?:that|it)|"
    r"i (?:had not|never) (?:realised|realized|known|knew|thought of)(?: (?:that|it))?|"
    r"(?:that is |it is )?(?:good|useful|nice) to know|live and learn|you learn something (?:new )?every day|"
    r"let me (?:digest|take) that(?: in)?"
)
_REACTION = re.compile(
    rf"(?:{_SIGH})(?: (?:{_SIGH}))*|"
    rf"(?:(?:{_SIGH}|ok|okay|right|so|and) )*(?:{_TAKEN_IN})(?: (?:then|now|indeed|really))?"
)


def courtesy(words: Sequence[str]) -> str | None:
    """Which of "hello", "thanks" and "reaction" an utterance is and nothing else; None for all others.

    Args:
        words: All tokens.

    """
    text = " ".join(words)
    kinds = (("hello", _HELLO), ("thanks", _THANKS), ("reaction", _REACTION))
    return next((name for name, pattern in kinds if pattern.fullmatch(text)), None)
