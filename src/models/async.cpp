// src/models/async.cpp
//
// Each loop has a thread. It takes tasks from the queue that all loops share as long as it has room for
// them, a few at a time so that the others get theirs, and looks at its events in between. What comes from
// other threads (a job, a stop, the end) wakes a loop by a post.

#include "src/io/context/async_context.hpp"
#include "src/io/context/logging.hpp"
#include "src/io/loop/asio_loop.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/initializing.hpp"
#include "src/models/job_count.hpp"
#include "src/models/job_queue.hpp"
#include "src/models/loop_limit.hpp"
#include "src/models/loop_watch.hpp"
#include "src/models/naming.hpp"
#include "src/models/open_jobs.hpp"
#include "src/models/running_bodies.hpp"
#include "src/models/shared_loop_calls.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/backend/async.hpp>
#include <quartet/cpus.hpp>
#include <quartet/detail/io/pool_thread.hpp>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::inline v0 {

using detail::claim;

struct async::state final : job_driver {
    class loop_thread;

    explicit state(async_options chosen)
        : options(std::move(chosen)), calls(options.loops, [this](std::size_t number) { wake(number); }) {}
    ~state() override { end_loops(); }

    void start_loops();
    void wake(std::size_t number) noexcept;
    void end_loops() noexcept;
    claim take(std::size_t room);
    void note_end(job& work, std::size_t tasks) noexcept;
    void cancel(claim const& unbegun) noexcept;
    std::vector<detail::unended_body> unended_bodies();
    void stopped(job& work) noexcept override;
    bool can_wait() const noexcept override { return detail::this_pool_thread.pool != this; }
    void begin_in_place(job& work) override;

    async_options options;
    std::mutex mutex;  // guards what follows
    detail::job_queue queue;
    detail::open_jobs open;
    bool ending = false;

    detail::job_count unfinished;
    detail::initialization initialized{options.initialize};
    std::vector<std::unique_ptr<loop_thread>> loops;
    detail::shared_loop_calls calls;
};

class async::state::loop_thread final : private detail::loop_host {
public:
    loop_thread(state& shared, std::size_t number)
        : shared_(shared),
          worker_{.name = name(number), .number = number, .process_id = getpid()},
          loop_(shared.options.files, shared.options.offload_threads),
          bodies_([this](auto& ctx, job& work) { make_context(ctx, work); },
                  [this](job& work, std::size_t tasks) { shared_.note_end(work, tasks); }) {}

    void start() {
        std::size_t const share = detail::one_share(cpu_share(), shared_.options.loops);
        thread_ = std::thread([this, share] {
            detail::set_thread_cpu_share(share);
            run();
        });
    }

    void join() {
        if (thread_.joinable()) thread_.join();
    }

    /// Whether it waits and has room for tasks; then it is as good as woken. Guarded by the state's mutex.
    bool take_sleeper() noexcept { return std::exchange(asleep_, false); }

    void wake() {
        loop_.post([] {});
    }
    /// The job may have finished by the time the loop comes to it.
    void cancel(job& work) {
        loop_.post([this, &work] { bodies_.cancel(&work); });
    }
    /// On the loop's thread, but not from within the body that waits: at the next turn.
    void begin_soon(claim const& task) { in_place_.push_back(task); }
    void cancel_stopped() {
        loop_.post([this] { bodies_.for_each_job([this](job& work) { bodies_.cancel(&work); }); });
    }

    std::string file_backend_name() const { return loop_.file_backend_name(); }

private:
    std::string name(std::size_t number) const {
        auto const& options = shared_.options;
        std::string const kind = options.composed ? "threads" : "async";
        return fmt::format("{}-{}", options.name.empty() ? kind : options.name, number);
    }

    void make_context(std::optional<detail::async_context>& ctx, job& work) {
        ctx.emplace(worker_, loop_, work.stop(), detail::log_to(shared_.options.log),
                    detail::body_name_of(work));
        if (shared_.options.loops > 1) ctx->share_calls_by(*this);
    }

    // ---- What bodies here call

