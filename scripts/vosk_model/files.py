"""The model's files, as libvosk reads them.

The binary form is Kaldi's: io-funcs.cc, hmm-topology.cc, transition-model.cc, nnet-nnet.cc, am-nnet-simple.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vosk_model.features import CEPSTRA, CONF
from vosk_model.graph import Fst, Graph, acceptor, lookahead
from vosk_model.phones import SILENCE, SPEECH, class_of, phone_ids

ACOUSTIC_SCALE = 0.35
SUBSAMPLING = 3
"""Frames to a step of decoding; libvosk's word times assume it."""
MODEL_CONF = f"""--min-active=200
--max-active=3000
--beam=12.0
--lattice-beam=5.0
--acoustic-scale={ACOUSTIC_SCALE}
--frame-subsampling-factor={SUBSAMPLING}
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.75
--endpoint.rule4.min-trailing-silence=1.0
"""
_PLACES = {"B": "begin", "E": "end", "I": "internal", "S": "singleton"}
Floats = NDArray[np.float32]
Layer = tuple[Floats, Floats]
"""Weights, shape (outputs, inputs), and biases, shape (outputs,)."""


@dataclass(frozen=True, slots=True)
class Acoustic:
    """What goes into ``am/final.mdl``."""

    layers: Sequence[Layer]
    """Affine layers; all but the last are followed by a rectifier, the last by log-softmax."""
    splices: Sequence[Sequence[int]]
    """For each layer the frames of the one before it that it sees, by their distance; (0,) for the same one only."""
    priors: Floats
    """Share of each class, shape (classes,)."""
    leaving: Mapping[str, float]
    """See ``graph.leave_chances``."""
    speech: Sequence[str] = SPEECH
    """The phones beside silence and the unknown."""


def write_model(folder: Path, acoustic: Acoustic, graph: Graph, model: Fst) -> None:
    """Write all files below ``folder``.

    Args:
        folder: Must not hold a model yet.
        acoustic: The network and how long phones last.
        graph: The trie.
        model: The language model.

    """
    for part in ("am", "conf", "graph/phones"):
        (folder / part).mkdir(parents=True)
    ids = phone_ids(acoustic.speech)
    (folder / "am" / "final.mdl").write_bytes(b"\0B" + _transitions(acoustic) + _network(acoustic))
    (folder / "conf" / "mfcc.conf").write_text(CONF)
    (folder / "conf" / "model.conf").write_text(MODEL_CONF)
    (folder / "graph" / "HCLr.fst").write_bytes(lookahead(graph))
    (folder / "graph" / "Gr.fst").write_bytes(acceptor(model))
    (folder / "graph" / "disambig_tid.int").write_text(f"{2 * len(ids) + 1}\n")
    names = ["<eps>", *sorted(graph.numbers, key=graph.numbers.__getitem__), "#0", "<s>", "</s>"]
    (folder / "graph" / "words.txt").write_text("".join(f"{name} {n}\n" for n, name in enumerate(names)))
    (folder / "graph" / "phones" / "word_boundary.int").write_text(
        "".join(f"{n} {_place(name)}\n" for name, n in ids.items())
    )


def _place(name: str) -> str:
    base, _, place = name.partition("_")
    return _PLACES[place] if place else ("nonword" if base == SILENCE else "singleton")


def _int(value: int) -> bytes:
    return b"\x04" + struct.pack("<i", value)


def _float(value: float) -> bytes:
    return b"\x04" + struct.pack("<f", value)


def _ints(values: Sequence[int]) -> bytes:
    return b"\x04" + struct.pack(f"<i{len(values)}i", len(values), *values)


def _vector(values: Floats) -> bytes:
    return b"FV " + _int(len(values)) + values.astype("<f4").tobytes()


def _matrix(values: Floats) -> bytes:
    return b"FM " + _int(values.shape[0]) + _int(values.shape[1]) + values.astype("<f4").tobytes()


def _transitions(acoustic: Acoustic) -> bytes:
    leaving, ids = acoustic.leaving, phone_ids(acoustic.speech)
    # One topology for all: a state that is left or stayed in, and the end.
    state = _int(0) + _int(2) + _int(0) + _float(0.5) + _int(1) + _float(0.5)
    entry = _int(2) + state + _int(-1) + _int(0)
    topology = _ints(list(ids.values())) + _ints([-1] + [0] * len(ids)) + _int(1) + entry
    triples = b"".join(_int(n) + _int(0) + _int(class_of(name, acoustic.speech)) for name, n in ids.items())
    chances = [0.0]
    for name in ids:
        chances += [float(np.log(1 - leaving[name])), float(np.log(leaving[name]))]
    return (
        b"<TransitionModel> <Topology> " + topology + b"</Topology> <Triples> " + _int(len(ids)) + triples
        + b"</Triples> <LogProbs> " + _vector(np.array(chances, np.float32)) + b"</LogProbs> </TransitionModel> "
    )  # fmt: skip


def _network(acoustic: Acoustic) -> bytes:
    layers, priors = acoustic.layers, acoustic.priors
    context = sum(max(splice) for splice in acoustic.splices)
    lines, parts, before = [f"input-node name=input dim={CEPSTRA}"], list[bytes](), "input"
    for n, ((weights, biases), splice) in enumerate(zip(layers, acoustic.splices, strict=True), 1):
        spliced = ", ".join(f"Offset({before}, {d})" if d else before for d in splice)
        seen = f"Append({spliced})" if len(splice) > 1 else before
        lines.append(f"component-node name=affine{n} component=affine{n} input={seen}")
        affine = b"<LinearParams> " + _matrix(weights) + b"<BiasParams> " + _vector(biases)
        parts.append(_component(f"affine{n}", "FixedAffineComponent", affine))
        last = n == len(layers)
        name, kind = ("logsoftmax", "LogSoftmaxComponent") if last else (f"relu{n}", "RectifiedLinearComponent")
        lines.append(f"component-node name={name} component={name} input=affine{n}")
        empty = _vector(np.zeros(0, np.float32))
        sums = b"<ValueAvg> " + empty + b"<DerivAvg> " + empty + b"<Count> " + _float(0.0)
        inner = b"<Dim> " + _int(len(biases)) + sums
        parts.append(_component(name, kind, inner))
        before = name
    lines.append(f"output-node name=output input={before} objective=linear")
    assert len(priors) == len(acoustic.speech) + 2
    return (
        b"<Nnet3> \n" + "\n".join(lines).encode() + b"\n\n<NumComponents> " + _int(len(parts)) + b"".join(parts)
        + b"</Nnet3> <LeftContext> " + _int(context) + b"<RightContext> " + _int(context)
        + b"<Priors> " + _vector(priors)
    )  # fmt: skip


def _component(name: str, kind: str, inner: bytes) -> bytes:
    return f"<ComponentName> {name} <{kind}> ".encode() + inner + f"</{kind}> ".encode()
