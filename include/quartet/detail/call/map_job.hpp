// include/quartet/detail/call/map_job.hpp
//
// The job that an executor's calls make: one body, a sequence of inputs, and a sink for the outcomes.
// It runs here, and has a way to other processes and back.
#pragma once

#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/body_job.hpp>
#include <quartet/detail/call/crossing.hpp>
#include <quartet/detail/call/remote_job.hpp>
#include <quartet/detail/call/sinks.hpp>
#include <quartet/detail/call/stored_values.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <type_traits>

namespace quartet::inline v0::detail {

/// The way of a job's values to other processes, and back: a part of that job, which says between what.
template <class In, class R, class Inputs, class Sink>
class value_crossing : public crossing {
public:
    void encode(shared_arena& arena, remote_batch& batch) override {
        auto const [of, inputs, sink] = ends();
        encode_inputs<In>(of, inputs, arena, batch);
        batch.outputs = allocate_outputs<R>(arena, of.size());
    }

    void collect(remote_batch const& batch) noexcept override {
        auto const [of, inputs, sink] = ends();
        collect_outcomes<R>(of, sink, batch);
    }

    void encode_input(std::size_t index, byte_writer& out) override {
        codec<In>::encode(ends().inputs[index], out);
    }

    void take_result(std::size_t index, byte_reader& in) noexcept override {
        auto const [of, inputs, sink] = ends();
        try {
            if constexpr (std::is_void_v<R>)
                sink.set(index);
            else
                sink.set(index, codec<R>::decode(in));
        } catch (...) {
            of.fail(describe_current_exception(index, {}));
        }
    }

protected:
    struct from_to {
        job& of;
        Inputs const& inputs;
        Sink& sink;
    };
    ~value_crossing() = default;

private:
    virtual from_to ends() noexcept = 0;
};

/// The job of a body, with a way to other processes and back.
template <class Body, class In, class Inputs, class Sink>
class map_job : public job_of_body<Body, In, Inputs, Sink>::type,
                private value_crossing<In, typename body_result<Body, In>::type, Inputs, Sink> {
    using base = typename job_of_body<Body, In, Inputs, Sink>::type;
    using result = typename body_result<Body, In>::type;
    using way = value_crossing<In, result, Inputs, Sink>;

public:
    map_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
            std::chrono::nanoseconds task_limit, call_timer const* timer = nullptr) noexcept
        : base(body, inputs, count, sink, policy, task_limit, timer) {}

    class crossing* crossing() noexcept override {
        return this;
    }

private:
    remote_code code() const noexcept override {
        return {&run_remote<Body, In, result>, &make_remote_job<Body, In, result>,
                std::as_bytes(std::span<Body const, 1>(&this->own_body(), 1)), layout_of<In>(),
                layout_of<result>()};
    }
    typename way::from_to ends() noexcept override { return {*this, this->inputs_, this->sink_}; }
};

/// The one for every call of a body but maps of plain functions.
template <class Body, class In>
using any_map_job = map_job<Body, In, any_inputs<In>, any_sink<typename body_result<Body, In>::type>>;

}  // namespace quartet::inline v0::detail
