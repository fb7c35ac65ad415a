"""torch_cka's `CKA.compare`: it knows models and data loaders only, so each network is a module that hands out its layers.

Its number is the mini-batch estimator of debiased CKA (Nguyen et al. 2021): close to the debiased CKA of all samples, not equal.
"""
import os
import warnings

import torch
from torch.utils.data import DataLoader, TensorDataset
from torch_cka import CKA

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
torch.set_grad_enabled(False)


class Layers(torch.nn.Module):
    """Splits its input into the activations of its layers."""

    def __init__(self, widths):
        super().__init__()
        self.widths = widths
        self.layers = torch.nn.ModuleList(torch.nn.Identity() for _ in widths)

    def forward(self, batch):
        return [layer(part) for layer, part in zip(self.layers, batch.split(self.widths, dim=1))]


def before_layers_cka(data, batch_size):
    networks = []
    for side in "xy":
        count = sum(name.startswith("x") for name in data)
        parts = [torch.from_numpy(data[f"{side}{i}"]) for i in range(count)]
        loader = DataLoader(TensorDataset(torch.cat(parts, dim=1)), batch_size=batch_size, drop_last=True)
        networks.append((Layers([part.shape[1] for part in parts]), loader))
    return networks


def layers_cka(networks, batch_size):
    (a, loader_a), (b, loader_b) = networks
    names = [f"layers.{i}" for i in range(len(a.layers))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cka = CKA(a, b, model1_name="a", model2_name="b", model1_layers=names, model2_layers=names, device="cpu")
        cka.compare(loader_a, loader_b)
    return cka.export()["CKA"].numpy()
