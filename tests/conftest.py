"""Fixtures that every room may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before numpy is imported: with a thread for each core in every process, tests side by side wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from virtual_sound import VirtualSoundCard, why_not

from companion.content import load_pack
from companion.settings import Paths
from companion.store import ModelStore
from companion.understanding import Router
from companion.understanding.background import Topics

# A busy machine is no fault of a test: nothing here is judged by the clock.
settings.register_profile("companion", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("companion")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """No test opens a connection, but for the model store's to this machine (pytest-socket; see test_trust_closed)."""
    # While branches are counted (scripts/branches.py), what the tests start is counted by settings of its own.
    hands_out = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if (children := os.environ.get("COMPANION_BRANCHES_CHILDREN")) and not hands_out:
        os.environ["COVERAGE_PROCESS_START"] = children
    config.option.disable_socket = True
    config.option.allow_unix_socket = True  # the virtual sound card's


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs live sound runs on one Python, and beside nothing else."""
    for item in items:
        if "sound_card" in getattr(item, "fixturenames", ()):
            item.add_marker("one_python")
            item.add_marker("live_sound")


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of the sentence model."""
    folder = ModelStore(Paths.find()).path("minilm")
    if folder is None:
        pytest.skip("all-MiniLM-L6-v2 is not fetched; run: companion model fetch minilm")
    return folder


@pytest.fixture(scope="session")
def minilm_router(minilm: Path) -> Router:
    """For the pack that comes with the program."""
    return Router(load_pack(), lambda pack, vocabulary: Topics(pack, vocabulary, minilm, Paths.find().cache))


@pytest.fixture(scope="session")
def _sound_server() -> Iterator[VirtualSoundCard]:
    reason = why_not()
    if reason:
        pytest.skip(f"no virtual sound card: {reason}")
    with VirtualSoundCard() as card:
        yield card


@pytest.fixture
def sound_card(_sound_server: VirtualSoundCard) -> VirtualSoundCard:
    """A private loudspeaker and microphone, both plugged in; see virtual_sound.py."""
    _sound_server.restore_loudspeaker()
    _sound_server.restore_microphone()
    _sound_server.mute_microphone(False)
    return _sound_server
