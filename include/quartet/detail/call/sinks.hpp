// include/quartet/detail/call/sinks.hpp
//
// Where the outcomes of a map go.
#pragma once

#include <quartet/detail/io/child_group.hpp>
#include <quartet/outcome.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace quartet::inline v0::detail {

/// Keeps failures in the order they come; any thread.
class failure_list {
public:
    failure_list();
    ~failure_list();
    void add(failure why);
    bool empty() const noexcept { return failures_.empty(); }
    /// Drops those of which `taken` says so.
    void take_if(std::function<bool(failure&)> const& taken);
    /// Throws all of them, ordered by index, as the map_error of so many tasks.
    [[noreturn]] void throw_all(std::size_t tasks);

private:
    std::mutex mutex_;
    std::vector<failure> failures_;
};

/// For map: plain values in place, failures aside. Needs values that can be there before their task ran.
template <class R>
class value_sink {
public:
    explicit value_sink(std::size_t count) : values_(count) {}
    void set(std::size_t index, R&& value) { values_[index] = std::move(value); }
    void fail(failure why) { failures_.add(std::move(why)); }
    void take_failures(auto&& taken) { failures_.take_if(taken); }
    std::vector<R> take() {
        std::size_t const tasks = values_.size();
        if (!failures_.empty()) failures_.throw_all(tasks);
        return std::move(values_);
    }

private:
    std::vector<R> values_;
    failure_list failures_;
};

template <>
class value_sink<void> {
public:
    explicit value_sink(std::size_t count) : count_(count) {}
    void set(std::size_t) const noexcept {}
    void fail(failure why) { failures_.add(std::move(why)); }
    void take_failures(auto&& taken) { failures_.take_if(taken); }
    void take() {
        if (!failures_.empty()) failures_.throw_all(count_);
    }

private:
    std::size_t count_;
    failure_list failures_;
};

/// For try_map: an outcome per task.
template <class R>
class outcome_sink {
public:
    explicit outcome_sink(std::size_t count) : outcomes_(count) {}
    using value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

    void set(std::size_t index, value&& result) { outcomes_[index] = outcome<R>(std::move(result)); }
    void set(std::size_t index) requires std::is_void_v<R> { set(index, std::monostate{}); }
    void fail(failure why) { fail_at(why.index, std::move(why)); }
    void take_failures(auto&& taken) {
        for (auto const& each : outcomes_) {
            if (!each) static_cast<void>(taken(each.error()));
        }
    }
    std::vector<outcome<R>> take() { return std::move(outcomes_); }

protected:
    void fail_at(std::size_t index, failure&& why) { outcomes_[index] = outcome<R>(std::move(why)); }

private:
    std::vector<outcome<R>> outcomes_;
};

/// What a map of a body that gives R gives.
template <class R>
using mapped_t = std::conditional_t<std::is_void_v<R>, void, std::vector<value_or_nothing<R>>>;

/// The sink of such a map.
template <class R>
struct map_sink_of {
    using type = std::conditional_t<std::default_initializable<R> && !std::same_as<R, bool> &&
                                        std::is_move_assignable_v<R>,
                                    value_sink<R>, outcome_sink<R>>;
};
template <>
struct map_sink_of<void> {
    using type = value_sink<void>;
};
template <class R>
using map_sink = typename map_sink_of<R>::type;

/// The values, from what such a sink gives. Throws map_error.
template <class R>
std::vector<R> values_of(std::vector<R> values) noexcept {
    return values;
}
template <class R>
std::vector<R> values_of(std::vector<outcome<R>> outcomes) {
    std::vector<failure> failures;
    for (auto const& each : outcomes) {
        if (!each) failures.push_back(each.error());
    }
    if (!failures.empty()) throw map_error(std::move(failures), outcomes.size());
    std::vector<R> result;
    result.reserve(outcomes.size());
    for (auto& each : outcomes)
        result.push_back(std::move(each).value());
    return result;
}

}  // namespace quartet::inline v0::detail
