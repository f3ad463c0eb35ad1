"""The one exception for what a user can put right."""


class InputError(ValueError):
    """Something given cannot be used; the message is one sentence: what is wrong, where, what to
    do.
    """
