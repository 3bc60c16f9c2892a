// include/quartet/backend/job.hpp
//
// The bodies of one call with their types erased, by index: all that a model sees of them.
//
// A model runs every index once, in one of three ways, and each index gets one outcome:
//   - run() goes straight through a range on the calling thread, in a blocking context;
//   - start() begins one body on an event loop, and collect_outcome() takes its outcome when it has ended;
//   - crossing() carries the bodies to other processes and their outcomes back.
// The type is erased once per range, not once per task, so the loop over the bodies still inlines.
//
// A job is given to a model once, and kept until it has finished. Its end is a completion; what its callers
// have to tell the model until then goes to the model's job_driver.
#pragma once

#include <quartet/backend/completion.hpp>
#include <quartet/backend/job_driver.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/detail/io/task_slots.hpp>
#include <quartet/outcome.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

class job;
class model;

/// What happens to the other tasks when one fails.
enum class on_failure {
    finish_all,  ///< they run all the same
    stop_all,    ///< those that have not begun are cancelled, those under way are asked to stop
};

namespace detail {

struct remote_batch;
class broadcast_memory;
class crossing;
class early_values;
class ended_bodies;

/// What the body that has made it keeps until it has ended.
class kept_by_body {
public:
    virtual ~kept_by_body() = default;
    virtual bool ended() const noexcept = 0;

private:
    friend class running_body;
    std::unique_ptr<kept_by_body> next_;
};

/// A body under way on an event loop. When it has ended it waits in an ended_bodies until its outcome is
/// collected.
class running_body : public task_listener {
public:
    running_body(ended_bodies& list, job const& of, std::size_t index, context& ctx) noexcept
        : list_(&list), job_(&of), index_(index) {
        own_scope.set_body(*this, ctx);
    }
    ~running_body() override;
    std::coroutine_handle<> ended() noexcept override;

    /// It is over when it has ended and its calls have too: true if that is so now.
    bool end() noexcept {
        over_ = true;
        return calls_ == 0;
    }

    // ---- Calls that it has made of its context (detail/call/loop_call.hpp)

    void call_begins() noexcept { ++calls_; }
    void call_ended() noexcept;
    void keep(std::unique_ptr<kept_by_body> what) noexcept;

    std::size_t index() const noexcept { return index_; }
    job const& of() const noexcept { return *job_; }

    /// Ends what the body awaits; nothing is resumed from within.
    void cancel() noexcept { own_scope.cancel(); }

    scope own_scope;
    std::size_t awaited_calls = 0;   ///< those of its own executor; see loop::places_lent
    void* group = nullptr;           ///< for the loop: the bodies of the same job
    running_body* before = nullptr;  ///< in the same group
    running_body* after = nullptr;

private:
    friend class ended_bodies;
    ended_bodies* list_;
    job const* job_;
    std::size_t index_;
    running_body* next_ = nullptr;
    std::size_t calls_ = 0;  // that have not ended
    bool over_ = false;
    std::uint32_t kept_count_ = 0;
    std::uint32_t look_at_ = 16;
    std::unique_ptr<kept_by_body> kept_;  // a list

    void drop_ended() noexcept;
    static void drop_all(std::unique_ptr<kept_by_body> first) noexcept;
};

/// Bodies that have ended and whose outcomes are not collected yet, in the order of their ends. For one
/// thread.
class ended_bodies {
public:
    ended_bodies() = default;
    ended_bodies(ended_bodies const&) = delete;
    ended_bodies& operator=(ended_bodies const&) = delete;

    void push(running_body& body) noexcept {
        *last_ = &body;
        last_ = &body.next_;
    }
    /// The first, or null.
    running_body* pop() noexcept {
        running_body* const body = first_;
        if (!body) return nullptr;
        first_ = body->next_;
        if (!first_) last_ = &first_;
        return body;
    }

private:
    running_body* first_ = nullptr;
    running_body** last_ = &first_;  // where the next goes
};

inline std::coroutine_handle<> running_body::ended() noexcept {
    if (end()) list_->push(*this);
    return std::noop_coroutine();
}

/// A job's hook in the list of a queue, and what of it is queued; guarded by the queue's lock.
struct queue_hook {
    job* before = nullptr;
    job* after = nullptr;
    bool queued = false;
    std::size_t next = 0;  ///< the first index that nobody has taken
};

/// A job's hook in its model's list of those that have not finished; guarded by the model's lock.
struct open_hook {
    job* before = nullptr;
    job* after = nullptr;
};

/// What a job may have beside its tasks. A call of a million has none of it.
struct job_extras {
    std::size_t chunk_size = 0;
    std::size_t first_number = 0;
    std::size_t const* numbers = nullptr;
    std::function<void(std::size_t, std::size_t)> const* progress = nullptr;
    std::exception_ptr progress_threw{};
    early_values* early = nullptr;
    job_slots slots{};
    std::vector<std::shared_ptr<broadcast_memory const>> broadcasts{};  ///< its body has views of them
};
inline job_extras const no_extras;

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

    on_failure policy() const noexcept { return policy_; }

    /// Tasks to be taken at a time; 0: as the model finds best.
    std::size_t chunk_size() const noexcept { return extras().chunk_size; }

    // ---- For the maker of a job; what is set may throw std::bad_alloc

    completion& ending() noexcept { return end_; }

    void set_chunk_size(std::size_t tasks) { set(&detail::job_extras::chunk_size, tasks); }

    /// Sets the numbers that failures and records give its tasks: counted from `first`, or those of the
    /// array, which the caller keeps. Before the job begins.
    void number_tasks(std::size_t first, std::size_t const* numbers = nullptr) {
        set(&detail::job_extras::first_number, first);
        set(&detail::job_extras::numbers, numbers);
    }

