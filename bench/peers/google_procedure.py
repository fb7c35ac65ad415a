"""The procedure of google/svcca, restated from its published description (Raghu et al. 2017, and the repository's README).

It compares one pair of layers at a time and keeps nothing between pairs: for SVCCA an SVD of both sides, truncated at a share
of the variance; then CCA by the covariance matrix of both sides stacked, neurons of negligible variance left out, inverse
square roots of the two diagonal blocks, and an SVD of the whitened cross-covariance. Written for this bench; none of its code
was copied. Activations are neurons × datapoints there.
"""
import numpy as np

EPSILON = 1e-10


def inverse_square_root(sigma):
    w, v = np.linalg.eigh(sigma)
    scale = np.where(w > EPSILON * w[-1], 1 / np.sqrt(np.maximum(w, 1e-300)), 0)
    return (v * scale) @ v.T


def cca_similarity(a, b):
    """Canonical correlations of two arrays, neurons × datapoints."""
    sigma = np.cov(a, b)
    d = len(a)
    xx, xy, yy = sigma[:d, :d], sigma[:d, d:], sigma[d:, d:]
    x_scale, y_scale = np.abs(xx).max(), np.abs(yy).max()
    keep_x, keep_y = np.diag(xx) / x_scale > EPSILON, np.diag(yy) / y_scale > EPSILON
    xx, yy = xx[np.ix_(keep_x, keep_x)] / x_scale, yy[np.ix_(keep_y, keep_y)] / y_scale
    xy = xy[np.ix_(keep_x, keep_y)] / np.sqrt(x_scale * y_scale)
    whitened = inverse_square_root(xx) @ xy @ inverse_square_root(yy)
    _, rho, _ = np.linalg.svd(whitened)
    return np.minimum(rho, 1)


def leading(activations, variance):
    """Datapoints in the coordinates of the leading singular directions."""
    centred = activations - activations.mean(axis=1, keepdims=True)
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    share = np.cumsum(s**2) / np.sum(s**2)
    k = min(len(s), int(np.searchsorted(share, variance)) + 1)
    return s[:k, None] * vt[:k]


def svcca_similarity(a, b, variance):
    return cca_similarity(leading(a, variance), leading(b, variance))


def neurons_first(x):
    return x.T.astype(np.float64)


def cca(data):
    rho = cca_similarity(neurons_first(data["x"]), neurons_first(data["y"]))
    return [rho.mean(), *rho]


def svcca(data, variance=0.99):
    rho = svcca_similarity(neurons_first(data["x"]), neurons_first(data["y"]), variance)
    return [rho.mean(), *rho]


def all_pairs(data, similarity):
    count = sum(name.startswith("x") for name in data)
    left, right = ([neurons_first(data[f"{side}{i}"]) for i in range(count)] for side in "xy")
    return [similarity(a, b).mean() for a in left for b in right]


def layers_cca(data):
    return all_pairs(data, cca_similarity)


def layers_svcca(data, variance=0.99):
    return all_pairs(data, lambda a, b: svcca_similarity(a, b, variance))
