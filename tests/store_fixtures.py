"""A model store, and a server to fetch from: ``pytest_plugins = ["store_fixtures"]`` in a test module.

PYTEST_DONT_REWRITE: test modules import from here before pytest would.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_server import ARCHIVE, VOSK_FILES, Behaviour, serving, zip_of

from companion.settings import Paths

GOOD = zip_of(VOSK_FILES)
"""Made once: a ZIP archive holds the time."""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"COMPANION_HOME": str(tmp_path)})


@pytest.fixture
def how() -> Behaviour:
    """What the server does: it has one good archive."""
    return Behaviour(files={ARCHIVE: GOOD})


@pytest.fixture
def address(how: Behaviour) -> Iterator[str]:
    with serving(how) as found:
        yield found
