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
        1.024, 2.434, -2.969, -2.883, -0.03, 1.916, 1.18, -1.569, -0.702, 0.67, 0.51, 0.381, 0.55, 1.792,
        -0.328, 1.449, 2.303, -3.504, -0.887, -0.838, 0.562, 1.714,
    ),
    pair=(
        2.696, 1.088, -3.004, -1.01, 0.565, 1.638, 1.66, -1.601, -0.281, 0.236, 0.621, 0.005, 0.394, 2.899,
        -0.662, -0.153, 1.304, -3.594, -1.646, 0.141, -0.73, 1.147,
    ),
    answer=0.89,
    sure=0.75,
    offer=0.09,
)

ALONE = Calibration(
    first=(
        0.711, 2.502, -2.922, -0.205, -0.524, 2.836, 1.774, -1.918, -0.41, 0.887, 0.73, 0.694, 2.387, 0.0,
        0.711, 0.0, 2.502, 0.0, -2.922, 0.0, 0.0, 0.01,
    ),
    pair=(
        2.693, -0.106, -3.604, 0.775, 0.27, 1.825, 2.213, -2.103, -0.152, 0.642, 0.959, 0.883, 1.524, 0.0,
        2.693, 0.0, -0.106, 0.0, -3.604, 0.0, 0.0, -0.301,
    ),
    answer=0.94,
    sure=0.75,
    offer=0.18,
)
