"""How a program ends that is asked to: without a word while it is still importing, or done already,
and otherwise as its `main` says after Ctrl-C.

It imports next to nothing, because it has to come before everything else.
"""

import os
import signal
import sys
from collections.abc import Callable


def at_once() -> None:
    """From now on Ctrl-C ends the process at once; a shell sees the exit code 130 all the same."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def program(main: Callable[[], int]) -> int:
    """The exit code of main, to which all that asks it to end is a KeyboardInterrupt."""
    for ending in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, nohup ignores it
        number = getattr(signal, ending, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
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
