"""scikit-learn: CCA, PLSSVD, LinearRegression, kernels with KernelCenterer, NearestNeighbors."""
import warnings

import numpy as np
from sklearn.cross_decomposition import CCA, PLSSVD
from sklearn.decomposition import PCA
from sklearn.manifold import ClassicalMDS
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.metrics.pairwise import pairwise_distances, pairwise_kernels
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import KernelCenterer

from peer import centred, serve


def cca(x, y, components):
    """Correlations of the canonical variates, which power iterations find one after the other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = CCA(n_components=components, scale=False, tol=1e-15, max_iter=100_000).fit_transform(x, y)
    return [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(components)]


def pls(x, y):
    a, b = PLSSVD(n_components=min(*x.shape, y.shape[1]), scale=False).fit_transform(x, y)
    return np.diag(a.T @ b) / (len(x) - 1)


def regression(x, y):
    """R² of y predicted from x."""
    return r2_score(y, LinearRegression().fit(x, y).predict(x), multioutput="variance_weighted")


def cka(x, y, kernel, **options):
    """Options are those of each side's kernel; `fraction` makes gamma of the median of all squared distances."""
    fraction = options.pop("fraction", None)

    def gram(side):
        chosen = dict(options)
        if fraction is not None:
            squares = pairwise_distances(side, metric="sqeuclidean")
            chosen["gamma"] = 1 / (2 * fraction**2 * np.median(squares))
        return KernelCenterer().fit_transform(pairwise_kernels(side, metric=kernel, **chosen))

    k, l = gram(x), gram(y)
    return np.sum(k * l) / np.linalg.norm(k) / np.linalg.norm(l)


def cka_centred(x, y, kernel, **options):
    """The same of columns that are centred first: polynomial and cosine kernels notice."""
    return cka(centred(x), centred(y), kernel, **options)


def partial_cka(x, y, z, kernel, **options):
    """Of the residuals of a regression on z."""
    x, y = (side - LinearRegression().fit(z, side).predict(z) for side in (x, y))
    return cka(x, y, kernel, **options)


def neighbours(side, k, metric):
    found = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(side)
    return [set(row) for row in found.kneighbors(return_distance=False)]


def mutual_knn(x, y, k, metric):
    pairs = zip(neighbours(x, k, metric), neighbours(y, k, metric))
    return np.mean([len(a & b) / k for a, b in pairs])


def jaccard_knn(x, y, k, metric):
    pairs = zip(neighbours(x, k, metric), neighbours(y, k, metric))
    return np.mean([len(a & b) / len(a | b) for a, b in pairs])


def svcca(x, y, variance):
    """PCA of both sides to a share of the variance, and the cosines between the scores' spans."""
    (a, b) = (PCA(n_components=variance, svd_solver="full").fit_transform(side) for side in (x, y))
    (a, b) = (np.linalg.qr(side)[0] for side in (a, b))
    return np.linalg.svd(a.T @ b, compute_uv=False)


def scaling(x, y, dims):
    """Coordinates of classical scaling, up to the sign of each axis."""
    found = [ClassicalMDS(n_components=dims, metric="precomputed").fit_transform(side) for side in (x, y)]
    return [np.abs(side) for side in found]


def areas(x, y):
    """Area under the ROC curve of each column of scores and labels."""
    return [roc_auc_score(y[:, i], x[:, i]) for i in range(x.shape[1])]


serve(["scikit-learn", "numpy"], cca, pls, regression, cka, cka_centred, partial_cka, mutual_knn, jaccard_knn, svcca, scaling, areas)
