"""pytorch-cka's `cka_from_features`: debiased linear CKA of features in memory, float32, samples × samples inside."""
import os

import torch
from cka import cka_from_features

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def layers_cka(data):
    count = sum(name.startswith("x") for name in data)
    left, right = ([torch.from_numpy(data[f"{side}{i}"]) for i in range(count)] for side in "xy")
    return cka_from_features(left, right).numpy()
