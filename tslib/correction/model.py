"""Paper B's network: one LSTM reads a window of poses both ways, one with attention rewrites it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .attention import AdditiveAttention, LinearAttention, attend


class WindowNetwork(nn.Module):
    """What all networks share that correct a window: settings, checks, and the residual (shortcut).

    settings : the arguments of the network's class, from which its file builds it again
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        check_sizes(**{k: v for k, v in settings.items() if k in ("joints", "length", "hidden")})
        self.residual = settings["residual"] = bool(settings["residual"])
        self.settings = settings

    def last_layer(self, features: int, outputs: int) -> nn.Linear:
        """A linear layer; that of a residual network begins with the answer 0."""
        layer = nn.Linear(features, outputs)
        if self.residual:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        return layer

    def corrected(self, x: Tensor, written: Tensor) -> Tensor:
        """The poses y for estimates x: what the last layer writes is y, or in a residual y - x."""
        return x + written if self.residual else written

    def check(self, poses: Tensor, mask: Tensor | None) -> tuple[int, int]:
        """B and T of poses (B, T, 2K); ValueError where they or the mask (B, T) do not fit."""
        features, shape = 2 * self.settings["joints"], tuple(poses.shape)
        if len(shape) != 3 or not shape[1] or shape[2] != features:
            raise ValueError(f"poses must have shape (B, T, {features}), but have {shape}.")
        B, T, _ = shape
        if mask is not None:
            if mask.shape != (B, T):
                raise ValueError(f"mask must have shape {(B, T)}, but has {tuple(mask.shape)}.")
            if not mask[:, 0].all() or (mask[:, 1:] & ~mask[:, :-1]).any():
                raise ValueError("mask must be True for the first frames and False for the rest.")
        return B, T


class PoseCorrector(WindowNetwork):
    """Estimated poses of a window of frames -> corrected ones (Paper B, Sec. III, Fig. 2d).

    "additive" is what the paper prints, for i = 1 ... T, from s_0 = 0 and y_0 = x_1:

        h_j = [forward h_j; backward h_j]       a bidirectional LSTM over the poses x_j
        c_i = sum_j alpha_ij h_j                alpha_i = softmax of e_i, see attention.py
        s_i = LSTM(s_{i-1}, [y_{i-1}; c_i])     fed with its own last output, also in training
        y_i = linear in (y_{i-1}, s_i, c_i)     the g of Eq. 2; a pose has no probability to print

    No state goes from the encoder to the decoder. "library" is what the library does that the
    paper's words come from: the two directions are summed, the energy is linear in [h_j; cell
    state], the decoder is fed with the context alone, and y_i = tanh(linear in s_i), so that no
    output leaves (-1, 1). Its gates and first weights are torch's own.

    joints : K; attention : "additive" or "library"
    hidden : units of each direction of the encoder, of the decoder, and under the tanh
    residual : whether the network writes y_i - x_i, which starts exactly at the identity
    """

    def __init__(
        self, joints: int, attention: str = "additive", hidden: int = 128, residual: bool = False
    ) -> None:
        if attention not in ("additive", "library"):
            raise ValueError(f"there is no attention {attention!r}; choose additive or library.")
        super().__init__(joints=joints, attention=attention, hidden=hidden, residual=residual)
        self.library = attention == "library"
        pose, encoded = 2 * joints, hidden if self.library else 2 * hidden
        self.encoder = nn.LSTM(pose, hidden, batch_first=True, bidirectional=True)
        self.attention: AdditiveAttention | LinearAttention
        if self.library:
            self.attention = LinearAttention(hidden, encoded)
            self.decoder = nn.LSTMCell(encoded, hidden)
            self.output = self.last_layer(hidden, pose)
        else:
            self.attention = AdditiveAttention(hidden, encoded, hidden)
            self.decoder = nn.LSTMCell(pose + encoded, hidden)
            self.output = self.last_layer(pose + hidden + encoded, pose)

    def forward(
        self,
        poses: Tensor,
        mask: Tensor | None = None,
        teacher: Tensor | None = None,
        return_attention: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Corrected poses (B, T, 2K), normalised as the input is.

        poses : (B, T, 2K), finite estimates, see normalization.py; x and y of a joint side by side
        mask : bool (B, T), False for the frames that fill up a short clip, which come last
        teacher : (B, T, 2K), true poses that the decoder is fed with in the place of its own
            outputs, where they are finite (teacher forcing); for training alone
        return_attention : also return the weights (B, T_out, T_in)

        ValueError for shapes that do not fit, or a mask with a frame after a missing one.
        """
        B, T = self.check(poses, mask)
        h = bidirectional(self.encoder, poses, mask)
        if self.library:
            h = torch.add(*h.chunk(2, -1))
        prepared = self.attention.prepared(h)
        s = cell = poses.new_zeros(B, self.settings["hidden"])
        y, outputs, weights = poses[:, 0], [], []
        for i in range(T):
            state = cell if self.library else s
            c, alpha = attend(self.attention.energy(state, h, prepared), h, mask)
            if self.library:
                s, cell = self.decoder(c, (s, cell))
                written = torch.tanh(self.output(s))
            else:
                s, cell = self.decoder(torch.cat([y, c], -1), (s, cell))
                written = self.output(torch.cat([y, s, c], -1))
            y = self.corrected(poses[:, i], written)
            outputs.append(y)
            weights.append(alpha)
            if teacher is not None:
                y = torch.where(teacher[:, i].isfinite(), teacher[:, i], y)
        corrected = torch.stack(outputs, 1)
        return (corrected, torch.stack(weights, 1)) if return_attention else corrected


def bidirectional(lstm: nn.LSTM, poses: Tensor, mask: Tensor | None = None) -> Tensor:
    """Both directions of an LSTM side by side, (B, T, 2 hidden); 0 where the mask is False."""
    if mask is None or mask.all():
        return lstm(poses)[0]
    packed = pack_padded_sequence(poses, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=poses.shape[1])[0]


def check_sizes(**sizes: int) -> None:
    """ValueError where a size is no whole number from 1 to 1024."""
    for name, size in sizes.items():
        if type(size) is not int or not 1 <= size <= 1024:
            raise ValueError(f"{name} must be a whole number from 1 to 1024, but is {size!r}.")
