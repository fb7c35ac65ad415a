"""torch_cka's `CKA.compare`: it knows models and data loaders only, so a network is a module that hands on its input."""
import warnings

import torch
from torch.utils.data import DataLoader, TensorDataset
from torch_cka import CKA

from peer import serve

torch.set_grad_enabled(False)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Identity()

    def forward(self, batch):
        return self.layer(batch)


def cka(x, y, batch=None):
    """The debiased HSIC averaged over batches, as Nguyen et al. 2021; one batch of all samples where none is named."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    torch.set_default_dtype(x.dtype)
    loaders = [DataLoader(TensorDataset(side), batch_size=batch or len(side)) for side in (x, y)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        comparison = CKA(Network(), Network(), "x", "y", ["layer"], ["layer"], device="cpu")
        comparison.compare(*loaders)
    return comparison.export()["CKA"][0, 0]


serve(["torch", "torch_cka"], cka)
