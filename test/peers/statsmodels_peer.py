"""statsmodels: CanCorr and its multivariate tests.

`corr_test().stats` has Rao's denominator degrees of freedom for the side passed as endog alone, which is right only where both
sides are equally wide; `stats_mv` is right for any.
"""
import numpy as np
from statsmodels.multivariate.cancorr import CanCorr

from peer import serve


def cca(x, y):
    return CanCorr(x, y).cancorr


def multivariate(x, y):
    """Wilks' lambda: value, numerator and denominator degrees of freedom, F, p; and Pillai's and Hotelling-Lawley's values."""
    table = CanCorr(x, y).corr_test().stats_mv.astype(float)
    wilks = table.loc["Wilks' lambda"]
    names = ["Value", "Num DF", "Den DF", "F Value", "Pr > F"]
    return {
        "wilks": [[wilks[name]] for name in names],
        "pillai": table.loc["Pillai's trace", "Value"],
        "hotelling": table.loc["Hotelling-Lawley trace", "Value"],
    }


def sequential(x, y):
    """One row for each number of correlations removed, of sides of one width."""
    assert x.shape[1] == y.shape[1]
    names = ["Wilks' lambda", "Num DF", "Den DF", "F Value", "Pr > F"]
    return CanCorr(x, y).corr_test().stats[names].astype(float).to_numpy()[:, :, None]


def weights(x, y, leading):
    """Weights of x whose variates have norm 1, the entry of largest magnitude positive."""
    found = CanCorr(y, x).x_cancoef[:, :leading]
    return found * np.sign(found[np.abs(found).argmax(axis=0), np.arange(leading)])


serve(["statsmodels"], cca, multivariate, sequential, weights)
