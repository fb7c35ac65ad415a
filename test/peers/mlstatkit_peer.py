"""MLstatkit: DeLong's test by midranks, as R's pROC has it."""
from MLstatkit import Delong_test

from peer import serve


def delong(x, y):
    """Each column of scores against the next, of the column's labels: z of B minus A, p, and both intervals."""
    found = []
    for i in range(x.shape[1] - 1):
        z, p, of_a, of_b, _, _, info = Delong_test(y[:, i].astype(int), x[:, i], x[:, i + 1])
        assert info["method"] == "delong"
        found.append([z, p, *of_a, *of_b])
    return found


serve(["mlstatkit", "numpy"], delong)
