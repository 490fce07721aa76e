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
        -0.033, 4.074, -3.282, -0.928, -0.536, 2.861, 1.302, -2.301, -0.34, 0.687, 0.025, -0.137, 1.818,
        -0.225, 0.336, 2.839, 1.934, -4.394, -0.752, -0.943, -0.55, 2.539,
    ),
    pair=(
        1.636, 0.357, -3.164, -1.048, 0.229, 1.991, 1.526, -2.469, -0.13, 0.488, 0.041, -0.298, 1.751,
        1.978, 1.235, 1.475, 1.686, -4.91, -1.295, 0.199, -1.593, 2.185,
    ),
    answer=0.93,
    sure=0.75,
    offer=0.18,
)

ALONE = Calibration(
    first=(
        0.453, 2.737, -3.142, 1.841, -1.923, 3.958, 1.907, -2.524, 0.017, 0.786, 0.39, 0.442, 3.146, 0.0,
        0.453, 0.0, 2.737, 0.0, -3.142, 0.0, 0.0, 0.557,
    ),
    pair=(
        3.156, -0.236, -3.575, 1.997, -1.103, 2.277, 2.205, -2.655, 0.248, 0.546, 0.509, 0.338, 2.663, 0.0,
        3.156, 0.0, -0.236, 0.0, -3.575, 0.0, 0.0, -0.015,
    ),
    answer=0.93,
    sure=0.75,
    offer=0.37,
)
