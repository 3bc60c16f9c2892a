// measure/heap/heap_trace.cpp
//
// Starting, reading and pricing the trace; the bookkeeping is in heap_account.cpp.

#include "measure/heap/heap_trace.hpp"

#include "measure/heap/heap_account.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <stop_token>
#include <thread>

namespace quartet::measure::heap_trace {
namespace {

using heap_account::ledger;
using heap_account::thread_account;

constexpr auto relaxed = std::memory_order_relaxed;

std::uint64_t not_negative(std::int64_t number) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number));
}

/// Nanoseconds per repetition of `step`: the median of a few tries.
template <class Step>
double nanoseconds_of(Step step) {
    constexpr int repetitions = 10'000;
    std::array<double, 9> tries;
    for (double& each : tries) {
        auto const begin = std::chrono::steady_clock::now();
        for (int i = 0; i < repetitions; ++i)
            step();
        std::chrono::duration<double, std::nano> const taken = std::chrono::steady_clock::now() - begin;
        each = taken.count() / repetitions;
    }
    std::nth_element(tries.begin(), tries.begin() + tries.size() / 2, tries.end());
    return tries[tries.size() / 2];
}

struct price {
    double call;
    double flush;
};

/// Runs the hooks' code on accounts that nobody reads, so that calibrating leaves the real one as it was.
price measure_price() {
    static constinit ledger unread_book = {};
    static constinit heap_account::slot unread_slot = {};
    thread_account account{.book = &unread_book, .process = &unread_slot, .limit = 1 << 20};
    std::unique_ptr<void, void (*)(void*)> const block(std::malloc(64), std::free);
    auto const call = [&](std::int64_t sign) {
        void* seen = block.get();
        asm volatile("" : "+r"(seen)::"memory");  // or the compiler does the work once, before the loop
        account.calls = 0;
        heap_account::add(account, unread_book, sign * static_cast<std::int64_t>(malloc_usable_size(seen)));
    };
    double const pair = nanoseconds_of([&] { call(+1), call(-1); });
    // Settling alone takes 5 ns, against another processor about 50. The dear case is the one that counts.
    std::jthread const rival([](std::stop_token stop) {
        thread_account other{.book = &unread_book, .process = &unread_slot};
        while (!stop.stop_requested())
            heap_account::flush(other);
    });
    double const flush = nanoseconds_of([&] { heap_account::flush(account); });
    return {.call = pair / 2, .flush = flush};
}

price const& measured_price() {
    static price const once = measure_price();
    return once;
}

}  // namespace

void start() {
    if (available()) heap_account::open();
}

std::optional<reading> read() noexcept {
    ledger* const book = heap_account::open_ledger.load(relaxed);
    if (!book) return std::nullopt;
    if (heap_account::this_thread.book == book) heap_account::flush(heap_account::this_thread);
    heap_account::bury_dead(*book);
    return reading{
        .current_bytes = not_negative(book->current.load(relaxed)),
        .peak_bytes = not_negative(book->peak.load(relaxed)),
        .calls = book->calls.load(relaxed),
        .flushes = book->flushes.load(relaxed),
    };
}

void stop() noexcept {
    heap_account::open_ledger.store(nullptr, relaxed);
}

double cost_per_call() {
    return measured_price().call;
}

std::chrono::nanoseconds cost_of(reading const& what) {
    double const nanoseconds = static_cast<double>(what.calls) * measured_price().call +
                               static_cast<double>(what.flushes) * measured_price().flush;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

}  // namespace quartet::measure::heap_trace
