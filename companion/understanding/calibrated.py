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
        0.65,
        3.138,
        -2.684,
        -2.196,
        0.872,
        2.144,
        1.804,
        -0.972,
        -0.645,
        0.993,
        -0.061,
        0.621,
        0.623,
        1.007,
        -0.501,
        1.91,
        2.001,
        -3.959,
        -2.357,
        -0.288,
        0.241,
        1.059,
    ),
    pair=(
        1.615,
        1.367,
        -3.299,
        -2.285,
        1.323,
        2.119,
        2.002,
        -0.235,
        -0.394,
        0.027,
        -0.217,
        0.766,
        0.462,
        2.25,
        0.274,
        1.175,
        0.547,
        -4.236,
        -2.537,
        0.378,
        -0.476,
        1.59,
    ),
    answer=0.89,
    sure=0.6,
    offer=0.13,
)

ALONE = Calibration(
    first=(
        0.603,
        2.129,
        -3.21,
        0.872,
        0.682,
        2.385,
        2.158,
        -1.543,
        -0.663,
        0.92,
        0.786,
        1.45,
        1.059,
        0.0,
        0.603,
        0.0,
        2.129,
        0.0,
        -3.21,
        0.0,
        0.0,
        -1.189,
    ),
    pair=(
        1.895,
        0.393,
        -3.582,
        0.143,
        1.26,
        1.355,
        1.854,
        -0.797,
        -0.943,
        0.088,
        1.018,
        1.598,
        0.833,
        0.0,
        1.895,
        0.0,
        0.393,
        0.0,
        -3.582,
        0.0,
        0.0,
        -0.261,
    ),
    answer=0.93,
    sure=0.6,
    offer=0.29,
)
