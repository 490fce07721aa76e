"""The conversation: events in, actions out. No I/O, thread or clock."""

from companion.dialogue.core import TABLE, start, step
from companion.dialogue.responses import finish, respond, said

__all__ = ["TABLE", "finish", "respond", "said", "start", "step"]