    void offer(detail::loop_call& call) noexcept override {
        call.of = &bodies_.job_of(*detail::current_scope()->body());
        own_calls().add(call);
        shared_.calls.wake_one();
    }
    bool take_back(detail::loop_call& call) noexcept override { return own_calls().remove(call); }
    void post(std::function<void()> function) override { loop_.post(std::move(function)); }
    std::size_t loops() const noexcept override { return shared_.options.loops; }

    detail::offered_calls& own_calls() noexcept { return shared_.calls.of(worker_.number); }

    /// Those that were made here until now, or else one of another loop; false if there was none.
    bool begin_calls(bool has_tasks) {
        if (shared_.options.loops == 1) return false;
        std::size_t begun = 0;
        for (std::size_t const most = own_calls().count(); begun < most; ++begun) {
            detail::loop_call* const own = own_calls().take_own();
            if (!own) break;
            own->begin_here();
        }
        if (begun > 0 || has_tasks) return begun > 0;
        detail::loop_call* const other = shared_.calls.take_any(worker_.number, *this);
        if (other) bodies_.begin_guest(*other);
        return other != nullptr;
    }

    void run() {
        detail::this_pool_thread = {.pool = &shared_, .own = this};
        auto watch =
            detail::watch_stalls(shared_.options.stall_limit, worker_, detail::log_to(shared_.options.log));
        detail::current_stall_watch() = watch.get();
        if (!shared_.initialized.run(worker_.name)) return;
        for (;;) {
            claim const tasks = take();
            if (tasks) bodies_.begin(tasks);
            bool const busy = begin_calls(static_cast<bool>(tasks)) || tasks;
            collect_ended();
            bool has_ended = false;
            loop_.run_some([&] {
                if (!busy) has_ended = !prepare_sleep();
                return !busy && !has_ended;
            });
            if (has_ended) return;
            shared_.calls.is_awake(worker_.number);
            collect_ended();
        }
    }

    void collect_ended() {
        bodies_.collect_guests();
        bodies_.collect_outcomes();
    }

    claim take() {
        if (in_place_.empty()) return shared_.take(room());
        claim const last = in_place_.back();
        in_place_.pop_back();
        return last;
    }

    std::size_t room() const noexcept {
        std::size_t const at_work = bodies_.in_flight() - loop_.places_lent;
        return shared_.options.limit - std::min(shared_.options.limit, at_work);
    }

    /// There was nothing to take, nor to do. False if nothing will come any more.
    bool prepare_sleep() {
        std::lock_guard const lock(shared_.mutex);
        bool const wants_more = room() > 0;
        if (wants_more && !shared_.queue.empty()) loop_.post([] {});  // it came just now
        asleep_ = wants_more;
        shared_.calls.falls_asleep(worker_.number);
        if (shared_.calls.has_any(worker_.number)) loop_.post([] {});
        return !shared_.ending || bodies_.in_flight() + bodies_.guests() > 0;
    }

    state& shared_;
    worker_info worker_;
    detail::asio_loop loop_;
    detail::running_bodies<detail::async_context> bodies_;
    std::vector<claim> in_place_;  // calls of bodies that have lent theirs
    bool asleep_ = false;
    std::thread thread_;
};

void async::state::start_loops() {
    for (std::size_t number = 0; number < options.loops; ++number)
        loops.push_back(std::make_unique<loop_thread>(*this, number));
    for (auto& each : loops)
        each->start();
    initialized.wait_for(options.loops);
}

void async::state::wake(std::size_t number) noexcept {
    loops[number]->wake();
}

void async::state::end_loops() noexcept {
    {
        std::lock_guard const lock(mutex);
        ending = true;
    }
    for (auto& each : loops) {
        each->wake();
        each->join();
    }
}

claim async::state::take(std::size_t room) {
    // Of many loops none takes more than its part of what there is.
    constexpr std::size_t most = 64;
    if (room == 0 || queue.empty()) return {};
    std::lock_guard const lock(mutex);
    if (queue.empty()) return {};
    job& work = *queue.front();
    std::size_t const left = work.size() - work.hook.next;
    std::size_t const fair = options.loops == 1 ? left : std::max<std::size_t>(1, left / (4 * options.loops));
    std::size_t const best = work.chunk_size() > 0 ? work.chunk_size() : std::min(most, fair);
    return queue.take(work, std::min(best, room));
}

