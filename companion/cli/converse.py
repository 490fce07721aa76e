"""``companion``: the hands-free conversation, or ``--text`` in a terminal."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Mapping

from companion.cli.common import could_not_speak, quiet_libraries, settings_of, speak, status, topics_of
from companion.content.load import load_pack
from companion.content.types import Pack
from companion.dialogue import prompts
from companion.dialogue.state import SavePlace, State
from companion.errors import CompanionError, UsageError
from companion.keymap import load_keys
from companion.later import LaterRouter
from companion.ports import Router
from companion.settings import Paths, Settings, load_state, save_state
from companion.settings import State as Remembered
from companion.text_mode import run_text


def run(options: argparse.Namespace) -> int:
    """Converse aloud where that works, else in text."""
    settings = settings_of(options, remembered=True)
    pack = load_pack(settings.pack)
    router = LaterRouter(lambda: _router(pack))
    memory = Memory(settings)
    table = load_keys(Paths.find().config / "keys.toml")
    if options.push_to_talk and options.no_keys:
        raise UsageError("Push to talk needs a key.", "Leave out --no-keys or --push-to-talk.")
    if not options.text:
        missing = _aloud(options, settings, pack, router, memory, table)
        if missing is None:
            return 0
        err, options.speak = missing
        # Said even with --quiet: the listener must know why nothing listens, or speaks.
        spoken = " The answers are read aloud." if options.speak else ""
        print(f"{err} Going on in text.{spoken}", file=sys.stderr, flush=True)
    return _text(options, settings, pack, router, memory)


def _router(pack: Pack) -> Router:
    from companion.understanding import Router

    return Router(pack, topics_of)


def _begin(settings: Settings, memory: Memory) -> State:
    """Where the last conversation stopped: its place, rate and volume."""
    item, sentence = memory.place
    return State(rate=settings.rate, volume=settings.volume, left=(item, sentence) if item else None)


OVER = " While I speak, you can say stop, pause, next or repeat."
NOTHING_OVER = "No headset is worn any more. While I speak, use the keys."


def _aloud(  # noqa: PLR0917 - private, and called with its caller's own names
    options: argparse.Namespace,
    settings: Settings,
    pack: Pack,
    router: LaterRouter,
    memory: Memory,
    table: Mapping[str, str],
) -> tuple[CompanionError, bool] | None:
    """Converse by voice; where that can't begin, what is missing, and whether it can still speak."""
    from companion.captions import captioned
    from companion.cli.opening import Parts
    from companion.dialogue.armed import ARMED
    from companion.ears import Ears
    from companion.headset import headset
    from companion.hearing.endpoint import PATIENCE, Endpointer, webrtc_detector
    from companion.hearing.microphone import SoundDeviceMicrophone
    from companion.hearing.over import SpeechOver, WordsOver
    from companion.session import Session
    from companion.speaking.ahead import Ahead
    from companion.speaking.player import SoundDevicePlayer
    from companion.speaking.speech import Speaker
    from companion.understanding.phrases import phrases
    from companion.worn import WhileWorn

    can_speak = False
    with contextlib.ExitStack() as stack:
        stack.enter_context(quiet_libraries())
        try:
            opened = Parts(settings, pack, Paths.find().cache, router, SoundDevicePlayer)
            parts = stack.enter_context(contextlib.closing(opened))
            can_speak = True
            voice, player, engine = parts.voice, parts.player, parts.recognizer
            out, captions = captioned(sys.stdout)

            def armed() -> WordsOver:
                made = WordsOver(tuple(ARMED), Paths.find().cache)
                player.on_played = made.played.put
                return made

            def changed(hears: bool) -> None:
                if listening.is_set():  # before, it is said with the recogniser's name
                    status(options, f"A headset is worn.{OVER}" if hears else NOTHING_OVER)

            listening = threading.Event()
            worn = WhileWorn(lambda: headset(settings.device), armed, changed) if options.barge_in == "auto" else None
            session = Session(
                pack,
                router,
                lambda on_event: Speaker(voice, player, settings.speech, on_event),
                loudspeaker=player,
                state=_begin(settings, memory),
                memory=memory,
                out=out,
                earcons=not options.no_earcons,
                table=table,
                push_to_talk=options.push_to_talk,
                status=lambda line: status(options, line),
                ahead=Ahead(voice.prepare, prompts.common(pack)),
                devices=worn.look if worn else lambda: None,
            )
            words: WordsOver | WhileWorn | None = worn
            if worn is not None:
                stack.enter_context(contextlib.closing(worn))
                worn.look()
            elif options.barge_in == "words":
                words = stack.enter_context(contextlib.closing(armed()))
            speech = SpeechOver(webrtc_detector()) if options.barge_in == "open" else None
            if speech is not None:
                player.on_played = speech.played.put
            known = frozenset(phrases(pack))
            ears = Ears(
                lambda: SoundDeviceMicrophone(settings.device),
                engine,
                Endpointer(webrtc_detector(), PATIENCE[options.patience]),
                deaf=session.deaf,
                heard=session.heard,
                partial=captions.partial if captions and not options.quiet else lambda text: None,
                lost=session.microphone_lost,
                failed=session.recognizer_failed,
                known=known.__contains__,
                mute=session.microphone_mute,
                speech=speech,
                interrupted=session.interrupted,
                words=words,
                over=session.over,
            )
        except CompanionError as err:
            return err, can_speak
        hears = words is not None and (worn is None or worn.wait())
        status(options, f"Listening with {engine.name}.{OVER if hears else ''}")
        listening.set()
        session.run(ears, use_keys=not options.no_keys)
    return None


def _text(options: argparse.Namespace, settings: Settings, pack: Pack, router: LaterRouter, memory: Memory) -> int:
    def aloud(sentences: list[str]) -> None:
        try:
            speak(sentences, memory.settings, pack)
        except CompanionError as err:
            could_not_speak(options, err)

    def save(state: State, place: SavePlace | None) -> None:
        try:
            memory.save(state, place)
        except CompanionError as err:
            print(str(err), file=sys.stderr, flush=True)
            raise

    return run_text(
        pack,
        router,
        sys.stdin,
        sys.stdout,
        state=_begin(settings, memory),
        speak=aloud if options.speak else None,
        save=save,
        greeted=router.begin,
    )


class Memory:
    """What is kept between runs: the place, the rate, the volume, the voice."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._path = Paths.find().state_file
        self._kept, _ = load_state(self._path)

    @property
    def place(self) -> tuple[str | None, int]:
        """Item and sentence where the last conversation stopped."""
        return self._kept.place, self._kept.sentence

    def save(self, state: State, place: SavePlace | None) -> None:
        """Remember.

        Raises:
            SettingsError: It can't be written; what is remembered in this conversation stays.

        """
        item, sentence = (place.item, place.sentence) if place else (self._kept.place, self._kept.sentence)
        self._kept = Remembered(item, sentence, state.rate, state.volume, self.settings.voice)
        self.settings = self.settings.with_state(self._kept)
        save_state(self._path, self._kept)
