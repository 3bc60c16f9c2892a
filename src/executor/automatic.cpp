// How "auto" works; what it does is in automatic.hpp. Jobs wait in a queue until the choice. A thread of this
// object, the chooser, takes some of their tasks at a time, as portions, and gives each portion to the first
// threads as a job of its own (part_job). The threads measure them: a stint is the measured run of tasks by
// one thread, and the sum of stints is the evidence for the advice. After the choice the chooser gives all
// that is left to the chosen model, and start() gives it further jobs whole. Every portion is in a list until
// it has ended, so that a stop, or a body that waits, finds the parts of a job.

#include "src/executor/automatic.hpp"

#include "src/advice/task_time.hpp"
#include "src/base/descriptor.hpp"
#include "src/executor/part_job.hpp"
#include "src/io/context/logging.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/job_count.hpp"
#include "src/models/job_queue.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/backend/async.hpp>
#include <quartet/detail/io/pool_thread.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <list>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

/// How much time of tasks is enough to judge by.
constexpr double enough_seconds = 1e-3;
/// After this time the choice is made even if the first tasks still wait, since the end of a wait may be far
/// off. A wait that has not ended is then taken to be `longer_than_seen` times as long as was seen of it.
constexpr auto look_after = std::chrono::milliseconds(10);
constexpr double longer_than_seen = 10;
/// The tasks that are tried are no more than one in so many of those known of, but one for each processor.
constexpr std::size_t small_part = 8;

