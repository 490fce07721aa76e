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
        1.085, 3.969, -3.271, -1.074, -0.065, 2.944, 1.658, -2.72, -0.963, 0.865, 0.326, -0.072, 1.852,
        0.301, 0.73, 2.141, 2.242, -3.799, -0.669, -1.034, 0.171, 1.517,
    ),
    pair=(
        2.058, 1.772, -3.705, 0.198, 0.516, 2.406, 2.594, -2.742, -0.009, 0.364, 0.406, -0.337, 1.596,
        1.497, 1.679, 1.537, 1.21, -3.676, -1.325, -0.571, -1.78, 0.679,
    ),
    answer=0.94,
    sure=0.75,
    offer=0.09,
)

ALONE = Calibration(
    first=(
        0.666, 2.864, -2.97, 2.18, -0.898, 3.579, 2.068, -2.736, -0.506, 0.95, 0.786, 0.852, 3.306, 0.0,
        0.666, 0.0, 2.864, 0.0, -2.97, 0.0, 0.0, -0.464,
    ),
    pair=(
        2.974, 0.039, -3.435, 2.659, 0.111, 1.503, 2.925, -2.899, -0.033, 0.304, 0.981, 1.142, 2.671, 0.0,
        2.974, 0.0, 0.039, 0.0, -3.435, 0.0, 0.0, -1.1,
    ),
    answer=0.95,
    sure=0.75,
    offer=0.21,
)