void async::state::note_end(job& work, std::size_t tasks) noexcept {
    unfinished.note_end(work, tasks, [this](job& ended) {
        std::lock_guard const lock(mutex);
        open.remove(ended);
    });
}

void async::state::cancel(claim const& unbegun) noexcept {
    if (!unbegun) return;
    unbegun.work->cancel(unbegun.first, unbegun.last);
    note_end(*unbegun.work, unbegun.size());
}

/// The bodies that have not ended. Only a loop knows that it runs one, and a body may hold it.
std::vector<detail::unended_body> async::state::unended_bodies() {
    std::lock_guard const lock(mutex);
    std::string const kind = options.composed ? "threads" : "async";
    std::vector<detail::unended_body> bodies;
    open.for_each([&](job& each) {
        bodies.push_back({{.name = options.name.empty() ? kind : options.name}, each.body_name()});
    });
    return bodies;
}

async::async(async_options options) {
    if (options.limit == 0) throw std::invalid_argument("quartet: the model 'async' needs a limit above 0");
    if (options.loops == 0) throw std::invalid_argument("quartet: the model 'async' needs at least one loop");
    try {
        state_ = std::make_unique<state>(std::move(options));
        state_->start_loops();
    } catch (boost::system::system_error const& refused) {  // Boost's is not derived from the standard one
        throw std::system_error(refused.code().value(), std::generic_category(), "cannot make an event loop");
    }
}

async::~async() {
    stop();
    detail::wait_and_tell([this](auto deadline) { return state_->unfinished.wait_for_none(deadline); },
                          [this] { return state_->unended_bodies(); }, state_->options.log);
}

void async::start(job& work) {
    std::vector<state::loop_thread*> to_wake;
    to_wake.reserve(state_->loops.size());
    state_->unfinished.add();
    {
        std::lock_guard const lock(state_->mutex);
        state_->queue.push(work);
        state_->open.add(work);
        for (auto& each : state_->loops) {
            if (to_wake.size() < work.size() && each->take_sleeper()) to_wake.push_back(each.get());
        }
    }
    for (auto* each : to_wake)
        each->wake();
}

void async::stop() noexcept {
    // Those in flight hear of it here, and not when their loop comes to it: by then it has others.
    auto const cancel = [this](claim const& unbegun) { state_->cancel(unbegun); };
    detail::stop_jobs(state_->mutex, state_->queue, cancel,
                      [this](auto&& stop) { state_->open.for_each(stop); });
    for (auto& each : state_->loops)
        each->cancel_stopped();
}

void async::join() noexcept {
    state_->unfinished.wait_for_none();
}

void async::state::stopped(job& work) noexcept {
    claim unbegun;
    {
        std::lock_guard const lock(mutex);
        unbegun = queue.take_rest(work);
    }
    for (auto& each : loops)
        each->cancel(work);
    cancel(unbegun);
}

void async::state::begin_in_place(job& work) {
    claim task;
    {
        std::lock_guard const lock(mutex);
        if (work.hook.queued) task = queue.take(work, 1);
    }
    if (task) static_cast<loop_thread*>(detail::this_pool_thread.own)->begin_soon(task);
}

job_driver& async::driver() noexcept {
    return *state_;
}

std::size_t async::concurrency() const noexcept {
    return detail::limit_together(state_->options.limit, state_->options.loops);
}

std::string async::spec() const {
    auto const& options = state_->options;
    if (options.composed)
        return to_string(detail::composed_spec(model_kind::threads, options.loops, options.limit));
    auto const limit = detail::counted_limit(options.limit);
    return to_string(model_spec{.kind = model_kind::async, .count = limit, .each = !limit});
}

std::string async::file_backend_name() const {
    return state_->loops.front()->file_backend_name();
}

}  // namespace quartet::inline v0
