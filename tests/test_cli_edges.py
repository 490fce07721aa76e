"""Commands that speak, and the ends of the store, the settings and the doctor that are seldom reached."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.metadata
import io
import json
import shutil
import socket
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from model_server import ARCHIVE, VOSK_FILES, Behaviour, serving, vosk_model, zip_of
from numpy.typing import NDArray
from store_fixtures import GOOD

from companion import doctor, fetching
from companion.bench.rig import Rig
from companion.catalogue import CATALOGUE, Model
from companion.cli import main
from companion.cli.arguments import parse
from companion.cli.ask import _answer
from companion.cli.common import settings_of, topics_of
from companion.cli.pack import _colliding
from companion.content import load_pack
from companion.content.types import Pack
from companion.errors import EngineError, ModelError
from companion.events import SpeechSettings, VoiceInfo
from companion.fetching import Pinned, UnreachableError, fetch_file
from companion.settings import Paths, Settings, State, load_state, peek_state, save_state
from companion.store import ModelStore
from companion.understanding import Router
from companion.understanding.library import LARGE
from companion.understanding.neighbours import Collision
from companion.unpacking import unpack_zip

pytest_plugins = ["store_fixtures"]
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

PACK = load_pack()
BIOPSY = PACK.term("glossary/biopsy")
assert BIOPSY is not None
MEANING = BIOPSY.meaning
MINILM = next(m for m in CATALOGUE if m.name == "minilm")
Told = pytest.CaptureFixture[str]


class SoundCard:
    """Stands in for PortAudio, with one loudspeaker that plays into memory at ten times the pace of a real one."""

    class PortAudioError(Exception):
        pass

    def __init__(self, *, there: bool = True, lost_after: float | None = None) -> None:
        self._there, self._lost_after = there, lost_after
        self.seconds = 0.0
        """Of sound, silence left out."""
        self.peak = 0.0

    def query_devices(self, index: int | None = None, kind: str | None = None) -> Any:
        row = {"name": "Speaker", "max_input_channels": 0, "max_output_channels": 2, "default_samplerate": 22_050.0}
        return ([row] if self._there else []) if kind is None else row

    def OutputStream(self, **how: Any) -> Stream:
        return Stream(self, **how)

    def played(self, block: NDArray[np.float32], rate: int) -> bool:
        """Hear a block; False when the loudspeaker is pulled out."""
        self.seconds += float(np.count_nonzero(np.abs(block) > 0.002)) / rate
        self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))
        return not (self._lost_after is not None and self.seconds >= self._lost_after)


class Stream:
    latency = 0.0

    def __init__(
        self,
        card: SoundCard,
        *,
        samplerate: int,
        channels: int,
        callback: Callable[[NDArray[np.float32], int, Any, Any], None],
        finished_callback: Callable[[], None],
        **_: Any,
    ) -> None:
        self._card, self._rate, self._channels = card, samplerate, channels
        self._callback, self._finished = callback, finished_callback
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def abort(self, **_: Any) -> None:
        self._ended.set()
        self._thread.join(5)

    close = abort

    def _run(self) -> None:
        block = np.zeros((1_024, self._channels), np.float32)
        while not self._ended.wait(len(block) / self._rate / 10):
            self._callback(block, len(block), None, None)
            if not self._card.played(block[:, 0], self._rate):
                self._finished()
                return


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPANION_HOME", str(tmp_path / "home"))
    for name in ("COMPANION_MODEL", "COMPANION_MODEL_MIRROR", "COMPANION_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def router() -> Router:
    """Made once, and without a topic model, which takes ten seconds: what is asked here is found by rules."""
    return Router(PACK)


@pytest.fixture
def by_rules(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command has that router."""
    for place in ("companion.cli.ask.Router", "companion.understanding.Router"):
        monkeypatch.setattr(place, lambda pack, topics: router)


def plug_in(monkeypatch: pytest.MonkeyPatch, **how: Any) -> SoundCard:
    card = SoundCard(**how)
    # A busy machine that lets the stand-in wait is no lost device.
    monkeypatch.setattr("companion.speaking.player.HEARTBEAT", 60.0)
    monkeypatch.setitem(sys.modules, "sounddevice", card)
    return card


