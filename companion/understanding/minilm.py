"""Sentence embeddings by all-MiniLM-L6-v2, in plain numpy: six layers, mean pooling, unit length.

Chosen over onnxruntime (78 MB installed, and a model file of our own making that no published checksum covers):
the published weights are read as they are, mapped into memory, and nothing beyond numpy is installed.

Activations are kept feature by token, so that the weights serve in the layout they are stored in (output by
input), and each product is cut into 32 blocks of rows: OpenBLAS copies a large matrix before it multiplies, which for
a dozen tokens takes longer than the product itself; small ones it multiplies in place. That halves the time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from companion.errors import ModelError
from companion.understanding.wordpiece import WordPiece

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CODE_VERSION = 1
"""Raise it when the same text would get other numbers: part of every cache's key."""
DIMENSIONS = 384
LAYERS = 6
HEADS = 12
MAX_TOKENS = 64
"""Pieces of a text that are read, [CLS] and [SEP] among them; some fifty words."""
MAX_HEADER_BYTES = 1_000_000
LAYER_NORM_EPSILON = 1e-12
"""From the model's config.json."""
BLOCK_WIDTH, NARROW_BLOCK_WIDTH = 64, 32
"""Columns of the weights that are multiplied at once, by 384 or by 1,536 rows of them. A few tokens against one large
matrix are bound by the packing of it; blocks of this size go through the library's small products, which pack nothing:
measured 2.4 ms against 5.3 for eight tokens on one core of an EPYC with OpenBLAS."""
BATCH_TOKENS = 512

