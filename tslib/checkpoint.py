"""Networks in files: weights, an optimizer where a run goes on, and notes that say what they are.

There is one format, safetensors with a JSON text as its metadata, and a checksum of both: a flipped
bit in a weight would give wrong joints and no error. A file of a run (`save` with an optimizer,
`load`) is taken up by the program that wrote it. A file of a finished model says of itself what has
to be built before its weights are read: `restore`.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.optim import Optimizer

from .errors import InputError
from .files import ordinary, write_whole

Model = TypeVar("Model")
Tensors = dict[str, torch.Tensor]


def save(
    path: str | Path, network: nn.Module, optimizer: Optimizer | None = None, **notes: Any
) -> None:
    """Write weights, the optimizer's state, and notes that JSON can hold.

    InputError where the file cannot be written; what was there before then stays.
    """
    tensors = {f"model.{k}": v for k, v in network.state_dict().items()}
    if optimizer is not None:
        state = optimizer.state_dict()
        for i, entries in state["state"].items():
            known = {k: v for k, v in entries.items() if v is not None}
            tensors |= {f"optimizer.{i}.{k}": torch.as_tensor(v) for k, v in known.items()}
        notes["groups"] = state["param_groups"]
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    write_whole(path, as_bytes(notes, tensors))


def as_bytes(notes: Any, tensors: Tensors) -> bytes:
    """The content of a file that holds notes and tensors, with its checksum."""
    text = json.dumps({"sha256": _checksum(notes, tensors), "notes": notes})
    # One text, because safetensors writes several in any order.
    return safetensors.torch.save(tensors, {"tslib": text})


def _checksum(notes: Any, tensors: Tensors) -> str:
    digest = hashlib.sha256(json.dumps(notes).encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def notes_and_tensors(path: str | Path) -> tuple[Any, Tensors]:
    """Notes and tensors of a file of `save`; InputError where it is missing or damaged."""
    ordinary(path, f"there is no file {path}.")
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if "tslib" not in metadata:
                raise ValueError("another program wrote it")
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        content = json.loads(metadata["tslib"])
        if content["sha256"] != _checksum(content["notes"], tensors):
            raise ValueError("its checksum is not that of its content")
        return content["notes"], tensors
    except Exception as error:  # a reader in Rust has errors of its own
        what = f"{path} cannot be read as a model of tslib"
        again = "name another one, or make it again"
        raise InputError(f"{what} ({_reason(error)}); {again}.") from None


def load(
    path: str | Path, network: nn.Module, optimizer: Optimizer | None = None, **kinds: Any
) -> dict[str, Any]:
    """Read a file of `save` into network and optimizer; returns the notes.

    kinds : notes that must be there, by name, with their type; [type] for a list of it

    Raises InputError where the file is damaged, or of another network, optimizer or run.
    """
    notes, tensors = notes_and_tensors(path)
    _fill(network, tensors, path)
    try:
        for name, kind in kinds.items():
            several = isinstance(kind, list)
            values, kind = (notes[name], kind[0]) if several else ([notes[name]], kind)
            if not all(isinstance(value, kind) for value in values):
                raise TypeError(name)
        if optimizer is not None:
            _fill_optimizer(optimizer, notes["groups"], tensors)
    except Exception:  # notes may hold anything
        what = f"{path} holds no run of this kind to go on with"
        raise InputError(f"{what}; remove it.") from None
    return notes


def _fill_optimizer(optimizer: Optimizer, groups: Any, tensors: Tensors) -> None:
    """Read an optimizer's state; an error of any kind where it is of another one."""

    def kinds(groups: Any) -> Any:
        return [{name: type(value) for name, value in group.items()} for group in groups]

    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    if kinds(groups) != kinds(json.loads(json.dumps(optimizer.state_dict()["param_groups"]))):
        raise ValueError("groups")
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, i, key = name.split(".", 2)
            like = torch.zeros(()) if key == "step" else weights[int(i)]
            if (value.shape, value.dtype) != (like.shape, like.dtype):
                raise ValueError(name)
            state.setdefault(int(i), {})[key] = value
    forms = {frozenset(entries) for entries in state.values()}
    adam = frozenset({"step", "exp_avg", "exp_avg_sq"})
    if len(forms) > 1 or isinstance(optimizer, torch.optim.Adam) and forms - {adam}:
        raise ValueError("state")
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def restore(
    path: str | Path, kind: str, build: Callable[[dict[str, Any]], tuple[Model, nn.Module]]
) -> tuple[Model, dict[str, Any]]:
    """A finished model from its file, and all the notes of that file.

    kind : the note that such a file has and no other one has, such as "corrector"
    build : function of the notes; returns the model and, in it, the network of the weights. Its
        KeyError, TypeError or the like becomes an InputError, as does a file that is missing,
        damaged, of another kind, or not finite
    """
    notes, tensors = notes_and_tensors(path)
    name = kind.replace("_", " ")
    notes = notes if isinstance(notes, dict) else {}
    if "groups" in notes:
        what = f"{path} is a run's checkpoint and not yet a {name}"
        raise InputError(f"{what}; go on with its training.")
    if kind not in notes:
        raise InputError(f"{path} holds no {name}; name a file that holds one.")
    try:
        model, network = build(notes)
    except Exception as error:  # notes may hold anything
        what = f"{path} holds no {name} that this version can run"
        raise InputError(f"{what} ({_reason(error)}).") from None
    _fill(network, tensors, path)
    if not all(weights.isfinite().all() for weights in network.parameters()):
        raise InputError(f"{path} holds weights that are not finite; train it again.")
    return model, notes


def _reason(error: Exception) -> str:
    """What an error says, in one line of at most 200 characters without a full stop."""
    return " ".join(str(error).split())[:200].rstrip(".")


def _fill(network: nn.Module, tensors: Tensors, path: str | Path) -> None:
    state = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        what = f"{path} is of another model, or of another version of it"
        raise InputError(f"{what}: {_reason(error)}.") from None