@contextlib.contextmanager
def disk_that_takes(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: the system then says EFBIG, one of the ways of a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# Speaking.


def test_a_narration_is_printed_and_heard(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    card = plug_in(monkeypatch)
    assert main(["narrate", "glossary/biopsy"]) == 0
    told = capsys.readouterr()
    assert told.out == MEANING + "\n" and told.err == ""
    assert card.seconds > 1.0


def test_an_answer_is_read_aloud_at_the_volume_asked_for(
    by_rules: None, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    peaks = []
    for volume in ("1", "0.25"):
        card = plug_in(monkeypatch)
        assert main(["ask", "--speak", "--json", "--rate", "300", "--volume", volume, "say that again"]) == 0
        row = json.loads(capsys.readouterr().out)
        assert row["seconds"]["speak"] > 0 and card.seconds > 0.3
        peaks.append(card.peak)
    assert peaks[1] == pytest.approx(peaks[0] / 4, rel=0.1)


def test_without_a_loudspeaker_the_text_stands_and_a_file_is_proposed(
    monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    plug_in(monkeypatch, there=False)
    assert main(["narrate", "glossary/biopsy"]) == 0
    told = capsys.readouterr()
    assert told.out == MEANING + "\n"
    first, second = told.err.splitlines()
    assert first.startswith("Not spoken: There is no loudspeaker.")
    assert second.endswith("companion narrate glossary/biopsy --out narration.mp3.")


def test_a_loudspeaker_that_is_pulled_out_ends_the_narration_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    card = plug_in(monkeypatch, lost_after=0.2)
    assert main(["narrate", "glossary/biopsy"]) == 0
    told = capsys.readouterr()
    assert "Not spoken: The loudspeaker was lost." in told.err and "--out narration.mp3" in told.err
    assert 0.2 <= card.seconds < 1.0


def test_a_voice_that_is_not_there_is_told_and_no_file_is_proposed(
    monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    card = plug_in(monkeypatch)
    assert main(["narrate", "glossary/biopsy", "--voice", "No Such Voice"]) == 0
    told = capsys.readouterr()
    assert told.out == MEANING + "\n"
    assert told.err.startswith("Not spoken: ") and "No Such Voice" in told.err and "--out" not in told.err
    assert card.seconds == 0


def test_an_answer_that_cannot_be_spoken_is_printed_with_the_reason(
    by_rules: None, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    plug_in(monkeypatch, there=False)
    assert main(["ask", "--speak", "--json", "what is a biopsy"]) == 0
    told = capsys.readouterr()
    row = json.loads(told.out)
    assert row["text"] and row["seconds"]["speak"] is None
    assert told.err.startswith("Not spoken: There is no loudspeaker.")


def test_words_that_cannot_be_listened_for_lead_to_text_that_is_read_aloud(
    by_rules: None, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    """A stand-in for a recogniser of single words that does not load."""

    def fails(*_: object) -> object:
        raise EngineError("PocketSphinx could not be loaded.", "Run companion doctor.")

    card = plug_in(monkeypatch)
    monkeypatch.setattr("companion.hearing.over.ProcessRecognizer", fails)
    monkeypatch.setattr("sys.stdin", io.StringIO("goodbye\n"))
    assert main(["--barge-in", "words", "--engine", "pocketsphinx", "--rate", "440"]) == 0
    told = capsys.readouterr()
    assert "PocketSphinx could not be loaded. Run companion doctor. Going on in text." in told.err
    assert "The answers are read aloud." in told.err and card.seconds > 0.3


# What is asked for.


def test_push_to_talk_needs_keys(capsys: Told) -> None:
    assert main(["--push-to-talk", "--no-keys"]) == 2
    assert capsys.readouterr().err == "error: Push to talk needs a key. Leave out --no-keys or --push-to-talk.\n"


@pytest.mark.parametrize("many", [["--batch"], ["--audio", "one.wav", "two.wav"]])
@pytest.mark.parametrize("way", [["--speak"], ["--out", "answer.wav"]])
def test_several_questions_are_not_spoken(many: list[str], way: list[str], capsys: Told) -> None:
    assert main(["ask", *way, *many]) == 2
    assert capsys.readouterr().err == "error: --out and --speak go with one question. Ask one at a time.\n"


def test_two_questions_in_one_breath_are_both_told_in_json(router: Router) -> None:
    both = _answer("what are the symptoms of metastasis and how is it treated", router, PACK)
    row = json.loads(both.as_json(explain=False))
    assert (row["id"], row["then"]) == ("symptoms", {"decision": "answer", "id": "treatment"})
    alone = json.loads(_answer("what are the symptoms of metastasis", router, PACK).as_json(explain=False))
    assert alone["id"] == "symptoms" and "then" not in alone


@pytest.mark.parametrize(("rate", "volume"), [(80, 0.0), (200, 0.5), (449, 1.0)])
def test_rates_and_volumes_in_range_reach_the_voice(rate: int, volume: float) -> None:
    options = parse(["--rate", str(rate), "--volume", str(volume), "doctor"])
    assert settings_of(options).speech == SpeechSettings(rate=rate, volume=volume)


def test_a_fault_of_the_programs_own_is_one_line_and_whole_for_those_who_look(
    monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    """A stand-in for a command with a mistake in it."""

    def broken(_options: object) -> int:
        raise LookupError("no such row")

    monkeypatch.setattr("companion.cli.doctor.run", broken)
    assert main(["doctor"]) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1
    assert told.err.startswith("error: Companion hit a fault of its own (LookupError: no such row).")
    monkeypatch.setenv("COMPANION_DEBUG", "1")
    with pytest.raises(LookupError, match="no such row"):
        main(["doctor"])


# Packs.


STARTS, MIDDLES = "b d f g k l m n p r".split(), "a e i o u".split()
ENDS = "ranosis lumitis nemia fengalia torpathy sarcosis delvitis hormalgia quinemia jastosis".split()


def test_a_pack_of_hundreds_of_items_is_answered_through_its_index_and_that_is_kept() -> None:
    base, names = PACK.questions[0], [a + b + c for a in STARTS for b in MIDDLES for c in ENDS]
    items = tuple(
        replace(base, id=name, title=name, question=f"What is {name}?", wordings=(), number=n)
        for n, name in enumerate(names, 1)
    )
    assert len(items) >= LARGE
    decision = Router(replace(PACK, questions=items, facts=()), topics_of).decide(f"what is {names[100]}")
    assert (decision.kind, decision.id) == ("answer", names[100])
    assert [p for p in Paths.find().cache.rglob("*") if p.is_file()]


def test_a_pack_whose_wordings_all_point_home_gets_no_advice_about_them() -> None:
    assert list(_colliding([], every=False)) == list(_colliding([], every=True)) == []


def test_a_few_wordings_that_point_elsewhere_are_all_told_at_once() -> None:
    near = Collision("what", "say what it is", "spread", "say how it is", 0.4)
    told = list(_colliding([near, replace(near, wording="what is it like", value=0.6)], every=False))
    assert told == [
        "advice: 2 wordings are nearer to another entry than to the rest of its own. From and to, how many:",
        "advice: what to spread: 2.",
        'advice: what: "what is it like" is nearer to "say how it is" of spread. Word it differently, or move it.',
        'advice: what: "say what it is" is nearer to "say how it is" of spread. Word it differently, or move it.',
    ]
    assert next(_colliding([near], every=False)).startswith("advice: 1 wording is nearer")


# Models.


def tiny_minilm() -> tuple[Model, dict[str, bytes]]:
    """The sentence model's entry with other, small files."""
    content = {f"{MINILM.folder}/{f.name}": f.name.encode() for f in MINILM.files}
    files = tuple(
        replace(f, sha256=hashlib.sha256(f.name.encode()).hexdigest(), size=len(f.name)) for f in MINILM.files
    )
    return replace(MINILM, files=files, wheel=None), content


@pytest.fixture
def tiny_catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    """Stands in for the catalogue, whose files lie on the internet: two small models on a server on this machine."""
    minilm, files = tiny_minilm()
    catalogue = (replace(vosk_model(GOOD), name="vosk-small"), minilm)
    monkeypatch.setattr("companion.cli.model.ModelStore", lambda paths: ModelStore(paths, catalogue))
    how = Behaviour(files={ARCHIVE: GOOD, **files})
    with serving(how) as address:
        monkeypatch.setenv("COMPANION_MODEL_MIRROR", address)
        yield how


def test_a_model_is_fetched_and_its_folder_printed(tiny_catalogue: Behaviour, capsys: Told) -> None:
    assert main(["model", "fetch"]) == 0
    told = capsys.readouterr()
    folder = Paths.find().models / "vosk-model-tiny"
    assert told.out == f"{folder}\n" and folder.is_dir()
    assert told.err.endswith("vosk-small is ready.\n") and "Preparing" not in told.err
    assert main(["model", "path", "vosk-small"]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert main(["model", "verify"]) == 0
    assert "is whole" in capsys.readouterr().out
    assert len(tiny_catalogue.asked) == 1


@pytest.mark.parametrize("kept", [False, True])
def test_after_the_sentence_model_the_pack_is_prepared(
    kept: bool, tiny_catalogue: Behaviour, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    """Stands in for the learning, which takes a minute: what is to be learned, that it is waited for and told of."""
    learned: list[str] = []

    def learn(pack: Pack, _vocabulary: object) -> SimpleNamespace:
        def wait(timeout: float | None = None) -> bool:
            if kept or timeout is None:
                learned.append(pack.id)
            return kept or timeout is None

        return SimpleNamespace(wait=wait)

    monkeypatch.setattr("companion.cli.common.topics_of", learn)
    assert main(["model", "fetch", "minilm"]) == 0
    told = capsys.readouterr()
    assert told.out == f"{Paths.find().models / MINILM.folder}\n" and learned == [PACK.id]
    assert ("Preparing the pack." in told.err[told.err.index("minilm is ready.") :]) is not kept


def test_the_path_of_a_model_named_in_the_environment_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    zipfile.ZipFile(io.BytesIO(zip_of(VOSK_FILES))).extractall(tmp_path)
    monkeypatch.setenv("COMPANION_MODEL", str(tmp_path / "vosk-model-tiny"))
    assert main(["model", "path"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'vosk-model-tiny'}\n"


# The bench.


def test_a_bench_that_hears_no_voice_says_so(
    by_rules: None, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    """Thirty seconds of waiting are made a third of one."""
    card, real = plug_in(monkeypatch), Rig.until
    monkeypatch.setattr(Rig, "until", lambda rig, found, patience: real(rig, found, patience / 100))
    assert main(["bench", "--volume", "0", "--engine", "pocketsphinx", "--turns", "1"]) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err == "error: The voice could not be heard. Run companion doctor.\n"
    assert card.seconds == 0


@pytest.mark.parametrize("soak", [0, 60])
def test_the_bench_tells_its_figures_in_lines(
    by_rules: None, soak: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Told
) -> None:
    """Given figures stand in for the measuring, which takes live sound (see test_bench); the report is real."""

    class GivenRig:
        recognizer = SimpleNamespace(name="vosk")

        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> GivenRig:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def until(self, *_: object) -> float:
            return 1.0

    rows = {("key to silence", "ms"): [20.0, 30.0], ("nothing", "ms"): []}
    monkeypatch.setattr("companion.bench.rig.Rig", GivenRig)
    monkeypatch.setattr("companion.bench.run.converse", lambda *_: rows)
    monkeypatch.setattr("companion.bench.run.losses", lambda *_: None)
    monkeypatch.setattr("companion.bench.run.starts", lambda *_: None)
    monkeypatch.setattr("companion.bench.run.soak", lambda *_: [{"seconds": 60, "turns": 4}])
    plot = tmp_path / "bench.svg"
    assert main(["bench", "--turns", "2", "--soak", str(soak), "--plot", str(plot)]) == 0
    told = capfd.readouterr()
    first, figures, *soaked, last = told.out.splitlines()
    assert first.endswith("; vosk.") and figures == "key to silence: p50 20, p95 30, max 30 ms (n = 2)"
    assert soaked == (["seconds 60, turns 4"] if soak else []) and last == f"Plot: {plot}"
    assert "Measuring 2 turns with vosk. You will hear it." in told.err
    assert "key to silence" in plot.read_text("utf-8")


# Transfers.


def pinned(content: bytes, address: str, size: int | None = -1) -> Pinned:
    return Pinned(f"{address}file.bin", hashlib.sha256(content).hexdigest(), len(content) if size == -1 else size)


def begun(paths: Path, file: Pinned, how: Behaviour) -> None:
    how.cut_after = 9_000
    with pytest.raises(UnreachableError, match="broke off after 9 kB"):
        fetch_file(file, paths / "file.bin", "file", lambda line: None)
    how.cut_after = None


CONTENT = bytes(range(256)) * 100


def test_a_server_that_answers_too_late_is_hung_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        with pytest.raises(UnreachableError, match=r"nothing within 0\.05 seconds"):
            fetching._open(f"http://127.0.0.1:{server.getsockname()[1]}/file.bin", {}, 0.05)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            assert b"GET /file.bin" in connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b"", "the connection was closed"


def test_a_server_that_fails_at_the_second_try_costs_nothing_of_the_first(tmp_path: Path) -> None:
    how = Behaviour(files={"file.bin": CONTENT})
    with serving(how) as address:
        file = pinned(CONTENT, address)
        begun(tmp_path, file, how)
        how.status = 503
        with pytest.raises(UnreachableError, match="status 503"):
            fetch_file(file, tmp_path / "file.bin", "file", lambda line: None)
        how.status = None
        fetch_file(file, tmp_path / "file.bin", "file", lambda line: None)
    assert how.asked[-1]["range"] == "bytes=9000-"
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_continuation_without_its_place_is_begun_anew(tmp_path: Path) -> None:
    class Odd(Behaviour):
        """Answers what asks for a part with "206 Partial Content", and does not say which part."""

        def __getattribute__(self, name: str) -> Any:
            if name == "status" and self.asked and "range" in self.asked[-1]:
                return 206
            return super().__getattribute__(name)

    how = Odd(files={"file.bin": CONTENT})
    with serving(how) as address:
        file = pinned(CONTENT, address)
        begun(tmp_path, file, how)
        fetch_file(file, tmp_path / "file.bin", "file", lambda line: None)
    assert ["range" in headers for headers in how.asked] == [False, True, False]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [202, 206])
def test_an_answer_that_is_not_the_file_is_not_taken_for_it(tmp_path: Path, status: int) -> None:
    how = Behaviour(files={"file.bin": CONTENT}, status=status)
    with serving(how) as address, pytest.raises(UnreachableError, match=f"it answered with status {status}"):
        fetch_file(pinned(CONTENT, address), tmp_path / "file.bin", "file", lambda line: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [-1, None])
def test_every_tenth_is_told_once(tmp_path: Path, size: int | None) -> None:
    content = CONTENT * 60
    lines: list[str] = []
    with serving(Behaviour(files={"file.bin": content})) as address:
        fetch_file(pinned(content, address, size), tmp_path / "file.bin", "file", lines.append)
    assert lines == ["Fetching file, 2 MB.", *(f"{n} percent." for n in range(10, 101, 10))]


def test_a_transfer_that_was_whole_when_the_program_ended_is_not_asked_for_again(tmp_path: Path) -> None:
    how = Behaviour(files={"file.bin": CONTENT})
    with serving(how) as address:
        file = pinned(CONTENT, address)
        (tmp_path / f"file.bin.{file.sha256[:12]}.part").write_bytes(CONTENT)
        fetch_file(file, tmp_path / "file.bin", "file", lambda line: None)
    assert how.asked == [] and [p.name for p in tmp_path.iterdir()] == ["file.bin"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_disk_that_fills_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    full = pytest.raises(ModelError, match="The disk is full, so file was not stored")
    with serving(Behaviour(files={"file.bin": CONTENT})) as address, full, disk_that_takes(9_000):
        fetch_file(pinned(CONTENT, address), tmp_path / "file.bin", "file", lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file.bin").mkdir()
    refused = pytest.raises(ModelError, match=r"file could not be stored in .*may write there")
    with serving(Behaviour(files={"file.bin": CONTENT})) as address, refused:
        fetch_file(pinned(CONTENT, address), tmp_path / "file.bin", "file", lambda line: None)
    assert (tmp_path / "file.bin").is_dir()


def test_an_archive_whose_file_is_shorter_than_announced_is_refused(tmp_path: Path) -> None:
    content = zip_of({"a": b"hello " * 1_000}, packed=True)
    lie = content.replace((6_000).to_bytes(4, "little"), (6_100).to_bytes(4, "little"))
    assert lie != content
    (tmp_path / "lie.zip").write_bytes(lie)
    (tmp_path / "inside").mkdir()
    with pytest.raises(ModelError, match="shorter than announced"):
        unpack_zip(tmp_path / "lie.zip", tmp_path / "inside")


def test_a_disk_that_fills_is_not_called_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "good.zip").write_bytes(zip_of({"a": CONTENT}))
    (tmp_path / "inside").mkdir()
    with disk_that_takes(9_000), pytest.raises(OSError) as caught:
        unpack_zip(tmp_path / "good.zip", tmp_path / "inside")
    assert fetching.is_full(caught.value)


# The store.


def test_a_first_model_that_cannot_take_its_place_leaves_nothing(
    paths: Paths, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: renaming the fresh folder fails, as on Windows while another program looks into it."""
    store = ModelStore(paths, (vosk_model(GOOD),))
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if ".new-" in str(self):
            raise PermissionError(errno.EACCES, "in use")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(ModelError, match=r"tiny could not be stored in .*in use.*may write there"):
        store.fetch("tiny", base_url=address)
    assert [p.name for p in store.folder.iterdir() if p.name != ".lock"] == []


def test_an_old_model_beside_its_whole_successor_is_removed(paths: Paths, how: Behaviour, address: str) -> None:
    store = ModelStore(paths, (vosk_model(GOOD),))
    folder = store.fetch("tiny", base_url=address)
    old = folder.with_name(f".{folder.name}.old")
    shutil.copytree(folder, old)
    (old / "graph" / "HCLr.fst").write_bytes(b"cut")
    store.fetch("tiny", base_url=address)
    assert not old.exists() and store.verify("tiny").ok and len(how.asked) == 1


# Settings and the doctor.


def test_where_every_name_for_a_broken_place_is_taken_the_last_one_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a folder that holds 9,999 of them."""
    path = tmp_path / "state.json"
    path.write_text("{broken")
    last = tmp_path / "state.json.broken-9999"
    monkeypatch.setattr("os.path.lexists", lambda _path: True)
    state, note = load_state(path)
    assert state == State() and note is not None and f"It was kept as {last}, " in note
    assert last.read_text() == "{broken" and not path.exists()


def test_a_place_that_was_saved_is_found_right() -> None:
    path = Paths.find().state_file
    save_state(path, State(place="spreads", sentence=1))
    assert peek_state(path) is None
    (found,) = doctor._place(Settings())
    assert found.found and found.to_do == ""


def test_a_system_without_an_english_voice_is_told() -> None:
    """Stands in for a system with other voices."""
    voices = [VoiceInfo(id=x, name=x, languages=(x,)) for x in ("de", "fr-fr")]
    assert doctor._listed(voices) == "2 voices, none of them English."
    assert doctor._listed([*voices, VoiceInfo(id="x", name="Jo", languages=("EN-gb",))]).endswith("English ones: Jo.")


@pytest.mark.parametrize(
    ("check", "name", "package"),
    [(doctor._pocketsphinx, "PocketSphinx", "pocketsphinx"), (doctor._vosk, "Vosk", "vosk")],
)
def test_a_recogniser_that_is_not_installed_is_told_with_the_way_to_it(
    check: Callable[[Settings], Iterator[doctor.Part]], name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a Python without that package."""
    real = importlib.metadata.version

    def version(wanted: str) -> str:
        if wanted == package:
            raise importlib.metadata.PackageNotFoundError(wanted)
        return real(wanted)

    monkeypatch.setattr(importlib.metadata, "version", version)
    (part,) = check(Settings())
    assert (part.name, part.found, part.detail) == (name, False, "It isn't installed.")
    assert part.to_do == f"Run pip install {package}."


def test_the_sentence_model_is_found_only_with_files_of_the_right_size() -> None:
    folder = Paths.find().models / MINILM.folder
    folder.mkdir(parents=True)
    for file in MINILM.files:
        with (folder / file.name).open("wb") as out:
            out.truncate(file.size)
    (part,) = doctor._meaning(Settings())
    assert part.found and MINILM.folder in part.detail and part.to_do == ""
    (folder / "tokenizer.json").write_bytes(b"cut")
    (part,) = doctor._meaning(Settings())
    assert not part.found and "companion model fetch minilm" in part.to_do
