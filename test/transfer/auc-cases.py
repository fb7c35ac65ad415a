"""Writes auc-cases.json beside itself: 100 random cases, ties in each, and what others compute of them.

Run with scikit-learn 1.9.1 and MLstatkit 0.1.91 (PyPI; its DeLong follows R's pROC): python test/transfer/auc-cases.py

A case holds labels, scores of two models, scikit-learn's roc_auc_score of both, and of MLstatkit.Delong_test the z and p of B minus A,
the variance of the difference and both 95 % intervals, which are cut off at 0 and 1. Cases that MLstatkit does not answer by
DeLong's formula (it falls back to a bootstrap where the variance is 0) are left out. `classes` and `labels` hold roc_auc_score with
multi_class='ovr' of softmax probabilities and with average='macro' of several labels.
"""

import json
from pathlib import Path

import numpy as np
from MLstatkit import Delong_test
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(2026)


def two(n, decimals):
    labels = rng.random(n) < rng.uniform(0.15, 0.85)
    common = rng.standard_normal(n) + labels * rng.uniform(-0.3, 1.8)
    models = [np.round(common + rng.uniform(0.2, 1) * rng.standard_normal(n), decimals) for _ in range(2)]
    return labels.astype(int), *models


cases = []
while len(cases) < 100:
    labels, a, b = two(int(rng.integers(6, 60)), int(rng.choice([0, 0, 1, 1, 2])))
    if not 2 <= labels.sum() <= len(labels) - 2:
        continue
    if any(len(set(scores)) == len(scores) for scores in (a, b)):
        continue
    z, p, of_a, of_b, _, _, info = Delong_test(labels, a, b)
    if info["method"] != "delong":
        continue
    cases.append({
        "labels": labels.tolist(),
        "a": a.tolist(),
        "b": b.tolist(),
        "aucs": [roc_auc_score(labels, a), roc_auc_score(labels, b)],
        "z": z,
        "p": p,
        "variance": info["var_diff"],
        "intervals": [of_a, of_b],
    })

numbers = rng.integers(0, 4, 60)
logits = np.round(rng.standard_normal((60, 4)) + 1.2 * np.eye(4)[numbers], 1)
classes = {
    "labels": numbers.tolist(),
    "logits": logits.ravel().tolist(),
    "auc": roc_auc_score(numbers, softmax(logits, axis=1), multi_class="ovr"),
    "perClass": roc_auc_score(np.eye(4)[numbers], softmax(logits, axis=1), average=None).tolist(),
}
findings = (rng.random((50, 3)) < [0.5, 0.2, 0.1]).astype(int)
logits = np.round(rng.standard_normal((50, 3)) + findings, 1)
labels = {
    "labels": findings.ravel().tolist(),
    "logits": logits.ravel().tolist(),
    "auc": roc_auc_score(findings, logits, average="macro"),
    "perClass": roc_auc_score(findings, logits, average=None).tolist(),
}
out = {"cases": cases, "classes": classes, "labels": labels}
Path(__file__).with_suffix(".json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
