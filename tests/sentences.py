"""What every error that a user can put right has to be."""

import pytest

from tslib.errors import InputError


def fails(said, call, *arguments, **options):
    """Assert that a call raises an InputError of one sentence that holds some words."""
    with pytest.raises(InputError) as error:
        call(*arguments, **options)
    text = str(error.value)
    assert said in text and "\n" not in text and text.endswith(".") and ".." not in text
