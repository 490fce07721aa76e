"""What people say around a question: greetings, politeness, "can you tell me", "I was wondering".

Stripped before anything is decided, because "I want to know" is not a person's case, while any "I" that is
left over is (measured: strip the frames, and every person marker left means "never answer directly").
"""

from __future__ import annotations

import re

from companion.understanding.persons import PERSONS

_POLITE = (
    r"please|kindly|hello|hi|hey|hiya|ok|okay|so|well|um|uh|uhm|er|erm|ah|oh|hmm|huh|and|but|also|then|now|right|alright|"
    r"excuse me|sorry|pardon me|companion|computer|assistant|good morning|good afternoon|good evening|good day|thanks|"
    r"thank you|just|actually|basically|honestly|like|you know|you see|look|listen|quick question|another question|"
    r"one question|one more question|question|ma am|madam|sir|dear|my dear|love|mate|doctor|in general|generally|"
    r"generally speaking|let us say|let me see|let us see|let me think|first|firstly|first of all|again|say|wait|anyway|one thing|one more thing"
)
_TELL = r"tell|explain|describe|say|show|give|teach|read|remind|inform|clarify|define|talk|speak|go over|help|hear|learn|know|ask|find out|understand"
_ME = r"(?: (?:to )?(?:me|us))?"
_BIT = r"(?: please)?(?: a (?:little )?bit| a little| briefly| quickly| again| simply)?(?: more| something| anything| everything| all| some information| information| details)?"
_ABOUT = r"(?: about| on| of| regarding| concerning| if| whether)?"
_ADV = r"(?: just| really| also| only| simply| actually| always| still| kind of| sort of| quite| do| would| now)*"

