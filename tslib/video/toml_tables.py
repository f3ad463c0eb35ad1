"""Tables of TOML files, checked: their keys, and what each value has to be."""

import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..errors import InputError

# Whether a value holds, and the words for what it must be.
Rule = tuple[Callable[[Any], bool], str]


def check_table(
    table: Any, place: str, rules: Mapping[str, Rule], optional: Collection[str] = ()
) -> None:
    """InputError where a table, found at a place, lacks a key, has others, or breaks a rule."""
    if not isinstance(table, dict):
        raise InputError(f"{place} must be a table with {', '.join(rules)}.")
    for key in sorted(set(rules) - set(table) - set(optional)):
        raise InputError(f"{place} lacks the key {key!r}.")
    for key in sorted(set(table) - set(rules)):
        raise InputError(f"{place} has the unknown key {key!r}; known are {', '.join(rules)}.")
    for key, (holds, wanted) in rules.items():
        if key in table and not holds(table[key]):
            value = reprlib.repr(table[key])
            raise InputError(f"{key} of {place} must be {wanted}, but it is {value}.")


def are_numbers(value: Any, n: int, low: float = -1e6, high: float = 1e6) -> bool:
    """Whether a value is a list of n numbers from low to high; True is no number."""
    numbers = isinstance(value, list) and all(type(v) in (int, float) for v in value)
    return numbers and len(value) == n and all(low <= v <= high for v in value)
