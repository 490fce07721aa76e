"""An upgrade keeps settings and places: every form that a version of the program has ever written is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from companion.settings import STATE_VERSION, State, load_state, save_state

WRITTEN = Path(__file__).resolve().parent / "data" / "state"


@pytest.mark.parametrize("version", range(1, STATE_VERSION + 1))
def test_what_an_older_version_kept_is_kept(version: int, tmp_path: Path) -> None:
    for name, expected in (
        (f"v{version}.json", State("differs", 2, 140, 0.7, "gmw/en-us")),
        (f"v{version}-fresh.json", State()),
    ):
        path = shutil.copy(WRITTEN / name, tmp_path / "state.json")
        assert load_state(Path(path)) == (expected, None)
        save_state(Path(path), expected)
        assert load_state(Path(path)) == (expected, None)
        assert [p.name for p in tmp_path.iterdir()] == ["state.json"], "nothing was set aside as broken"


def test_today_is_written_as_the_newest_form_on_record(tmp_path: Path) -> None:
    """Else the form was changed without a new version, and the old program would misread it."""
    path = tmp_path / "state.json"
    for name, state in (
        (f"v{STATE_VERSION}.json", State("differs", 2, 140, 0.7, "gmw/en-us")),
        (f"v{STATE_VERSION}-fresh.json", State()),
    ):
        save_state(path, state)
        assert path.read_text(encoding="utf-8") == (WRITTEN / name).read_text(encoding="utf-8")


def test_a_newer_version_is_kept_aside_and_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    newer = (WRITTEN / "v1.json").read_text().replace('"version": 1', f'"version": {STATE_VERSION + 1}')
    path.write_text(newer)
    state, note = load_state(path)
    assert state == State() and note is not None and "kept as" in note
    assert (tmp_path / "state.json.broken-1").read_text() == newer
