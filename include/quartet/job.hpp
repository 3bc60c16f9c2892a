// include/quartet/job.hpp
//
// The bodies of one map with their types erased, by index: all that a model sees of them.
//
// A model runs every index once, in one of three ways, and each index gets one outcome:
//   - run() goes straight through a range on the calling thread, in a blocking context;
//   - start() begins one body on an event loop, and settle() takes its outcome when it has ended;
//   - code(), encode() and collect() carry the bodies to other processes and their outcomes back.
// The type is erased once per range, not once per task, so the loop over the bodies still inlines.
#pragma once

#include <quartet/context.hpp>
#include <quartet/outcome.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <span>

namespace quartet {

/// What happens to the other tasks when one fails.
enum class on_failure {
    finish_all,  ///< they run all the same
    stop_all,    ///< those that have not begun are cancelled, those under way are asked to stop
};

namespace detail {

struct remote_batch;
struct remote_worker;
class shared_heap;
class ended_bodies;

/// A body under way on an event loop. When it has ended it waits in an ended_bodies to be settled.
class running_body : public task_listener {
public:
    explicit running_body(ended_bodies& list) noexcept : list_(&list) {}
    std::coroutine_handle<> ended() noexcept final;

private:
    friend class ended_bodies;
    ended_bodies* list_;
    running_body* next_ = nullptr;
};

/// Bodies that have ended but are not settled yet. For one thread.
class ended_bodies {
public:
    void push(running_body& body) noexcept {
        body.next_ = top_;
        top_ = &body;
    }
    /// One of them, or null.
    running_body* pop() noexcept {
        running_body* body = top_;
        if (body) top_ = body->next_;
        return body;
    }

private:
    running_body* top_ = nullptr;
};

inline std::coroutine_handle<> running_body::ended() noexcept {
    list_->push(*this);
    return std::noop_coroutine();
}

/// How a job's bodies are called in a worker process that has the same code at the same addresses.
struct remote_code {
    using run_function = void (*)(context&, remote_batch&, remote_worker&, std::size_t first,
                                  std::size_t last) noexcept;
    run_function run;                    ///< runs bodies first to last - 1
    std::span<std::byte const> closure;  ///< the bytes of the body object
};

}  // namespace detail

class job {
public:
    job(job const&) = delete;
    job& operator=(job const&) = delete;
    virtual ~job() = default;

    std::size_t size() const noexcept { return size_; }

    /// How long a body may take; nanoseconds::max() if there is no limit.
    std::chrono::nanoseconds task_limit() const noexcept { return task_limit_; }
    bool has_task_limit() const noexcept { return task_limit_ != task_limit_.max(); }

    /// The failure policy is stop_all and there was a failure: the model calls its stop.
    void set_stop(std::function<void()> stop) { stop_ = std::move(stop); }

    /// Runs bodies first to last - 1 in order. Any thread; different ranges at the same time.
    virtual void run(context& where, std::size_t first, std::size_t last) noexcept = 0;

    /// Begins body `index`. True if it is under way and will be pushed to `ended`, false if it is done.
    virtual bool start(context& where, std::size_t index, detail::ended_bodies& ended) noexcept = 0;

    /// Takes the outcome of a body that has ended and frees it. On the thread that started it.
    virtual void settle(detail::running_body& body) noexcept = 0;

    /// Makes `index` a failed outcome without running it. Any thread.
    virtual void fail(failure why) noexcept = 0;

    virtual detail::remote_code code() const noexcept = 0;

    /// Puts the inputs into shared memory; one that can't be encoded is a failed outcome. Throws
    /// std::bad_alloc.
    virtual void encode(detail::shared_heap& heap, detail::remote_batch& batch) = 0;

    /// Takes the outcomes that workers left in shared memory. Skips those that were never left there.
    virtual void collect(detail::remote_batch const& batch) noexcept = 0;

protected:
    explicit job(std::size_t size, on_failure policy = on_failure::finish_all,
                 std::chrono::nanoseconds task_limit = std::chrono::nanoseconds::max()) noexcept
        : size_(size), policy_(policy), task_limit_(task_limit) {}

    void after_failure() const {
        if (policy_ == on_failure::stop_all && stop_) stop_();
    }
    on_failure policy() const noexcept { return policy_; }

private:
    std::size_t size_;
    on_failure policy_;
    std::chrono::nanoseconds task_limit_;
    std::function<void()> stop_;
};

}  // namespace quartet