_START = [
    rf"(?:{_POLITE})",
    rf"(?:can|could|would|will|may|might) (?:you|i|we)(?: please| kindly| maybe| perhaps| just)* (?:{_TELL}){_ME}(?: to)?{_ME}{_BIT}{_ABOUT}",
    rf"would you mind (?:telling|explaining|describing){_ME}(?: to)?{_ME}{_BIT}{_ABOUT}",
    rf"(?:i|we){_ADV} (?:would|want|wanted|need|needed|wish|like|love|am here|am trying|am going|have|got)(?: like| love| really| just)*(?: you)? to (?:be told|know|ask|hear|learn|understand|find out|read|get|see)(?: you)?{_BIT}{_ABOUT}",
    rf"(?:i|we) (?:am|was|are|were|have been)(?: just| also| always| really)* (?:wondering|curious|interested|asking|thinking|learning|reading|confused|unsure|not sure|not clear){_ABOUT}(?: in)?(?: to know)?{_ABOUT}",
    rf"(?:i|we) (?:wonder|wondered|ask|asked|guess|suppose|think|believe|mean|would say|am sorry){_ABOUT}(?: that)?",
    rf"(?:i|we) (?:have|had|have got|got) (?:a|one|another|this|some|just a|just one)(?: quick| short| small| simple| general)? questions?(?: for you)?{_ABOUT}",
    rf"(?:my|our|the|a)(?: next| other| second| first| last| only)? question (?:is|was|would be){_ABOUT}",
    rf"(?:do|did|would|have) you(?: happen to)?(?: have)? (?:know|tell me|(?:any |some )?(?:information|info|idea|facts?|details|knowledge)|anything|something|heard)(?: at all)?{_ABOUT}",
    rf"(?:tell|explain|describe|give|show|teach|read|remind|inform|clarify)(?: to)?(?: me| us){_BIT}{_ABOUT}",
    rf"(?:explain|describe|clarify|talk)(?: about)?{_BIT}{_ABOUT}(?= (?:what|how|why|when|which|the|if|whether))",
    r"help (?:me|us) (?:to )?(?:understand|learn|know)(?: about)?",
    r"(?:(?:can|could|would|will) you )?(?:please )?(?:(?:walk|talk|take|run|guide|lead) (?:me|us) through|fill (?:me|us) in on)",
    r"(?:(?:can|could|may|might) (?:i|we) (?:please |kindly )?(?:have|get|ask for|hear) |give (?:me|us) )?(?:a|an|the|some)(?: (?:short|quick|brief|simple|clear|plain))? (?:explanation|definition|description|version|summary|overview|outline) (?:of|about|on)",
    r"let (?:me|us) (?:know|hear|ask)(?: about)?",
    r"(?:(?:can|could|would|will) you )?(?:please )?(?:boil|break|lay|put|spell|dumb) (?:(?:it|that|this|things) )?(?:down|out)(?: for (?:me|us))?(?= (?:what|how|why|which))",
    r"name (?:me|us)",
    r"what (?:should|do|must|can|could|would) (?:i|we|you|people|one|everyone)(?: need to| have to)? (?:know|learn|understand)(?: about)?",
    r"(?:i|we) (?:do|did|does|could|can) not(?: really| quite| fully| even)* (?:understand|know|get|see|remember|recall)(?: the part| the bit)?(?: about)?",
    r"(?:i|we) (?:forget|forgot|have forgotten|am not sure)(?: about)?",
    r"(?:i|we)(?: have| just| keep| often| always| once| had)* (?:hear|hearing|heard|read|reading|saw|seen|see|came across|looked up)(?: people say| people talk| them say| it said| somewhere| online| on the radio| on tv| on the news)*(?: about| of| that)?(?: the| this| a)?(?: word| term| expression)?",
    r"(?:this is )?for (?:my|our|a|the)(?: \w+)? (?:homework|essay|class|school|project|exam|presentation|biology|studies|course)",
    r"(?:i|we) (?:am|are) (?:a|an|just a)(?: \w+)? (?:student|teacher|nurse|carer|volunteer|educator|librarian)",
    r"(?:is it|would it be) (?:possible|ok|okay|alright) to (?:tell me|know|ask|hear|learn)(?: about)?",
    r"(?:what|which) (?:do you|can you) (?:tell me|say)(?: about)?",
    r"what about|how about|and what about|and how about",
    r"it is (?:a|just a) question about",
    r"information (?:on|about)",
    r"(?:any|some) (?:idea|information)(?: about| on| of)?",
]
_END = [
    rf"(?:{_POLITE})",
    r"if you (?:can|could|would|do not mind|please|know)",
    r"(?:i|we) (?:wonder|guess|think|suppose|mean|ask|want to know|would like to know|do not know|do not understand|am wondering|was wondering|am curious|forget|forgot|need to know|have no idea|am not sure)",
    r"(?:can|could|would|will) you (?:tell|explain|say|help)(?: to)?(?: me)?(?: that| this| please)*",
    r"am i right|do i have that right|i take it|i dare say|if i may ask",
    r"(?:i|we) (?:am|are) not (?:understanding|getting|following)(?: this| that| it)?(?: thing| word)?(?: at all)?",
    r"(?:i|we) (?:have|have got|had) (?:not (?:a|the|got a) )?(?:notion|clue|idea|foggiest|baldy)(?: what (?:it|that|this) (?:is|means)(?: all)?(?: about)?)?",
    r"do you know|tell me|would you|will you|is it not|or not|or no|or what|or something|or anything|at all|exactly|in your opinion|by the way",
    r"when (?:it|that|they) (?:is|are) at home|when you (?:come (?:right )?down to it|boil it down|get down to it)|when all is said and done",
    r"in (?:simple|plain|easy|simpler|other|everyday) (?:words|terms|language|english)",
]
_FOR_ME = re.compile(r" (?:for|to|with) (?:me|us)(?: please)?$")
_START_RE = re.compile(rf"^(?:{'|'.join(_START)})(?: |$)")
_END_RE = re.compile(rf"(?:^| )(?:{'|'.join(_END)})$")
# "My doctor used the word …" is stripped only when a definition is asked for: see safety.
_REPORT_RE = re.compile(
    r"^(?:and |but |so )?(?:(?:my|the|our|a|his|her|some|one)(?: \w+)? (?:doctor|doctors|nurse|oncologist|consultant|teacher|gp|specialist|"
    r"leaflet|letter|book|article|radio|surgeon|report|neighbou?r|website|programme|program|friend)|they|people|somebody|someone)(?: \w+){0,2}? "
    r"(?:said|says|say|used|uses|use|mentioned|mentions|mention|talked about|talks about|talk about|wrote|keeps saying|keep saying|kept saying|called it|call it|calls it)"
    r"(?: to me)?(?: about| it is| it was| that)?(?: something)?(?: about| called)?(?: a| the| this)?(?: word| term| thing)?(?: called)?(?: |$)"
)


def strip_frames(words: list[str]) -> list[str]:
    """The words without the frames around them; never empty when the input isn't."""
    text = " ".join(words)
    if _TELLING & set(words[:-2]):
        text = _FOR_ME.sub("", text)
    for pattern in (_START_RE, _END_RE):
        while True:
            shorter = pattern.sub(" ", text, count=1).strip()
            if shorter == text or not shorter:
                break
            text = shorter
    return text.split()


