"""The measures as someone writes them who knows numpy and the linear algebra, in float64 from float32 activations.

Four ways to one answer, because which is fastest depends on the shape:
  svd        a thin SVD of each layer, once: the textbook's way, and the most accurate
  eigh       Gram matrix and its eigenvectors, once a layer
  cholesky   Gram matrix and its triangular factor, for CCA of everything
  rows       eigenvectors of the sample × sample matrix, for layers wider than they have samples

numpy alone, without scipy: its wheel brings an OpenBLAS of its own, and two pools of threads on the same cores made the
Cholesky route 1.6 times slower than `numpy.linalg.solve`, which does not know that a matrix is triangular.
"""
import numpy as np


def centred(x):
    x = x.astype(np.float64)
    x -= x.mean(axis=0)
    return x


def correlations(cross):
    return np.linalg.svd(cross, compute_uv=False)


def kept(s, variance):
    """Number of leading directions that hold this share of the variance."""
    share = np.cumsum(s**2) / np.sum(s**2)
    return min(len(s), int(np.searchsorted(share, variance)) + 1)


# --- a factor of each layer: orthonormal basis U of its samples (or what makes one), singular values, directions


def by_svd(x):
    u, s, vt = np.linalg.svd(centred(x), full_matrices=False)
    return u, s, vt


def by_eigh(x):
    """Centred samples, singular values and directions from the Gram matrix; directions below the noise of it are cut."""
    x = centred(x)
    w, v = np.linalg.eigh(x.T @ x)
    s = np.sqrt(np.maximum(w[::-1], 0))
    rank = int(np.sum(s > 1e-7 * s[0]))
    return x, s[:rank], v[:, ::-1][:, :rank]


def by_rows(x, variance):
    """The basis alone, from the n × n side."""
    x = centred(x)
    w, u = np.linalg.eigh(x @ x.T)
    s = np.sqrt(np.maximum(w[::-1], 0))
    return u[:, ::-1][:, : kept(s, variance)]


def basis(factor, k):
    x, s, v = factor
    return x @ (v[:, :k] / s[:k])


# --- one pair


def summary(rho):
    rho = np.minimum(rho, 1)
    return [rho.mean(), *rho]


def cca_svd(data):
    (u, _, _), (v, _, _) = by_svd(data["x"]), by_svd(data["y"])
    return summary(correlations(u.T @ v))


def whitened(fx, fy, kx, ky):
    """U₁ᵀU₂ from the cross-product of the samples, which is cheaper than the two bases."""
    (x, sx, vx), (y, sy, vy) = fx, fy
    return (vx[:, :kx] / sx[:kx]).T @ (x.T @ y) @ (vy[:, :ky] / sy[:ky])


def cca_eigh(data):
    fx, fy = by_eigh(data["x"]), by_eigh(data["y"])
    return summary(correlations(whitened(fx, fy, len(fx[1]), len(fy[1]))))


def by_triangles(gx, gy, cross):
    half = np.linalg.solve(np.linalg.cholesky(gx), cross)
    return np.linalg.solve(np.linalg.cholesky(gy), half.T)


def cca_cholesky(data):
    x, y = centred(data["x"]), centred(data["y"])
    return summary(correlations(by_triangles(x.T @ x, y.T @ y, x.T @ y)))


def svcca_svd(data, variance=0.99):
    (u, su, _), (v, sv, _) = by_svd(data["x"]), by_svd(data["y"])
    return summary(correlations(u[:, : kept(su, variance)].T @ v[:, : kept(sv, variance)]))


def svcca_eigh(data, variance=0.99):
    fx, fy = by_eigh(data["x"]), by_eigh(data["y"])
    kx, ky = kept(fx[1], variance), kept(fy[1], variance)
    # With few directions kept, the bases are cheaper than the cross-product of all neurons.
    few = kx + ky < fy[0].shape[1]
    cross = basis(fx, kx).T @ basis(fy, ky) if few else whitened(fx, fy, kx, ky)
    return summary(correlations(cross))


def svcca_rows(data, variance=0.99):
    return summary(correlations(by_rows(data["x"], variance).T @ by_rows(data["y"], variance)))


