// include/quartet/detail/call/arrivals.hpp
//
// Calls in the order in which they end, for one who waits for the next.
#pragma once

#include <quartet/detail/call/call.hpp>
#include <quartet/detail/io/suspension.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace quartet::inline v0::detail {

/// For one thread. The calls are told apart by their indexes.
class arrivals {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Costs an allocation, and one for each call that has not ended, until it has.
    explicit arrivals(std::vector<std::shared_ptr<any_call>> calls);

    /// As is_of_own_executor(), of those that next() has not given; or null.
    any_call* call_of_own_executor();

    /// Those that next() has not given.
    std::size_t left() const noexcept { return left_; }

    /// The next one that has ended; nothing if there is none at the moment.
    std::optional<std::size_t> try_next();

    /// Waits for it; nothing at the deadline, or if none is left. In a body on a thread of the calls' pool
    /// those that nobody has begun are run right here. Throws what any_call::wait_until throws.
    std::optional<std::size_t> next_until(time_point deadline);

    /// Is ended when the next one has ended, which then try_next() gives.
    std::shared_ptr<suspension> suspend();

private:
    class shared;
    bool helps() const noexcept;
    void help();

    std::vector<std::shared_ptr<any_call>> calls_;
    std::size_t left_;
    std::size_t elsewhere_ = 0;  // so many have ended or are run by others
    bool all_alone_;             // none is of a fake
    std::shared_ptr<shared> shared_;
};

}  // namespace quartet::inline v0::detail