# The logit of the normal distribution function divided by x, as a polynomial in x squared, for x up to 5; fitted
# for this module by minimax. gelu(x) = x * Phi(x) comes out within 2.6e-5, at half the cost of an error function.
_GELU = (1.595015157686951, 0.07401200349986417, -0.0007031874776531454)
_GELU_LIMIT = 25.0


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file, mapped into memory, read-only.

    The format (huggingface.co/docs/safetensors): eight bytes with the header's length, little-endian; a header in
    JSON with each tensor's type, shape and span; the numbers, little-endian. Tensors of other types are left out.

    Raises:
        ModelError: The file can't be read, or its header does not fit the file.

    """
    import numpy as np

    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                raise ValueError("the header's length")
            header: dict[str, Any] = json.loads(file.read(length))
        header.pop("__metadata__", None)
        body = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length) if size > 8 + length else None
        tensors: dict[str, Floats] = {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            shape = tuple(entry["shape"])
            if not all(type(n) is int and n >= 0 for n in (start, end, *shape)):
                raise ValueError("a number")
            if not start <= end <= size - 8 - length:
                raise ValueError("a span")
            if entry["dtype"] == "F32":
                if end - start != 4 * math.prod(shape) or body is None:
                    raise ValueError("a shape")
                tensors[name] = np.asarray(body[start:end]).view("<f4").reshape(shape)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"The model file {path} can't be used ({error.strerror or 'unreadable'})."
            if isinstance(error, OSError)
            else f"The model file {path} is damaged.",
            "Fetch the model again: companion model fetch minilm",
        ) from error
    return tensors


class SentenceEncoder:
    """Turns sentences into vectors: near in meaning, near in angle. Safe to use from several threads."""

    def __init__(self, model_dir: Path) -> None:
        """Map the weights of ``model_dir`` (``model.safetensors`` and ``tokenizer.json``); takes some 20 ms.

        Checksums are the model store's matter (``companion model verify minilm``), not checked here.

        Raises:
            ModelError: A file is missing or damaged, or is another model's.
            ImportError: There is no numpy.

        """
        import numpy as np

        self._pieces = WordPiece(model_dir / "tokenizer.json")
        path = model_dir / "model.safetensors"
        tensors = read_safetensors(path)
        try:
            self._words = _take(tensors, "embeddings.word_embeddings.weight", (self._pieces.size, DIMENSIONS))
            types = _take(tensors, "embeddings.token_type_embeddings.weight", (2, DIMENSIONS))
            places = _take(tensors, "embeddings.position_embeddings.weight", (512, DIMENSIONS))
            self._places = places[:MAX_TOKENS] + types[0]
            self._norm = _norm(tensors, "embeddings.LayerNorm")
            # One piece of memory for all weights: large enough for numpy to ask for huge pages, a sixth quicker.
            room = np.empty((LAYERS, 12 * DIMENSIONS**2), dtype=np.float32)
            self._layers = [_Layer(tensors, f"encoder.layer.{i}", room[i]) for i in range(LAYERS)]
        except KeyError as error:
            raise ModelError(
                f"The model file {path} is not all-MiniLM-L6-v2: {error.args[0]} is missing or has another shape.",
                "Fetch the model again: companion model fetch minilm",
            ) from error

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embeddings of the texts.

        Args:
            texts: Any strings; what goes beyond ``MAX_TOKENS`` pieces is not read.

        Returns:
            Shape (len(texts), 384), float32, each row of length 1; the dot product of two rows is their cosine.

        """
        import numpy as np

        pieces = [self._pieces.encode(text, MAX_TOKENS) for text in texts]
        out = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        batch, held = list[int](), 0
        # Those of one length beside each other, so that attention takes them together; nothing is ever padded.
        for number in sorted(range(len(texts)), key=lambda n: len(pieces[n])):
            if batch and held + len(pieces[number]) > BATCH_TOKENS:
                out[batch] = self._forward([pieces[n] for n in batch])
                batch, held = [], 0
            batch.append(number)
            held += len(pieces[number])
        if batch:
            out[batch] = self._forward([pieces[n] for n in batch])
        return out

    def _forward(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Pieces of texts, the shorter ones first, to their embeddings, shape (texts, 384)."""
        import numpy as np

        groups = tuple((len(list(same)), length) for length, same in groupby(map(len, texts)))
        places = np.concatenate([self._places[: len(ids)] for ids in texts])
        x = self._words[np.concatenate(texts)] + places
        _normalise(x, *self._norm)
        for layer in self._layers:
            x = layer.forward(x, groups)
        parts = [part.reshape(*group, DIMENSIONS).mean(axis=1) for part, group in _parted(x, groups)]
        pooled: Floats = np.concatenate(parts)
        unit: Floats = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit


Groups = tuple[tuple[int, int], ...]
"""How many texts of which length follow one another."""


def _parted(x: Floats, groups: Groups) -> Iterator[tuple[Floats, tuple[int, int]]]:
    """The rows of each group."""
    at = 0
    for count, length in groups:
        yield x[at : at + count * length], (count, length)
        at += count * length


class _Layer:
    """One transformer layer; activations are (texts * tokens, features)."""

    def __init__(self, tensors: Mapping[str, Floats], name: str, room: Floats) -> None:
        import numpy as np

        inner, square = 4 * DIMENSIONS, DIMENSIONS**2
        attention = f"{name}.attention"
        parts = tuple(f"{attention}.self.{part}" for part in ("query", "key", "value"))
        rooms = np.split(room, (3 * square, 4 * square, 8 * square))
        self._attention = _dense(tensors, parts, (DIMENSIONS, DIMENSIONS), rooms[0])
        self._out = _dense(tensors, (f"{attention}.output.dense",), (DIMENSIONS, DIMENSIONS), rooms[1])
        self._out_norm = _norm(tensors, f"{attention}.output.LayerNorm")
        self._widen = _dense(tensors, (f"{name}.intermediate.dense",), (inner, DIMENSIONS), rooms[2])
        self._narrow = _dense(tensors, (f"{name}.output.dense",), (DIMENSIONS, inner), rooms[3])
        self._norm = _norm(tensors, f"{name}.output.LayerNorm")

    def forward(self, x: Floats, groups: Groups) -> Floats:
        import numpy as np

        mixed = [_attended(part, *group) for part, group in _parted(_times(x, self._attention), groups)]
        y = _times(np.concatenate(mixed), self._out)
        y += x
        _normalise(y, *self._out_norm)
        hidden = _times(y, self._widen)
        _gelu(hidden)
        z = _times(hidden, self._narrow)
        z += y
        _normalise(z, *self._norm)
        return z


def _attended(x: Floats, count: int, length: int) -> Floats:
    """Queries, keys and values of texts of one length, (texts * tokens, 3 * 384), to what the tokens take in."""
    import numpy as np

    width = DIMENSIONS // HEADS
    # (query, key, value; texts, heads, tokens, width)
    q, k, v = np.ascontiguousarray(x.reshape(count, length, 3, HEADS, width).transpose(2, 0, 3, 1, 4))
    scores = np.matmul(q, k.transpose(0, 1, 3, 2))  # (texts, heads, query, key)
    scores *= np.float32(1 / math.sqrt(width))
    scores -= scores.max(axis=3, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=3, keepdims=True)
    mixed = np.matmul(scores, v)  # (texts, heads, query, width)
    return np.ascontiguousarray(mixed.transpose(0, 2, 1, 3)).reshape(count * length, DIMENSIONS)


def _times(x: Floats, dense: tuple[Floats, Floats]) -> Floats:
    """Activations (rows, in) times weights in blocks (blocks, in, width), plus the bias: (rows, blocks * width)."""
    import numpy as np

    weights, bias = dense
    blocks = np.matmul(x, weights)  # (blocks, rows, width)
    y: Floats = blocks.transpose(1, 0, 2).reshape(len(x), len(bias))
    y += bias
    return y


def _normalise(x: Floats, gain: Floats, bias: Floats) -> None:
    """Layer norm over the features (axis 1), in place."""
    import numpy as np

    x -= x.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1]) + np.float32(LAYER_NORM_EPSILON))
    x /= scale[:, None]
    x *= gain
    x += bias


def _gelu(x: Floats) -> None:
    """In place: x times the normal distribution function, which is the logistic function of a polynomial."""
    import numpy as np

    square = np.minimum(x * x, np.float32(_GELU_LIMIT))
    power = square * np.float32(-_GELU[2])
    power -= np.float32(_GELU[1])
    power *= square
    power -= np.float32(_GELU[0])
    power *= x
    np.minimum(power, np.float32(80), out=power)  # exp stays finite
    np.exp(power, out=power)
    power += np.float32(1)
    x /= power


def _take(tensors: Mapping[str, Floats], name: str, shape: tuple[int, ...]) -> Floats:
    tensor = tensors.get(name)
    if tensor is None or tensor.shape != shape:
        raise KeyError(name)
    return tensor


def _dense(
    tensors: Mapping[str, Floats], names: Sequence[str], shape: tuple[int, int], room: Floats
) -> tuple[Floats, Floats]:
    """The weights of layers that see the same input, side by side and in blocks, copied into ``room``; their biases."""
    import numpy as np

    rows, inner = shape
    width = BLOCK_WIDTH if inner == DIMENSIONS else NARROW_BLOCK_WIDTH
    weights = np.vstack([_take(tensors, f"{name}.weight", shape) for name in names])
    blocks = room.reshape(-1, inner, width)
    blocks[:] = weights.reshape(-1, width, inner).transpose(0, 2, 1)
    return blocks, np.concatenate([_take(tensors, f"{name}.bias", (rows,)) for name in names])


def _norm(tensors: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    return _take(tensors, f"{name}.weight", (DIMENSIONS,)), _take(tensors, f"{name}.bias", (DIMENSIONS,))