    /// Sets the function that is told of its progress (call_options::progress), which the caller keeps.
    /// Before the job begins.
    void set_progress(std::function<void(std::size_t, std::size_t)> const& told) {
        set(&detail::job_extras::progress, told ? &told : nullptr);
    }

    /// Sets who is given its values as they come, which the caller keeps. Before the job begins.
    void give_early(detail::early_values* to) { set(&detail::job_extras::early, to); }

    bool has_progress() const noexcept { return extras().progress != nullptr; }

    /// Calls the progress function, on the caller's thread. If it throws, the job is stopped, and run_under()
    /// throws the same at the end.
    void tell_progress() noexcept;

    /// Begins under the model. Throws what model::start throws.
    void start_under(model& how);

    /// The two halves of start_under(), for a job that may be stopped by others between them: the model takes
    /// the job, and has yet to start it.
    void taken_by(model& how) noexcept;

    /// Begins under the model, and waits for the end. `stop` stops it. Throws what model::start and
    /// wait_until throw.
    void run_under(model& how, std::stop_token const& stop);

    /// Asks what has not ended to stop. Any thread, as long as the job is kept.
    void request_stop(detail::stopped_by who = detail::stopped_by::request) noexcept;

    /// Whether every task has an outcome.
    bool ended() const noexcept { return end_.ended(); }

    /// Waits until it has finished; false if it has not at the deadline. One thread at a time. Throws
    /// std::logic_error on a thread that can't wait.
    bool wait_until(std::optional<std::chrono::steady_clock::time_point> deadline = {});

    /// Prepares this thread to wait for the job by other means than wait_until(). Throws as wait_until()
    /// does.
    void help();

    /// False on the thread of an event loop that has to run it.
    bool can_wait() const noexcept { return end_.ended() || driver_->can_wait(); }

    /// On such a thread: see job_driver::begin_in_place.
    void begin_in_place();

    /// Has `further` run when it has finished. The caller keeps the job meanwhile; so it need not be waited
    /// for.
    void then(continuation& further) noexcept;

    /// It is to finish although nobody waits for it.
    void watch() noexcept;

    // ---- For models

    detail::stop_state& stop() noexcept { return end_.stop(); }

    /// The index of a task's input in the whole call: a job may be a chunk of a stream, or a further try.
    std::size_t number_of(std::size_t index) const noexcept {
        return numbers() ? numbers()[index] : first_number() + index;
    }
    std::size_t first_number() const noexcept { return extras().first_number; }
    std::size_t const* numbers() const noexcept { return extras().numbers; }

    /// Where its tasks leave their records.
    detail::job_slots const& record_slots() const noexcept { return extras().slots; }
    void leave_records_at(detail::job_slots const& slots) { own_extras().slots = slots; }

    /// Runs bodies first to last - 1 in order. Any thread; different ranges at the same time.
    virtual void run(context& ctx, std::size_t first, std::size_t last) noexcept = 0;

    /// Begins body `index`. Returns it if it is under way, and pushes it to `ended` when it has ended.
    /// Returns null if it is done.
    virtual detail::running_body* start(context& ctx, std::size_t index,
                                        detail::ended_bodies& ended) noexcept = 0;

    /// Whether its bodies are coroutines, which let a loop go on while they wait.
    virtual bool suspends() const noexcept = 0;

    /// What its bodies are called, for people.
    std::string body_name() const { return detail::name_of(name()); }
    virtual detail::body_identity name() const noexcept { return {}; }

    /// Takes the outcome of a body that has ended and frees it. On the thread that started it.
    virtual void collect_outcome(detail::running_body& body) noexcept = 0;

    /// Makes `index` a failed outcome without running it. Any thread.
    virtual void fail(failure why) noexcept = 0;

    /// Fails first to last - 1 since a stop came before they began. Any thread.
    void cancel(std::size_t first, std::size_t last) noexcept;

    /// Its way to other processes; null if it has none.
    virtual detail::crossing* crossing() noexcept { return nullptr; }

    /// As the members of completion.
    std::size_t left() const noexcept { return end_.left(); }
    bool count_off(std::size_t tasks) noexcept { return end_.count_off(tasks); }
    void end_elsewhere(detail::one_shot_event& event) noexcept { end_.end_elsewhere(event); }
    void end_here() noexcept { end_.end_here(); }

    /// Every task has an outcome. The job may be gone afterwards.
    void finish() noexcept { end_.finish(driver_->ends()); }

    detail::queue_hook hook;
    detail::open_hook open;
    detail::remote_batch* remote = nullptr;  ///< as which it lies in shared memory, if it does

protected:
    explicit job(std::size_t size, on_failure policy = on_failure::finish_all,
                 std::chrono::nanoseconds task_limit = std::chrono::nanoseconds::max()) noexcept
        : size_(size), policy_(policy), task_limit_(task_limit), end_(size) {}

    /// Ends the record of a task that has failed.
    void record_failure(std::size_t index) const noexcept;

    void after_failure() noexcept {
        if (policy_ == on_failure::stop_all) request_stop();
    }

private:
    void keep_broadcasts();
    detail::job_extras const& extras() const noexcept { return extras_ ? *extras_ : detail::no_extras; }
    detail::job_extras& own_extras() {
        if (!extras_) extras_ = std::make_unique<detail::job_extras>();
        return *extras_;
    }
    template <class T>
    void set(T detail::job_extras::*which, T value) {
        if (extras().*which != value) own_extras().*which = value;
    }

    std::size_t size_;
    on_failure policy_;
    std::chrono::nanoseconds task_limit_;
    job_driver* driver_ = nullptr;
    std::unique_ptr<detail::job_extras> extras_;  // null: none
    completion end_;
};

}  // namespace quartet::inline v0
