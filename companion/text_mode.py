"""The conversation in a terminal or a pipe: lines in, whole sentences out, append-only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TextIO

from companion.content.types import Pack
from companion.dialogue import finish, prompts, said, start, step
from companion.dialogue.state import Action, Adjust, InputEnded, Quit, SavePlace, State, Understood
from companion.errors import CompanionError
from companion.ports import Router
from companion.text.sentences import split

LONGEST_LINE = 100_000
"""Characters of a line that are read; the router looks at far fewer."""
LABEL, PROMPT = "companion: ", "you: "

Speak = Callable[[list[str]], None]
Save = Callable[[State, SavePlace | None], None]
"""Raises a CompanionError when it can't."""


def run_text(
    pack: Pack,
    router: Router,
    lines: TextIO,
    out: TextIO,
    *,
    state: State | None = None,
    speak: Speak | None = None,
    save: Save | None = None,
    greeted: Callable[[], object] = lambda: None,
) -> int:
    """Converse until goodbye or the end of the input; the exit code, 0.

    A narration is printed item by item to its end, since nobody has to wait for text; "next" and "previous"
    move among the items afterwards.

    Args:
        pack: What is spoken about.
        router: Decides what the lines mean.
        lines: Where questions come from. On a terminal each is asked for with "you: ".
        out: Where answers go. Never anything else.
        state: Where to begin; None for afresh.
        speak: Called with the sentences of each reply, to read them aloud; None for silence.
        save: Called when the place or the rate and volume change; None to forget.
        greeted: Called when the greeting stands: what takes time may begin then.
    """
    terminal = lines.isatty() and out.isatty()
    state, actions = start(pack, state or State())
    state = _deliver(state, actions, pack, out, speak, save)
    greeted()
    for line in _lines(lines, out if terminal else None):
        if not any(c.isalnum() for c in line):
            continue
        decision = router.decide(line, state.context)
        if not terminal:
            print(f"{PROMPT}{decision.heard}", file=out)
        state, actions = step(state, Understood(decision), pack)
        ending = any(isinstance(a, Quit) for a in actions)
        state = _deliver(state, actions, pack, out, speak, save)
        if ending:
            return 0
    step(state, InputEnded(), pack)
    return 0


def _lines(lines: TextIO, terminal: TextIO | None) -> Iterator[str]:
    while True:
        try:
            if terminal is not None:
                terminal.write(PROMPT)
                terminal.flush()
            line = lines.readline(LONGEST_LINE)
        except KeyboardInterrupt:
            if terminal is not None:
                terminal.write("\n")  # what the shell says next begins a line of its own
                terminal.flush()
            raise
        if not line:
            if terminal is not None:
                terminal.write("\n")
            return
        while line and not line.endswith("\n") and len(line) >= LONGEST_LINE:
            rest = lines.readline(LONGEST_LINE)
            # The end of an endless line may hold the cry for help.
            line = line[: LONGEST_LINE // 2] + rest if rest else line
            if not rest or rest.endswith("\n"):
                break
        yield line


def _deliver(  # noqa: PLR0917  # private, and called with its caller's own names
    state: State, actions: tuple[Action, ...], pack: Pack, out: TextIO, speak: Speak | None, save: Save | None
) -> State:
    saved = save is None or _saved(actions, state, save)
    texts = said(actions)
    state, rest = finish(state, pack)
    told = [" ".join(prompts.honest(split(text), saved)) for text in (*texts, *rest)]
    for text in told:
        print(f"{LABEL}{text}", file=out)
    out.flush()
    if speak is not None:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C ends the speech, not the conversation
            speak([s for text in told for s in split(text)])
    return replace(state, mode="listening") if state.mode == "asleep" else state


def _saved(actions: tuple[Action, ...], state: State, save: Save) -> bool:
    """Save what the actions ask for; False when that failed. A full disk must not end a conversation."""
    try:
        for action in actions:
            if isinstance(action, SavePlace):
                save(state, action)
            elif isinstance(action, Adjust):
                save(state, None)
    except CompanionError:
        return False
    return True
