"""Simulated: a run loop that carries out timers and whatever else was put into it, one thing at a time."""

from collections import deque

NSDefaultRunLoopMode = "kCFRunLoopDefaultMode"
waiting = deque()


class NSObject:
    @classmethod
    def alloc(cls):
        return cls.__new__(cls)

    def init(self):
        return self


class NSURL:
    @staticmethod
    def fileURLWithPath_(path):
        return path


class NSDate:
    @staticmethod
    def dateWithTimeIntervalSinceNow_(seconds):
        return NSDate()

    def earlierDate_(self, other):
        return self


class NSTimer:
    @staticmethod
    def scheduledTimerWithTimeInterval_target_selector_userInfo_repeats_(seconds, target, selector, info, repeats):
        waiting.append(lambda: getattr(target, selector.replace(":", "_"))(None))


class NSRunLoop:
    _loop = None

    @classmethod
    def currentRunLoop(cls):
        cls._loop = cls._loop or cls()
        return cls._loop

    def limitDateForMode_(self, mode):
        return NSDate()

    def runMode_beforeDate_(self, mode, date):
        if waiting:
            waiting.popleft()()
        return True
