// tests/stress/bodies.hpp
//
// The bodies of random calls. Each counts on the board that it began, does its deed, and counts that it
// ended.
#pragma once

#include "tests/stress/board.hpp"
#include "tests/stress/plan.hpp"

#include <quartet/quartet.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace quartet::stress {

/// What is broken on purpose, to see that the checks tell.
enum class breakage : std::uint8_t {
    nothing,
    lost_end,      ///< a task has a value, and never came to its end
    doubled_task,  ///< a task ran twice
    wrong_value,
    strange_failure,
    left_descriptor,
    left_child,
    left_mapping,
    left_thread,
    hang,
    crash,
    stray_child,       ///< a child that a body forked runs a task
    wrong_child_code,  ///< or ends otherwise than its body
    late_stop,         ///< a stop of an executor goes on after its end
    wrong_index,       ///< a failure names another task
    lost_exit_code,    ///< a command's
    unbroken_start,    ///< an initialize that was to throw does not
};

/// Stops of an executor; its end is one, of calls that nobody waits for before.
class stop_counts {
public:
    /// As many as have returned.
    std::uint64_t over() const noexcept { return over_; }
    /// Whether a call that was made when so many had returned may have met one by now.
    bool may_have_met(std::uint64_t over) const noexcept { return begun_ != over; }

    void begin() noexcept { ++begun_; }
    void end() noexcept { ++over_; }

private:
    std::atomic<std::uint64_t> begun_ = 0;
    std::atomic<std::uint64_t> over_ = 0;
};

/// What a body is given beside its order; crosses to workers as its bytes.
struct tools {
    board* counts;
    executor* own;
    stop_counts const* own_stops;
    executor* elder;  ///< older than all workers
    channel<std::uint32_t>* values;
    shared_view<std::atomic<std::uint32_t>> marks;
    child_ends children;
    bool workers_may_not_begin;
    std::optional<int> end_of_waiting_child;  ///< empty: 0, or 1 if it was stopped
    std::uint32_t first_id;
    breakage broken;
    char folder[64];
};

/// Thrown by bodies; of no type that crosses as itself.
struct own_failure : std::exception {
    std::string text;
    explicit own_failure(std::string words) : text(std::move(words)) {}
    char const* what() const noexcept override { return text.c_str(); }
};

/// What plans have executor_options::initialize throw.
inline constexpr std::string_view bad_start = "this worker can't begin";

inline bool is_bad_start(failure const& why) noexcept {
    return why.message.find(bad_start) != std::string::npos;
}

std::string words_of(order const& what);
std::uint64_t answer(order const& what) noexcept;

/// The signal that deed::dies_by_signal ends by, and the code of deed::exits.
int signal_of(order const& what) noexcept;
int exit_code_of(order const& what) noexcept;

/// Its input and result are so many bytes longer.
inline bool is_padded(order const& what) noexcept {
    return what.what == deed::is_large || what.what == deed::is_huge;
}

/// An input of either type, and back.
template <class In>
In input_of(order const& what) {
    if constexpr (std::is_same_v<In, order>) {
        return what;
    } else {
        std::string text(reinterpret_cast<char const*>(&what), sizeof what);
        if (is_padded(what)) text.resize(sizeof what + what.amount, 'i');
        return text;
    }
}
order order_of(std::string const& text);
inline order const& order_of(order const& what) {
    return what;
}

/// A value of any of the types.
template <class R>
R value_of(order const& what) {
    if constexpr (std::is_same_v<R, std::uint64_t>) {
        return answer(what);
    } else if constexpr (std::is_same_v<R, std::string>) {
        std::string text = std::to_string(answer(what));
        if (is_padded(what)) text.resize(text.size() + what.amount, 'r');
        return text;
    }
}

void begin(tools const& with, order const& what);
void end(tools const& with, order const& what);
/// The parts that need no context. False: there is more to it.
bool act_at_once(tools const& with, order const& what);
task<void> act(context& ctx, tools with, order what);

template <class R>
R result(tools const& with, order const& what) {
    if constexpr (!std::is_void_v<R>) {
        bool const wrong = with.broken == breakage::wrong_value && what.id == with.first_id;
        order meant = what;
        meant.id += wrong;
        return value_of<R>(meant);
    }
}

template <class In, class R>
struct coroutine_body {
    using input = In;
    using result_type = R;
    tools with;

    task<R> operator()(context& ctx, In const& given) const {
        order const what = order_of(given);
        tools const mine = with;
        begin(mine, what);
        co_await act(ctx, mine, what);
        end(mine, what);
        if constexpr (!std::is_void_v<R>) co_return result<R>(mine, what);
    }
};

template <class In, class R>
struct function_body {
    using input = In;
    using result_type = R;
    tools with;

    R operator()(In const& given) const {
        order const what = order_of(given);
        begin(with, what);
        act_at_once(with, what);
        end(with, what);
        return result<R>(with, what);
    }
};

/// Of starmap: its arguments are a tuple's elements.
struct two_argument_body {
    using input = std::tuple<std::uint32_t, order>;
    using result_type = std::uint64_t;
    tools with;

    task<std::uint64_t> operator()(context& ctx, std::uint32_t id, order const& what) const {
        coroutine_body<order, std::uint64_t> const plain{with};
        order mine = what;
        mine.id = id;
        co_return co_await plain(ctx, mine);
    }
};

}  // namespace quartet::stress
