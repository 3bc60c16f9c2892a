#!/usr/bin/python3
"""Prints the figures that statistics_test.cpp and scaling_law_test.cpp compare with: SciPy's, which is Debian's python3-scipy.

    tests/measure/reference_values.py
"""
import numpy
from scipy import optimize, stats

SAMPLES = {
    "rising": [1.0, 1.1, 1.3, 1.2, 1.5, 1.6, 1.4, 1.8],
    "no_order": [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0, 5.5, 3.5],
    "falling": [9.0, 8.0, 7.5, 7.0, 6.0, 5.0],
    "with_ties": [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 2.0, 5.0, 5.0, 4.0, 6.0],
}


def trend(samples):
    """Two-sided; of samples with ties by the normal distribution, with the continuity correction."""
    n = len(samples)
    if len(set(samples)) == n:
        return stats.kendalltau(range(n), samples, method="exact").pvalue
    balance = sum(numpy.sign(samples[j] - samples[i]) for i in range(n) for j in range(i + 1, n))
    counts = numpy.unique(samples, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in counts)) / 18
    return 2 * stats.norm.sf((abs(balance) - 1) / numpy.sqrt(variance))


for name, samples in SAMPLES.items():
    print(f"trend {name}: {trend(samples):.12g}")

outlying = [10.0, 10.1, 9.9, 10.2, 9.8, 14.0, 10.0]
deviation = stats.median_abs_deviation(outlying, scale="normal")
print("outliers:", [i for i, x in enumerate(outlying) if abs(x - numpy.median(outlying)) > 3.5 * deviation])

for n in (6, 7, 12, 25, 100):
    k = max(k for k in range(1, n // 2 + 1) if k == 1 or 1 - 2 * stats.binom.cdf(k - 1, n, 0.5) >= 0.95)
    print(f"interval of {n}: from place {k}, confidence {1 - 2 * stats.binom.cdf(k - 1, n, 0.5):.12g}")

for confidence in (0.95, 1 - 0.05 / 3, 0.99):
    print(f"samples for {confidence:.4f}:",
          next(n for n in range(1, 99) if 1 - 2 * stats.binom.cdf(0, n, 0.5) >= confidence))


def law(workers, log_lambda, sigma, kappa):
    return log_lambda + numpy.log(workers / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1)))


workers = numpy.array([1.0, 2, 4, 8, 16, 32])
throughput = numpy.array([20.0, 35, 60, 85, 95, 80])
found, covariance = optimize.curve_fit(law, workers, numpy.log(throughput), p0=[3, 0.05, 0.001])
left = numpy.log(throughput) - law(workers, *found)
print(f"law: lambda {numpy.exp(found[0]):.9g}, sigma {found[1]:.9g}, kappa {found[2]:.9g}, "
      f"deviation {numpy.sqrt(left @ left / 3):.6g}, peak {numpy.sqrt((1 - found[1]) / found[2]):.7g}")
below = 1 + found[1] * 7 + found[2] * 56
slope = numpy.array([1, -7 / below, -56 / below])
reach = stats.t.ppf(0.975, 3) * numpy.sqrt(slope @ covariance @ slope)
print("band at 8:", *(f"{numpy.exp(law(8.0, *found) + side * reach):.7g}" for side in (-1, 1)))
