"""How a program ends that is asked to: without a word while it is still importing, or done already,
and otherwise as its `main` says after Ctrl-C. It comes first, so it imports next to nothing.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable

asked = 0  # the signal that has asked this program to end, if one has


def interrupt(number: int, frame: object) -> None:
    """The handler of a signal to end. Libraries may make another error of what it raises."""
    global asked
    asked = number
    raise KeyboardInterrupt


def once_more(lost: "sys.UnraisableHookArgs") -> None:
    """Where a destructor has swallowed a KeyboardInterrupt it comes again, a moment later."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(0.01, _again).start()
    else:
        sys.__unraisablehook__(lost)


def _again() -> None:
    number = signal.Signals(asked or signal.SIGINT)  # Ctrl-C may be ignored
    if hasattr(signal, "pthread_kill"):  # wakes a main thread that sleeps, too
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def at_once() -> None:
    """From now on Ctrl-C ends the process at once; a shell sees the exit code 130 all the same."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, interrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def program(main: Callable[[], int]) -> int:
    """The exit code of main, to which all that asks it to end is a KeyboardInterrupt."""
    for ending in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, nohup ignores it
        if (number := getattr(signal, ending, None)) and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
    sys.unraisablehook = once_more
    try:
        code = main()
    except KeyboardInterrupt:  # before it could say so, as while it reads its options
        print("interrupted.", file=sys.stderr)
        code = 130
    at_once()
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try once more
        if not code:
            print(f"What there is to say cannot be written: {error.strerror}.", file=sys.stderr)
        return code or 2
    return code
