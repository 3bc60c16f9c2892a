// include/quartet/detail/call/any_inputs.hpp
//
// Inputs, and a sink for outcomes, behind virtual functions, whatever container they lie in. With them single
// calls, streams, further tries and bodies in worker processes with a loop share one instantiation of a
// body's job. That keeps programs small and quick to compile, and costs each task two virtual calls more; a
// map has its first try without.
#pragma once

#include <quartet/detail/io/child_group.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

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

/// Elements as any_inputs.
template <class In, class Elements>
class inputs_of final : public any_inputs<In> {
public:
    explicit inputs_of(Elements const& elements) noexcept : elements_(elements) {}
    In const& operator[](std::size_t index) const override { return elements_[index]; }

private:
    Elements const& elements_;
};

/// A sink as any_sink.
template <class R, class Sink>
class sink_of final : public any_sink<R> {
public:
    explicit sink_of(Sink& sink) noexcept : sink_(sink) {}
    void set(std::size_t index, value_or_nothing<R>&& value) override {
        if constexpr (std::is_void_v<R>)
            sink_.set(index);
        else
            sink_.set(index, std::move(value));
    }
    void fail(failure why) override { sink_.fail(std::move(why)); }

private:
    Sink& sink_;
};

}  // namespace quartet::inline v0::detail
