"""dcor: distance correlation, biased and bias-corrected."""
import dcor

from peer import serve


def distance_correlation(x, y):
    return dcor.distance_correlation(x, y)


def distance_correlation_squared(x, y):
    return dcor.distance_correlation_sqr(x, y)


def bias_corrected(x, y):
    return dcor.u_distance_correlation_sqr(x, y)


serve(["dcor"], distance_correlation, distance_correlation_squared, bias_corrected)
