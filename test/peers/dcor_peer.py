"""dcor: distance correlation, biased and bias-corrected."""
import dcor

from peer import serve


def biased(x, y, **options):
    return dcor.distance_correlation(x, y, **options)


def biased_squared(x, y, **options):
    return dcor.distance_correlation_sqr(x, y, **options)


def debiased_squared(x, y, **options):
    return dcor.u_distance_correlation_sqr(x, y, **options)


serve(["dcor"], biased, biased_squared, debiased_squared)
