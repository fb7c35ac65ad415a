"""The measures in PyTorch on the CPU, float64, as an expert writes them."""
import os

import torch

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
torch.set_grad_enabled(False)


def centred(x):
    x = torch.from_numpy(x).double()
    return x - x.mean(dim=0)


def summary(cross):
    rho = torch.linalg.svdvals(cross).clamp(max=1)
    return [rho.mean().item(), *rho.tolist()]


def kept(s, variance):
    share = torch.cumsum(s**2, 0) / torch.sum(s**2)
    return min(len(s), int(torch.searchsorted(share, torch.tensor(variance, dtype=share.dtype))) + 1)


def by_svd(x, variance=None):
    u, s, _ = torch.linalg.svd(centred(x), full_matrices=False)
    return u if variance is None else u[:, : kept(s, variance)]


def by_eigh(x, variance=None):
    x = centred(x)
    w, v = torch.linalg.eigh(x.T @ x)
    s, v = w.flip(0).clamp(min=0).sqrt(), v.flip(1)
    k = int((s > 1e-7 * s[0]).sum()) if variance is None else kept(s, variance)
    return x @ (v[:, :k] / s[:k])


def cca_svd(data):
    return summary(by_svd(data["x"]).T @ by_svd(data["y"]))


def cca_eigh(data):
    return summary(by_eigh(data["x"]).T @ by_eigh(data["y"]))


def svcca_svd(data, variance=0.99):
    return summary(by_svd(data["x"], variance).T @ by_svd(data["y"], variance))


def svcca_eigh(data, variance=0.99):
    return summary(by_eigh(data["x"], variance).T @ by_eigh(data["y"], variance))


def sides(data):
    count = sum(name.startswith("x") for name in data)
    return [data[f"x{i}"] for i in range(count)], [data[f"y{i}"] for i in range(count)]


def layers_svcca_eigh(data, variance=0.99):
    left, right = ([by_eigh(x, variance) for x in side] for side in sides(data))
    return [torch.linalg.svdvals(u.T @ v).clamp(max=1).mean().item() for u in left for v in right]


def layers_cca_eigh(data):
    left, right = ([by_eigh(x) for x in side] for side in sides(data))
    return [torch.linalg.svdvals(u.T @ v).clamp(max=1).mean().item() for u in left for v in right]


def layers_cka(data):
    left, right = ([centred(x) for x in side] for side in sides(data))
    norm = torch.linalg.norm
    own = [[norm(x.T @ x) for x in side] for side in (left, right)]
    return [(norm(x.T @ y) ** 2 / (a * b)).item() for x, a in zip(left, own[0]) for y, b in zip(right, own[1])]
