"""rsatoolbox: `calc_rdm` and `compare`."""
import numpy as np
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare

from peer import serve


def rsa(x, y, dissimilarity, correlation, root=False):
    """`root` compares Euclidean distances; rsatoolbox's own are squared and divided by the number of channels."""
    rdms = []
    for side in (x, y):
        noise = np.linalg.pinv(np.cov(side.T)) if dissimilarity == "mahalanobis" else None
        rdm = calc_rdm(Dataset(side), method=dissimilarity, noise=noise)
        rdms.append(np.sqrt(np.maximum(rdm.dissimilarities, 0)) if root else rdm)
    return compare(*rdms, method=correlation)[0, 0]


serve(["rsatoolbox"], rsa)
