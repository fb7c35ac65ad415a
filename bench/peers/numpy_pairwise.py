"""Sample × sample measures as someone writes them who knows numpy and has the memory: whole n × n matrices, in float64."""
import numpy as np


def centred(x):
    x = x.astype(np.float64)
    return x - x.mean(axis=0)


def squared_distances(x):
    gram = x @ x.T
    norms = np.diag(gram)
    d = norms[:, None] + norms[None, :] - 2 * gram
    np.maximum(d, 0, out=d)
    np.fill_diagonal(d, 0)
    return d


def doubly_centred(k):
    means = k.mean(axis=0)
    k -= means[:, None]
    k -= means[None, :]
    k += means.mean()
    return k


def alignment(k, l):
    k, l = doubly_centred(k), doubly_centred(l)
    return np.vdot(k, l) / (np.linalg.norm(k) * np.linalg.norm(l))


def rbf_cka(data):
    def kernel(x):
        d = squared_distances(centred(x))
        d /= -2 * np.median(d)
        return np.exp(d, out=d)

    return alignment(kernel(data["x"]), kernel(data["y"]))


def distance_correlation(data):
    def distances(x):
        return np.sqrt(squared_distances(centred(x)))

    return np.sqrt(alignment(distances(data["x"]), distances(data["y"])))


def rsa_spearman(data):
    rows, cols = np.triu_indices(len(data["x"]), 1)

    def ranks(x):
        x = x.astype(np.float64)
        x -= x.mean(axis=1, keepdims=True)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        d = (1 - x @ x.T)[rows, cols]
        ranks = np.empty(len(d))
        ranks[np.argsort(d)] = np.arange(len(d))  # of real activations no two are equal
        return ranks

    return np.corrcoef(ranks(data["x"]), ranks(data["y"]))[0, 1]


def mutual_knn(data, k=10):
    def neighbours(x):
        x = x.astype(np.float64)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        d = 1 - x @ x.T
        np.fill_diagonal(d, np.inf)
        near = np.zeros(d.shape, dtype=bool)
        np.put_along_axis(near, np.argpartition(d, k, axis=1)[:, :k], True, axis=1)
        return near

    return (neighbours(data["x"]) & neighbours(data["y"])).sum() / (k * len(data["x"]))