# Talk about asking, reading and wondering: harmless around a question, whoever does it.
HARMLESS = frozenset(
    (
        "i me my we us our myself am was were is are be been being have had has do did does would could can should "
        "will might may just really only so well um uh er erm hmm like you your know see okay ok yes no hi hello "
        "hey please thanks thank sorry to ask asking asked question questions wonder wondering wondered curious "
        "curiosity interested interest interesting think thinking thought knowing knew understand understanding "
        "understood learn learning learned learnt read reading heard hear hearing listen listening listened watch "
        "watching watched saw seen tv telly television radio programme program show news article book magazine "
        "leaflet brochure paper newspaper internet online website podcast documentary film series video lecture "
        "class course school college university homework essay exam quiz project presentation student study "
        "studying biology nursing other day today yesterday week last night morning evening afternoon earlier "
        "recently lately now always never often sometimes ever while ago time long about on of the a an that this "
        "it these those there and but or because since as for with at in from by then when if whether something "
        "anything thing things stuff bit little lot much more very quite too also still word words term terms "
        "topic subject name mean means called said say says saying talk talking talked tell telling mention "
        "mentioned explain explained explaining come came up going go got get getting want wanted need needed wish "
        "try trying tried find out look looking looked simple simply plain language terms help helpful make makes "
        "sense confused confusing unsure sure certain remember forgot forget properly actually basically honestly "
        "somewhere people they everybody everyone nobody anyone guess suppose believe hope mind moment quick "
        "quickly kindly dear sir madam love companion which what how not what's one some any all first keep keeps "
        "kept wanting been put into head been meaning never quite always who whom silly daft stupid sitting sat wondered hearing tells told nobody anybody speaker radio yesterday morning honest loved ages while manage manages explanation information info "
        "answer answers idea ideas clue clear clearly able possible maybe perhaps hi there good day old new having"
    ).split()
)
_HEADS = frozenset(
    ("what how why which when where who can could is are does do will would may might if whether has have").split()
)
_HAVE = frozenset({"they", "there", "doctors", "scientists", "researchers", "people"})
"""Behind "have" at the head of a question: "have been there" is none."""
_TAILS = frozenset(
    ("because as since i so for it that you my if and please thanks sorry or in this could can would do").split()
)
_JOINING = frozenset("and so but because".split())
LEAST_BEFORE = 4
"""Words before a joining word, and after it, from which on each side says something by itself."""
_OPENERS = _JOINING | frozenset(
    "i we he she it that there this the a they you my our only just since as for well mind see now when which not or please "
    "cause cos though although anyway while because if".split()
)
LONGEST_BREATH, MOST_ENDS = 20, 4
"""Words of a question in a story, and places where it may end that are tried."""
# "I can" states; "can I" asks.
_DOERS = frozenset("i you we they he she it that this which who there people".split())
ASKING = frozenset(
    "wonder wondering wondered ask asking asked question questions know think thinking thought curious curiosity interested hear heard hearing "
    "read reading understand understood learn learning watch watching watched saw listening listened explain explained talk talking want wanted "
    "like trying confused remember hope please hello hi hey sorry information looking telling mentioned homework essay class".split()
)
_TURNING = ASKING | frozenset("so but anyway please well then me us".split())
# A tail is only cut when it speaks of the asking itself.
_TALK = frozenset("please thanks thank sorry know wondering curious explained explain understand told".split())
# "Explain that for me" is talk; "can I have" and "is it too late for me" are about one person.
_TELLING = frozenset("tell explain describe say show give read spell repeat define clarify summarise summarize list".split())
_ABOUT_SUBJECT = re.compile(
    r"\b(?:about|on|of|called|word|term|mention|mentioned|say|said)(?: (?:the|a|an|this|that|word|term|called))* "
)


def inner_question(words: list[str], subject: frozenset[str]) -> list[str]:
    """The question inside a long-winded utterance; the words as they are where none can be told apart.

    Args:
        words: Tokens, frames stripped.
        subject: Words that may be talked about around the question ("I was reading about metastasis, and how …").

    """
    cut = _cut_tail(words)
    if not cut or cut[0] in _HEADS:
        return cut
    for i in range(1, len(cut) - 1):
        if cut[i] in _HEADS and cut[i - 1] not in _DOERS and ASKING & set(cut[:i]) and _harmless(cut[:i], subject):
            rest = strip_frames(cut[i:])
            if not _harmless(rest, frozenset()):
                return inner_question(rest, subject)
    return cut


