"""repsim (C++ with Eigen): cka, cca, svcca, pwcca."""
import numpy as np
import repsim
from scipy.spatial.distance import pdist

from peer import serve


def cka(x, y, kernel="linear", estimator="gretton"):
    return repsim.cka([x, y], kernel_type=kernel, estimator=estimator)[0, 1]


def cka_median(x, y, estimator="gretton"):
    """RBF kernels as wide as the median distance of different samples; tells both widths beside the score."""
    score = repsim.cka([x, y], kernel_type="rbf", estimator=estimator)[0, 1]
    return {"score": score, "sigma": [np.median(pdist(side)) for side in (x, y)]}


def cka_mean(x, y, estimator="gretton"):
    """exp(−d²/mean d²), which is sigma² = mean d²/2."""
    score = repsim.cka([x, y], kernel_type="rbf_mean", estimator=estimator)[0, 1]
    return {"score": score, "sigma": [np.sqrt(np.mean(pdist(side) ** 2) / 2) for side in (x, y)]}


def hsic_ratio(x, y, kernel, estimator):
    """HSIC by one estimator in all three places; repsim's own cka has Gretton's below whatever is above."""
    h = repsim.hsic([x, y], kernel_type=kernel, estimator=estimator)
    return h[0, 1] / np.sqrt(h[0, 0] * h[1, 1])


def cca(x, y, summary):
    return repsim.cca([x, y], summary_type=summary)[0, 1]


def svcca(x, y, summary):
    return repsim.svcca([x, y], summary_type=summary)[0, 1]


def pwcca(x, y):
    """The mean of both directions."""
    return repsim.pwcca([x, y])[0, 1]


serve(["repsim"], cka, cka_median, cka_mean, hsic_ratio, cca, svcca, pwcca)
