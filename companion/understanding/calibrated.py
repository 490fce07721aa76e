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
        0.428, 2.341, -3.307, -1.12, -0.603, 1.63, 2.003, -3.178, -0.365, 1.31, 0.391, 0.313, 0.078, 1.009,
        0.723, 1.452, 2.639, -4.492, -1.161, -0.353, 0.864, 1.733,
    ),
    pair=(
        1.428, 0.828, -3.468, -0.243, -0.308, 1.372, 1.776, -1.919, -0.215, 0.714, 0.385, 0.349, -0.163,
        1.675, 1.376, 0.691, 1.337, -5.01, -1.356, 0.272, -0.14, 1.638,
    ),
    answer=0.86,
    sure=0.75,
    offer=0.06,
)

ALONE = Calibration(
    first=(
        1.011, 2.677, -2.457, 1.459, -0.673, 2.18, 2.585, -3.418, -0.3, 0.86, 1.056, 1.466, 0.57, 0.0,
        1.011, 0.0, 2.677, 0.0, -2.457, 0.0, 0.0, -1.019,
    ),
    pair=(
        2.418, 0.613, -2.938, 1.441, -0.389, 1.771, 2.845, -2.788, -0.145, -0.269, 1.421, 1.66, 0.19, 0.0,
        2.418, 0.0, 0.613, 0.0, -2.938, 0.0, 0.0, -0.405,
    ),
    answer=0.94,
    sure=0.75,
    offer=0.19,
)
