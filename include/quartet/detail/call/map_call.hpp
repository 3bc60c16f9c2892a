// include/quartet/detail/call/map_call.hpp
//
// A whole map as one call, whose inputs it keeps.
#pragma once

#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/ended_call.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/detail/call/kept_call.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/call/sinks.hpp>
#include <quartet/outcome.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet::inline v0::detail {

/// Inputs of their own.
template <class In>
class owned_inputs : public any_inputs<In> {
public:
    explicit owned_inputs(input_store<In>&& inputs) noexcept : inputs_(std::move(inputs)) {}
    In const& operator[](std::size_t index) const override { return inputs_[index]; }

protected:
    ~owned_inputs() = default;

private:
    input_store<In> inputs_;
};

/// The failure of a map: its error, and the cause of the first task that failed.
inline failure failure_of(map_error const& error) {
    return {.why = error.failures().front().why,
            .message = error.what(),
            .exception = std::make_exception_ptr(error)};
}

/// The sink of a map whose values are taken together.
template <class R>
class map_call_sink : public any_sink<R> {
public:
    explicit map_call_sink(std::size_t count) : sink_(count) {}
    using any_sink<R>::set;
    void set(std::size_t index, value_or_nothing<R>&& value) override {
        if constexpr (std::is_void_v<R>)
            sink_.set(index);
        else
            sink_.set(index, std::move(value));
    }
    void fail(failure why) override {
        failed_ = true;
        sink_.fail(std::move(why));
    }

    outcome<mapped_t<R>> take() {
        failed_ = false;
        try {
            if constexpr (std::is_void_v<R>) {
                sink_.take();
                return outcome<void>(std::monostate());
            } else {
                return outcome<mapped_t<R>>(values_of(sink_.take()));
            }
        } catch (map_error const& error) {
            return outcome<mapped_t<R>>(failure_of(error));
        }
    }

    /// Whether there are failures that nobody has taken.
    bool failed() const noexcept { return failed_; }

protected:
    ~map_call_sink() = default;

private:
    map_sink<R> sink_;
    std::atomic<bool> failed_ = false;
};

template <class Body, class In, class R>
class map_call final : private owned_inputs<In>,
                       private map_call_sink<R>,
                       public any_map_job<Body, In>,
                       public kept_call<mapped_t<R>> {
    using inputs = any_inputs<In>;
    using sink = map_call_sink<R>;
    using base = any_map_job<Body, In>;
    using kept = kept_call<mapped_t<R>>;

public:
    map_call(Body const& body, input_store<In>&& elements, std::size_t count, call_options const& options)
        : owned_inputs<In>(std::move(elements)),
          sink(count),
          base(body, static_cast<inputs const&>(*this), count, static_cast<any_sink<R>&>(*this),
               options.failure, options.task_timeout) {
        this->set_chunk_size(options.chunk_size);
    }

    ~map_call() override {
        if (this->failed()) this->report(sink::take().error());
    }

    /// Throws what model::start throws.
    static std::shared_ptr<call<mapped_t<R>>> begin_under(model& how, Body const& body,
                                                          input_store<In>&& elements,
                                                          call_options const& options) {
        std::size_t const count = elements.size();
        if (count == 0) {
            using stored = value_or_nothing<mapped_t<R>>;
            return std::make_shared<ended_call<mapped_t<R>>>(outcome<mapped_t<R>>(stored()));
        }
        auto made = std::make_shared<map_call>(body, std::move(elements), count, options);
        made->kept::begin(how, options, made);
        return made;
    }

    outcome<mapped_t<R>> take() override { return sink::take(); }

private:
    job& work() noexcept override { return *this; }
};

}  // namespace quartet::inline v0::detail
