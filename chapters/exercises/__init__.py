"""Exercises that check themselves: a checker takes the reader's function and prints one line."""

import functools


def exercise(number):
    """Make a checker of a body that takes the reader's function.

    The body returns None where all is right and a sentence where something is not, or fails an
    assertion that says it. The checker prints one line, "Exercise 1.1: " and "not attempted.",
    "right." or "not yet." with the sentence; its `verdict` returns None, True or False, and that
    line, without printing it.
    """

    def checker_of(body):
        def verdict(function):
            right, sentence = _judge(body, function)
            return right, f"Exercise {number}: {sentence}"

        @functools.wraps(body)
        def checker(function):
            print(verdict(function)[1])

        checker.verdict = verdict
        return checker

    return checker_of


class _Nothing(Exception):
    """The reader's function returned None: most often it lacks a return."""


def _judge(body, function):
    """Whether the reader's function is right, None where there is none yet, and what to say."""
    raised = []

    @functools.wraps(function)
    def watched(*args, **kwargs):
        try:
            result = function(*args, **kwargs)
            if result is NotImplemented:
                raise NotImplementedError
            if result is None:
                raise _Nothing
            return result
        except Exception as error:
            raised.append(error)
            raise

    try:
        wrong = body(watched)
    except Exception as error:
        if (
            isinstance(error, NotImplementedError) and not error.args
        ):  # with a text, it is a library's own
            return None, "not attempted."
        kind = f"{type(error).__name__}: {error}"
        if isinstance(error, _Nothing):
            wrong = "Your function returned None."
        elif error in raised:
            wrong = f"Your function raised {kind}"
        elif isinstance(error, AssertionError):
            wrong = str(error) or "The check fails."
        else:
            wrong = f"The check cannot use what your function returns ({kind})."
    return (True, "right.") if wrong is None else (False, "not yet. " + " ".join(wrong.split()))
