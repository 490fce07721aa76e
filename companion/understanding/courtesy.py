"""Greetings and thanks: nothing to answer from the pack, and no reason to say that there is no answer."""

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


def courtesy(words: Sequence[str]) -> str | None:
    """Which of the two, "hello" or "thanks", an utterance is and nothing else; None for all others.

    Args:
        words: All tokens.

    """
    text = " ".join(words)
    return "hello" if _HELLO.fullmatch(text) else "thanks" if _THANKS.fullmatch(text) else None
