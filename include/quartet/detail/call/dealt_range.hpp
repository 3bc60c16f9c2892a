// include/quartet/detail/call/dealt_range.hpp
//
// A map within a body in a worker process: others are dealt parts of its range.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/call/nested_part.hpp>
#include <quartet/detail/call/thread_call.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/io/nested_work.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

/// How many bodies are to be run before one looks again at what has changed: as many as take some 50 µs.
class run_length {
public:
    std::size_t get() const noexcept { return most_; }

    /// So many have been run since the last call.
    void have_run(std::size_t bodies) noexcept {
        auto const now = clock::now();
        if (now - before_ < std::chrono::microseconds(25) && bodies == most_) most_ *= 2;
        if (now - before_ > std::chrono::microseconds(100)) most_ = std::max<std::size_t>(1, most_ / 2);
        before_ = now;
    }

private:
    using clock = std::chrono::steady_clock;
    std::size_t most_ = 1;
    clock::time_point before_ = clock::now();
};

/// Some of the bodies of a map, which another process may run.
template <class Bodies>
class dealt_range final : public nested_work {
    using body = typename Bodies::body_type;
    using input = typename Bodies::input;
    using result = typename Bodies::result;

public:
    dealt_range(Bodies& of, std::size_t first, std::size_t last) noexcept
        : of_(of), first_(first), last_(last) {}

    /// Runs what is left of it; whoever has nothing to do is dealt a part of that.
    void run_dealing(context& ctx) noexcept {
        nested_host& host = *nested_access::host_of(ctx);
        bool const alone = current_scope() && current_scope()->behind();
        body own = of_.body;
        std::deque<dealt_range> dealt;
        run_length most;
        while (first_ < last_) {
            std::size_t const left = last_ - first_;
            if (std::size_t const idle = alone || left == 1 ? 0 : host.idle()) {
                std::size_t const part = std::max<std::size_t>(1, left / (idle + 1));
                offer(dealt.emplace_back(of_, last_ - part, last_), ctx);
                last_ -= part;
                continue;
            }
            std::size_t const taken = std::min(left, most.get());
            of_.run(own, ctx, first_, first_ + taken);
            first_ += taken;
            most.have_run(taken);
        }
        while (!dealt.empty()) {
            finish(dealt.back(), ctx);
            dealt.pop_back();
        }
    }

private:
    /// As inputs, and as a sink, from the first of them on.
    class way final : public nested_part, private value_crossing<input, result, way, way> {
        using crossing_base = value_crossing<input, result, way, way>;

    public:
        explicit way(dealt_range& part) noexcept
            : nested_part(part.last_ - part.first_), of_(part.of_), first_(part.first_) {}

        class crossing* crossing() noexcept override {
            return this;
        }

        void run(context& ctx, std::size_t first, std::size_t last) noexcept override {
            body own = of_.body;
            of_.run(own, ctx, first_ + first, first_ + last);
        }

        input const& operator[](std::size_t index) const noexcept { return of_.inputs[first_ + index]; }
        void set(std::size_t index, value_or_nothing<result>&& value) {
            if constexpr (!std::is_void_v<result>) of_.sink.set(first_ + index, std::move(value));
        }
        void set(std::size_t index) requires std::is_void_v<result> { of_.sink.set(first_ + index); }

    private:
        void take(quartet::failure&& why) noexcept override {
            why.index += first_;
            if (of_.record) of_.record->fails(why.index);
            of_.sink.fail(std::move(why));
        }

        remote_code code() const noexcept override { return code_of_part<body, input, result>(of_.body); }
        typename crossing_base::from_to ends() noexcept override { return {*this, *this, *this}; }

        Bodies& of_;
        std::size_t const first_;
    };

    std::unique_ptr<nested_part> part_for_others() override { return std::make_unique<way>(*this); }
    std::optional<crossed_recording> crossed() const noexcept override {
        return of_.record ? std::optional(of_.record->crossed(first_)) : std::nullopt;
    }
    void run_body(context& ctx) noexcept override { run_dealing(ctx); }
    std::exception_ptr failure() const noexcept override { return nullptr; }  // each body has its own
    /// There was no stack for it.
    void fail_body(std::exception_ptr why) noexcept override {
        for (; first_ < last_; ++first_) {
            try {
                std::rethrow_exception(why);
            } catch (...) {
                of_.sink.fail(describe_current_exception(first_, {}));
            }
        }
    }

    Bodies& of_;
    std::size_t first_;  // of those that nobody has begun, or was dealt
    std::size_t last_;
};

}  // namespace quartet::inline v0::detail
