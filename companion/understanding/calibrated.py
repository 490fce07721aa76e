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
        0.473, 2.999, -3.171, -1.899, -0.319, 2.771, 1.851, -3.093, -0.972, 0.926, 0.734, 0.258, 1.182,
        1.002, 1.63, 2.532, 1.937, -3.671, -0.173, -0.453, 0.493, 1.165,
    ),
    pair=(
        1.078, 0.37, -3.199, -1.201, 0.021, 2.885, 2.497, -2.54, -0.392, 0.029, 0.672, -0.446, 0.489, 2.429,
        1.71, 1.269, 1.682, -4.644, -0.847, 0.034, -0.741, 1.778,
    ),
    answer=0.93,
    sure=0.75,
    offer=0.1,
)

ALONE = Calibration(
    first=(
        1.237, 2.578, -2.243, 1.376, -0.954, 3.514, 2.851, -3.655, -0.167, 1.068, 0.917, 1.053, 2.701, 0.0,
        1.237, 0.0, 2.578, 0.0, -2.243, 0.0, 0.0, -1.173,
    ),
    pair=(
        3.071, 0.192, -2.716, 1.31, -0.473, 2.655, 3.229, -3.439, -0.101, 0.236, 1.153, 1.157, 1.593, 0.0,
        3.071, 0.0, 0.192, 0.0, -2.716, 0.0, 0.0, -0.798,
    ),
    answer=0.96,
    sure=0.75,
    offer=0.27,
)
