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
        0.295, 2.695, -3.436, -0.661, -0.557, 1.355, 2.587, -3.155, -0.131, 1.131, 0.22, 0.262, 0.112,
        0.657, 0.535, 1.513, 2.809, -4.726, -0.994, -0.941, 0.956, 1.284,
    ),
    pair=(
        1.679, 1.424, -3.489, 0.16, 0.21, 0.812, 2.297, -2.082, 0.017, 0.581, 0.274, 0.201, -0.215, 1.615,
        1.137, 0.837, 1.008, -4.998, -1.281, -0.489, -0.677, 0.895,
    ),
    answer=0.87,
    sure=0.76,
    offer=0.08,
)

ALONE = Calibration(
    first=(
        1.158, 2.594, -2.517, 1.551, -0.719, 2.043, 2.794, -3.338, -0.186, 0.73, 0.986, 1.346, 0.55, 0.0,
        1.158, 0.0, 2.594, 0.0, -2.517, 0.0, 0.0, -1.306,
    ),
    pair=(
        2.749, 0.531, -2.98, 1.621, -0.806, 1.765, 2.654, -2.668, -0.145, -0.135, 1.347, 1.729, 0.149, 0.0,
        2.749, 0.0, 0.531, 0.0, -2.98, 0.0, 0.0, -0.727,
    ),
    answer=0.95,
    sure=0.75,
    offer=0.18,
)
