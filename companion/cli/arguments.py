"""What can be asked of the program; each command's work lives in a module of its own, loaded when called."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from companion import __version__

# command: (module, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "ask": ("companion.cli.ask", "Answer one question, typed or recorded."),
    "narrate": ("companion.cli.narrate", "Read the facts, the questions, or one item aloud, or write them to a file."),
    "transcribe": ("companion.cli.transcribe", "Write down what a recording says."),
    "doctor": ("companion.cli.doctor", "Say which parts are there, and what to do about those that are not."),
    "pack": ("companion.cli.pack", "Check or show a content pack."),
    "bench": ("companion.cli.bench", "Measure how quick the conversation is on this machine."),
    "model": ("companion.cli.model", "List, fetch, verify or locate the speech and language models."),
}
RATES = (80, 449)
"""Nominal words per minute that every voice engine accepts."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments.

    Raises:
        SystemExit: 2 on wrong arguments, 0 after ``--help`` and ``--version``.

    """
    return build_parser().parse_args(list(argv))


def run(options: argparse.Namespace) -> int:
    """Carry out a parsed command; its exit code."""
    module = COMMANDS[options.command][0] if options.command else "companion.cli.converse"
    return int(importlib.import_module(module).run(options))


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="companion",
        description="Ask aloud, hear the answer. Without a command: a hands-free conversation.",
        epilog="Nothing leaves this computer.",
    )
    parser.add_argument("--version", action="version", version=f"companion {__version__}")
    _common(parser, suppress=False)
    parser.add_argument("--text", action="store_true", help="text only: questions are typed, answers are printed")
    parser.add_argument("--speak", action="store_true", default=False, help="with --text: read the answers aloud too")
    parser.add_argument("--no-keys", action="store_true", help="no single-key commands in the conversation")
    parser.add_argument("--push-to-talk", action="store_true", help="listen only after the key T, for one question")
    parser.add_argument("--no-earcons", action="store_true", help="no short sounds in the conversation")
    parser.add_argument(
        "--barge-in",
        choices=("auto", "off", "words", "open"),
        default="auto",
        help="words: while it speaks it hears stop, next and other single words; "
        "open: it falls silent and listens when somebody speaks over it (default: words with a headset, else off)",
    )
    parser.add_argument(
        "--patience",
        choices=("quick", "normal", "relaxed"),
        default="normal",
        help="how long a silence ends a question (default: normal)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (_, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        _common(sub, suppress=True)
        _ARGUMENTS[name](sub)
    return parser


def _common(parser: argparse.ArgumentParser, *, suppress: bool) -> None:
    """Options that stand before or after the command; after it they win."""

    def default(value: object) -> object:
        return argparse.SUPPRESS if suppress else value

    group = parser.add_argument_group("options for every command")
    group.add_argument(
        "--pack", type=Path, metavar="DIR", default=default(None), help="content pack (default: metastasis)"
    )
    group.add_argument(
        "--engine", choices=("auto", "vosk", "pocketsphinx"), default=default("auto"), help="recogniser (default: auto)"
    )
    group.add_argument("--model", type=Path, metavar="DIR", default=default(None), help="folder of a Vosk model")
    group.add_argument(
        "--rate",
        type=_rate,
        metavar="N",
        default=default(None),
        help="speech rate, 80 to 449 nominal words per minute (default: 120)",
    )
    group.add_argument(
        "--volume", type=_volume, metavar="N", default=default(None), help="loudness, 0 to 1 (default: 1)"
    )
    group.add_argument("--voice", metavar="NAME", default=default(None), help="voice; companion doctor lists them")
    group.add_argument(
        "--device", metavar="NAME", default=default(None), help="sound device, by number or part of its name"
    )
    group.add_argument("--quiet", action="store_true", default=default(False), help="no status lines on stderr")


def _ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="*", metavar="TEXT", help="the question")
    parser.add_argument(
        "--audio", nargs="+", metavar="FILE", help="recordings of questions; several give a JSON line each"
    )
    parser.add_argument(
        "--batch", action="store_true", help="questions from stdin, a line each; a JSON line each on stdout"
    )
    parser.add_argument("--speak", action="store_true", help="read the answer aloud")
    parser.add_argument("--out", metavar="FILE", help="write the spoken answer to a WAV, FLAC, OGG or MP3 file")
    parser.add_argument("--json", action="store_true", help="print the whole decision as JSON")
    parser.add_argument("--explain", action="store_true", help="say why")


def _narrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", default="facts", metavar="facts|questions|all|ID", help="what to read (default: facts)"
    )
    parser.add_argument("--out", metavar="FILE", help="write to a WAV, FLAC, OGG or MP3 file instead of playing")


def _transcribe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="recordings")
    parser.add_argument("--json", action="store_true", help="a JSON line per utterance, with words and times")


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("check", "show"), help="check: errors and advice; show: all texts")
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="the pack's folder (default: the one in use)"
    )
    parser.add_argument("--all", action="store_true", help="check: every wording that points to another topic")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "fetch", "verify", "path"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which models (see: companion model list)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--turns", type=int, default=50, metavar="N", help="questions asked (default: 50)")
    parser.add_argument("--soak", type=float, default=0.0, metavar="SECONDS", help="then converse that long, and weigh")
    parser.add_argument("--plot", default="companion-bench.svg", metavar="FILE", help="where the picture is written")
    parser.add_argument("--first-prompt", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="as JSON")


_ARGUMENTS = {
    "bench": _bench,
    "ask": _ask,
    "narrate": _narrate,
    "transcribe": _transcribe,
    "doctor": _doctor,
    "pack": _pack,
    "model": _model,
}


def _rate(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"the rate is a whole number, {RATES[0]} to {RATES[1]}") from None
    if not RATES[0] <= value <= RATES[1]:
        raise argparse.ArgumentTypeError(f"the rate is a whole number, {RATES[0]} to {RATES[1]}")
    return value


def _volume(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError("the volume is a number, 0 to 1") from None
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("the volume is a number, 0 to 1")
    return value
