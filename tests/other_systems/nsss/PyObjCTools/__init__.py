"""Simulated: the tools that come with PyObjC."""
