// include/quartet/detail/call/sinks.hpp
//
// Where the outcomes of a map go.
#pragma once

#include <quartet/outcome.hpp>

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

}  // namespace quartet::inline v0::detail
