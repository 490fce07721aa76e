"""Simulated: PyObjC."""

import builtins

super = builtins.super


def python_method(method):
    return method
