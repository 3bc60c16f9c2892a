#!/usr/bin/Rscript
# Prints the figures of comparison_test.cpp and unimodality_test.cpp that are R's: Debian's r-base-core and
# r-cran-diptest.
#
#     tests/measure/reference_values.R
suppressMessages(library(diptest))

a <- c(1.02, 1.05, 0.99, 1.013, 1.104, 0.97, 1.03)
b <- c(1.10, 1.12, 1.07, 1.15, 1.06, 1.09, 1.21, 1.11)
for (level in c(0.95, 0.99)) {
    found <- wilcox.test(log(a), log(b), conf.int = TRUE, conf.level = level, exact = TRUE)
    cat(sprintf("ratio %.12g, %g %% from %.12g to %.12g\n", exp(found$estimate), 100 * level,
                exp(found$conf.int[1]), exp(found$conf.int[2])))
}
for (sizes in list(c(7, 8), c(7, 7), c(5, 5), c(20, 30), c(3, 3))) {
    for (level in c(0.95, 0.99)) {
        place <- max(1, qwilcox((1 - level) / 2, sizes[1], sizes[2]))
        cat(sprintf("%d and %d samples, %g %%: confidence %.12g\n", sizes[1], sizes[2], 100 * level,
                    1 - 2 * pwilcox(place - 1, sizes[1], sizes[2])))
    }
}

dips <- list(uniform = (1:10) / 10,
             one_peak = c(1, 1.5, 1.8, 1.9, 1.95, 2, 2.04, 2.12, 2.25, 2.6, 3.3),
             two_peaks = c(1, 1.1, 1.2, 1.3, 1.4, 1.05, 1.15, 5, 5.1, 5.2, 5.3, 5.15, 5.25, 5.05, 5.35),
             three_peaks = c(1, 1.01, 1.03, 1.02, 3, 3.05, 3.01, 3.02, 9, 9.01, 9.03, 9.04))
for (name in names(dips))
    cat(sprintf("dip of %s: %.12g, p %.3f\n", name, dip(dips[[name]]), dip.test(dips[[name]])$p.value))
