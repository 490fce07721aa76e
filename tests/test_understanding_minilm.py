"""The sentence encoder and the cache of embeddings, on the real model where it is fetched."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.errors import ModelError
from companion.settings import Paths
from companion.store import ModelStore

np = pytest.importorskip("numpy")

from companion.understanding import embeddings, minilm  # noqa: E402 - after the check for numpy
from companion.understanding.embeddings import LazySemantics, cache_file, load_embeddings, save_embeddings  # noqa: E402
from companion.understanding.minilm import SentenceEncoder, read_safetensors  # noqa: E402
from companion.understanding.wordpiece import WordPiece, split_words  # noqa: E402

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"abcdefghijklmnopqrstuvwxyz",
    ".",
    "!",
    "?",
    "中",
    "bone",
    "can",
    "##cer",
    "##s",
]


def write_tokenizer(folder: Path, pieces: list[str] = PIECES) -> Path:
    model = {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": {p: i for i, p in enumerate(pieces)}}
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({"model": model}), encoding="utf-8")
    return path


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, body = {}, b""
    for name, array in tensors.items():
        raw = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


def small_model(folder: Path, seed: int = 0) -> Path:
    """A model of the right shape with random weights and a vocabulary of some forty pieces; 45 MB."""
    rng = np.random.default_rng(seed)
    d = minilm.DIMENSIONS
    shapes = {
        "embeddings.word_embeddings.weight": (len(PIECES), d),
        "embeddings.token_type_embeddings.weight": (2, d),
        "embeddings.position_embeddings.weight": (512, d),
        "embeddings.LayerNorm.weight": (d,),
        "embeddings.LayerNorm.bias": (d,),
    }
    for i in range(minilm.LAYERS):
        for part, rows, columns in (
            ("attention.self.query", d, d),
            ("attention.self.key", d, d),
            ("attention.self.value", d, d),
            ("attention.output.dense", d, d),
            ("intermediate.dense", 4 * d, d),
            ("output.dense", d, 4 * d),
        ):
            shapes[f"encoder.layer.{i}.{part}.weight"] = (rows, columns)
            shapes[f"encoder.layer.{i}.{part}.bias"] = (rows,)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{i}.{part}.weight"] = (d,)
            shapes[f"encoder.layer.{i}.{part}.bias"] = (d,)
    tensors = {n: rng.normal(0, 0.05, s).astype(np.float32) for n, s in shapes.items()}
    for name in tensors:
        if name.endswith("LayerNorm.weight"):
            tensors[name] += 1
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    write_safetensors(folder / "model.safetensors", tensors)
    return folder


@pytest.fixture(scope="session")
def fake(tmp_path_factory) -> Path:
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def real() -> Path:
    path = ModelStore(Paths.find()).path("minilm")
    if path is None:
        pytest.skip("all-MiniLM-L6-v2 is not fetched; run: companion model fetch minilm")
    return path


def textbook(tensors: dict, ids: list[int]) -> np.ndarray:
    """BERT as its paper writes it, in double precision, head by head: what the fast code must agree with."""
    from math import erf, sqrt

    t = {n: a.astype(np.float64) for n, a in tensors.items()}

    def norm(x, name):
        mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
        return (x - mean) / np.sqrt(var + 1e-12) * t[name + ".weight"] + t[name + ".bias"]

    def dense(x, name):
        return x @ t[name + ".weight"].T + t[name + ".bias"]

    x = t["embeddings.word_embeddings.weight"][ids] + t["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + t["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for i in range(6):
        n = f"encoder.layer.{i}"
        q, k, v = (dense(x, f"{n}.attention.self.{p}") for p in ("query", "key", "value"))
        heads = []
        for h in range(12):
            s = slice(32 * h, 32 * h + 32)
            a = np.exp(q[:, s] @ k[:, s].T / sqrt(32))
            heads.append(a / a.sum(1, keepdims=True) @ v[:, s])
        x = norm(x + dense(np.hstack(heads), f"{n}.attention.output.dense"), f"{n}.attention.output.LayerNorm")
        y = dense(x, f"{n}.intermediate.dense")
        y = y * 0.5 * (1 + np.vectorize(erf)(y / sqrt(2)))
        x = norm(x + dense(y, f"{n}.output.dense"), f"{n}.output.LayerNorm")
    pooled = x.mean(0)
    return pooled / np.linalg.norm(pooled)


# WordPiece


def test_pieces_are_the_longest_that_fit(tmp_path):
    pieces = WordPiece(write_tokenizer(tmp_path))
    spelled = [PIECES[i] for i in pieces.encode("Bones? CANCERS!", 64)]
    assert spelled == ["[CLS]", "bone", "##s", "?", "can", "##cer", "##s", "!", "[SEP]"]
    assert [PIECES[i] for i in pieces.encode("xyz [SEP]", 64)] == ["[CLS]", "[UNK]", "[UNK]", "[UNK]", "[UNK]", "[SEP]"]


def test_marks_of_the_model_in_a_text_are_plain_text(tmp_path):
    pieces = WordPiece(write_tokenizer(tmp_path))
    ids = pieces.encode("a [SEP] [CLS] b", 64)
    assert ids.count(pieces.sep) == 1
    assert ids.count(pieces.cls) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n", []),
        ("Naïve CAFÉ", ["naive", "cafe"]),
        ("don't", ["don", "'", "t"]),
        ("a\x00b\x7f", ["ab"]),
        ("é\u200bé", ["ee"]),
        ("中文x", ["中", "文", "x"]),
        ("ΣΑΣ", ["σασ"]),
        ("a\u00a0b—c", ["a", "b", "—", "c"]),
        ("e\tf\u2019", ["e", "f", "\u2019"]),
    ],
)
def test_words_are_cut_as_bert_cuts_them(text, words):
    assert split_words(text) == words


def test_a_long_text_is_cut_and_a_long_word_is_unknown(tmp_path):
    pieces = WordPiece(write_tokenizer(tmp_path))
    assert len(pieces.encode("bone " * 200_000, 64)) == 64
    assert pieces.encode("a" * 101, 64) == [pieces.cls, pieces.unknown, pieces.sep]
    assert pieces.encode("é" * 1_000_000, 64) == [pieces.cls, pieces.unknown, pieces.sep]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"model": {"type": "BPE"}}',
        '{"model": 5}',
        "[" * 100_000,
        '{"model": {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": '
        '{"[CLS]": 0, "[SEP]": 1, "[UNK]": 9}}}',
    ],
)
def test_a_broken_tokenizer_is_named(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        WordPiece(tmp_path / "tokenizer.json")


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_equal_to_the_reference_tokenizer(text):
    tokenizers = pytest.importorskip("tokenizers")
    # Marks that were added to Unicode lately are not known to the reference's tables.
    text = "".join(c for c in text if ord(c) < 0x600 or 0x1E00 <= ord(c) < 0x2100 or 0x4E00 <= ord(c) < 0xA000)
    own, reference = _both(tokenizers)
    assert own.encode(text, 64) == reference.encode(text).ids


_pair: list = []


def _both(tokenizers):
    if not _pair:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = ModelStore(Paths.find()).path("minilm")
            file = path / "tokenizer.json" if path else write_tokenizer(Path(folder))
            vocabulary = json.loads(file.read_text(encoding="utf-8"))["model"]["vocab"]
            own = WordPiece(file)
        reference = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
        reference.normalizer = tokenizers.normalizers.BertNormalizer()
        reference.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
        reference.post_processor = tokenizers.processors.BertProcessing(("[SEP]", own.sep), ("[CLS]", own.cls))
        reference.enable_truncation(64)
        _pair.extend((own, reference))
    return _pair


# The weights' file


def test_reads_back_what_was_written(tmp_path):
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_safetensors(tmp_path / "m", {"a": a, "b": a[0]})
    got = read_safetensors(tmp_path / "m")
    assert np.array_equal(got["a"], a)
    assert np.array_equal(got["b"], a[0])


def _file(header: object, body: bytes = b"\0" * 24, length: int | None = None) -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + body


def _entry(start: object = 0, end: object = 24, shape: object = (2, 3)) -> dict:
    return {"a": {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\1\2",
        _file({}, length=2**63),
        _file({}, length=1000),
        _file({}, length=0),
        _file(b"{nonsense}"),
        _file([1, 2]),
        _file(_entry(end=28)),
        _file(_entry(start=-4, end=20)),
        _file(_entry(start=24, end=0)),
        _file(_entry(shape=(2, 4))),
        _file(_entry(shape=(2, -3))),
        _file(_entry(shape=(2.0, 3))),
        _file(_entry(end="24")),
        _file({"a": 7}),
        _file({"a": {"dtype": "F32"}}),
        _file(_entry(), b""),
        _file(b"[" * 5_000),
    ],
)
def test_a_broken_weights_file_is_refused(tmp_path, content):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        read_safetensors(tmp_path / "m")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(content)
    try:
        assert isinstance(read_safetensors(path), dict)
    except ModelError as error:
        assert "damaged" in str(error)


def test_a_missing_model_or_another_one_is_named(tmp_path, fake):
    with pytest.raises(ModelError, match="tokenizer"):
        SentenceEncoder(tmp_path)
    shutil.copy(fake / "tokenizer.json", tmp_path)
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        SentenceEncoder(tmp_path)
    write_safetensors(tmp_path / "model.safetensors", {"embeddings.word_embeddings.weight": np.zeros((2, 2))})
    with pytest.raises(ModelError, match="not all-MiniLM"):
        SentenceEncoder(tmp_path)


# The network


def test_agrees_with_the_textbook(fake):
    encoder = SentenceEncoder(fake)
    tensors = read_safetensors(fake / "model.safetensors")
    texts = ["", "a", "bones can a b c", "x " * 40, "y " * 100]  # from one column to more than the blocks' limit
    for text, row in zip(texts, encoder.encode(texts), strict=True):
        expected = textbook(tensors, encoder._pieces.encode(text, minilm.MAX_TOKENS))
        assert np.abs(row - expected).max() < 1e-4


def test_a_text_gets_the_same_vector_alone_and_in_a_crowd(fake):
    encoder = SentenceEncoder(fake)
    texts = [f"bone {c} can" for c in "abcdefgh"] * 20 + ["", "a b c d e f", "z"]
    together = encoder.encode(texts)
    assert together.shape == (163, 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for i in (0, 7, 150, 160, 161, 162):
        assert np.abs(encoder.encode([texts[i]])[0] - together[i]).max() < 1e-5
    assert encoder.encode([]).shape == (0, 384)


def test_gelu_stays_within_its_stated_error():
    from math import erf, sqrt

    x = np.concatenate([np.linspace(-12, 12, 5001), [-1e4, -100, 100, 1e4]]).astype(np.float32)
    expected = np.array([v * 0.5 * (1 + erf(v / sqrt(2))) for v in x.astype(float)])
    got = x.copy()
    minilm._gelu(got)
    assert np.all(np.abs(got - expected) < 2.6e-5 + 1e-6 * np.abs(expected))


def test_the_published_similarities(real):
    """The example on the Sentence Transformers start page gives these three figures for this model."""
    v = SentenceEncoder(real).encode(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    got = v @ v.T
    assert [round(float(got[a, b]), 4) for a, b in ((0, 1), (0, 2), (1, 2))] == [0.6660, 0.1046, 0.1411]


def test_paraphrases_are_near_and_strangers_far(real):
    v = SentenceEncoder(real).encode(
        ["How does cancer spread?", "In what way do tumours travel through the body?", "What time does the shop open?"]
    )
    assert v[0] @ v[1] > 0.6 > 0.3 > v[0] @ v[2]


@pytest.fixture(scope="session")
def encoder(fake) -> SentenceEncoder:
    return SentenceEncoder(fake)


@given(text=st.text(max_size=400))
@settings(max_examples=40, deadline=None)
def test_any_text_gets_a_unit_vector(encoder, text):
    assert abs(float(np.linalg.norm(encoder.encode([text])[0])) - 1) < 1e-4


# The cache and the background


TEXTS = ["bone", "can", "a b c"]


def test_ready_after_loading_and_none_before(fake, tmp_path, monkeypatch):
    gate = threading.Event()
    original = embeddings.embed
    monkeypatch.setattr(embeddings, "embed", lambda *args: gate.wait(10) and original(*args))
    lazy = LazySemantics(fake, TEXTS, tmp_path)
    assert not lazy.ready
    assert lazy.similarities("bone") is None
    assert not lazy.wait(0.01)
    gate.set()
    assert lazy.wait(60), lazy.reason
    assert lazy.reason is None
    got = lazy.similarities("bone")
    assert got.shape == (3,)
    assert got.argmax() == 0
    assert got[0] == pytest.approx(1, abs=1e-4)


LEAVES = """
import atexit, threading, time, weakref
import numpy as np
from companion.understanding.embeddings import CHUNK, embed, leave
from companion.understanding.minilm import DIMENSIONS

