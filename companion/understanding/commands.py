"""Whole utterances that steer the companion. A command is never taken out of a longer question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from companion.understanding.normal import NUMBERS, ORDINALS, tokens
from companion.understanding.phrases import COMMAND_PHRASES

_LEAD = re.compile(
    r"^(?:please|kindly|fine|good|great|very well|all right|alright|yes please|go ahead and|go on and|hello|hi|hey|ok|okay|so|well|um|uh|er|erm|ah|oh|and|but|then|right|companion|computer|thanks|thank you|"
    r"just|actually|excuse me|no no|i said|could you|can you|would you|will you|can we|could we|may we|can i|could i|may i|shall we|"
    r"i want you to|i would like you to|i need you to|i want to|i would like to|we want to|we would like to|i would like|i want|"
    r"would you mind|do you mind|try to|let us|let me|you can|you could|you may|maybe|perhaps|"
    r"i think you should|you should|go and|now|just hold on and|dear|sir|madam|if you can|if you could|wait|a bit|a little|a little bit|a tiny bit|much|even) "
)
_TRAIL = re.compile(
    r" (?:please|now|then|for me|to me|thanks|thank you|thank you very much|thanks a lot|thanks very much|already|instead|if i may|if you can|if you could|if you do not mind|if you would|would you|will you|can you|"
    r"could you|ok|okay|companion|computer|dear|mate|love|pet|hen|duck|darling|honey|pal|son|lad|lass|sweetheart|boss|buddy|sir|madam|if possible|right now|there|at once|for a bit)$"
)
_BIT = r"(?: (?:a|just a|a little|little|a tiny|a wee|quite a) bit| a little| a touch| a tad| slightly| much| even| some| way| lots| a lot| a bit)?"
_IT = r"(?: (?:it|that|this|them|those|(?:the|that|this) (?:very )?last (?:one|thing|bit|part|sentence|answer|fact|piece|line)|the (?:answer|fact|question|sentence|same thing|same)|what you (?:just )?said|yourself|the previous (?:one|answer)))?"
_WORD = r"(?:one|fact|question|item|sentence|topic|answer|part|bit|thing|step|section|point)"
_THING = r"(?: (?:the|your|this|that))?(?: (?:fact|facts|question|item|sentence|answer|reading|story|narration|speech|talking|playback|program|it|this|that))?"
_SPEAK = r"(?:speak|talk|read|go|say (?:it|that)|reading|talking|speaking|speak up|sound|make it|make that|make this|be|do it|say things|make your voice|turn it|play it|play|can be|have it|get)"
_VOL = r"(?:the |your |its )?(?:volume|sound|voice|audio|speaker|loudness)"
_PACE = r"(?:the |your )?(?:speed|rate|pace|tempo|speech rate|reading speed|talking speed)"

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("next_sentence", r"(?:(?:go |skip |jump |move )?(?:on )?(?:to )?)(?:the )?next sentence(?: please)?|(?:skip|leave out) (?:this|the|that) sentence|(?:(?:go|skip|jump|move) )?(?:on |ahead |forward )?(?:one|a|another) sentence(?: (?:on|further|forward|ahead))?"),
    ("previous_sentence", r"(?:go |jump |move |say |read |repeat )?(?:back )?(?:to )?(?:the )?(?:previous sentence|sentence before(?: (?:this|that)(?: one)?)?)(?: again)?(?: please)?|(?:go |jump |move )?back (?:a|one|by one) sentence(?: please)?"),
    ("stop_listening", r"(?:stop|quit) listening(?: to me| in)?(?: for now| for a while| a while)?|(?:do not|you need not|no need to) (?:be )?listen(?:ing)?(?: to (?:me|us|this))?(?: for now| any ?more| for a while)?|ears off|(?:close|shut|cover) your ears|(?:turn|switch) your ears off|(?:switch|turn) off (?:the |your )?(?:microphone|mic)|(?:switch|turn) (?:the |your )?(?:microphone|mic) off|(?:close|mute) (?:the |your )?(?:microphone|mic)|go to sleep|do not listen(?: to me)?"),
    ("quit", r"(?:shut|close|turn|switch|power) (?:the |this )?(?:whole )?(?:thing|lot|machine|computer) (?:down|off)|call it a (?:day|night)|let us (?:call it a (?:day|night)|leave it there)|(?:i will|i must|i should|i had better|i better) (?:love you and leave you|be off|be going|let you go|head off)|(?:good ?bye|bye|bye bye|good night|goodnight|farewell|so long|cheerio|ta ta|see (?:you|ya)|see you (?:later|soon|tomorrow|next time|again)|catch you later|"
             r"talk to you (?:later|soon|tomorrow)|until (?:next time|tomorrow))(?: (?:now|then|companion|for now|everyone|bye|goodbye|for today))*|"
             r"quit|exit|leave|log (?:off|out)|sign off|quit (?:the )?(?:program|app|companion|it|this)|exit (?:the )?(?:program|app)|"
             r"(?:close|end|finish|leave|stop|shut|quit|exit|terminate) (?:the |this |our )?(?:program|app|application|session|conversation|companion|chat|call|down)|shut (?:it |yourself |this )?down|"
             r"(?:turn|switch) (?:yourself|it|this|the program|the app|companion)? ?off|(?:i|we) (?:am|are) (?:all )?(?:done|finished|through|leaving|off)(?: (?:here|with you|for (?:now|today)))?|"
             r"(?:that is|that will be|that was) (?:all|everything|it)(?: (?:i (?:need|needed|wanted)|for (?:now|today|tonight)|from me))*(?: (?:goodbye|bye))?|"
             r"(?:i|we) (?:have to|must|need to|should|have got to|got to) (?:go|leave|run)(?: now)?|(?:i|we) (?:am|are) going(?: to (?:go|bed))?(?: now)?|nothing else|nothing more|"
             r"no more questions|(?:close|shut|end|finish) (?:this|it|that)(?: down)?|(?:i am )?(?:off|going) to (?:bed|sleep)|that is me(?: (?:done|finished|off))?(?: for (?:today|now|tonight))?|(?:i will )?leave it (?:there|at that)(?: for (?:today|now|tonight))?|(?:i|we) (?:do not )?(?:have|need) (?:no more|any more|anything else|nothing else|no further)(?: questions)?|end|the end|have a (?:nice|good) (?:day|evening|night|one)(?: (?:bye|goodbye))?"),
    ("stop", r"(?:whisht|wheesht|whist|haud your wheesht|give over|pack it in|belt up|put a sock in it|hush up|give it a rest|that is plenty|that is me told)(?: now)?|stop(?: stop| just stop| it| that| this| talking| speaking| reading| playing| now| here| there| right there| everything| the (?:reading|speech|talking|narration|facts|voice|audio|playback))*|"
             r"cancel(?: that| it| this| everything| the (?:request|question))*(?: request| question)?|that is all cancel it|(?:that is |that was )?enough(?: (?:now|of that|already|for now|talking))*|"
             r"i (?:have|had) (?:heard )?enough(?: of (?:that|this))?|be (?:quiet|silent)|(?:keep )?quiet|silence|hush(?: now)?|shush|sh+|shut (?:up|it)|zip it|halt|cease|abort|cut(?: it)?(?: out| off)|quit (?:talking|it|reading)|"
             r"no more (?:talking|reading|of (?:that|this))|do not (?:talk|speak|read|say)(?: any ?more| (?:anything )?more)?|stop you|knock it off|that will do|leave it(?: there)?|drop it|"
             r"(?:i )?do not want to hear (?:it|that|this|any more|anymore)(?: any more| anymore)?|interrupt|end (?:reading|it|this|that|the (?:reading|fact|answer|narration))"),
    ("pause", rf"hang fire|(?:wait|hold on|hang on|stop) small|hold your horses|bide a (?:minute|while)|(?:wait|hold on|hang on|bear with me|hold it)(?: for)?(?: just)? (?:a|one|two|half a) (?:wee |little |quick )?(?:minute|moment|second|sec|tick|ticks|shake|mo|jiffy|bit|while|minutes|seconds)|stop there a (?:minute|moment|second)|(?:just )?(?:give|gimme) (?:me )?(?:a|one|two|half a) (?:wee |little |quick )?(?:minute|moment|second|sec|tick|ticks|mo|minutes)|(?:pause|hold|freeze|suspend|break){_THING}(?: (?:now|here|a moment|a second|a minute|for (?:a|one) (?:moment|second|minute|bit|while)))*|hold (?:on|up|it|that thought)(?: (?:a|one|just a) (?:moment|second|sec|minute|bit))?|"
              r"(?:wait|hang on|stop|just|give me|take)?(?: ?for)?(?: ?just)? ?(?:a|one|half a) (?:moment|second|sec|minute|tick|break|mo)|wait(?: up| here| there| for me| please)*|hang on|one (?:moment|second|minute)|"
              r"(?:i|we) need (?:a|one) (?:moment|minute|second|break)|bear with me|put (?:it|that|this) on (?:hold|pause)|take (?:a|five) ?(?:break|minutes|breather)?(?: for (?:a|one) (?:moment|second|minute|bit|while))?|(?:wait|hold on|hang on|hold it(?: there)?) (?:a|one|just a|for a) (?:little|bit|while|moment|second|sec|minute|tick)(?: while)?"),
    ("resume", rf"(?:you can |you may )?(?:start|kick off|get going|get back|pick)(?: back)? (?:up|going|to it)(?: again)?(?: now)?|(?:okay )?(?:go ahead|carry on|on you go|fire away|go on)(?: now)? i am (?:back|ready|listening|here)(?: now| again)?|(?:right )?where were we|as you were|(?:let us|let me) (?:hear the rest|get back to it|crack on)|crack on|(?:resume|continue|proceed|un ?pause|restart|keep (?:going|reading|talking|on|playing)|carry on|go on|go ahead|move on with it|press on|keep (?:it )?going){_THING}(?: (?:with it|now|reading|talking|speaking|playing|with (?:the|that) \w+|from (?:there|here|where (?:you|we|i) (?:left off|stopped|were|was))|where (?:you|we|i) (?:left off|stopped|were)|listening))*|"
               r"(?:start|begin) (?:again )?(?:reading|talking|speaking|playing) again|start again from (?:there|here|where you stopped)|(?:pick|take) (?:it )?up (?:from )?where (?:you|we|i) (?:left off|stopped)|read on|play on|play|back to (?:it|reading|the reading)|"
               r"(?:i am|we are) (?:back|ready)(?: (?:now|again|to (?:go on|continue|listen)))*|ready(?: (?:now|to continue))?|finish (?:it|that|what you were saying|the (?:fact|answer|sentence))|you were saying|on you go|off you go(?: again)?|pick it (?:back )?up again|go"),
    ("slower", rf"(?:talk|speak|read|go|say it)? ?(?:slow ?)+|(?:take it|go) (?:handy|canny|steady)|steady on|not so quick|{_SPEAK}?{_BIT} ?(?:slower|more slowly|slowly|less fast|less quickly|more slow)(?: please| than that| down)*|(?:speak|talk|read)(?: it| that)?{_BIT} (?:slower|more slowly|slowly)|slow(?: it| that| things| yourself)?{_BIT} down{_BIT}(?: your (?:voice|speech|reading))?|slow down(?: the (?:speech|reading|voice|speed)| your (?:voice|speech))?{_BIT}|"
               rf"(?:reduce|lower|decrease|drop|turn down|bring down|slow|lessen){_BIT} {_PACE}(?: down)?{_BIT}|(?:not|do not (?:speak|talk|read|go|be)|you not (?:speak|talk|read|go)|not (?:speak|talk|read|go)|stop (?:talking|speaking|reading|going)) (?:so|that|too|as) (?:fast|quick|quickly)|"
               r"(?:(?:you are|that is|this is|it is|that was|you were)(?: (?:talking|speaking|reading|going))?(?: (?:much|way|a bit|a little|far|still))* ?)?(?:too|so) (?:fast|quick|quickly|rapid|rapidly)(?: for me)?|why (?:are|do) you (?:talk|talking|speak|speaking|read|reading|go|going)(?: so| too| that)? (?:fast|quickly|quick)|"
               r"you are rushing(?: (?:me|it|through it))?|easy|take (?:your time|it slow|it easy|it slower|it more slowly)|(?:at )?a (?:bit )?slower (?:pace|speed|rate)(?: please)?|less speed|i can not (?:keep up|follow)(?: (?:you|that|with you|that fast|at this speed))*|ease up|slow"),
    ("faster", rf"{_SPEAK}?{_BIT} ?(?:faster|quicker|more quickly|quickly|more quick|less slow|less slowly|more rapidly)(?: please| than that)*|(?:speak|talk|read)(?: it| that)?{_BIT} (?:faster|quicker|more quickly)|speed(?: it| that| things| yourself)?{_BIT} up{_BIT}(?: the (?:speech|reading|voice))?|"
               rf"(?:increase|raise|turn up|bring up|up|boost){_BIT} {_PACE}{_BIT}|(?:not|do not (?:speak|talk|read|go|be)|you not (?:speak|talk|read|go)|not (?:speak|talk|read|go)|stop (?:talking|speaking|reading|going)) (?:so|that|too|as) (?:slow|slowly)|"
               r"(?:(?:you are|that is|this is|it is|that was|you were)(?: (?:talking|speaking|reading|going))?(?: (?:much|way|a bit|a little|far|still))* ?)?(?:too|so|very) (?:slow|slowly)(?: for me)?|why (?:are|do) you (?:talk|talking|speak|speaking|read|reading|go|going)(?: so| too| that)? (?:slow|slowly)|"
               r"hurry(?: it)?(?: up)?|(?:pick|step) (?:it |up )?(?:up )?(?:the )?pace|quick(?:en)?(?: the pace)?|(?:at )?a (?:bit )?(?:faster|quicker) (?:pace|speed|rate)|more speed|get a move on|get on with it|chop chop|you are slow|fast"),
    ("louder", rf"{_SPEAK}?{_BIT} ?(?:louder|more loudly|loudly|loud|as loud as (?:you can|possible)|less (?:quiet|quietly|soft|softly))(?: please| than that)*|speak(?:ing)?{_BIT} up{_BIT}|speak as loud as you can|(?:turn|crank|put|bring) (?:(?:it|that|yourself|this|things|{_VOL}){_BIT} )?up{_BIT}(?: {_VOL})?{_BIT}|turn up {_VOL}{_BIT}|"
               rf"(?:increase|raise|boost|up|more|higher|lift|pump up){_BIT} {_VOL}{_BIT}|{_VOL}{_BIT} (?:up|higher|louder){_BIT}|louder (?:voice|volume)|(?:(?:you are|that is|this is|it is|your voice is|that was|the (?:volume|sound|voice) is)(?: (?:talking|speaking))?(?: (?:much|way|a bit|a little|far|still))* ?)?(?:too|so|very) (?:quiet|soft|low|quietly|faint|softly)(?: for me)?|"
               r"i (?:can (?:hardly|barely|not|not really)|could (?:hardly|barely)|am struggling to|struggle to) hear (?:you|that|it|a thing|anything)(?: (?:well|very well|properly|at all))*|raise your voice|shout|you are (?:mumbling|whispering|too faint)|(?:i am |i am a bit |i am a little )?hard of hearing|i am (?:a bit |a little )?deaf"),
    ("quieter", rf"(?:pipe|simmer|tone it|bring it) down{_BIT}|(?:a bit |a little )?less noise|not so loud|{_SPEAK}?{_BIT} ?(?:quieter|softer|more (?:quietly|softly|quiet|soft)|quietly|softly|less (?:loud|loudly)|lower)(?: please| than that)*|(?:turn|tone|keep|bring|put) (?:(?:it|that|yourself|this|things|{_VOL}){_BIT} )?down{_BIT}(?: {_VOL})?{_BIT}|turn down {_VOL}{_BIT}|"
                rf"(?:decrease|reduce|lower|drop|less|lessen|soften|quieten){_BIT} {_VOL}{_BIT}|{_VOL}{_BIT} (?:down|lower|quieter|softer){_BIT}|(?:quieter|softer|lower) (?:voice|volume)|(?:not|do not (?:speak|talk|read|be|shout)|not (?:speak|talk)|you not (?:speak|talk)) (?:so|that|too|as) (?:loud|loudly)|"
                r"(?:(?:you are|that is|this is|it is|your voice is|that was|the (?:volume|sound|voice) is)(?: (?:talking|speaking|shouting))?(?: (?:much|way|a bit|a little|far|still))* ?)?(?:too|so|very) (?:loud|loudly|noisy)(?: for me)?|do not (?:shout|yell)|stop (?:shouting|yelling)|why are you (?:so loud|shouting)|whisper|(?:quieten|pipe|soften|calm|simmer) down|use your (?:indoor|inside) voice|you are (?:shouting(?: at me)?|hurting my ears)"),
    ("repeat", rf"(?:repeat|replay|redo|re ?read){_IT}(?: (?:again|once more|one more time|from the (?:start|beginning|top)))*|(?:say|read|tell (?:me|us)|play|give me|run|go (?:back )?over|go through|do|repeat|explain|hear|have)(?: me)?{_IT}(?: back)?(?: to me)? (?:again|once more|once again|one more time|one time more|one more time again|another time|a second time|over(?: again)?|over)(?: again)?|"
               r"(?:once|one time) (?:more|again)|one more time(?: again)?|(?:and )?again(?: again)?|come again|(?:i )?beg your pardon|pardon(?: me)?|sorry|excuse me|what(?: now)?|eh|huh|say what|say again|what is that|how is that|sorry what(?: was that| did you say)?|"
               r"(?:what|sorry what) (?:did|was it|was that|were) ?(?:you|that)?(?: just)?(?: say| said| saying| you said)?(?: again| just now| there)*|what was (?:that|it)(?: you (?:just )?said)?(?: again)?|what (?:you )?(?:just )?sa(?:y|id)|"
               r"(?:i|we)(?: am sorry i)?(?: did not| could not| can not| do not| missed| have missed| did not quite)(?: (?:quite|really|fully|properly))?(?: (?:hear|catch|get|understand|follow))?(?: (?:that|you|it|what you said|the (?:last|first|middle|start|beginning|end)(?: (?:part|bit|one|sentence|word|half))?(?: of (?:it|that|this))?|a word|all of (?:it|that)|properly|any of that|that one|that bit))*(?: (?:can you |please |could you )?(?:say|repeat)(?: (?:that|it))?(?: again)?| say again)?|"
               rf"hear{_IT} again|(?:the )?same (?:again|one again)|from the (?:start|beginning|top)(?: again)?|start over|start (?:it )?(?:again|from the beginning)|last one again|back to the start"),
    ("next", rf"(?:(?:go|move|skip|jump) )?(?:on )?(?:to )?(?:the )?following {_WORD}|on to the next(?: {_WORD})?|moving (?:on|along|right along)|(?:right )?on we go|(?:done|finished) with (?:this|that)(?: one)?|(?:(?:go|move|skip|jump|hop|get|take me|advance|on|and|read|give me|play|tell me|what is|what comes|hear|have|want|bring on|try)(?: on)?(?: me)?(?: to)?(?: the)? )?(?:the )?next(?: {_WORD})?(?: (?:up|along|after that))?|(?:skip|advance|forward|forwards|onward|onwards|ahead)(?: (?:it|that|this|this one|that one|one|ahead|forward|the (?:rest|fact|question)|to the (?:following|next) (?:one|fact)|past (?:it|this|that)|over (?:it|this|that)))*|"
             rf"(?:go|move|jump|step) (?:forward|forwards|ahead|along|on to (?:the next|another)(?: {_WORD})?|one forward|forward one)(?: (?:one|a {_WORD}|one {_WORD}))?|move on|another(?: {_WORD})|(?:what is |give me |read |hear )?(?:the )?(?:following|one after(?: that| this)?) ?{_WORD}?|what is after (?:that|this)|next next|what comes (?:next|after(?: that| this)?)|(?:pass|keep moving)"),
    ("previous", rf"(?:take me|bring me|go|get) (?:back )?to the last {_WORD}(?: again)?(?: not this one)?|(?:go |step |move )?(?:one|a step|one step) back|(?:hop|nip|pop) back(?: one)?|(?:take me |go |back )?(?:back )?to the (?:one|fact|question) before(?: (?:this|that)(?: one)?)?|(?:(?:go|move|skip|jump|hop|get|take me|return|back|read|give me|play|tell me|step|hear|have|want)(?: back)?(?: me)?(?: to)?(?: the)? )?(?:the )?(?:previous|preceding|prior)(?: {_WORD})?(?: again)?|(?:go|move|step|skip|jump|take me|turn|scroll|come) (?:back|backward|backwards)(?: (?:one|once|a (?:step|fact|bit|sentence)|one (?:step|fact|question|sentence|item)|to (?:the )?(?:last|one before|previous|fact before)(?: {_WORD})?(?: before)?|again|please))*|"
                 rf"(?:back|backward|backwards|rewind|back up|reverse)(?: (?:one|a bit|it|that|a (?:step|sentence|fact)|to the last (?:one|fact)|one (?:step|fact|sentence)))*|(?:have |hear |want |read |give me )?(?:the )?(?:one|fact|question|{_WORD}) before(?: (?:that|this|it|this one|that one))?|before (?:that|this)(?: one)?|(?:the )?last {_WORD}(?: before)?|what was the (?:last|previous) (?:one|fact|question)|what came before(?: (?:that|this))?|undo|return"),
    ("where_am_i", r"(?:i|we) (?:have|am|got|are)? ?lost (?:my|our|the|me) place|where (?:have|had|did) (?:i|we|you) (?:got|gotten|get|reached|reach)(?: to| up to)?|whereabouts (?:am i|are we)|where (?:am i|are we|were we|was i|are you|did (?:we|i|you) (?:stop|leave off|get to)|have we got to)(?: (?:up to|now|in (?:the|this) (?:list|reading|facts?)|at|right now|again|reading))*|what(?: is| was)? (?:my|the|our|your) (?:place|position|spot|location)|(?:my |current )?(?:place|position)|current (?:fact|question|item)|"
                   r"(?:what|which) (?:fact|question|number|one|item|sentence|part|topic)(?: number)? (?:is (?:this|that|it)|am i (?:on|at|hearing|listening to)|are we (?:on|at)|are you (?:on|at|reading)|was (?:that|this))|how (?:far|much)(?: (?:along|more|further))?(?: (?:am i|are we|is left|have we got|to go|is there|are there|remains|left))*(?: to go| along| left| in| got)?|"
                   r"how many(?: (?:facts|questions|more|items))*(?: (?:are|is))?(?: there)? (?:left|to go|remaining|still to come)|(?:are we|am i) (?:nearly |almost )?(?:there|done|finished|at the end)(?: yet)?|(?:tell me )?where i am|how far have (?:i|we) (?:got|come|gotten)|am i (?:near|close to) the end|(?:what|which) (?:number|fact|question|one) are we up to|what (?:am i listening to|are you reading|is this (?:fact|about)|were you (?:saying|reading)|are we (?:on|reading|listening to))(?: now)?"),
    ("read_facts", r"(?:can i |let me |i want to |i would like to )?(?:hear|have|listen to|get|know) (?:the|them|those|these|all the|your|all your)(?: wee| little| eight)* facts?(?: (?:you have|you know|then|now|please|again|of yours))*|(?:give|tell|read) (?:me|us) (?:them|those|the|your)(?: wee| little| eight)* facts|(?:(?:read|tell|give|play|narrate|recite|hear|start|say|list|go through|run through|share|begin|listen to|let us hear|what are|name|do|present|speak|read out|read aloud|go over|know|have)(?: (?:me|us|out|aloud|to|with|through|reading))* )?(?:all )?(?:of )?(?:the |your |these |some )?(?:eight |all |whole )?(?:facts?|list of facts|facts list)(?: (?:aloud|out|out loud|to me|one by one|from the (?:start|beginning|top)|about (?:metastasis|this|it|cancer|cancer spread|the spread of cancer)|in order|again|you (?:have|know)|please|one after (?:another|the other)))*|"
                   r"(?:read|narrate|play|tell (?:me|us)|start|begin|say)(?: (?:me|us|it|out))*(?: all| everything| the whole (?:thing|lot|pack)| the lot| narration| the narration| the reading| reading)(?: of it)?(?: (?:aloud|out loud|to me|out|from the (?:start|beginning)))*|narrate|narration|narrate (?:it|the facts|metastasis|them)"),
    ("help", r"what (?:do|should|can|must) i say to you(?: to (?:make (?:it|you) (?:go|work|start|stop)|get (?:it|you) (?:going|to work)))?|what words (?:do|can) you (?:know|understand|take)|help(?: me| please| me please| me out| page| menu)*|(?:i )?need (?:some )?help|(?:what|which)(?: (?:commands|words|things|stuff|kinds of things|all))* (?:can|could|do|should|may) (?:i|you|we) (?:do|say|use|tell you|help me with)(?: (?:for me|to you|here|now|with you|next|all))*|what (?:can|do) you do(?: for me)?|(?:tell|show)(?: me)? what (?:you can do|i can (?:say|do)|to (?:say|do))(?: for me)?|(?:tell|show|teach)(?: me)? how (?:to (?:use|work|talk to) (?:you|this|it)|(?:you|this|it)(?: thing)? works?|i (?:use|work) (?:this|you|it))|i do not know how to (?:use|work|talk to) (?:this|you|it)(?: thing)?|what words do you (?:know|understand)|what can i tell you to do|(?:i )?(?:need )?(?:some )?help with (?:this|it|you)(?: thing)?|"
             r"how (?:does|do|can|should|would) (?:this|it|i|you|one|that)(?: (?:thing|program|app|companion))? (?:work|use|operate|talk|control|works|start|begin)(?: (?:this|it|you|to you|with (?:you|this)|the (?:program|app|companion)|that|thing|here|now))*|how to use (?:this|it|you)|(?:the |your |my |voice |key )*(?:commands|command list|options|instructions|menu|main menu|manual|tutorial|guide|hints|tips|keys|usage|assistance|support)|list(?: of)?(?: the| all| your)* commands|what are (?:the|my|your) (?:commands|options|keys|choices)|"
             r"(?:i (?:do not|am not sure|am unsure|have no idea)(?: know)? )?what (?:to|should i|do i|can i) (?:say|do)(?: (?:now|next|here))?|i am (?:lost|stuck|confused)|how (?:do|can) (?:i|you) (?:help(?: me)?|navigate|get (?:started|help))|give me (?:a hand|some help|help|instructions|a hint)|assist me|can you help(?: me)?|guide me|what is this(?: (?:program|app|thing))?|who are you|what are you|instructions please|explain (?:how this works|the commands|yourself)"),
    ("list_questions", r"(?:list|read|tell|show|give|name|hear|say|repeat|what are|which are|go through|run through|know|have|see)?(?: (?:me|us|out|aloud|to))*(?: all)?(?: of)?(?: (?:the|your|these|a|some|my))*(?: (?:possible|available|eight|known|example|sample|frequent|frequently asked|list of))* ?(?:questions|question list|topics|topic list|faq|subjects|list of (?:questions|topics)|faqs|menu of questions)(?: (?:i can ask|can i ask|to ask|you (?:know|have|can answer|answer|cover)|please|that (?:i can ask|you (?:know|can answer))|are there|do you have|there are|available|i could ask|about (?:this|metastasis)))*|"
                       r"(?:what|which)(?: (?:kinds?|types?|sorts?|other|else))*(?: of)?(?: (?:questions|things|topics|subjects|stuff))?(?: that)? (?:can|could|may|should|might|do|am|are|is)(?: (?:i|you|we|one|there))?(?: (?:allowed to|able to|familiar))? ?(?:ask|know|answer|cover|talk|help|have|do|tell|familiar|about)?(?: (?:you|about|me|with|to|here|on|for))*|what (?:do|can) you (?:know|answer|talk)(?: about)?|what are you familiar with|list(?: them| everything)?|what is (?:on|in) (?:the|your) (?:list|menu)|what else can i ask(?: you)?|what (?:topics|questions|subjects)(?: are there| do you (?:have|know|cover))?|(?:tell|show)(?: me)? what i can ask(?: (?:you|about|you about))?|what (?:do|can) you (?:have|give) (?:an answer|answers|an answer to|answers to)(?: for| to)?|what are the (?:questions|topics) again"),
    ("source", r"(?:(?:what|which)(?: is| are| was)? )?(?:the |your |its |that |this )*(?:sources?|references?|citations?|evidence)(?: (?:for (?:that|this|it)|of (?:that|this|it)|please|used|is that|is this|do you (?:use|have)|behind (?:that|it|this)))*|(?:where|what) (?:is|was|are|does|did|do)(?: (?:that|this|it|the (?:answer|information|fact|facts)|these|all (?:that|this)|you))*(?: (?:come|coming|taken|got|get|getting|find|found|hear|learn|read|have))?(?: (?:that|this|it|the information|your (?:facts|information)))? from|where (?:did|do|have|does)(?: you| it| that| this| the information) (?:get|find|hear|learn|read|got|take)(?: (?:that|this|it|your (?:facts|information|knowledge)|the (?:information|facts)))?(?: from)?|"
               r"who (?:says|said|told you|claims|wrote|made|created|reviewed|checked|is behind|stands behind|is the author of|came up with|authored|built|developed)(?: (?:so|that|this|it|you|these|the (?:answers?|facts?|pack|text)|all (?:this|that)))*|says who|according to who(?:m)?|how do you know(?: (?:that|this|it))?|(?:is|are) (?:that|this|it|these|the information|you)(?: (?:really|actually|even|all))? (?:true|reliable|right|correct|accurate|trustworthy|sure|certain|reviewed)(?: (?:about|of) (?:that|this|it))?|"
               r"can (?:i|we) (?:trust|believe) (?:that|this|it|you)|(?:cite|give|name|tell|show|list|quote|read)(?: me)?(?: the| your| its| that| a)*(?: sources?| references?| citations?)(?: for (?:that|this|it))?|cite (?:that|it|this)|what is (?:that|this|it) based on|on what (?:is that based|authority)|prove it|author|authors|who is the author|when was (?:that|this|it) (?:written|published|reviewed)|(?:what|which) (?:book|paper|page|site|website|place|leaflet|people|expert|experts) (?:is|are|was|did) (?:that|this|it|these|you)(?: (?:come|get (?:that|this|it)))? from|is (?:that|this|it) from a (?:proper|good|real|reliable|trusted|medical) (?:source|place|site|book)|who (?:put (?:this|that|it|these) together|is behind (?:this|that|it|all this|(?:this|that|the|these) (?:information|answers?|facts?)))"),
    ("more", r"(?:(?:tell|give|read|say|show|let me hear|hear|know|explain|some|go)(?: me| us)? )?(?:a (?:little |bit )?(?:bit )?)?(?:some )?(?:much )?more(?: (?:of (?:that|it|this)|about (?:that|this|it|this topic|that one|this one|the same)|on (?:that|this|it)(?: one)?|on (?:this|that) (?:topic|subject)|details?|info|information|please|to that|than that|in depth|to say|to tell|explanation|depth))*|(?:i|we) (?:want|need|would like)(?: to (?:hear|know|learn))? more(?: about (?:that|this|it))?|"
             r"(?:is|are) there(?: any| some)?(?: ?thing)? (?:more|else)(?: (?:to (?:it|that|say|know|tell)|about (?:that|this|it)))*|(?:what|anything|something|and what|tell me what|and) else(?: (?:is there|about (?:that|this|it)|can you (?:tell|say)(?: me)?|do you (?:know|have)|should i know|to know))*|(?:is there )?any(?:thing)? more(?: (?:on|about) (?:that|this|it)(?: one)?)?|what more(?: (?:is there|can you (?:say|tell)(?: me)?|about (?:that|this|it)))*|(?:further|additional|extra|full|greater|the)? ?(?:details?|information)|in (?:more|greater|further) (?:detail|depth)|elaborate(?: on (?:that|this|it))?|expand(?: on (?:that|this|it))?|"
             r"go (?:deeper|into (?:more |further )?detail|further)(?: (?:into|on) (?:that|this|it))?|dig deeper|tell me (?:the rest|everything|about (?:that|it))|the rest|explain (?:that |it |this )?(?:further|more|in more detail|better)|further|keep telling me|more more|long(?:er)? (?:answer|version)|the (?:long|full) (?:answer|version|story)"),
    ("no", r"(?:no|nope|nah|nay|naw|negative)(?: (?:no|thanks|thank you|way|sir|not (?:that|this|it|really|now|that one|quite|at all)|that is not (?:it|right|what i (?:meant|said|asked|want|wanted))|definitely not|that is wrong|wrong|neither|none of (?:them|those|these)|i (?:did not|do not|would not)(?: (?:mean|want|think))?(?: (?:that|so|it|to))?|please|please do not|not this one|incorrect|absolutely not|thats not it|i am (?:good|fine|ok)))*|"
           r"(?:definitely|absolutely|certainly|of course|probably|really|surely|please|rather) not|not (?:really|quite|at all|that|this|it|right|correct|now|exactly|that one|this one|what i (?:meant|said|asked|want|wanted)|today|today thanks|necessary|interested)|i (?:would|will) (?:say|rather|have to say|prefer) (?:no|not)|i (?:said|say|mean) no|i (?:do not|would not|did not) (?:think|want|mean|say|need)(?: (?:so|that|to|it|this|either))?|"
           r"(?:that|this|it|you|you are|they|both)(?: (?:is|was|are|got))?(?: (?:just|all|totally|completely))? ?(?:not (?:it|right|correct|true|what i (?:meant|said|asked|want|wanted|was asking)|the one|that|them|my question)|wrong|incorrect|false|mistaken)|wrong(?: (?:one|question|answer|topic))?|incorrect|false|neither(?: (?:one|of (?:them|those|these)))?|none(?: of (?:them|those|these|the above))?|(?:no )?something else|no way|not so|(?:no )?(?:not )?(?:that|this) one no|never|do not|nope that is not it|i refuse|nothing like that"),
    ("yes", r"(?:yes|yeah|yep|yup|ya|yah|aye|yea|yes yes|sure|certainly|absolutely|definitely|affirmative|indeed|exactly|precisely|correct|right|true|totally|of course|naturally|ok|okay|okey dokey|alright|all right|fine|good|great|perfect|agreed|uh huh|mm hmm|mhm|by all means|certainly|very well|very much|oh yes|why not|go for it|sounds (?:good|right|great|fine)|surely|for sure)"
            r"(?: (?:yes|yeah|please|thanks|thank you|sure|that is (?:right|it|correct|the one|fine|what i (?:meant|want|mean|asked))|that one|i (?:do|did|would|am|think so|mean that|meant that|want that|would like that)|do|go ahead|it is|indeed|correct|right|exactly|of course|thing|you (?:got|have) it|you (?:are|were) right|so|do that|it does|sir|absolutely|definitely|let us do (?:that|it)|tell me|read it|thats right|love|ok|okay|good|that))*|"
            r"(?:that|this|it|you|you are)(?: (?:is|was|are|would be|sounds))?(?: (?:exactly|just|absolutely|quite|totally))? ?(?:right|correct|it|true|the one|what i (?:meant|want|wanted|mean|said|asked|was asking)|got it|fine|good|spot on|great|perfect)|you (?:got|have got|have) (?:it|that)(?: right)?|please(?: do)?|(?:please )?do(?: (?:so|that|it))?|i (?:do|did|would|agree|think so|believe so|would love (?:that|to)|say yes|said yes|confirm|would like that|mean that|meant that)|"
            r"that one|this one|spot on|bingo|confirmed?|i would say (?:yes|so)|make it so|you bet|yes to that|go on then|what i meant"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(rf"(?:{pattern})")) for name, pattern in _PATTERNS)

_NUMBER_WORD = "|".join(sorted({*NUMBERS, "to", "too", "for", "won", "ate", "tree"} - {"zero"}, key=len, reverse=True))
_SOUNDS = {"to": 2, "too": 2, "for": 4, "won": 1, "ate": 8, "tree": 3}
_ASK = r"(?:(?:read|tell|give|play|hear|go to|jump to|skip to|say|open|what is|what was|repeat|take|i (?:choose|pick|want|take)|let us hear|answer|choose|pick|start|show|take me to|move to|read out|go back to|have|go with|go for|make it|i will (?:take|have|go for|say)|i would say|let me (?:have|hear)|play me|give|want|hear)(?: me)?(?: about)? )?"
_ITEM = re.compile(
    rf"{_ASK}(?:the )?(fact|question|number|item|answer)s?(?: number| no)? ({_NUMBER_WORD})(?: of the (fact|question)s)?(?: again)?"
)
_ORDINAL = re.compile(rf"{_ASK}(?:the )?({'|'.join(ORDINALS)}|last) (fact|question|one|item|answer)?")
_LONE = re.compile(rf"{_ASK}(?:the )?(?:number )?({_NUMBER_WORD}|{'|'.join(ORDINALS)})(?: one)?")
_SPELL = re.compile(
    r"(?:spell out|spell|spelling of|what letters (?:is|are)|how (?:do|does|would|can|should) (?:you|i|we|one) (?:spell|write)|how (?:is|are)|how to (?:spell|write)|the spelling of|what is the spelling of|spell me|spell for me|letters of|letter by letter|(?:i need |i want |give me |what are )(?:all )?the (?:spelling|letters) (?:of|in|for))"
    r"(?: please)?(?: (?:the )?(?:word|term|name))?(?: (.+?))?(?: (?:word|term))?(?: (?:spelled|spelt|written|is spelled|is spelt))?"
)
_SPELT_BEHIND = re.compile(
    r"(?:and )?(?:the |that |this )?(?:word |term |name )?(?P<word>\S+(?: \S+)?)(?: word| one)? (?:how (?:is|do|does|would|should|can) "
    r"(?:it|that|this|you|i|one|we)(?: (?:be|then))? (?:spelt|spelled|written|spell|write)(?: (?:it|that|this))?|spell (?:it|that|this)(?: (?:out|for me))?|letter by letter)"
)
"""The word first: "radiation, how do you spell it"."""
_POINTER = re.compile(
    r"(?:(?:the|that|this) )?(?:(?:last|first|very last|long|big|hard|difficult|funny) ?)*(?:word|term|name|one)?|(?:it|that|this|them)(?: out| for me)?"
)
"""Points at a word that was just told, and names none."""


_NO_WORD_TO_SPELL = frozenset("and so but please then now not do i you can could would will me tell well ok okay".split())
"""What stands before "how do you spell it" and is talk."""
_AUTHORS = re.compile(r"\b(?:wrote|made|created|authors?|built|reviewed|checked)\b")
_PHRASES = {" ".join(tokens(p)): name for name, examples in COMMAND_PHRASES.items() for p in examples}
"""What the recognisers listen for is obeyed, whether or not the grammar above has it."""


_REMARKED = frozenset(
    "next previous next_sentence previous_sentence repeat stop pause resume faster slower louder quieter quit".split()
)
"""What may be said with a remark: nothing that a remark would turn into a question or a plea."""
_REMARK = re.compile(
    r"(?:because |as |since |cause )?(?:"
    r"(?:i|you|we|it|that|this|somebody|someone|there|they) (?:just |still |already |all |really )?"
    r"(?:am|are|is|was|were|will|would|can|could|do|did|have|had|has|need|want|know|missed|lost|went|got|came|think|think)\b.*|"
    r"(?:the|my|our) \w+(?: \w+)? (?:just )?(?:is|are|was|were|rang|rings|went|has|hurt|hurts|fell|came)\b.*|"
    r"(?:did|could|can) not (?:get|catch|hear|understand|follow) (?:that|it|you)|(?:done|finished) with (?:this|that)(?: one)?)$"
)
_ASKING = frozenset("if whether should ought or".split())
"""A remark with one of these asks something, and not of the companion ("whether I should tell them now or wait")."""
_TOGETHER = {
    ("no", "stop"): "stop", ("no", "next"): "next", ("no", "pause"): "pause", ("no", "quit"): "quit",
    ("repeat", "slower"): "slower", ("resume", "more"): "more", ("where_am_i", "resume"): "resume",
    ("stop", "quit"): "quit", ("quit", "stop"): "quit", ("next", "resume"): "next", ("resume", "next"): "next",
    ("slower", "repeat"): "repeat", ("louder", "repeat"): "louder", ("no", "previous"): "previous",
    ("no", "repeat"): "repeat", ("repeat", "louder"): "louder", ("more", "resume"): "more", ("pause", "stop"): "stop",
}  # fmt: skip
"""Two commands in one breath, and which of them is meant."""


@dataclass(frozen=True, slots=True)
class Command:
    """A recognised command."""

    id: str
    """A command id, "number" for a lone number, or "item" for "fact three"."""
    argument: str | None = None
    """The number ("3"), the kind and number ("fact 3"), the word to spell; None for none."""
    remark: tuple[str, ...] = ()
    """What was said beside it, as in "the phone rang, say that again": tokens. Whoever obeys sees to it that it is talk."""


def find_command(words: Sequence[str]) -> Command | None:
    """The command that the whole utterance is; None when it is none.

    Args:
        words: Tokens as ``normal.tokens`` gives them.

    """
    # "Please do" is a yes; "do" alone is how a misheard "two" looks.
    if not words or len(words) > 20 or list(words) == ["do"]:
        return None
    return _peeled(words) or _in_parts(words)


def _peeled(words: Sequence[str]) -> Command | None:
    return next((found for text in _peelings(" ".join(words)) if (found := _whole(text))), None)


def _in_parts(words: Sequence[str]) -> Command | None:
    """A command said in two ways ("I'm done, switch off"), or with a remark ("wait, the kettle is boiling")."""
    for at in range(1, len(words)):
        head, tail = words[:at], words[at:]
        first, last = _peeled(head), _peeled(tail)
        if first and last:
            if first.id == last.id and first.argument == last.argument:
                return first
            if (first.id, last.id) in _TOGETHER:
                return last if _TOGETHER[first.id, last.id] == last.id else first
        if last and last.id in _REMARKED and not _ASKING & set(head) and _REMARK.match(" ".join(head)):
            return replace(last, remark=tuple(head))
        if first and first.id in _REMARKED and not _ASKING & set(tail) and _REMARK.match(" ".join(tail)):
            return replace(first, remark=tuple(tail))
    return None


def _peelings(text: str) -> list[str]:
    """The text, then with politeness peeled off its ends, step by step."""
    out = [text]
    while True:
        shorter = _LEAD.sub("", out[-1], count=1)
        if shorter == out[-1]:
            shorter = _TRAIL.sub("", out[-1], count=1)
        if shorter == out[-1] or not shorter:
            break
        out.append(shorter)
    trailing = _TRAIL.sub("", text, count=1)
    return out + ([trailing] if trailing not in out else [])


def _whole(text: str) -> Command | None:
    if item := _item(text):
        return item
    if spell := _spell(text):
        return spell
    name = _PHRASES.get(text) or next((name for name, pattern in _COMPILED if pattern.fullmatch(text)), None)
    if name is None:
        return None
    return Command(name, "authors" if name == "source" and _AUTHORS.search(text) else None)


def _item(text: str) -> Command | None:
    if found := _ITEM.fullmatch(text):
        kind = {"fact": "fact", "question": "question"}.get(found[3] or found[1])
        number = str(_value(found[2]))
        return Command("item", f"{kind} {number}") if kind else Command("number", number)
    if found := _ORDINAL.fullmatch(text):
        if found[1] == "last" or (found[2] is None):
            return None
        kind = {"fact": "fact", "question": "question"}.get(found[2])
        number = str(ORDINALS[found[1]])
        return Command("item", f"{kind} {number}") if kind else Command("number", number)
    if (found := _LONE.fullmatch(text)) and text not in _SOUNDS:
        return Command("number", str(_value(found[1])))
    return None


def _value(word: str) -> int:
    return NUMBERS.get(word) or ORDINALS.get(word) or _SOUNDS[word]


def _spell(text: str) -> Command | None:
    if (behind := _SPELT_BEHIND.fullmatch(text)) and not set(behind["word"].split()) & _NO_WORD_TO_SPELL:
        return Command("spell", None if _POINTER.fullmatch(behind["word"]) else behind["word"])
    found = _SPELL.fullmatch(text)
    # "how is it found" only becomes a spelling question by its end.
    if not found or (text.startswith(("how is", "how are")) and not text.endswith(("spelled", "spelt", "written"))):
        return None
    word = _TRAIL.sub("", f" {found[1] or ''}").strip()
    if _POINTER.fullmatch(word):
        return Command("spell")
    word = re.sub(r"^(?:the|that|this) ", "", word)
    return Command("spell", word) if len(word.split()) <= 2 else None
