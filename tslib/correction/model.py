"""Paper B's network: a bidirectional LSTM reads a window of poses, an LSTM with attention writes it
anew.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .attention import AdditiveAttention, LinearAttention, attend

ATTENTIONS = ("additive", "library")
LARGEST = 4096  # units of a layer


class PoseCorrector(nn.Module):
    """Estimated poses of a window of frames -> corrected ones (Paper B, Sec. III, Fig. 2d).

    "additive" is what the paper prints, for i = 1 ... T, from s_0 = 0 and y_0 = x_1:

        h_j = [forward h_j; backward h_j]              a bidirectional LSTM over the poses x_j
        c_i = sum_j alpha_ij h_j                       alpha_i = softmax of e_i, see attention.py
        s_i = LSTM(s_{i-1}, [y_{i-1}; c_i])            fed with its own last output, also in training
        y_i = linear in (y_{i-1}, s_i, c_i)            the g of Eq. 2; a pose has no probability to print

    No state goes from the encoder to the decoder. "library" is what the library does that the
    paper's words come from: the two directions are summed, the energy is linear in [h_j; cell
    state], the decoder is fed with the context alone, and y_i = tanh(linear in s_i), so that no
    output leaves (-1, 1). Its gates and first weights are torch's own.

    Parameters
    ----------
    joints : int, K
    attention : "additive" or "library"
    hidden : int, units of each direction of the encoder, of the decoder, and under the tanh
    residual : bool
        Whether the network writes y_i - x_i instead of y_i; it then starts exactly at the identity.
    """

    def __init__(self, joints, attention="additive", hidden=128, residual=False):
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(
                f"there is no attention {attention!r}; choose one of {', '.join(ATTENTIONS)}."
            )
        check_sizes(joints=joints, hidden=hidden)
        self.settings = dict(
            joints=joints, attention=attention, hidden=hidden, residual=bool(residual)
        )
        self.library, self.residual = attention == "library", residual
        pose, encoded = 2 * joints, hidden if self.library else 2 * hidden
        self.encoder = nn.LSTM(pose, hidden, batch_first=True, bidirectional=True)
        if self.library:
            self.attention = LinearAttention(hidden, encoded)
            self.decoder = nn.LSTMCell(encoded, hidden)
            self.output = nn.Linear(hidden, pose)
        else:
            self.attention = AdditiveAttention(hidden, encoded, hidden)
            self.decoder = nn.LSTMCell(pose + encoded, hidden)
            self.output = nn.Linear(pose + hidden + encoded, pose)
        if residual:
            zeroed(self.output)

    def encode(self, poses, mask=None):
        """h (B, T, 2 hidden), or their sum (B, T, hidden); frames that the mask leaves out are not
        read.
        """
        h = bidirectional(self.encoder, poses, mask)
        return sum(h.chunk(2, -1)) if self.library else h

    def forward(self, poses, mask=None, teacher=None, return_attention=False):
        """Corrected poses (B, T, 2K), normalised as the input is.

        Parameters
        ----------
        poses : Tensor (B, T, 2K)
            Estimates, finite, see normalization.py; x and y of a joint side by side.
        mask : bool (B, T), optional
            False for the frames that fill up a short clip, which come last; they get weight 0.
        teacher : Tensor (B, T, 2K), optional True poses that the decoder is fed with in the place
            of its own outputs, where they are finite. Nobody knows them when it counts, so this is
            for training alone.
        return_attention : bool
            Also return the weights (B, T_out, T_in).

        ValueError for shapes that do not fit, or a mask with a frame after a missing one.
        """
        B, T = check_poses(poses, mask, self.settings["joints"])
        h = self.encode(poses, mask)
        prepared = self.attention.prepared(h)
        s = cell = poses.new_zeros(B, self.settings["hidden"])
        y, outputs, weights = poses[:, 0], [], []
        for i in range(T):
            c, alpha = attend(
                self.attention.energy(cell if self.library else s, h, prepared), h, mask
            )
            if self.library:
                s, cell = self.decoder(c, (s, cell))
                written = torch.tanh(self.output(s))
            else:
                s, cell = self.decoder(torch.cat([y, c], -1), (s, cell))
                written = self.output(torch.cat([y, s, c], -1))
            y = poses[:, i] + written if self.residual else written
            outputs.append(y)
            weights.append(alpha)
            if teacher is not None:
                y = torch.where(teacher[:, i].isfinite(), teacher[:, i], y)
        outputs = torch.stack(outputs, 1)
        return (outputs, torch.stack(weights, 1)) if return_attention else outputs


def bidirectional(lstm, poses, mask=None):
    """Both directions of an LSTM side by side, (B, T, 2 hidden); 0 where the mask is False."""
    if mask is None or mask.all():
        return lstm(poses)[0]
    packed = pack_padded_sequence(poses, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=poses.shape[1])[0]


def zeroed(layer):
    """Make a linear layer answer 0 to everything, as a residual begins."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def check_poses(poses, mask, joints):
    """B and T of poses (B, T, 2K); ValueError where they or the mask do not fit."""
    if poses.dim() != 3 or not poses.shape[1] or poses.shape[2] != 2 * joints:
        raise ValueError(
            f"poses must have shape (B, T, {2 * joints}), but have {tuple(poses.shape)}."
        )
    if mask is not None:
        if mask.shape != poses.shape[:2]:
            raise ValueError(
                f"mask must have shape {tuple(poses.shape[:2])}, but has {tuple(mask.shape)}."
            )
        if not mask[:, 0].all() or (mask[:, 1:] & ~mask[:, :-1]).any():
            raise ValueError(
                "mask must be True for the first frames of a window and False for the rest."
            )
    return poses.shape[:2]


def check_sizes(**sizes):
    """ValueError where the size of a layer is no whole number from 1 to 4096."""
    for name, size in sizes.items():
        if type(size) is not int or not 1 <= size <= LARGEST:
            raise ValueError(f"{name} must be a whole number from 1 to {LARGEST}, but is {size!r}.")
