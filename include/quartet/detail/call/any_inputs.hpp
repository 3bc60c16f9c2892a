// include/quartet/detail/call/any_inputs.hpp
//
// Inputs, and a sink for outcomes, behind virtual functions, whatever container they lie in. Worker processes
// with a loop, and further tries of failed tasks, use them so that they share one instantiation of a body's
// job. That keeps programs small, and costs each task two virtual calls more.
#pragma once

#include <quartet/detail/io/child_group.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <type_traits>

namespace quartet::inline v0::detail {

template <class In>
class any_inputs {
public:
    virtual In const& operator[](std::size_t index) const = 0;

protected:
    ~any_inputs() = default;
};

template <class R>
class any_sink {
public:
    virtual void set(std::size_t index, value_or_nothing<R>&& value) = 0;
    void set(std::size_t index) requires std::is_void_v<R> { set(index, {}); }
    virtual void fail(failure why) = 0;

protected:
    ~any_sink() = default;
};

}  // namespace quartet::inline v0::detail