def weighted(left, rho, s, vt):
    """Projection weights: ⟨h, x⟩ for h = U·left is an entry of leftᵀ·S·Vᵀ."""
    alpha = np.abs(left.T @ (s[:, None] * vt)).sum(axis=1)
    return [float(np.sum(alpha * np.minimum(rho, 1)) / alpha.sum())]


def pwcca_svd(data):
    (u, s, vt), (v, _, _) = by_svd(data["x"]), by_svd(data["y"])
    left, rho, _ = np.linalg.svd(u.T @ v, full_matrices=False)
    return weighted(left, rho, s, vt)


def pwcca_eigh(data):
    fx, fy = by_eigh(data["x"]), by_eigh(data["y"])
    left, rho, _ = np.linalg.svd(whitened(fx, fy, len(fx[1]), len(fy[1])), full_matrices=False)
    return weighted(left, rho, fx[1], fx[2].T)


def cka(data):
    x, y = centred(data["x"]), centred(data["y"])
    norm = np.linalg.norm
    return [norm(x.T @ y) ** 2 / (norm(x.T @ x) * norm(y.T @ y))]


def cka_rows(data):
    x, y = centred(data["x"]), centred(data["y"])
    gx, gy = x @ x.T, y @ y.T
    return [np.vdot(gx, gy) / (np.linalg.norm(gx) * np.linalg.norm(gy))]


# --- every layer of one network with every layer of another, each factored once


def sides(data):
    count = sum(name.startswith("x") for name in data)
    return [data[f"x{i}"] for i in range(count)], [data[f"y{i}"] for i in range(count)]


def mean_correlations(left, right):
    return [np.minimum(correlations(u.T @ v), 1).mean() for u in left for v in right]


def layers_cca_svd(data):
    return mean_correlations(*([by_svd(x)[0] for x in side] for side in sides(data)))


def layers_cca_eigh(data):
    factors = [[by_eigh(x) for x in side] for side in sides(data)]
    return mean_correlations(*([basis(f, len(f[1])) for f in side] for side in factors))


def layers_cca_cholesky(data):
    def triangular_basis(x):
        x = centred(x)
        return x @ np.linalg.inv(np.linalg.cholesky(x.T @ x)).T

    return mean_correlations(*([triangular_basis(x) for x in side] for side in sides(data)))


def layers_svcca_svd(data, variance=0.99):
    def leading(x):
        u, s, _ = by_svd(x)
        return u[:, : kept(s, variance)]

    return mean_correlations(*([leading(x) for x in side] for side in sides(data)))


def layers_svcca_eigh(data, variance=0.99):
    def leading(x):
        factor = by_eigh(x)
        return basis(factor, kept(factor[1], variance))

    return mean_correlations(*([leading(x) for x in side] for side in sides(data)))


def layers_cka(data):
    left, right = ([centred(x) for x in side] for side in sides(data))
    norm = np.linalg.norm
    own = [[norm(x.T @ x) for x in side] for side in (left, right)]
    return [norm(x.T @ y) ** 2 / (a * b) for x, a in zip(left, own[0]) for y, b in zip(right, own[1])]


# --- more samples than memory holds


def stream_cca(data, batches, rows, cols, step):
    """Moments of both sides and of their cross-product, batch by batch, then the Cholesky route."""
    window = rows * cols
    total, sums = 0, None
    for batch in range(batches):
        at = batch * step % (len(data["x"]) - window)
        x, y = (data[name][at : at + window].reshape(rows, cols).astype(np.float64) for name in ("x", "y"))
        if sums is None:
            shift_x, shift_y = x.mean(axis=0), y.mean(axis=0)
            sums = [np.zeros(cols), np.zeros(cols), *(np.zeros((cols, cols)) for _ in range(3))]
        x -= shift_x
        y -= shift_y
        for into, part in zip(sums, (x.sum(axis=0), y.sum(axis=0), x.T @ x, y.T @ y, x.T @ y)):
            into += part
        total += rows
    mx, my, gx, gy, cross = sums
    gx -= np.outer(mx, mx) / total
    gy -= np.outer(my, my) / total
    cross -= np.outer(mx, my) / total
    return summary(correlations(by_triangles(gx, gy, cross)))[:1]
