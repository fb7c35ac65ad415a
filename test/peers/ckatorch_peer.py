"""ckatorch: `cka_base` and `cka_batch`, which compute in float64 whatever they are given."""
import torch
from ckatorch.core import cka_base, cka_batch

from peer import serve

torch.set_grad_enabled(False)


def cka(x, y, **options):
    return cka_base(torch.from_numpy(x), torch.from_numpy(y), **options)


def cka_rbf(x, y):
    """As wide as torch's median of all n² squared distances, the lower of two middle ones; tells both widths."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    widths = [torch.median(torch.cdist(side, side, compute_mode="donot_use_mm_for_euclid_dist")).item() for side in (x, y)]
    return {"score": cka_base(x, y, kernel="rbf").item(), "sigma": widths}


def minibatch(x, y, batch):
    """The debiased HSIC summed over batches of one size."""
    count = len(x) // batch * batch
    x, y = (torch.from_numpy(side[:count]).reshape(-1, batch, side.shape[1]) for side in (x, y))
    return cka_batch(x, y)


serve(["torch", "ckatorch"], cka, cka_rbf, minibatch)