double seconds_of(clockid_t of) noexcept {
    timespec now{};
    clock_gettime(of, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// How long a thread of this process was ready to run but had no processor; 0 where the kernel does not tell
/// (proc(5), schedstat: nanoseconds on a processor, then those of waiting for one).
double queued_seconds_of(pid_t thread) noexcept {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", thread);
    descriptor const file(::open(path, O_RDONLY | O_CLOEXEC));
    char text[64];
    ssize_t const length = ::read(file.get(), text, sizeof text - 1);
    if (length <= 0) return 0;
    text[length] = '\0';
    unsigned long long on_cpu = 0;
    unsigned long long waiting = 0;
    if (std::sscanf(text, "%llu %llu", &on_cpu, &waiting) != 2) return 0;
    return static_cast<double>(waiting) * 1e-9;
}

/// What tasks took so far.
struct evidence {
    double tasks = 0;
    double cpu_seconds = 0;
    double queued_seconds = 0;
    double seconds = 0;
};

/// Tasks that one of the first threads runs now, and its clocks when it began them.
struct stint {
    std::size_t tasks;
    pid_t thread = ::gettid();
    double queued_before = queued_seconds_of(thread);
    clock::time_point began = clock::now();
    clockid_t cpu_clock{};
    double cpu_before = 0;

    explicit stint(std::size_t count) : tasks(count) {
        pthread_getcpuclockid(pthread_self(), &cpu_clock);
        cpu_before = seconds_of(cpu_clock);
    }

    void add_to(evidence& sum) const {
        sum.tasks += static_cast<double>(tasks);
        sum.cpu_seconds += seconds_of(cpu_clock) - cpu_before;
        sum.seconds += seconds(clock::now() - began).count();
        sum.queued_seconds += queued_seconds_of(thread) - queued_before;
    }
};

work_shape shape_of(evidence const& seen, std::size_t tasks, bool ended) {
    auto const [cpu, wait] =
        divide(seen.seconds / seen.tasks, seen.cpu_seconds / seen.tasks, seen.queued_seconds / seen.tasks);
    return {.tasks = tasks, .cpu_seconds = cpu, .wait_seconds = ended ? wait : longer_than_seen * wait};
}

bool has_loops(model_spec const& spec) {
    return spec.kind == model_kind::async || spec.loops;
}

bool may_be_taken(model_spec const& spec, bool on_loops) {
    bool const here = spec.kind == model_kind::threads || spec.kind == model_kind::async;
    return here && (on_loops || !has_loops(spec));
}

}  // namespace

struct automatic::state final : job_driver {
    /// Tasks that were given to a model, or are about to be.
    struct portion {
        claim tasks;
        model* how;
        bool at_first;                      // before the choice, or for a call that a body made
        bool measured;                      // before the choice, and not for a call that a body made
        std::weak_ptr<part_job> part = {};  // none yet, if it is about to be
    };
    using portion_iterator = std::list<portion>::iterator;

    explicit state(automatic_options chosen);

    portion_iterator note(claim const& tasks, model& under, bool nested);
    void begin(portion_iterator at);
    void begin_or_cancel(portion_iterator at) noexcept;
    void forget(portion_iterator at) noexcept;
    void run_first(portion const& which, job& whole, context& ctx, std::size_t from, std::size_t to);
    void try_some(std::unique_lock<std::mutex>& lock);
    void choose();
    void take(work_shape const& work, bool on_loops);
    bool chosen() const noexcept { return how != nullptr; }
    model& model_for(job const& work) const;
    std::vector<std::pair<std::shared_ptr<part_job>, model*>> parts_of(job const& whole) const;
    std::vector<unended_body> unended_bodies();
    void stopped(job& work) noexcept override;
    bool can_wait() const noexcept override;
    void help(job& work) override;
    void begin_in_place(job& work) override;
    std::size_t tasks_left(job const& work) const noexcept override;

    automatic_options options;
    mutable std::mutex mutex;         // guards what follows
    std::condition_variable changed;  // the queue has tasks, all measured portions have ended, or `ending`
    job_queue queue;                  // before the choice
    std::list<portion> portions;
    std::vector<stint const*> stints;
    evidence seen;
    std::size_t known_tasks = 0;
    std::size_t to_measure = 0;  // portions that are measured and have not ended
    bool suspends = true;        // all bodies so far are coroutines, which can wait on a loop
    bool ending = false;
    model_spec taken{};
    std::string why;

    job_count unfinished;
    std::unique_ptr<model> first;
    std::unique_ptr<model> advised;     // null if the first is the one chosen
    std::atomic<model*> how = nullptr;  // the one chosen; null until then
    std::jthread chooser;
};

automatic::state::state(automatic_options made) : options(std::move(made)) {
    stints.reserve(2 * options.costs.cpus);
    first = options.make({.kind = model_kind::threads, .count = options.costs.cpus});
    chooser = std::jthread([this] { choose(); });
}

/// Enters tasks into the list of portions, so that a stop of their job reaches them. Under the lock.
automatic::state::portion_iterator automatic::state::note(claim const& tasks, model& under, bool nested) {
    bool const measured = !chosen() && !nested;
    if (measured) ++to_measure;
    return portions.insert(
        portions.end(),
        {.tasks = tasks, .how = &under, .at_first = !chosen() || nested, .measured = measured});
}

void automatic::state::forget(portion_iterator at) noexcept {
    std::lock_guard const lock(mutex);
    if (at->measured && --to_measure == 0) changed.notify_all();
    portions.erase(at);
}

/// Gives the tasks of a portion to its model. Throws what the model throws, and removes the portion then.
void automatic::state::begin(portion_iterator at) {
    try {
        auto const ended = [this, at] {
            claim const tasks = at->tasks;
            forget(at);
            unfinished.note_end(*tasks.work, tasks.size());
        };
        part_job::runner run_with;
        if (at->at_first) {
            run_with = [this, at](job& whole, context& ctx, std::size_t from, std::size_t to) {
                run_first(*at, whole, ctx, from, to);
            };
        }
        auto const& tasks = at->tasks;
        auto const part =
            std::make_shared<part_job>(*tasks.work, tasks.first, tasks.last, ended, std::move(run_with));
        part->taken_by(*at->how);  // before a stop can find the part
        bool stopped = false;      // before that
        {
            std::lock_guard const lock(mutex);
            at->part = part;
            stopped = tasks.work->stop().requested();
        }
        if (stopped) part->request_stop();
        part_job::begin(part, *at->how);
    } catch (...) {
        forget(at);
        throw;
    }
}

/// Without memory or threads for the chosen model, the tasks go to the threads that were there first.
void automatic::state::begin_or_cancel(portion_iterator at) noexcept {
    claim const tasks = at->tasks;
    try {
        begin(at);
    } catch (...) {
        try {
            std::unique_lock lock(mutex);
            auto const again = note(tasks, *first, false);
            lock.unlock();
            begin(again);
        } catch (...) {
            unfinished.cancel(tasks);
        }
    }
}

void automatic::state::run_first(portion const& which, job& whole, context& ctx, std::size_t from,
                                 std::size_t to) {
    std::optional<stint> here;
    bool noted = false;
    if (which.measured) {
        here.emplace(to - from);
        std::lock_guard const lock(mutex);
        noted = stints.size() < stints.capacity();
        if (noted) stints.push_back(&*here);
    }
    auto* const outer = std::exchange(this_pool_thread.first, this);
    whole.run(ctx, from, to);
    this_pool_thread.first = outer;
    if (!noted) return;
    std::lock_guard const lock(mutex);
    here->add_to(seen);
    std::erase(stints, &*here);
}

/// Has the first threads run some tasks, and waits until they have ended, or for `look_after`.
void automatic::state::try_some(std::unique_lock<std::mutex>& lock) {
    double const wanted = seen.seconds > 0 ? enough_seconds * seen.tasks / seen.seconds : 1;
    std::size_t const part = known_tasks / small_part;
    auto const tasks_to_see = std::min(wanted, static_cast<double>(part));
    auto left = std::max(options.costs.cpus, static_cast<std::size_t>(tasks_to_see));
    std::vector<portion_iterator> some;
    while (left > 0 && !queue.empty()) {
        auto const tasks = queue.take(*queue.front(), left);
        left -= tasks.size();
        some.push_back(note(tasks, *first, false));
    }
    lock.unlock();
    for (auto const each : some)
        begin_or_cancel(each);
    lock.lock();
    changed.wait_for(lock, look_after, [this] { return ending || to_measure == 0; });
}

void automatic::state::choose() {
    std::unique_lock lock(mutex);
    while (!ending && stints.empty() && seen.seconds < enough_seconds) {
        changed.wait(lock, [this] { return ending || !queue.empty(); });
        if (!ending) try_some(lock);
    }
    if (ending) return;
    bool const all_ended = stints.empty();
    auto so_far = seen;
    for (auto const* each : stints)
        each->add_to(so_far);
    auto const work = shape_of(so_far, std::max<std::size_t>(1, known_tasks), all_ended);
    bool const on_loops = suspends;
    lock.unlock();
    take(work, on_loops);
    lock.lock();
    while (!queue.empty()) {
        claim const rest = queue.take_rest(*queue.front());
        auto const noted = note(rest, model_for(*rest.work), false);
        lock.unlock();
        begin_or_cancel(noted);
        lock.lock();
    }
}

/// The chosen model, but the first threads for plain functions if that has loops, which they would hold.
/// Under the lock, after the choice.
model& automatic::state::model_for(job const& work) const {
    return has_loops(taken) && !work.suspends() ? *first : *how;
}

/// Takes advice, and makes the model. Stays with the first threads if it can't be made.
void automatic::state::take(work_shape const& work, bool on_loops) {
    auto const all = advise(work, options.costs);
    auto allowed = all.considered;
    std::erase_if(allowed, [&](prediction const& each) { return !may_be_taken(each.spec, on_loops); });
    auto const given = advise_among(std::move(allowed), work, options.costs);
    auto spec = given.choice.spec;
    auto text = quartet::reason(given, work, options.costs);
    model* under = first.get();
    if (to_string(spec) != first->spec()) {
        try {
            advised = options.make(spec);
            under = advised.get();
        } catch (std::system_error const& refused) {
            text += fmt::format(" But the system refuses it: {}.", refused.code().message());
            spec = parse_spec(first->spec());
        } catch (std::runtime_error const& refused) {  // executor_options::initialize threw
            text += fmt::format(" But that can't be begun: {}.", refused.what());
            spec = parse_spec(first->spec());
        }
    }
    if (options.log)
        hand_over(options.log,
                  {std::chrono::system_clock::now(), "auto", fmt::format("{}: {}", to_string(spec), text)});
    std::lock_guard const lock(mutex);
    taken = spec;
    why = std::move(text);
    how = under;
}

std::vector<std::pair<std::shared_ptr<part_job>, model*>> automatic::state::parts_of(job const& whole) const {
    std::vector<std::pair<std::shared_ptr<part_job>, model*>> found;
    std::lock_guard const lock(mutex);
    for (auto const& each : portions) {
        if (each.tasks.work != &whole) continue;
        if (auto part = each.part.lock()) found.emplace_back(std::move(part), each.how);
    }
    return found;
}

/// The bodies that have not ended.
std::vector<unended_body> automatic::state::unended_bodies() {
    std::lock_guard const lock(mutex);
    std::vector<unended_body> bodies;
    for (auto const& each : portions)
        bodies.push_back({{.name = options.name}, each.tasks.work->body_name()});
    return bodies;
}

automatic::automatic(automatic_options options) : state_(new state(std::move(options))) {}

automatic::~automatic() {
    stop();
    wait_and_tell([this](auto deadline) { return state_->unfinished.wait_for_none(deadline); },
                  [this] { return state_->unended_bodies(); }, state_->options.log);
    {
        std::lock_guard const lock(state_->mutex);
        state_->ending = true;
    }
    state_->changed.notify_all();
    state_->chooser.join();
}

void automatic::start(job& work) {
    // What a body waits for runs on the threads it may be on, which help with it.
    bool const nested = this_pool_thread.first == state_.get();
    state_->unfinished.add();
    try {
        std::unique_lock lock(state_->mutex);
        state_->known_tasks += work.size();
        if (!state_->chosen()) state_->suspends = state_->suspends && work.suspends() && !nested;
        if (!state_->chosen() && !nested) {
            state_->queue.push(work);
            state_->changed.notify_all();
            return;
        }
        auto& under = nested ? *state_->first : state_->model_for(work);
        auto const noted = state_->note({&work, 0, work.size()}, under, nested);
        lock.unlock();
        state_->begin(noted);
    } catch (...) {
        state_->unfinished.remove();
        throw;
    }
}

void automatic::stop() noexcept {
    auto const cancel = [this](claim const& unbegun) { state_->unfinished.cancel(unbegun); };
    stop_jobs(state_->mutex, state_->queue, cancel, [this](auto&& stop) {
        for (auto const& each : state_->portions)
            stop(*each.tasks.work);
    });
    state_->first->stop();
    if (model* const how = state_->how; how && how != state_->first.get()) how->stop();
}

void automatic::join() noexcept {
    state_->unfinished.wait_for_none();
}

void automatic::state::stopped(job& work) noexcept {
    claim unbegun;
    {
        std::lock_guard const lock(mutex);
        unbegun = queue.take_rest(work);
    }
    for (auto const& [part, under] : parts_of(work))
        part->request_stop();
    // With the last hold on a part its tasks have ended here; if those were all, this model may be gone.
    if (unbegun) unfinished.cancel(unbegun);
}

bool automatic::state::can_wait() const noexcept {
    model* const chosen = how;
    return !chosen || chosen->driver().can_wait();
}

void automatic::state::help(job& work) {
    for (auto const& [part, under] : parts_of(work))
        under->driver().help(*part);
}

void automatic::state::begin_in_place(job& work) {
    for (auto const& [part, under] : parts_of(work))
        under->driver().begin_in_place(*part);
}

std::size_t automatic::state::tasks_left(job const& work) const noexcept {
    std::size_t of_parts = 0;
    std::size_t begun = 0;
    for (auto const& [part, under] : parts_of(work)) {
        begun += part->size();
        of_parts += under->driver().tasks_left(*part);
    }
    return work.left() - std::min(work.left(), begun) + of_parts;
}

job_driver& automatic::driver() noexcept {
    return *state_;
}

std::size_t automatic::concurrency() const noexcept {
    model const* const how = state_->how;
    return how ? how->concurrency() : async_options{}.limit;  // it may come to that
}

std::string automatic::spec() const {
    std::lock_guard const lock(state_->mutex);
    return state_->how ? to_string(state_->taken) : "auto";
}

std::string automatic::reason() const {
    std::lock_guard const lock(state_->mutex);
    return state_->why;
}

}  // namespace quartet::inline v0::detail
