// include/quartet/detail/call/nested_map.hpp
//
// A map within a body: threads share its range, worker processes are dealt parts of it, and on an event loop
// its bodies take turns.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/detail/call/dealt_range.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/detail/call/loop_call.hpp>
#include <quartet/detail/call/nested_part.hpp>
#include <quartet/detail/call/sinks.hpp>
#include <quartet/detail/call/thread_call.hpp>
#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/outcome.hpp>
#include <quartet/structured.hpp>
#include <quartet/task.hpp>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace quartet::inline v0::detail {

/// Inputs for as long as a call lasts: a view of what lies in a row and has a name, all else is kept.
template <std::ranges::input_range Range>
auto kept_inputs(Range&& range) {
    if constexpr (std::is_lvalue_reference_v<Range>)
        return indexable(range);
    else
        return owned(std::forward<Range>(range));
}

/// A range that several threads work off: each takes as much at a time as it does in some 50 µs, and never
/// more than an eighth of what is left.
class range_share {
public:
    explicit range_share(std::size_t size) noexcept : size_(size) {}

    std::size_t size() const noexcept { return size_; }
    std::size_t left() const noexcept {
        return size_ - std::min(size_, next_.load(std::memory_order_relaxed));
    }
    bool empty() const noexcept { return left() == 0; }

    /// Nothing if none is left.
    std::optional<std::size_t> take_one() noexcept {
        if (empty()) return {};
        std::size_t const taken = next_.fetch_add(1, std::memory_order_relaxed);
        return taken < size_ ? std::optional(taken) : std::nullopt;
    }

    /// Calls `use(first, last)` for one part after another, until none is left.
    void work_off(std::invocable<std::size_t, std::size_t> auto&& use) noexcept {
        run_length most;
        while (!empty()) {
            std::size_t const wanted = std::clamp<std::size_t>(left() / 8, 1, most.get());
            std::size_t const first = next_.fetch_add(wanted, std::memory_order_relaxed);
            if (first >= size_) return;
            use(first, std::min(size_, first + wanted));
            most.have_run(wanted);
        }
    }

private:
    std::size_t const size_;
    std::atomic<std::size_t> next_ = 0;
};

/// How many bodies of one map a loop has under way at the most.
inline constexpr std::size_t most_lanes = 10'000;

/// The bodies of a map, and where their outcomes go.
template <class Body, class In, class R, class Inputs, class Sink>
struct nested_bodies {
    using body_type = Body;
    using input = In;
    using result = R;

    Body const& body;
    Inputs const& inputs;
    Sink& sink;
    range_share range;
    std::optional<map_recording> record;  // if the calls leave one
    std::atomic<std::size_t> parts = 1;   // of event loops, that were offered

    /// Those of one part, on the thread that calls.
    void run(Body& mine, context& ctx, std::size_t first, std::size_t last) noexcept {
        process_stamp const process = this_process();
        for (std::size_t index = first; index < last; ++index) {
            if (ctx.stop_requested()) [[unlikely]]
                return;  // then the whole map is cancelled
            if (record) [[unlikely]]
                run_recorded(mine, ctx, index, process);
            else
                run_one(mine, ctx, index, process, nullptr);
        }
    }

    void run_one(Body& mine, context& ctx, std::size_t index, process_stamp process,
                 map_recording::call* recorded) noexcept {
        try {
            if constexpr (std::is_void_v<R>) {
                call_body(mine, ctx, inputs[index], no_task_limit, process);
                sink.set(index);
            } else {
                sink.set(index, call_body(mine, ctx, inputs[index], no_task_limit, process));
            }
        } catch (...) {
            if (recorded) recorded->fails();
            sink.fail(describe_current_exception(index, ctx.where().name));
        }
    }

    [[gnu::noinline]] void run_recorded(Body& mine, context& ctx, std::size_t index,
                                        process_stamp process) noexcept {
        map_recording::call recorded(*record, index, ctx);
        run_one(mine, ctx, index, process, &recorded);
    }

    /// All of them, on the event loop of the body and those that have nothing to do: each that takes part
    /// offers a further part.
    task<void> run_part(context& ctx) {
        std::unique_ptr<typed_loop_call<void>, drop_loop_call> further;
        loop_host* const host = nested_access::loop_host_of(ctx);
        if (host && !range.empty() && parts.fetch_add(1) < host->loops())
            further.reset(new typed_loop_call<void>(
                ctx, true, [this](loop_call const& call) { return run_further_part(call); }));
        std::exception_ptr why;
        try {
            co_await run_lanes(ctx);
        } catch (...) {
            why = std::current_exception();
        }
        if (further && !further->withdraw()) {
            co_await loop_call_operation(ctx, *further, true);  // which has what is kept here
            if (!why) further->take();
        }
        if (why) std::rethrow_exception(why);
    }
    task<void> run_further_part(loop_call const& call) { co_await run_part(call.where()); }

