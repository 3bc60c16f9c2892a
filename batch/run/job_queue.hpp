// batch/run/job_queue.hpp
//
// What is to run next: tries that are due again first, then inputs, without those that a journal has as done.
#pragma once

#include "batch/run/earlier_jobs.hpp"
#include "batch/run/input_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quartet::batch {

struct waiting_job {
    numbered_input input{};
    std::uint32_t attempt = 1;  ///< of all, earlier runs of the batch included
    std::uint32_t tries = 0;    ///< that it has had in this one
    std::string host{};         ///< of its input, if it is counted by that
};

/// Which of the jobs that a journal knows are run.
enum class resume_kind {
    unfinished,   ///< those that have not ended well, and those that had no try
    failed_only,  ///< those that failed
};

/// For one thread.
class job_queue {
public:
    /// `per_host`: so many at once with the same host in their input, as in URLs; 0: any number. `left_out`
    /// is told of each job that is not wanted.
    job_queue(input_reader& inputs, earlier_jobs const& earlier, resume_kind resume, std::size_t per_host,
              std::function<void(std::uint64_t job)> left_out)
        : inputs_(inputs),
          earlier_(earlier),
          resume_(resume),
          per_host_(per_host),
          left_out_(std::move(left_out)) {}

    /// The next job that may begin at `now`. Throws std::runtime_error for inputs that can't be read, or have
    /// changed.
    std::optional<waiting_job> next(double now);

    /// One that was taken has ended.
    void ended(waiting_job const& job);

    /// It is to have another try at that time.
    void again(waiting_job job, double due);

    /// No input is left, and no try.
    bool empty() const { return waiting_.empty() && held_.empty() && inputs_.ended(); }

    /// When the first of the further tries is due.
    std::optional<double> next_due() const;

    std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    std::optional<waiting_job> take_due(double now);
    std::optional<waiting_job> take_held();
    std::optional<waiting_job> read();
    bool is_wanted(numbered_input const& input);
    bool take_place(waiting_job const& job);

    input_reader& inputs_;
    earlier_jobs const& earlier_;
    resume_kind resume_;
    std::size_t per_host_;
    std::function<void(std::uint64_t)> left_out_;
    std::multimap<double, waiting_job> waiting_;  // by when they are due
    std::deque<waiting_job> held_;                // their hosts have no place
    std::unordered_map<std::string, std::size_t> at_host_;
};

/// "example.org:8080" of "https://user@example.org:8080/path"; of what is no URL nothing.
std::string host_of(std::string_view url);

}  // namespace quartet::batch
