"""A training run in one file: weights, optimizer and the step that comes next; there whole, or not at all."""

import json

import safetensors
import safetensors.torch
import torch

from ..errors import InputError
from ..files import write_whole


def save(path, model, optimizer=None, **notes):
    """Write a safetensors file: the model's weights, the optimizer's state, and notes (JSON) as metadata.

    InputError where it cannot be written; what was there before then stays.
    """
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    if optimizer is not None:
        state = optimizer.state_dict()
        for i, entries in state["state"].items():
            tensors |= {f"optimizer.{i}.{k}": torch.as_tensor(v) for k, v in entries.items() if v is not None}
        notes["groups"] = state["param_groups"]
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    write_whole(path, safetensors.torch.save(tensors, {"tslib": json.dumps(notes)}))


def notes_of(path):
    """The notes of a file of `save`, without its tensors; errors as `load`."""
    return _read(path, lambda file: None)[0]


def load(path, model, optimizer=None):
    """Read a file of `save` into the model, and the optimizer if one is given; returns the notes.

    InputError where the file is missing, damaged, or of another model.
    """
    notes, tensors = _read(path, lambda file: {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(f"{path} is of another model, or of another version of it: {reason}.") from None
    if optimizer is not None:
        state = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, i, key = name.split(".", 2)
                state.setdefault(int(i), {})[key] = value
        try:
            optimizer.load_state_dict({"state": state, "param_groups": notes["groups"]})
        except (KeyError, ValueError):
            raise InputError(f"{path} holds no run of this kind to go on with; remove it.") from None
    return notes


def _read(path, tensors):
    """Notes, and tensors(file), of a safetensors file."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if "tslib" not in metadata:
                raise ValueError("another program wrote it")
            return json.loads(metadata["tslib"]), tensors(file)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}.") from None
    except Exception as error:  # a reader in Rust has errors of its own
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(f"{path} cannot be read as a model of tslib ({reason}); remove it.") from None
