"""The one exception for what a user can put right."""


class InputError(ValueError):
    """Something given cannot be used; the message says what is wrong, where, and what to do."""
