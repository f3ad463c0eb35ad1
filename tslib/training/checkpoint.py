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
    metadata = {"tslib": json.dumps(notes)}
    write_whole(path, safetensors.torch.save(tensors, metadata))


def load(path, model, optimizer=None):
    """Read a file of `save` into the model, and the optimizer if one is given; returns the notes.

    InputError where the file is missing, damaged, or of another model.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            notes = json.loads((file.metadata() or {})["tslib"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no dict
    except FileNotFoundError:
        raise InputError(f"there is no checkpoint {path}.") from None
    except Exception as error:
        raise InputError(f"{path} cannot be read as a checkpoint ({error}); remove it.") from None
    weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is of another model: {reason}.") from None
    if optimizer is not None:
        state = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, i, key = name.split(".", 2)
                state.setdefault(int(i), {})[key] = value
        if "groups" not in notes:
            raise InputError(f"{path} holds a finished model, and no run to go on with.")
        optimizer.load_state_dict({"state": state, "param_groups": notes["groups"]})
    return notes
