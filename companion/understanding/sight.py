"""Talk of poor sight around a request: who uses this program often can't see, and that is no sign of a stroke.

"My eyes are gone, so what is metastasis" asks what metastasis is. "I suddenly can't see out of one eye" stays what it
is: nothing is taken off where a word of suddenness or of one side stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LITTLE = r"(?: (?:very|too|so|that|really|quite|pretty|all that|just|not|no|nearly|almost|partly|partially|totally|completely|registered|legally|half|more or less|as good as|a bit|getting|going))*"
_THING = r"(?:screen|page|leaflet|letters?|print|words?|writing|paper|papers|text|pictures?|book|booklet|dictionary|buttons?|keys|display|phone|label|form|sheet|brochure|menu|headings?)"
_SEEING = r"(?:see|read|look at|look in)"
_CLAUSES = (
    rf"i (?:am|was born|have been|have gone){_LITTLE} (?:blind|sightless|visually impaired|vision impaired|partially sighted|poorly sighted|low vision|losing my (?:eye ?)?sight)",
    rf"i (?:can not|can hardly|can barely|can no longer|could not|do not|never could|am not able to|am unable to) {_SEEING}(?: (?:it|that|this|them))?{_LITTLE}(?: (?:well|good|clearly|properly|much|far))?(?: (?:the|this|that|my|these|those|small|tiny|what is on the|what it says on the|on the|a|any)+(?: (?:small|tiny|fine))? {_THING}(?= |$)|(?= (?:so|and|but|because|please|can|could|would|will|tell|read|explain|give|any more|anymore|these days)\b| ?$))(?: (?:myself|for myself|here|any more|anymore|these days))*",
    rf"(?:my|the|these) (?:eyes|eye ?sight|sight|vision) (?:is|are|has|have|was|were)(?: not)?{_LITTLE} (?:good|great|bad|poor|terrible|awful|rubbish|gone|going|went|failing|failed|fading|weak|dim|low|useless|what (?:it|they) (?:was|were|used to be|once (?:was|were))|been (?:bad|poor|gone|failing)(?: for (?:some|many|a few) years)?)",
    rf"i have{_LITTLE} (?:poor|bad|low|weak|little|got (?:poor|bad|low|no)|lost most of my|lost my|lost all my|no) (?:eye ?sight|sight|vision|eyes)",
    r"(?:with|on account of|because of) (?:my|these) (?:poor |bad |old |weak )?(?:eyes|eye ?sight|sight|vision)(?: (?:the way (?:it|they) (?:is|are)|being (?:bad|poor|what (?:it|they) (?:is|are))))?",
)  # fmt: skip
_TALK = re.compile(
    rf"(?:\b(?:because|since|as|cause|for|and|but|well|see|you see|sorry|look|now)\b )*\b(?:{'|'.join(_CLAUSES)})\b(?: (?:so|and|but|any more|anymore|these days|now that))*"
)
_SUDDEN = re.compile(
    r"\b(?:sudden|suddenly|one eye|an eye|left|right|half|side|out of|double|morning|today|tonight|tonite|night|yesterday|"
    r"since|hours?|minutes?|ago|curtain|flash|flashes|flashing|headache|help|went)\b|\bjust (?:lost|gone|now)\b"
)
_SOMETHING_TO_READ = re.compile(rf"\b{_THING}\b")


def without_sight(words: Sequence[str]) -> list[str]:
    """The tokens without what is said of poor sight; all of them where it may be a sudden loss.

    Empty when nothing else is said.
    """
    text = " ".join(words)
    return list(words) if _SUDDEN.search(text) else _TALK.sub(" ", text).split()


def names_something_to_read(words: Sequence[str]) -> bool:
    """Whether something is named that is there to be read ("I can't see the screen")."""
    return bool(_SOMETHING_TO_READ.search(" ".join(words)))
