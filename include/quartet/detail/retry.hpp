// include/quartet/detail/retry.hpp
//
// Further tries of tasks that failed.
#pragma once

#include <quartet/call_options.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <utility>
#include <vector>

namespace quartet::detail {

/// The pauses before further tries.
class retry_pauses {
public:
    explicit retry_pauses(retry_options const& options) noexcept
        : next_(options.pause), factor_(options.factor) {}

    /// False if a stop came.
    bool wait(std::stop_token const& stop);

private:
    std::chrono::duration<double, std::nano> next_;
    double factor_;
};

/// Throws std::invalid_argument if the options ask for retries.
void refuse_retries(call_options const& options, char const* call);

/// The inputs whose failures are tried again, and the sink of their further try.
template <class Elements, class Sink>
class picked {
public:
    /// Takes the failures out of the sink.
    picked(Elements const& elements, Sink& sink, retry_options const& options)
        : elements_(elements), sink_(sink) {
        sink.take_failures([&](failure const& why) {
            bool const again = options.when ? options.when(why) : why.why != cause::cancelled;
            if (again) places_.push_back(why.index);
            return again;
        });
    }

    std::size_t size() const noexcept { return places_.size(); }
    decltype(auto) operator[](std::size_t index) const { return elements_[places_[index]]; }

    void set(std::size_t index, auto&& value) {
        sink_.set(places_[index], std::forward<decltype(value)>(value));
    }
    void set(std::size_t index) { sink_.set(places_[index]); }
    void fail(failure why) {
        why.index = places_[why.index];
        sink_.fail(std::move(why));
    }

private:
    Elements const& elements_;
    Sink& sink_;
    std::vector<std::size_t> places_;
};

}  // namespace quartet::detail