def clauses(words: list[str]) -> list[list[str]]:
    """The parts of a long utterance that begin like a question and hold more than talk, the longest first.

    Only what is dropped must be talk: a word that carries meaning stays, so that it can refuse the answer.
    """
    out = []
    for i in range(1, len(words) - 1):
        if words[i] in _HEADS and words[i - 1] not in _DOERS and not _harmless(words[i:], frozenset()):
            rest = strip_frames(_cut_tail(words[i:]))
            if len(rest) > 1 and _around(words[:i]):
                out.append(rest)
    return out


_TWO = re.compile(
    r"\b(?:and|also|plus)(?: also| then)? (?=(?:what|how|why|when|where|which|who|is|are|can|could|does|do|will)\b)"
)


def two_questions(words: list[str]) -> list[list[str]] | None:
    """The two questions of one breath; None where it is one ("is it just the tumor or also what is around it")."""
    parts = [p.split() for p in _TWO.split(" ".join(words)) if p.strip()]
    return parts if len(parts) == 2 and parts[0][-1] not in {"or", "but", "not", "and"} else None


def questions_after_talk(words: list[str]) -> list[list[str]]:
    """The questions that follow a word of turning to them ("…, so what is …", "… and wondered whether …")."""
    return [question for at, question in questions_within(words) if words[at - 1] in _TURNING]


def questions_within(words: list[str]) -> list[tuple[int, list[str]]]:
    """The questions that an utterance may end with, each with where it begins; the longest first."""
    out: list[tuple[int, list[str]]] = []
    for i in range(1, len(words) - 2):
        if words[i] in _HEADS and words[i - 1] not in _DOERS:
            rest = strip_frames(_cut_tail(_first_breath(words[i:])))
            if _asks(rest):
                out.append((i, rest))
    return out


def _asks(words: list[str]) -> bool:
    """Whether the words begin like a question and hold more than talk."""
    heads = len(words) > 2 and words[0] in _HEADS and (words[0] != "have" or words[1] in _HAVE)
    return heads and not _harmless(words, frozenset())


def breaths(words: list[str]) -> list[list[str]]:
    """The stretches of a story that may be its question, wherever in it they stand; each begins like a question.

    Where a question ends can't be told without punctuation, so each place at which talk may go on ends one.
    """
    out: list[list[str]] = []
    for i in range(len(words) - 2):
        if words[i] not in _HEADS or (i and words[i - 1] in _DOERS):
            continue
        last = min(i + LONGEST_BREATH, len(words))
        ends = [j for j in range(i + 3, last) if words[j] in _OPENERS]
        for j in (*ends[:MOST_ENDS], last):
            rest = strip_frames(_cut_tail(words[i:j]))
            if rest not in out and _asks(rest):
                out.append(rest)
    return out


def afterthoughts(words: list[str]) -> list[list[str]]:
    """What follows the first and the last joining word ("... because I can't get my breath"); [] where none does."""
    places = [n for n, word in enumerate(words) if word in _JOINING and n >= LEAST_BEFORE]
    tails = [words[n + 1 :] for n in sorted({*places[:1], *places[-1:]})]
    return [tail for tail in tails if len(tail) >= LEAST_BEFORE]


def _first_breath(words: list[str]) -> list[str]:
    """A question without the talk about people that follows it ("…, and granda had not a clue", "…, I mean …")."""
    for j in range(3, len(words) - 1):
        after = words[j + 1 : j + 3]
        if words[j : j + 2] == ["i", "mean"] or (words[j] in _JOINING and PERSONS & set(after)):
            return words[:j]
    return words


def _around(words: list[str]) -> bool:
    """Whether what stands before a clause is mostly talk: at most one word in five, and two in all, is not."""
    others = sum(w not in HARMLESS for w in words)
    return others <= 2 and others * 5 <= max(5, len(words))


def _harmless(words: list[str], subject: frozenset[str]) -> bool:
    return all(
        w in HARMLESS or (w in subject and _ABOUT_SUBJECT.search(" ".join(words[max(0, i - 4) : i]) + " "))
        for i, w in enumerate(words)
    )


def _cut_tail(words: list[str]) -> list[str]:
    for i in range(3, len(words)):
        tail = words[i:]
        if (
            words[i] in _TAILS
            and (_TALK & set(tail) or (tail[1:] in (["me"], ["us"]) and _TELLING & set(words[:i])))
            and _harmless(tail, frozenset())
            and not _harmless(words[:i], frozenset())
        ):
            return strip_frames(words[:i])
    return words


def strip_report(words: list[str]) -> list[str]:
    """The words without a leading "my doctor used the word"; unchanged when there is none."""
    return _REPORT_RE.sub("", " ".join(words), count=1).split()
