"""The command line: arguments in, sentences and exit codes out."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from companion.errors import CompanionError, UsageError
from companion.showing import plain_output, shown, tell_faults_of_threads

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done; failed with one line on stderr; wrong arguments; ended by Ctrl-C (128 + SIGINT)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every fault ends in one line on stderr and an exit code.

    Args:
        argv: Arguments without the program's name; None for those of the process.

    """
    _streams()
    tell_faults_of_threads()
    # Sentences are too short to share among cores: more threads only make numpy's linear algebra slower to start
    # and to end. Read when numpy is first imported; workers inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with plain_output():
        return _guarded(argv)


def _guarded(argv: Sequence[str] | None) -> int:
    from companion.cli.arguments import parse, run

    try:
        code = run(parse(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except UsageError as err:
        return _fail(str(err), USAGE)
    except CompanionError as err:
        return _fail(str(err), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has left (``| head``): nothing more to say, and the interpreter must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return DONE
    except MemoryError:
        return _fail("There is not enough memory for that.", FAILED)
    except OSError as err:
        what = err.strerror or type(err).__name__
        return _fail(f"{what}{f': {err.filename}' if err.filename else ''}.", FAILED)
    except Exception as err:
        if os.environ.get("COMPANION_DEBUG"):
            raise
        return _fail(
            f"Companion hit a fault of its own ({type(err).__name__}: {err}). Please report it; "
            "with COMPANION_DEBUG=1 it shows the details.",
            FAILED,
        )


def _fail(message: str, code: int) -> int:
    print(f"error: {shown(message)}", file=sys.stderr)
    return code


def _streams() -> None:
    """UTF-8 both ways, whatever the locale; bytes that are none become replacement characters, not errors."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=errors)
    # SIGHUP: the terminal's window was closed. Windows has neither.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminated)


def _terminated(_number: int, _frame: object) -> None:
    """A polite end leaves no worker and no half-written file behind, as Ctrl-C does."""
    raise KeyboardInterrupt
