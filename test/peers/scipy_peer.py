"""scipy: subspace_angles, procrustes, orthogonal_procrustes, pdist with its rank correlations, distributions."""
import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.linalg import orthogonal_procrustes, subspace_angles
from scipy.spatial import procrustes as spatial_procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import chi2, f, hypergeom, kendalltau, pearsonr, permutation_test, spearmanr

from peer import centred, normalised, serve


def padded(x, y):
    """`procrustes` takes matrices of one width; columns of zeros change nothing."""
    width = max(x.shape[1], y.shape[1])
    return [np.pad(side, ((0, 0), (0, width - side.shape[1]))) for side in (x, y)]


def cca(x, y):
    return np.sort(np.cos(subspace_angles(centred(x), centred(y))))[::-1]


def procrustes_disparity(x, y):
    """1 − p² for the similarity p: scipy scales the second side to its best."""
    return spatial_procrustes(*padded(x, y))[2]


def procrustes_scale(x, y):
    return orthogonal_procrustes(*padded(normalised(x), normalised(y)))[1]


def correlate(a, b, correlation):
    return {"pearson": pearsonr, "spearman": spearmanr, "kendall": kendalltau}[correlation](a, b).statistic


def rsa(x, y, dissimilarity, correlation):
    return correlate(pdist(x, dissimilarity), pdist(y, dissimilarity), correlation)


def rsa_mahalanobis(x, y, correlation, squared=False):
    """Each side by its own covariance."""
    power = 2 if squared else 1
    a, b = (pdist(side, "mahalanobis", VI=np.linalg.pinv(np.cov(side.T))) ** power for side in (x, y))
    return correlate(a, b, correlation)


def wilks(x, y):
    """Bartlett's chi-squared and Rao's F for each number of correlations removed: Λ, χ², df, p, F, df2, p, each by itself; from scipy's distributions."""
    n, p, q = len(x), x.shape[1], y.shape[1]
    rho = cca(x, y)
    rows = []
    for k in range(len(rho)):
        # The product of many small factors is summed as logarithms.
        log_lambda = np.sum(np.log1p(-rho[k:] ** 2))
        a, b = p - k, q - k
        df = a * b
        statistic = -(n - 1 - (p + q + 1) / 2) * log_lambda
        t = np.sqrt((a**2 * b**2 - 4) / (a**2 + b**2 - 5)) if a**2 + b**2 > 5 else 1
        # Rao 1951 as in Rencher, Methods of Multivariate Analysis, eq. 11.33.
        df2 = (n - 1 - (p + q + 1) / 2) * t - df / 2 + 1
        root = np.exp(log_lambda / t)
        ratio = (1 - root) / root * df2 / df
        rows.append([np.exp(log_lambda), statistic, df, chi2.sf(statistic, df), ratio, df2, f.sf(ratio, df, df2)])
    return np.array(rows)[:, :, None]


def tails(x, y):
    """Each probability by itself, so that each is compared to its own size."""
    return {"chi2": chi2.sf(x[:, 0], x[:, 1])[:, None], "f": f.sf(y[:, 0], y[:, 1], y[:, 2])[:, None]}


def knn_chance(x, y, k):
    """Mean overlap, mutual and Jaccard, of random neighbours: their number in common is hypergeometric."""
    common = np.arange(k + 1)
    probability = hypergeom(len(x) - 1, k, k).pmf(common)
    return [probability @ (common / k), probability @ (common / (2 * k - common))]


def heights(x, y):
    """Heights at which average linkage merges."""
    return [linkage(squareform(side, checks=False), "average")[:, 2] for side in (x, y)]


def group_test(x, y, first):
    """Means within and between the first models and the others, and p over every labelling; x in similarities, y in distances."""

    def difference(side):
        def statistic(a, b):
            within = np.concatenate([side[np.ix_(part, part)][np.triu_indices(len(part), 1)] for part in (a, b)])
            return within.mean() - side[np.ix_(a, b)].mean()

        return statistic

    groups = (np.arange(first), np.arange(first, len(x)))
    results = []
    for side, alternative in ((-x, "greater"), (y, "less")):
        found = permutation_test(
            groups, difference(side), n_resamples=np.inf, alternative=alternative, vectorized=False
        )
        results.append([[found.statistic], [found.pvalue]])
    return results


serve(["scipy", "numpy"], cca, procrustes_disparity, procrustes_scale, rsa, rsa_mahalanobis, wilks, tails, knn_chance, heights, group_test)
