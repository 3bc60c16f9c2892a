// batch/run/earlier_jobs.hpp
//
// What a journal says of the jobs that have been run before: 16 bytes for each.
#pragma once

#include "batch/journal/journal_row.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quartet::batch {

class earlier_jobs {
public:
    struct counts {
        std::uint64_t done = 0;
        std::uint64_t failed = 0;
        std::uint64_t cancelled = 0;
    };

    /// Rows in the order of the journal: a later one of a job counts.
    void add(journal_row const& row);

    /// How its last try ended; none if it has had no try.
    std::optional<job_state> state(std::uint64_t job) const noexcept;

    /// How many tries it has had.
    std::uint32_t attempts(std::uint64_t job) const noexcept;

    /// Throws std::runtime_error if the job was one of another input then: the inputs have changed, and what
    /// was done is not what is asked for.
    void check(std::uint64_t job, std::span<std::string const> input) const;

    counts const& total() const noexcept { return total_; }

private:
    struct entry {
        std::uint64_t input = 0;  // a hash
        std::uint32_t attempts = 0;
        job_state state = job_state::done;
    };

    entry const* find(std::uint64_t job) const noexcept;
    std::uint64_t& count_of(job_state state) noexcept;

    std::vector<entry> entries_;  // of job 1, 2…
    counts total_;
};

}  // namespace quartet::batch
