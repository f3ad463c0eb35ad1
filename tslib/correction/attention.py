"""Which frames a decoder step looks at: two energies, and weights and context that follow."""

import torch
from torch import Tensor, nn

from ..kernels.activations import tanh


class AdditiveAttention(nn.Module):
    """e_ij = v . tanh(W s_{i-1} + U h_j): the energy depends on state and frame together.

    Paper B, Eqs. 3 and 4, leaves a(s, h) open, and this is the form of the work that it follows.
    state, encoded : features of s and h; size : of what is under the tanh
    """

    def __init__(self, state: int, encoded: int, size: int) -> None:
        super().__init__()
        self.W = nn.Linear(state, size, bias=False)
        self.U = nn.Linear(encoded, size, bias=False)
        self.v = nn.Linear(size, 1, bias=False)

    def prepared(self, h: Tensor) -> Tensor:
        """U h_j, (B, T, size), which is the same for every step."""
        return self.U(h)

    def energy(self, s: Tensor, h: Tensor, prepared: Tensor) -> Tensor:
        """(B, T) from s (B, state), h (B, T, encoded) and what `prepared` gave."""
        return self.v(tanh(self.W(s)[:, None] + prepared))[..., 0]


class LinearAttention(nn.Module):
    """e_ij = w . [h_j; s_{i-1}] + b: the sum of a term of the frame and a term of the state.

    The second is the same for all frames j, and the softmax over them takes it away again.
    """

    def __init__(self, state: int, encoded: int) -> None:
        super().__init__()
        self.w = nn.Linear(encoded + state, 1)

    def prepared(self, h: Tensor) -> Tensor:
        """h, because nothing can be prepared."""
        return h

    def energy(self, s: Tensor, h: Tensor, prepared: Tensor) -> Tensor:
        """As in AdditiveAttention."""
        s = s[:, None].expand(-1, h.shape[1], -1)
        return self.w(torch.cat([h, s], -1))[..., 0]


def attend(energy: Tensor, h: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Context c_i = sum_j alpha_ij h_j (B, encoded), weights alpha_i (B, T): Paper B, Eqs. 3-4.

    energy : (B, T); h : (B, T, encoded); mask : bool (B, T), False where there is no frame
    """
    if mask is not None:
        energy = energy.masked_fill(~mask, -torch.inf)
    alpha = energy.softmax(1)
    return torch.einsum("bt,bte->be", alpha, h), alpha
