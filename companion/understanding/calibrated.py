"""Weights and thresholds of the decision. Written by ``scripts/calibrate_understanding.py --write``; don't edit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """For one way of scoring."""

    first: tuple[float, ...]
    """Logistic weights for "the best topic is right", in the order of ``Evidence.features``, the intercept last."""
    pair: tuple[float, ...]
    """The same for "the right one is among the best two"."""
    answer: float
    """Least chance of an answer given at once."""
    sure: float
    """Least chance at which one topic alone is offered."""
    offer: float
    """Least chance, of the pair, at which topics are offered."""


TOGETHER = Calibration(
    first=(
        1.148, 3.701, -2.993, -2.009, -0.457, 3.114, 1.53, -3.005, -1.374, 0.724, 0.899, 0.306, 1.012,
        1.106, 1.033, 1.908, 2.127, -3.269, -0.896, -0.922, 0.514, 1.613,
    ),
    pair=(
        1.735, 0.855, -3.014, -0.92, 0.076, 2.919, 2.104, -2.478, -0.638, 0.081, 0.685, -0.22, 1.215, 2.136,
        1.413, 1.396, 1.535, -4.015, -1.385, -0.35, -0.774, 1.673,
    ),
    answer=0.91,
    sure=0.75,
    offer=0.08,
)

ALONE = Calibration(
    first=(
        1.251, 2.367, -2.538, 1.489, -0.829, 3.306, 2.496, -3.464, -0.626, 0.858, 1.027, 0.92, 1.966, 0.0,
        1.251, 0.0, 2.367, 0.0, -2.538, 0.0, 0.0, -0.632,
    ),
    pair=(
        2.941, 0.35, -3.136, 1.583, -0.235, 2.028, 2.84, -3.266, -0.282, 0.233, 1.115, 0.809, 1.031, 0.0,
        2.941, 0.0, 0.35, 0.0, -3.136, 0.0, 0.0, -0.547,
    ),
    answer=0.94,
    sure=0.75,
    offer=0.21,
)
