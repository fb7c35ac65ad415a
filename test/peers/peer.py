"""Answers a list of cases: what every `*_peer.py` has in common.

Reads one JSON object from standard input, `{"cases": [{"id", "call", "x", "y", "options"}]}` with paths of npy files, and
prints one: `{"versions": {...}, "answers": {id: {"value": number or list} or {"error": text}}}`. Arrays are given to the
peer in float64 unless the case says `"dtype": "float32"`; other keys of `options` are keyword arguments of the call.
"""
import json
import sys
from inspect import signature
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
    return {"value": plain(function(**arrays, **options))}


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
