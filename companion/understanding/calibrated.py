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
        -0.18, 4.061, -3.001, -0.883, -0.52, 2.777, 1.609, -2.74, -0.268, 0.667, -0.219, -0.134, 1.392,
        0.072, 0.433, 2.347, 1.26, -4.223, -0.705, -0.428, -0.122, 2.348,
    ),
    pair=(
        1.417, 0.086, -3.092, -0.809, 0.394, 1.783, 1.819, -2.882, 0.003, 0.465, -0.165, -0.283, 2.281,
        2.229, 1.391, 1.279, 1.288, -4.673, -1.174, 0.221, -0.859, 1.886,
    ),
    answer=0.96,
    sure=0.75,
    offer=0.19,
)

ALONE = Calibration(
    first=(
        0.638, 2.464, -3.019, 1.808, -1.808, 3.846, 2.082, -2.921, -0.014, 0.747, 0.3, 0.469, 2.607, 0.0,
        0.638, 0.0, 2.464, 0.0, -3.019, 0.0, 0.0, 0.559,
    ),
    pair=(
        3.268, -0.355, -3.447, 1.838, -0.874, 2.181, 2.268, -2.92, 0.206, 0.517, 0.416, 0.387, 2.597, 0.0,
        3.268, 0.0, -0.355, 0.0, -3.447, 0.0, 0.0, -0.051,
    ),
    answer=0.96,
    sure=0.75,
    offer=0.38,
)
