"""``companion model list|fetch|verify|path``."""

from __future__ import annotations

import argparse

from companion.errors import UsageError
