// include/quartet/detail/call/nested_part.hpp
//
// Calls that a body has made, on their way to another worker process: as a job, whose values cross as those
// of a map do. None begins under a model; the pool that has the body lets another worker run it.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/crossing.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/call/remote_job.hpp>
#include <quartet/detail/call/stored_values.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <utility>

namespace quartet::inline v0::detail {

class nested_part : public job {
public:
    /// Its values lie in shared memory from now on. What fails until then is an input that can't be encoded.
    void has_crossed() noexcept { crossed_ = true; }

    /// An input can't be encoded: it is to stay here.
    bool refused() const noexcept { return refused_; }

    void fail(failure why) noexcept final {
        if (crossed_)
            take(std::move(why));
        else
            refused_ = true;
    }

    /// Never on an event loop.
    running_body* start(context& ctx, std::size_t index, ended_bodies&) noexcept final {
        run(ctx, index, index + 1);
        return nullptr;
    }
    bool suspends() const noexcept final { return false; }
    void collect_outcome(running_body&) noexcept final {}

protected:
    explicit nested_part(std::size_t size) noexcept : job(size) {}

private:
    virtual void take(failure&& why) noexcept = 0;

    bool crossed_ = false;
    bool refused_ = false;
};

/// How its bodies are called in the other process.
template <class Body, class In, class R>
remote_code code_of_part(Body const& body) noexcept {
    return {&run_remote<Body, In, R>, nullptr, std::as_bytes(std::span<Body const, 1>(&body, 1)),
            layout_of<In>(), layout_of<R>()};
}

/// What a body gets to see of a call that has failed elsewhere: the call's own exception; a task_error if
/// nobody has thrown one.
std::exception_ptr thrown_for(failure const& why) noexcept;

}  // namespace quartet::inline v0::detail
