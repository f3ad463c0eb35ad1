"""Right answers of other kinds than the solutions of chapter 2; the checkers must accept each."""

import numpy as np
import torch

from tslib.distance_transform import distance_transform


def exercise_2_1_as_lists(A, B):
    return [[max(a + b for a, b in zip(row, column, strict=True)) for column in B.T] for row in A]


def exercise_2_1_in_numpy(A, B):
    return (A.numpy()[:, None] + B.numpy().T).max(-1)


def exercise_2_1_not_contiguous(A, B):
    return (A.mT[:, :, None] + B[:, None]).amax(0).mT.contiguous().mT


def exercise_2_2_as_loops(gradient, source):
    result = torch.zeros_like(gradient)
    for g, place in zip(gradient.flatten(), source.flatten().tolist(), strict=True):
        result[divmod(place, gradient.shape[1])] += g
    return result


def exercise_2_2_in_numpy(gradient, source):
    flat = np.bincount(source.numpy().ravel(), gradient.numpy().ravel(), gradient.numel())
    return flat.reshape(gradient.shape)


def exercise_2_2_by_scatter(gradient, source):
    flat = torch.zeros_like(gradient).flatten()
    return flat.scatter_add(0, source.flatten(), gradient.flatten()).reshape(gradient.shape)


def exercise_2_2_in_float32(gradient, source):
    return exercise_2_2_by_scatter(gradient.float(), source)


def exercise_2_3_as_a_list(gradient, source):
    sums = [0.0] * 4
    for (y, x), g in np.ndenumerate(gradient.numpy()):
        qy, qx = divmod(int(source[y, x]), source.shape[1])
        for k, d in enumerate((qx - x, (qx - x) ** 2, qy - y, (qy - y) ** 2)):
            sums[k] += g * d
    return sums


def exercise_2_3_as_a_list_of_tensors(gradient, source):
    Y, X = torch.meshgrid(*map(torch.arange, source.shape), indexing="ij")
    dx, dy = source % source.shape[1] - X, source // source.shape[1] - Y
    return [(gradient * d).sum() for d in (dx, dx * dx, dy, dy * dy)]


def exercise_2_3_in_numpy(gradient, source):
    qy, qx = np.divmod(source.numpy(), source.shape[1])
    Y, X = np.indices(source.shape)
    features = np.stack([qx - X, (qx - X) ** 2, qy - Y, (qy - Y) ** 2])
    return np.einsum("kij,ij->k", features, gradient.numpy())


def exercise_2_4_by_hand(score, stiffness, rest, temperature):
    q = torch.arange(len(score))
    offers = score[:, None] - stiffness * (q[:, None] - q - rest) ** 2  # (q, p)
    best = offers.amax(0)
    return best + temperature * ((offers - best) / temperature).exp().sum(0).log()


def exercise_2_4_in_numpy(score, stiffness, rest, temperature):
    q = np.arange(len(score))
    offers = score.numpy() - stiffness * (q - q[:, None] - rest) ** 2
    return temperature * np.logaddexp.reduce(offers / temperature, axis=1)


def exercise_2_4_as_a_list(score, stiffness, rest, temperature):
    q = torch.arange(len(score))
    return [
        temperature * ((score - stiffness * (q - p - rest) ** 2) / temperature).logsumexp(0)
        for p in q
    ]


def exercise_2_5_with_an_optimizer(score, target, stiffness):
    rest = torch.zeros(2, dtype=score.dtype, requires_grad=True)
    optimizer = torch.optim.SGD([rest], lr=20, maximize=True)
    for _ in range(200):
        optimizer.zero_grad()
        distance_transform(score, stiffness, rest)[target[1], target[0]].backward()
        optimizer.step()
    return rest


def exercise_2_5_by_equation(score, target, stiffness):
    x, y = target
    rest = torch.zeros(2, dtype=score.dtype)
    for _ in range(60):
        source = int(distance_transform(score, stiffness, rest, return_source=True)[1][y, x])
        stretch = torch.tensor([source % 30 - x, source // 30 - y]) - rest
        rest = rest + stretch / 2
    return rest.tolist()


def exercise_2_5_in_numpy(score, target, stiffness):
    rest = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    for _ in range(80):
        message = distance_transform(score.double(), stiffness.double(), rest)
        (slope,) = torch.autograd.grad(message[target[1], target[0]], rest)
        rest = (rest.detach() + 10 * slope).requires_grad_()
    return rest.detach().numpy().astype(np.float32)


def exercise_2_6_by_amax(score, gradient, stiffness, rest):
    score = score.requires_grad_()
    q = torch.arange(len(score))
    (score - stiffness * (q - q[:, None] - rest).square()).amax(1).backward(gradient)
    return score.grad


def exercise_2_6_as_loops(score, gradient, stiffness, rest):
    result = [0.0] * len(score)
    for p, g in enumerate(gradient.tolist()):
        offers = [s - stiffness * (q - p - rest) ** 2 for q, s in enumerate(score.tolist())]
        winners = [q for q, offer in enumerate(offers) if offer == max(offers)]
        for q in winners:
            result[q] += g / len(winners)
    return result


def exercise_2_6_in_numpy(score, gradient, stiffness, rest):
    q = np.arange(len(score))
    offers = score.numpy()[:, None] - stiffness * (q[:, None] - q - rest) ** 2  # (q, p)
    wins = offers == offers.max(0)
    return (wins * gradient.numpy() / wins.sum(0)).sum(1)


def exercise_2_7_with_torch(stiffness):
    for power in range(30, -30, -1):
        x = torch.tensor(10.0**power)
        if torch.nextafter(x, torch.tensor(torch.inf)) - x <= stiffness / 10:
            return 10.0**power


def exercise_2_7_in_float32(stiffness):
    powers = np.float32(10.0) ** np.arange(-20, 20, dtype=np.float32)
    return powers[np.spacing(powers) <= np.float32(stiffness / 10)].max()


def exercise_2_7_as_a_tensor(stiffness):
    return torch.tensor(exercise_2_7_with_torch(stiffness), dtype=torch.float64)
