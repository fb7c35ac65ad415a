"""scikit-learn's CCA: iterative (NIPALS), one canonical direction after another."""
import warnings

import numpy as np
from sklearn.cross_decomposition import CCA
from sklearn.exceptions import ConvergenceWarning


def cca(data):
    components = min(view.shape[1] for view in data.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        a, b = CCA(n_components=components, scale=False).fit_transform(data["x"], data["y"])
    return [np.mean([np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(components)])]
