"""Simulated: pywin32's message pump, with nothing waiting."""


def PumpWaitingMessages():
    return 0
