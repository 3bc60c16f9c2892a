// include/quartet/detail/call/map_job.hpp
//
// The job that an executor's calls make: one body, a sequence of inputs, and a sink for the outcomes.
// It runs here, and has a way to other processes and back.
#pragma once

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

/// A body_job with a way to other processes and back.
template <class Body, class In, class Inputs, class Sink>
class map_job : public body_job<Body, In, Inputs, Sink>, private crossing {
    using base = body_job<Body, In, Inputs, Sink>;
    using result = typename base::result;

public:
    map_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
            std::chrono::nanoseconds task_limit, call_timer const* timer = nullptr) noexcept
        : base(body, inputs, count, sink, policy, task_limit, timer) {
        this->cross_by(*this);
    }

private:
    remote_code code() const noexcept override {
        return {&run_remote<Body, In, result>, &make_remote_job<Body, In, result>,
                std::as_bytes(std::span<Body const, 1>(&this->body_, 1))};
    }

    void encode(shared_arena& arena, remote_batch& batch) override {
        encode_inputs<In>(*this, this->inputs_, arena, batch);
        batch.outputs = allocate_outputs<result>(arena, this->size());
    }

    void collect(remote_batch const& batch) noexcept override {
        collect_outcomes<result>(*this, this->sink_, batch);
    }
};

}  // namespace quartet::inline v0::detail
