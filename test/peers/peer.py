"""Answers a list of cases: what every `*_peer.py` has in common.

Reads one JSON object from standard input, `{"cases": [{"id", "call", "x", "y", "options"}]}` with paths of npy files, and
prints one: `{"versions": {...}, "answers": {id: {"value": number or list} or {"error": text}}}`. Arrays are given to the
peer in float64 unless the case says `"dtype": "float32"`; `"all_orders": true` takes the
mean over all orders of the samples of y; other keys of `options` are keyword arguments of the call.
"""
import json
import sys
from inspect import signature
from itertools import permutations
from importlib.metadata import version

import numpy as np


def load(path, dtype="float64"):
    return np.load(path).astype(dtype)


def plain(value):
    """Numbers of numpy or a tensor as JSON: a number, a list, or a dictionary of them."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return np.asarray(value, dtype=np.float64).tolist()


def answer(functions, case):
    options = dict(case.get("options", {}))
    dtype = options.pop("dtype", "float64")
    function = functions[case["call"]]
    sides = [side for side in ("x", "y", "z") if side in signature(function).parameters]
    arrays = {side: load(case[side], dtype) for side in sides}
    if options.pop("all_orders", False):
        return {"value": mean_over_orders(function, arrays, options)}
    return {"value": plain(function(**arrays, **options))}


def mean_over_orders(function, arrays, options):
    """What a score is on average when the samples of y are put in every order."""
    y = arrays["y"]
    orders = permutations(range(len(y)))
    return float(np.mean([function(**{**arrays, "y": y[list(order)]}, **options) for order in orders]))


def serve(packages, *functions):
    out, sys.stdout = sys.stdout, sys.stderr  # What a peer prints must not be taken for an answer.
    table = {function.__name__: function for function in functions}
    answers = {}
    for case in json.load(sys.stdin)["cases"]:
        try:
            answers[case["id"]] = answer(table, case)
        except Exception as error:  # One case that a peer cannot do is that case's answer.
            answers[case["id"]] = {"error": f"{type(error).__name__}: {error}"}
    json.dump({"versions": {name: version(name) for name in packages}, "answers": answers}, out)


def centred(x):
    return x - x.mean(axis=0)


def normalised(x):
    """Centred, and of Frobenius norm 1."""
    x = centred(x)
    return x / np.linalg.norm(x)