    /// Those of one event loop, which take turns.
    task<void> run_lanes(context& ctx) {
        Body own = body;
        std::size_t const count = std::min(range.left(), most_lanes);
        std::vector<task<void>> lanes;
        lanes.reserve(count);
        while (lanes.size() < count)
            lanes.push_back(run_lane(own, ctx));
        co_await gather(std::move(lanes));
        co_await ctx.yield();  // not on the stack of the last one
    }

    /// One after another, beside other lanes.
    task<void> run_lane(Body& own, context& ctx) {
        co_await ctx.yield();  // not on the stack of the body that has called
        while (auto const index = range.take_one()) {
            if (ctx.stop_requested()) throw cancelled();
            std::unique_ptr<map_recording::call> recorded;
            if (record) recorded.reset(new map_recording::call(*record, *index, ctx));
            try {
                if constexpr (std::is_void_v<R>) {
                    co_await own(ctx, inputs[*index]);
                    sink.set(*index);
                } else {
                    sink.set(*index, co_await own(ctx, inputs[*index]));
                }
            } catch (...) {
                if (recorded) recorded->fails();
                if (ctx.stop_requested()) throw;
                sink.fail(describe_current_exception(*index, ctx.where().name));
            }
        }
    }
};

/// A part in working off a map; the first is that of the body which has called it. Whoever takes part offers
/// a further part, so that as many threads help as have nothing to do.
template <class Bodies>
class map_part final : public nested_work {
public:
    explicit map_part(Bodies& of) noexcept : of_(of) {}

    /// Throws std::system_error if there was no stack for it.
    void require_run() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    void run_body(context& ctx) noexcept override {
        if (of_.range.empty()) return;
        nested_host* const host = nested_access::host_of(ctx);
        if (host && !host->shares_memory())
            return dealt_range<Bodies>(of_, 0, of_.range.size()).run_dealing(ctx);
        auto own = of_.body;
        if (!host) return of_.run(own, ctx, 0, of_.range.size());
        map_part further(of_);
        further.be_recorded(ctx, nested_recording::kind::part);
        offer(further, ctx);
        of_.range.work_off([&](std::size_t first, std::size_t last) { of_.run(own, ctx, first, last); });
        finish(further, ctx);
    }
    std::unique_ptr<nested_part> part_for_others() override { return nullptr; }  // it is for threads
    /// Others work off what a further part does not.
    void fail_body(std::exception_ptr why) noexcept override { failure_ = std::move(why); }
    std::exception_ptr failure() const noexcept override { return failure_; }

    Bodies& of_;
    std::exception_ptr failure_;
};

/// `on_loop`: as begins_on_loop() says, for coroutines.
template <class Body, class In, class R, class Inputs>
task<mapped_t<R>> map_nested(context& ctx, Body body, Inputs inputs, bool on_loop) {
    using sink = map_sink<R>;
    using bodies = nested_bodies<Body, In, R, Inputs, sink>;
    std::size_t const size = inputs.size();
    sink outcomes(size);
    bodies all{body, inputs, outcomes, range_share(size), std::nullopt};
    if (this_task.slot) [[unlikely]]
        all.record.emplace(size, ctx);
    if constexpr (is_coroutine_body<Body, In>) {
        if (on_loop) co_await all.run_part(ctx);
    }
    if (!on_loop) {
        require_own_context(ctx);
        map_part<bodies> whole(all);
        whole.run(ctx);
        whole.require_run();
        if (ctx.stop_requested()) throw cancelled();
    }
    if constexpr (std::is_void_v<R>) {
        outcomes.take();
    } else {
        co_return values_of(outcomes.take());
    }
}

/// A call on an event loop: it begins in a turn to come, not on the stack of the body that makes it.
template <class Body, class In, class R>
task<R> begin_later(loop_call const& call, Body body, In input) {
    context& ctx = call.where();
    if (call.begins_within_body()) co_await ctx.yield();
    if (ctx.stop_requested()) throw cancelled();
    recorded_part record(call.record(), ctx);
    try {
        co_return co_await body(ctx, input);
    } catch (...) {
        record.fails();
        throw;
    }
}

}  // namespace quartet::inline v0::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
