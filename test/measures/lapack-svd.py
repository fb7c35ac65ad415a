"""Writes lapack-svd.json beside itself: the signs that numpy.linalg.svd gives to left singular vectors.

Run with numpy 2 (OpenBLAS, LAPACK 3.10 or later): python test/measures/lapack-svd.py

The matrices of `seeded` come from a generator that the test repeats exactly; those of `correlations` are canonical
correlation matrices of random data, in ten-thousandths. A case's signs hold one number for each left vector: `+r` or
`-r` where the entry of row r (from 1) has the largest magnitude and that sign, 0 where the vector is not determined
(singular value zero or repeated). dgesdd's own signs turn on rounding for about 3 % of matrices, so cases whose signs
change under perturbations of one unit in the last place are left out.
"""

import json
from pathlib import Path

import numpy as np

KINDS = ['uniform', 'gradedRows', 'rowsGrow', 'lowRank', 'zeroColumn', 'zeroRow', 'diagonal', 'small']


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def __call__(self):
        """Uniform in [-1, 1), exact."""
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state / 2**31 - 1


def seeded(kind, rows, cols, seed):
    draw = Lcg(seed)
    fill = lambda m, n, f: np.array([[f(draw()) for _ in range(n)] for _ in range(m)])
    if kind == 'lowRank':
        rank = min(rows, cols) // 2 + 1
        integer = lambda x: float(np.floor(x * 8))
        left, right = fill(rows, rank, integer), fill(rank, cols, integer)
        # The product is exact; the noise is that of data, and larger than what the decomposition adds.
        return left @ right * (1 + 2.0**-48 * fill(rows, cols, lambda x: x))
    a = fill(rows, cols, lambda x: x)
    i, j = np.arange(rows)[:, None], np.arange(cols)[None, :]
    if kind == 'gradedRows':
        return a * 2.0**-i
    if kind == 'rowsGrow':
        return a * 2.0**i
    if kind == 'zeroColumn':
        return np.where(j == cols // 2, 0.0, a)
    if kind == 'zeroRow':
        return np.where(i == rows // 3, 0.0, a)
    if kind == 'diagonal':
        return np.where(i == j, a, 0.0)
    if kind == 'small':
        return a / 64
    return a


def signs(a):
    u, s, _ = np.linalg.svd(a, full_matrices=False)
    apart = np.full(len(s), np.inf)
    if len(s) > 1:
        gaps = s[:-1] - s[1:]
        apart = np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps))
    known = (s > 1e-11 * s[0]) & (apart > 1e-6 * s[0])
    row = np.abs(u).argmax(0)
    return [int(np.sign(u[r, k]) * (r + 1)) if known[k] else 0 for k, r in enumerate(row)]


def stable(a, expected, rng):
    for _ in range(60):
        near = a * (1 + 2.0**-52 * rng.integers(-1, 2, a.shape))
        u = np.linalg.svd(near, full_matrices=False)[0]
        if any(e and u[abs(e) - 1, k] * e < 0 for k, e in enumerate(expected)):
            return False
    return True


def correlation(k, rng):
    """Between two random representations of k neurons each that share part of their signal."""
    x = rng.standard_normal((3 * k + 20, k))
    y = rng.standard_normal(x.shape) + rng.uniform(0.3, 3, k) * x
    qx, qy = (np.linalg.svd(z - z.mean(0), full_matrices=False)[0] for z in (x, y))
    return np.round(1e4 * qx.T @ qy).astype(int)


def main():
    rng = np.random.default_rng(1)
    cases = {'seeded': [], 'correlations': []}
    seed = 0
    for index, kind in enumerate(KINDS):
        for k in range(1, 26):
            # Where the longer side is 11/6 of the shorter or more, the algorithm takes another path.
            more = k // 3
            shapes = (k, k), (k + more, k), (k, k + more), (2 * k + 1, k), (k, 2 * k + 1)
            rows, cols = shapes[(index + k) % 5]
            seed += 1
            a = seeded(kind, rows, cols, seed)
            expected = signs(a)
            if stable(a, expected, rng):
                cases['seeded'].append([kind, rows, cols, seed, expected])
    for k in (2, 3, 5, 8, 12, 16, 20, 25):
        a = correlation(k, rng)
        expected = signs(a / 1e4)
        if stable(a / 1e4, expected, rng):
            cases['correlations'].append([k, k, a.ravel().tolist(), expected])
    lines = {name: ',\n'.join(json.dumps(case, separators=(',', ':')) for case in group) for name, group in cases.items()}
    text = '{\n' + ',\n'.join(f'"{name}": [\n{body}\n]' for name, body in lines.items()) + '\n}\n'
    Path(__file__).with_suffix('.json').write_text(text)


if __name__ == '__main__':
    main()
