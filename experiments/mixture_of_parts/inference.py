"""The best pose of a mixture of parts: exact max-sum on a tree, by the distance transform."""

from collections.abc import Sequence

import torch

from tslib.distance_transform import distance_transform


def best_pose(
    scores: Sequence[torch.Tensor],
    parents: Sequence[int],
    stiffness: Sequence[torch.Tensor],
    rest: Sequence[torch.Tensor],
    bias: Sequence[torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Place and type of every part that together score most (Yang & Ramanan, CVPR 2011,
    "Inference").

        sum_i scores_i[t_i, p_i]
            + sum over edges of bias_i[t_i, t_j] - stiffness_i[t_i] . (p_i - p_j - rest_i[t_i])^2

    where j is the parent of i. From the leaves to the root, a part tells its parent for each of the
    parent's types and cells what its best own type and cell are worth; going back, the parts take
    what won.

    Parameters
    ----------
    scores : P tensors (B, T_i, H, W), of T_i types; -inf where a part may not be
    parents : P part numbers, each smaller than the part's own; -1 for part 0, the root
    stiffness, rest : P tensors (T_i, 2), x first, see `distance_transform`; those of the root are
        not read
    bias : P tensors (T_i, T_parent); whatever stands for the root is not read

    Returns
    -------
    score : (B,)
    place : int64 (B, P), flat indices y * W + x
    kind : int64 (B, P), the types
    """
    B, _, H, W = scores[0].shape
    total = list(scores)
    source: dict[int, torch.Tensor] = {}
    winner: dict[int, torch.Tensor] = {}
    for i in range(len(parents) - 1, 0, -1):
        message, source[i] = distance_transform(total[i], stiffness[i], rest[i], return_source=True)
        best, winner[i] = (message[:, :, None] + bias[i][..., None, None]).max(1)
        total[parents[i]] = total[parents[i]] + best
    score, root = total[0].flatten(1).max(1)
    frame = torch.arange(B)
    place, kind = [root % (H * W)], [root // (H * W)]
    for i in range(1, len(parents)):
        p, t = place[parents[i]], kind[parents[i]]
        kind.append(winner[i].flatten(2)[frame, t, p])
        place.append(source[i].flatten(2)[frame, kind[i], p])
    return score, torch.stack(place, 1), torch.stack(kind, 1)
