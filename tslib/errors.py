"""The exception for what a user can put right, and one that says why a training run diverged."""


class InputError(ValueError):
    """Something given cannot be used; one sentence says what is wrong, where, and what to do."""


class NotFinite(ValueError):
    """Numbers that must be finite are not, as after a step of training that went too far."""
