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

/// The way of a job's values to other processes, and back.
template <class In, class R, class Inputs, class Sink>
class value_crossing final : public crossing {
public:
    value_crossing(job& of, remote_code const& code, Inputs const& inputs, Sink& sink) noexcept
        : of_(of), code_(code), inputs_(inputs), sink_(sink) {}

    remote_code code() const noexcept override { return code_; }

    void encode(shared_arena& arena, remote_batch& batch) override {
        encode_inputs<In>(of_, inputs_, arena, batch);
        batch.outputs = allocate_outputs<R>(arena, of_.size());
    }

    void collect(remote_batch const& batch) noexcept override { collect_outcomes<R>(of_, sink_, batch); }

    void encode_input(std::size_t index, byte_writer& out) override {
        codec<In>::encode(inputs_[index], out);
    }

    void take_result(std::size_t index, byte_reader& in) noexcept override {
        try {
            if constexpr (std::is_void_v<R>)
                sink_.set(index);
            else
                sink_.set(index, codec<R>::decode(in));
        } catch (...) {
            of_.fail(describe_current_exception(index, {}));
        }
    }

private:
    job& of_;
    remote_code code_;
    Inputs const& inputs_;
    Sink& sink_;
};

/// The job of a body, with a way to other processes and back.
template <class Body, class In, class Inputs, class Sink>
class map_job : public job_of_body<Body, In, Inputs, Sink>::type {
    using base = typename job_of_body<Body, In, Inputs, Sink>::type;
    using result = typename body_result<Body, In>::type;

public:
    map_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
            std::chrono::nanoseconds task_limit, call_timer const* timer = nullptr) noexcept
        : base(body, inputs, count, sink, policy, task_limit, timer),
          way_(*this,
               {&run_remote<Body, In, result>, &make_remote_job<Body, In, result>,
                std::as_bytes(std::span<Body const, 1>(&this->own_body(), 1)), layout_of<In>(),
                layout_of<result>()},
               inputs, sink) {
        this->cross_by(way_);
    }

private:
    value_crossing<In, result, Inputs, Sink> way_;
};

/// The one for every call of a body but maps of plain functions.
template <class Body, class In>
using any_map_job = map_job<Body, In, any_inputs<In>, any_sink<typename body_result<Body, In>::type>>;

}  // namespace quartet::inline v0::detail
