"""hoggorm: RV coefficient and its modified form."""
import hoggorm

from peer import centred, serve


def rv(x, y):
    return hoggorm.RVcoeff([centred(x), centred(y)])[0, 1]


def modified(x, y):
    return hoggorm.RV2coeff([centred(x), centred(y)])[0, 1]


serve(["hoggorm"], rv, modified)
