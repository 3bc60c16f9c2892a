// Test 4 of the Python study: x ** x as an exact integer: pure computing, some 20 million bits a task.

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>
#include <gmp.h>

#include <cstdint>
#include <ranges>
#include <vector>

namespace quartet {
namespace {

static_assert(sizeof(unsigned long) == sizeof(std::uint64_t), "GMP's word functions take unsigned long");

class big_integer {
public:
    big_integer() { mpz_init(value_); }
    ~big_integer() { mpz_clear(value_); }
    big_integer(big_integer const&) = delete;
    big_integer& operator=(big_integer const&) = delete;
    mpz_ptr get() noexcept { return value_; }

private:
    mpz_t value_;
};

// A Mersenne prime: the remainder of the whole number, and so of every bit of it, in one pass.
constexpr unsigned long prime = (1ul << 61) - 1;

struct power {
    std::uint64_t bits;
    std::uint64_t remainder;
};

power raise_to_itself(std::uint64_t x) {
    big_integer result;
    mpz_ui_pow_ui(result.get(), x, x);
    return {mpz_sizeinbase(result.get(), 2), mpz_fdiv_ui(result.get(), prime)};
}

// The same remainder by another way: powers modulo the prime.
std::uint64_t expected_remainder(std::uint64_t x) {
    big_integer base, modulus, result;
    mpz_set_ui(base.get(), x);
    mpz_set_ui(modulus.get(), prime);
    mpz_powm_ui(result.get(), base.get(), x, modulus.get());
    return mpz_get_ui(result.get());
}

auto bases(workload_run const& run) {
    auto const first = run.get<std::uint64_t>("base");
    return std::views::iota(first, first + run.get<std::uint64_t>("count"));
}

void run(workload_run& run) {
    auto const powers = run.map(raise_to_itself, bases(run));
    run.checksum(powers);
    for (std::size_t i = 0; i < powers.size(); ++i) {
        if (powers[i])
            run.expect(powers[i]->remainder == expected_remainder(bases(run)[i]),
                       fmt::format("{0} ** {0} is not what GMP's modular power says", bases(run)[i]));
    }
}

registration const power_workload{{
    .name = "power",
    .help = "x ** x as an exact integer: computing only",
    .parameters = {integer("base", 1'000'000, 1, 100'000'000, "the first x"),
                   integer("count", 16, 1, 1'000'000, "how many x, each one more than the last")},
    .workers = {.threads = 0, .async = 16},
    .study_finding =
        "processes (14.8 s); threads (77 s) gain nothing over single (78 s) under Python's global lock",
    .run = run,
}};

}  // namespace
}  // namespace quartet
