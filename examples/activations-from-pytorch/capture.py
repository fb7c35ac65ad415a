"""Two small PyTorch networks learn the digits of scikit-learn from different random weights. What every layer of each makes of
the same test images is saved as one array a layer, samples first: seed-1.npz and seed-2.npz.

    pip install torch scikit-learn
    python capture.py [FOLDER]
"""

import os
import sys
from collections import OrderedDict

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

FOLDER = sys.argv[1] if len(sys.argv) > 1 else "demo/activations-from-pytorch"
TRAIN, EPOCHS, BATCH = 1200, 20, 50

# In float64 the rounding of another processor does not grow into other weights: the numbers of the README come out everywhere.
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # Networks as small as this one are slower on several.


def network():
    """Two convolutions and two dense layers; the names are those of the layers in the comparison."""
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(1, 8, 3, padding=1),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(8, 16, 3, padding=1),
        relu2=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flat=nn.Flatten(),
        dense=nn.Linear(16 * 4 * 4, 64),
        relu3=nn.ReLU(),
        logits=nn.Linear(64, 10),
    ))


def train(seed, images, labels):
    """A network whose initial weights, and the order of the images, follow from the seed."""
    torch.manual_seed(seed)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
    return model.eval()


def capture(model, images):
    """What every layer gives for the images, by name. `copy` because a ReLU in place would write over what came before it."""
    acts = {}
    hooks = [
        layer.register_forward_hook(
            lambda layer, x, y, name=name: acts.setdefault(name, []).append(y.to("cpu", copy=True))
        )
        for name, layer in model.named_modules()
        if not list(layer.children())
    ]
    with torch.no_grad():
        for batch in images.split(BATCH):
            model(batch)
    for hook in hooks:
        hook.remove()
    return {name: torch.cat(parts).numpy().astype("float32") for name, parts in acts.items()}


digits = load_digits()
images = torch.tensor(digits.images / 16).unsqueeze(1)  # [1797, 1, 8, 8]: channels first
labels = torch.tensor(digits.target, dtype=torch.int64)
os.makedirs(FOLDER, exist_ok=True)
for seed in [1, 2]:
    model = train(seed, images[:TRAIN], labels[:TRAIN])
    acts = capture(model, images[TRAIN:])
    right = (acts["logits"].argmax(1) == labels[TRAIN:].numpy()).mean()
    np.savez(f"{FOLDER}/seed-{seed}.npz", **acts)
    print(f"seed-{seed}.npz: {len(acts)} layers of {len(images) - TRAIN} images, {right:.1%} of them read rightly")
