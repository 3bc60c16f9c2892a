// include/quartet/futures.hpp
//
// Waiting for several futures: as_completed, wait_any, wait_all.
//
//     for (auto& each : quartet::as_completed(futures)) use(each.get());   // in the order in which they end
//     std::size_t const first = quartet::wait_any(futures);
//     bool const all = quartet::wait_all_for(2s, futures);
//
// In a body await the forms that take its context: on an event loop other bodies run meanwhile, and a stop or
// a time limit ends the wait. The futures may be of any executors, but all have the same type; for others
// there are when_all and when_any (structured.hpp). Waiting takes no value: get() does.
//
// A range of futures is one with an index, such as a vector; it is kept by the caller, and its futures must
// not be moved, taken or awaited otherwise while somebody waits for them. A future without a call makes all
// of these throw std::logic_error.
//
// Cost: an allocation, and one for each future that has not ended, which lasts until it has. So for one
// after the other use as_completed, not wait_any again and again.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/arrivals.hpp>
#include <quartet/detail/call/join_operation.hpp>
#include <quartet/future.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::inline v0 {
namespace detail {

template <class T>
inline constexpr bool is_future = false;
template <class R>
inline constexpr bool is_future<future<R>> = true;

/// What needs the calls of futures.
struct future_access {
    template <class R>
    static std::shared_ptr<any_call> call_of(future<R> const& which) {
        static_cast<void>(which.done());  // throws if there is none
        return which.call_;
    }

    template <class Range>
    static arrivals arrivals_of(Range& futures) {
        std::vector<std::shared_ptr<any_call>> calls;
        calls.reserve(static_cast<std::size_t>(std::ranges::size(futures)));
        for (auto& each : futures)
            calls.push_back(call_of(each));
        return arrivals(std::move(calls));
    }
};

}  // namespace detail

/// A range of futures that are told apart by their indexes.
template <class Range>
concept future_range = std::ranges::random_access_range<Range> && std::ranges::sized_range<Range> &&
                       detail::is_future<std::ranges::range_value_t<Range>> &&
                       std::same_as < std::ranges::range_reference_t<Range>,
        std::ranges::range_value_t<Range>
& > ;

/// The futures of a range in the order in which their calls end, each once. An input range. For one thread at
/// a time.
template <std::ranges::view View>
class completed {
public:
    using value_type = std::ranges::range_value_t<View>;

    explicit completed(View futures)
        : futures_(std::move(futures)), arrivals_(detail::future_access::arrivals_of(futures_)) {}

    class iterator {
    public:
        using value_type = completed::value_type;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        explicit iterator(completed& of) : of_(&of), current_(of.next()) {}
        value_type& operator*() const {
            if (!current_) [[unlikely]]
                detail::misuse("an iterator at the end of as_completed has no future");
            return *current_;
        }
        value_type* operator->() const { return &**this; }
        iterator& operator++() {
            current_ = of_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return !current_; }

    private:
        completed* of_;
        value_type* current_;
    };

    /// Waits for the first. A range that is gone through again goes on where it was.
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

    /// How many next() has not given yet.
    std::size_t left() const noexcept { return arrivals_.left(); }

    /// The next one that has ended; null if all were given. Waits. Throws std::logic_error in a body on an
    /// event loop that has to run one of the calls.
    value_type* next() { return at(arrivals_.next_until(std::chrono::steady_clock::time_point::max())); }

    /// The same, for no longer than `limit`: then null, too.
    value_type* next_for(std::chrono::nanoseconds limit) {
        return at(arrivals_.next_until(detail::deadline_after(std::chrono::steady_clock::now(), limit)));
    }

    /// In a body: `co_await ended.next(ctx)`. This object must stay where it is until then.
    auto next(context& ctx) { return next_operation(ctx, *this); }

private:
    class [[nodiscard]] next_operation final : public detail::arrival_operation {
    public:
        next_operation(context& ctx, completed& of) noexcept
            : arrival_operation(ctx, of.arrivals_), of_(of) {}
        value_type* await_resume() { return of_.at(arrival_operation::await_resume()); }

    private:
        completed& of_;
    };

    value_type* at(std::optional<std::size_t> index) {
        using difference = std::ranges::range_difference_t<View>;
        return index ? &std::ranges::begin(futures_)[static_cast<difference>(*index)] : nullptr;
    }

    View futures_;
    detail::arrivals arrivals_;
};

/// Futures in the order in which their calls end. A range that is a temporary is kept in what this gives.
template <std::ranges::viewable_range Range>
requires future_range<std::remove_reference_t<Range>>
auto as_completed(Range&& futures) {
    return completed<std::views::all_t<Range>>(std::views::all(std::forward<Range>(futures)));
}

/// Waits until one of the calls has ended, for `limit` at the most; its index, the lowest of several that had
/// ended before. Throws std::invalid_argument for an empty range, and std::logic_error as completed::next().
template <future_range Range>
std::optional<std::size_t> wait_any_for(std::chrono::nanoseconds limit, Range& futures);

/// The same without a limit.
template <future_range Range>
std::size_t wait_any(Range& futures);

/// In a body.
template <future_range Range>
task<std::size_t> wait_any(context& ctx, Range& futures);

/// Waits until all of the calls have ended, for `limit` at the most; whether they have. Throws
/// std::logic_error as future::wait_for.
template <future_range Range>
bool wait_all_for(std::chrono::nanoseconds limit, Range& futures);

/// The same without a limit.
template <future_range Range>
void wait_all(Range& futures);

/// In a body.
template <future_range Range>
task<void> wait_all(context& ctx, Range& futures);

// ---- Definitions

namespace detail {

/// The first that has ended; throws if there is none at all.
template <class Range>
std::optional<std::size_t> first_done(Range& futures) {
    if (std::ranges::empty(futures))
        throw std::invalid_argument("quartet: of no futures none can end first: the range is empty");
    std::size_t index = 0;
    for (auto& each : futures) {
        if (each.done()) return index;
        ++index;
    }
    return {};
}

}  // namespace detail

template <future_range Range>
std::optional<std::size_t> wait_any_for(std::chrono::nanoseconds limit, Range& futures) {
    auto const deadline = detail::deadline_after(std::chrono::steady_clock::now(), limit);
    if (auto const done = detail::first_done(futures)) return done;
    return detail::future_access::arrivals_of(futures).next_until(deadline);
}

template <future_range Range>
std::size_t wait_any(Range& futures) {
    return *wait_any_for(std::chrono::nanoseconds::max(), futures);
}

template <future_range Range>
task<std::size_t> wait_any(context& ctx, Range& futures) {
    if (auto const done = detail::first_done(futures)) co_return *done;
    auto ended = detail::future_access::arrivals_of(futures);
    detail::arrival_operation next(ctx, ended);
    co_return *co_await next;
}

template <future_range Range>
bool wait_all_for(std::chrono::nanoseconds limit, Range& futures) {
    auto const deadline = detail::deadline_after(std::chrono::steady_clock::now(), limit);
    for (auto& each : futures) {
        if (!each.wait_for(deadline - std::chrono::steady_clock::now())) return false;
    }
    return true;
}

template <future_range Range>
void wait_all(Range& futures) {
    for (auto& each : futures)
        each.wait();
}

template <future_range Range>
task<void> wait_all(context& ctx, Range& futures) {
    for (auto& each : futures) {
        if (each.done()) continue;
        detail::join_operation end(ctx, detail::future_access::call_of(each));
        co_await end;
    }
}

}  // namespace quartet::inline v0
