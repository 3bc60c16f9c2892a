#include "batch/run/earlier_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace quartet::batch {

namespace {

constexpr std::uint64_t most_jobs = std::uint64_t{1} << 40;  // a damaged number must not take all memory

std::uint64_t hash_of(std::span<std::string const> input) {
    std::size_t hash = input.size();
    for (auto const& field : input)
        hash = hash * 0x9E3779B97F4A7C15u + std::hash<std::string_view>()(field);
    return hash;
}

}  // namespace

void earlier_jobs::add(journal_row const& row) {
    if (row.job == 0 || row.job > most_jobs) return;
    auto const place = static_cast<std::size_t>(row.job - 1);
    if (place >= entries_.size()) entries_.resize(place + 1);
    auto& known = entries_[place];
    if (known.attempts > 0) --count_of(known.state);
    known = {.input = hash_of(row.input),
             .attempts = std::max(known.attempts + 1, row.attempt),
             .state = row.state};
    ++count_of(row.state);
}

std::uint64_t& earlier_jobs::count_of(job_state state) noexcept {
    if (state == job_state::done) return total_.done;
    return state == job_state::failed ? total_.failed : total_.cancelled;
}

earlier_jobs::entry const* earlier_jobs::find(std::uint64_t job) const noexcept {
    if (job == 0 || job > entries_.size()) return nullptr;
    auto const& found = entries_[static_cast<std::size_t>(job - 1)];
    return found.attempts > 0 ? &found : nullptr;
}

std::optional<job_state> earlier_jobs::state(std::uint64_t job) const noexcept {
    auto const* const known = find(job);
    return known ? std::optional(known->state) : std::nullopt;
}

std::uint32_t earlier_jobs::attempts(std::uint64_t job) const noexcept {
    auto const* const known = find(job);
    return known ? known->attempts : 0;
}

void earlier_jobs::check(std::uint64_t job, std::span<std::string const> input) const {
    auto const* const known = find(job);
    if (!known || known->input == hash_of(input)) return;
    throw std::runtime_error(
        fmt::format("input {} is '{}' now, and another one stands in the journal: the inputs have changed, "
                    "so what is left of that batch can't be known; begin a new journal",
                    job, fmt::join(input, " ")));
}

}  // namespace quartet::batch
