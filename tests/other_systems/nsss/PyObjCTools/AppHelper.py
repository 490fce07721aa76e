"""Simulated: the helper that stops a run loop."""

from Foundation import NSObject


class PyObjCAppHelperRunLoopStopper(NSObject):
    running = None

    @classmethod
    def addRunLoopStopper_toRunLoop_(cls, stopper, loop):
        stopper.shouldStop = False
        PyObjCAppHelperRunLoopStopper.running = stopper

    @classmethod
    def removeRunLoopStopperFromRunLoop_(cls, loop):
        PyObjCAppHelperRunLoopStopper.running = None

    def shouldRun(self):
        return not self.shouldStop


def stopEventLoop():
    if PyObjCAppHelperRunLoopStopper.running is not None:
        PyObjCAppHelperRunLoopStopper.running.stop()
