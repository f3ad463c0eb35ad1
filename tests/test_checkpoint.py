"""A file of weights is whole, or it is refused."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from tslib import checkpoint
from tslib.errors import InputError


@pytest.fixture
def saved(tmp_path):
    """A file with weights, an optimizer's state and notes, and its bytes."""
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.rand(5, 3)).sum().backward()
    optimizer.step()
    file = tmp_path / "run.safetensors"
    checkpoint.save(file, network, optimizer, step=7, settings={"name": "ü", "sizes": [1, 2]})
    return file, network, optimizer


def test_what_was_saved_comes_back_and_is_saved_alike(saved, tmp_path):
    file, network, optimizer = saved
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    its = torch.optim.Adam(other.parameters())
    notes = checkpoint.load(file, other, its)
    assert notes["step"] == 7 and notes["settings"] == {"name": "ü", "sizes": [1, 2]}
    for name, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    checkpoint.save(tmp_path / "again", other, its, step=7, settings=notes["settings"])
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_every_flipped_bit_is_found(saved):
    """In the weights, where the file would still be read, as in the notes."""
    file, *_ = saved
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    refused = 0
    for place in rng.integers(8, len(whole), 300).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(bytes(damaged))
        try:
            notes, tensors = checkpoint.notes_and_tensors(file)
        except InputError as error:
            assert re.search(
                r"cannot be read as a model of tslib \(.+\); name another one, or make it again\.$",
                str(error),
            )
            refused += 1
        else:  # a space that fills up the header
            file.write_bytes(whole)
            before = checkpoint.notes_and_tensors(file)
            assert notes == before[0] and all(
                torch.equal(tensors[k], before[1][k]) for k in tensors
            )
    assert refused > 280


def test_notes_in_a_thousand_brackets_are_refused(saved):
    file, *_ = saved
    deep = "[" * 100_000 + "]" * 100_000
    from safetensors.torch import save

    file.write_bytes(save({"a": torch.zeros(1)}, {"tslib": deep}))
    with pytest.raises(InputError, match="cannot be read as a model"):
        checkpoint.notes_and_tensors(file)


def other_groups(notes, tensors):
    del notes["groups"][0]["betas"]


def a_number_for_a_group(notes, tensors):
    notes["groups"] = 3


def a_list_for_a_rate(notes, tensors):
    notes["groups"][0]["lr"] = [0.1]


def a_word_for_a_weight(notes, tensors):
    tensors["optimizer.x.step"] = torch.zeros(())


def a_name_of_two_parts(notes, tensors):
    tensors["optimizer.0"] = torch.zeros(())


def a_mean_of_another_shape(notes, tensors):
    tensors["optimizer.0.exp_avg"] = torch.zeros(0)


def a_weight_without_its_mean(notes, tensors):
    del tensors["optimizer.0.exp_avg"]


def a_mean_of_complex_numbers(notes, tensors):
    tensors["optimizer.0.exp_avg"] = tensors["optimizer.0.exp_avg"].to(torch.complex64)


def a_word_for_the_step(notes, tensors):
    notes["step"] = "seven"


def no_step(notes, tensors):
    del notes["step"]


@pytest.mark.parametrize(
    "change",
    [
        other_groups,
        a_number_for_a_group,
        a_list_for_a_rate,
        a_word_for_a_weight,
        a_name_of_two_parts,
        a_mean_of_another_shape,
        a_weight_without_its_mean,
        a_mean_of_complex_numbers,
        a_word_for_the_step,
        no_step,
    ],
)
def test_a_run_of_another_form_is_refused_though_its_checksum_is_right(saved, change):
    file, network, optimizer = saved
    notes, tensors = checkpoint.notes_and_tensors(file)
    change(notes, tensors)
    file.write_bytes(checkpoint.as_bytes(notes, tensors))
    with pytest.raises(InputError, match="holds no run of this kind to go on with; remove it"):
        checkpoint.load(file, network, optimizer, step=int, settings=dict)
