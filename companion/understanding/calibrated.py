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
        0.91, 3.78, -2.973, -1.552, -0.489, 3.335, 1.537, -2.858, -1.075, 0.645, 0.592, 0.061, 1.377, 0.184,
        1.077, 2.39, 1.987, -3.496, -1.021, -0.919, 0.444, 2.066,
    ),
    pair=(
        1.528, 1.449, -3.057, 0.017, -0.104, 2.839, 1.978, -2.004, -0.423, 0.153, 0.445, -0.122, 1.6, 1.737,
        1.62, 1.81, 1.369, -4.051, -1.302, -0.54, -1.56, 1.356,
    ),
    answer=0.92,
    sure=0.75,
    offer=0.1,
)

ALONE = Calibration(
    first=(
        1.038, 2.623, -2.876, 1.645, -0.734, 3.184, 2.239, -3.119, -0.578, 0.894, 0.825, 0.642, 2.674, 0.0,
        1.038, 0.0, 2.623, 0.0, -2.876, 0.0, 0.0, -0.379,
    ),
    pair=(
        2.873, 0.253, -3.314, 1.825, 0.132, 1.622, 2.676, -2.929, -0.358, 0.219, 1.003, 0.981, 1.742, 0.0,
        2.873, 0.0, 0.253, 0.0, -3.314, 0.0, 0.0, -0.517,
    ),
    answer=0.95,
    sure=0.75,
    offer=0.21,
)
