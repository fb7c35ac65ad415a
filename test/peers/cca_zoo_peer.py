"""cca-zoo: CCA, multiset CCA of two views, partial CCA."""
import numpy as np
from cca_zoo.linear import CCA, MCCA, PartialCCA

from peer import serve


def correlations(a, b):
    return [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(a.shape[1])]


def cca(x, y):
    return correlations(*CCA(n_components=min(x.shape[1], y.shape[1])).fit_transform([x, y]))


def mcca(x, y):
    return correlations(*MCCA(n_components=min(x.shape[1], y.shape[1])).fit_transform([x, y]))


def partial_cca(x, y, z):
    """Correlations of x and y after a regression of both on z."""
    model = PartialCCA(n_components=min(x.shape[1], y.shape[1]))
    return correlations(*model.fit_transform([x, y], partials=z))


serve(["cca-zoo"], cca, mcca, partial_cca)