class Slow:
    pieces = 0
    def encode(self, texts):
        Slow.pieces += 1
        time.sleep(0.05)
        return np.zeros((len(texts), DIMENSIONS), np.float32)

class Owner:
    pass

atexit.register(lambda: print(Slow.pieces, flush=True))  # the last to run
owner, leaving = Owner(), threading.Event()
thread = threading.Thread(target=embed, args=(Slow(), ["a"] * (200 * CHUNK), leaving.is_set), daemon=True)
weakref.finalize(owner, leave, thread, leaving)
thread.start()
time.sleep(0.2)
"""


def test_a_program_that_leaves_does_not_wait_for_all_embeddings():
    done = subprocess.run([sys.executable, "-c", LEAVES], capture_output=True, text=True, check=True, timeout=60)
    assert 0 < int(done.stdout) < 100, done


def test_an_error_while_embedding_is_raised_where_it_was_asked_for():
    class Broken:
        def encode(self, texts):
            raise ModelError("The model is damaged.", "")

    with pytest.raises(ModelError):
        embeddings.embed(Broken(), ["a", "b"])


def test_the_second_start_reads_the_cache(fake, tmp_path, monkeypatch):
    assert LazySemantics(fake, TEXTS, tmp_path).wait(60)
    monkeypatch.setattr(embeddings, "embed", lambda *_: pytest.fail("embedded again"))
    again = LazySemantics(fake, TEXTS, tmp_path)
    assert again.wait(60), again.reason
    assert again.similarities("can").argmax() == 1


@pytest.mark.parametrize(
    "damage",
    [lambda raw: b"", lambda raw: raw[:-40], lambda raw: raw[:200] + b"\1" + raw[201:], lambda raw: b"x" * 5000],
)
def test_a_broken_cache_is_made_again(fake, tmp_path, damage):
    assert LazySemantics(fake, TEXTS, tmp_path).wait(60)
    path = cache_file(tmp_path, fake, TEXTS)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert load_embeddings(path, len(TEXTS)) is None
    again = LazySemantics(fake, TEXTS, tmp_path)
    assert again.wait(60)
    assert again.reason is None
    assert path.read_bytes() == whole


def test_other_texts_have_another_cache(fake, tmp_path):
    files = {cache_file(tmp_path, fake, t) for t in (["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"])}
    assert len(files) == 4


def test_a_wrong_shape_in_the_cache_is_refused(tmp_path):
    save_embeddings(tmp_path / "x.npy", np.zeros((2, 384), np.float32))
    assert load_embeddings(tmp_path / "x.npy", 2) is not None
    assert load_embeddings(tmp_path / "x.npy", 3) is None
    save_embeddings(tmp_path / "x.npy", np.zeros((3, 5), np.float32))
    assert load_embeddings(tmp_path / "x.npy", 3) is None


def test_a_cache_that_cannot_be_written_costs_nothing_else(fake, tmp_path):
    (tmp_path / "file").write_text("")
    lazy = LazySemantics(fake, TEXTS, tmp_path / "file")
    assert lazy.wait(60), lazy.reason


def test_without_a_model_there_is_a_reason(tmp_path):
    lazy = LazySemantics(tmp_path / "none", TEXTS, tmp_path)
    assert not lazy.wait(60)
    assert lazy.similarities("bone") is None
    assert "companion model fetch minilm" in (lazy.reason or "")


def test_without_numpy_there_is_a_reason(fake, tmp_path, monkeypatch):
    def fail(_: Path) -> None:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr(minilm, "SentenceEncoder", fail)
    lazy = LazySemantics(fake, TEXTS, tmp_path)
    assert not lazy.wait(60)
    assert lazy.reason == "numpy is not installed or can't be loaded."


def test_a_fault_while_asking_turns_the_layer_off(fake, tmp_path, monkeypatch):
    lazy = LazySemantics(fake, TEXTS, tmp_path)
    assert lazy.wait(60)
    monkeypatch.setattr(SentenceEncoder, "encode", lambda *_: 1 / 0)
    assert lazy.similarities("bone") is None
    assert not lazy.ready
    assert "ZeroDivisionError" in (lazy.reason or "")


def test_any_text_may_be_asked(fake, tmp_path):
    lazy = LazySemantics(fake, TEXTS, tmp_path)
    assert lazy.wait(60)
    for text in ("", "\ud800", "\x00", "é" * 100_000, unicodedata.lookup("RIGHT-TO-LEFT OVERRIDE")):
        assert lazy.similarities(text).shape == (3,)


def test_closing_gives_up(fake, tmp_path, monkeypatch):
    started, gate = threading.Event(), threading.Event()
    original = embeddings.embed

    def slow(*args):
        started.set()
        gate.wait(10)
        return original(*args)

    monkeypatch.setattr(embeddings, "embed", slow)
    lazy = LazySemantics(fake, TEXTS, tmp_path)
    assert started.wait(60)
    lazy.close()
    lazy.close()
    gate.set()
    assert not lazy.wait(60)
    assert not cache_file(tmp_path, fake, TEXTS).exists()
