// include/quartet/detail/call/any_inputs.hpp
//
// Inputs and a sink of outcomes with their types erased. Worker processes with a loop and further tries use
// them, so that they share one instantiation of a body's job. A task costs two virtual calls more there.
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
