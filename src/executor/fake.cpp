// src/executor/fake.cpp
//
// An event loop whose clock only moves when nothing else can happen. What can be done at once (files,
// offloaded functions) is done when it is asked for, and its body goes on in turn, behind those that were
// ready before it: so bodies interleave as they do on a real loop.
//
// Of channels it knows what its own bodies do. When all wait for channels, and no time can pass, nothing will
// ever happen: then these waits fail.

#include "src/executor/fake_channels.hpp"
#include "src/io/files.hpp"
#include "src/io/http_failure.hpp"
#include "src/io/logging.hpp"
#include "src/io/timer_queue.hpp"
#include "src/models/flight.hpp"
#include "src/models/job_queue.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/fake.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet {

using detail::file_operation;
using kind = detail::file_operation::kind;
using time_point = detail::timer_queue::time_point;

class fake::fake_context final : public context {
public:
    fake_context(fake_world& world, log_handler const& log_to, loop& events, detail::stop_state& stop)
        : context({.name = "fake-0", .number = 0, .process_id = getpid()}, stop.word()),
          world_(world),
          log_to_(log_to),
          loop_(events),
          stop_(stop) {}

private:
    struct open_file {
        std::string path;
        bool to_append;
    };

    bool start(detail::sleep_operation& operation) override;
    bool start(detail::fetch_operation& operation) override;
    bool start(detail::command_operation& operation) override;
    bool start(file_operation& operation) override;
    bool start(detail::offload_base& operation) override;
    bool start(detail::yield_operation& operation) override;
    void cancel(detail::sleep_operation& operation) noexcept override;
    void cancel(detail::fetch_operation& operation) noexcept override;
    void cancel(detail::command_operation& operation) noexcept override;
    void cancel(file_operation&) noexcept override {}        // done when it is asked for
    void cancel(detail::offload_base&) noexcept override {}  // likewise
    void cancel(detail::channel_operation& operation) noexcept override;
    bool start(detail::channel_operation& operation) override;
    time_point now() const noexcept override { return time_point(world_.now()); }
    void perform_now(file_operation& operation) noexcept override;
    void do_log(std::string_view line) override;
    std::stop_token do_stop_token() override { return stop_.token(); }

    std::chrono::nanoseconds answer(detail::fetch_operation& operation);
    std::chrono::nanoseconds answer(detail::command_operation& operation);
    void use_path(file_operation& operation);
    void use_descriptor(file_operation& operation);

    fake_world& world_;
    log_handler const& log_to_;
    loop& loop_;
    detail::stop_state& stop_;
    std::map<int, open_file> open_;
    int next_descriptor_ = 0;
};

class fake::loop {
public:
    loop(fake_world& world, std::chrono::nanoseconds& now, fake_options options)
        : world_(world),
          now_(now),
          options_(std::move(options)),
          flights_(
              [this](auto& place, job& work) { place.emplace(world_, options_.log_to, *this, work.stop()); },
              [](job& work, std::size_t tasks) { work.ended(tasks); }) {}

    std::size_t limit() const noexcept { return options_.limit; }
    time_point now() const noexcept { return time_point(now_); }

    // ---- For bodies

    void wait(detail::timed_operation& waiting, std::chrono::nanoseconds duration) {
        waiting_.add(waiting, detail::deadline_after(time_point(now_), duration));
    }
    void go_on(detail::operation& done) { ready_.push_back(&done); }

    void cancel(detail::timed_operation& waiting) {
        if (!waiting_.remove(waiting)) return;
        waiting.error = std::make_exception_ptr(cancelled());
        ready_.push_back(&waiting);
    }

    /// True if it is done already.
    bool start(detail::channel_operation& operation) { return channels_.start(operation); }

    void cancel(detail::channel_operation& operation) {
        end(operation, std::make_exception_ptr(cancelled()));
    }

    // ---- For the model

    void push(job& work) { queue_.push(work); }

    /// Any thread.
    void hear_of_stop() noexcept { stops_.store(true); }

    void stop_all() noexcept {
        for (job* each = queue_.front(); each; each = each->place.after)
            each->stop().request();
        flights_.for_each_job([](job& each) { each.stop().request(); });
        hear_of_stop();
    }

    bool runs() const noexcept { return runs_; }

    void run_until(std::invocable auto&& over) {
        runs_ = true;
        while (!over()) {
            begin_tasks();
            cancel_stopped();
            if (flights_.in_flight() > 0) run_some();
            flights_.settle();
        }
        runs_ = false;
    }
    bool empty() const noexcept { return queue_.empty() && flights_.in_flight() == 0; }

private:
    void begin_tasks() {
        while (!queue_.empty() && flights_.in_flight() < options_.limit)
            flights_.begin(queue_.take(*queue_.front(), 1));
    }

    void cancel_stopped() {
        if (!stops_.exchange(false)) return;
        flights_.for_each_job([this](job& each) { flights_.cancel(&each); });
    }

    void run_some() {
        if (channels_.try_woken() || (ready_.empty() && channels_.try_between_processes())) return;
        if (ready_.empty() && waiting_.empty()) {
            end_all(std::make_exception_ptr(std::logic_error(
                "quartet: under the fake model all bodies wait for channels, and nothing else can happen")));
        } else if (ready_.empty()) {
            now_ = waiting_.earliest().time_since_epoch();
            while (!waiting_.empty() && waiting_.earliest() <= time_point(now_))
                ready_.push_back(&waiting_.pop());
        }
        auto const now_ready = std::exchange(ready_, {});
        for (detail::operation* each : now_ready)
            each->complete();
    }

    void end(detail::channel_operation& operation, std::exception_ptr why) {
        if (channels_.end(operation, std::move(why))) ready_.push_back(&operation);
    }

    void end_all(std::exception_ptr const& why) {
        while (auto* const each = channels_.any())
            end(*each, why);
    }

    fake_world& world_;
    std::chrono::nanoseconds& now_;
    fake_options options_;
    detail::job_queue queue_;
    detail::flights<fake_context> flights_;
    detail::timer_queue waiting_;
    std::vector<detail::operation*> ready_;
    detail::fake_channels channels_;
    std::atomic<bool> stops_ = false;
    bool runs_ = false;
};

void fake::fake_context::cancel(detail::sleep_operation& operation) noexcept {
    loop_.cancel(operation);
}
void fake::fake_context::cancel(detail::fetch_operation& operation) noexcept {
    loop_.cancel(operation);
}
void fake::fake_context::cancel(detail::command_operation& operation) noexcept {
    loop_.cancel(operation);
}
void fake::fake_context::cancel(detail::channel_operation& operation) noexcept {
    loop_.cancel(operation);
}

bool fake::fake_context::start(detail::sleep_operation& operation) {
    if (stop_requested()) operation.error = std::make_exception_ptr(cancelled());
    if (operation.error || operation.duration <= operation.duration.zero()) return true;
    loop_.wait(operation, operation.duration);
    return false;
}

bool fake::fake_context::start(detail::fetch_operation& operation) {
    if (stop_requested()) {
        operation.error = std::make_exception_ptr(cancelled());
        return true;
    }
    loop_.wait(operation, answer(operation));
    return false;
}

/// Fills in the answer; gives the time until it arrives.
std::chrono::nanoseconds fake::fake_context::answer(detail::fetch_operation& operation) {
    auto const& request = operation.request;
    auto const error = [&request](fetch_error::kind what, std::string reason) {
        return detail::no_reply(request, {what, std::move(reason)});
    };
    try {
        detail::require_sendable(request);
        world_.requests.push_back(request);
        if (!world_.on_fetch)
            std::rethrow_exception(error(fetch_error::kind::connect, "the fake world answers no fetches"));
        fake_reply reply = world_.on_fetch(request);
        if (request.timeout > request.timeout.zero() && reply.latency > request.timeout) {
            operation.error = error(fetch_error::kind::timeout, "timed out");
            return request.timeout;
        }
        operation.response = std::move(reply.response);
        return reply.latency;
    } catch (detail::http_failure const& why) {
        operation.error = detail::no_reply(request, why);
        return std::chrono::nanoseconds(0);
    } catch (...) {
        operation.error = std::current_exception();
        return std::chrono::nanoseconds(0);
    }
}

namespace {

/// Does with a command's output what its bounds and functions say.
void bound(command_result& result, command const& what) {
    std::size_t room = what.most_bytes;
    auto const deliver = [&](std::string& output, auto const& taken) {
        result.too_long = result.too_long || output.size() > room;
        output.resize(std::min(output.size(), room));
        room -= output.size();
        result.written += output.size();
        if (taken) taken(std::exchange(output, {}));
    };
    deliver(result.output, what.on_output);
    deliver(result.errors, what.on_errors);
    if (result.too_long) result.exit_code = 0, result.signal = SIGTERM;
}

}  // namespace

bool fake::fake_context::start(detail::command_operation& operation) {
    if (stop_requested()) throw cancelled();
    loop_.wait(operation, answer(operation));
    return false;
}

/// Fills in the result; gives the time until it is there.
std::chrono::nanoseconds fake::fake_context::answer(detail::command_operation& operation) {
    auto const& what = operation.what;
    world_.commands.push_back(what);
    if (!world_.on_run) {
        auto const name = what.arguments.empty() ? std::string() : what.arguments.front();
        throw std::system_error(ENOENT, std::generic_category(), fmt::format("cannot start '{}'", name));
    }
    fake_end end = world_.on_run(what);
    if (what.timeout > what.timeout.zero() && end.latency > what.timeout) {
        operation.result = {.signal = SIGTERM, .timed_out = true};
        return what.timeout;
    }
    operation.result = std::move(end.result);
    bound(operation.result, what);
    return end.latency;
}

bool fake::fake_context::start(file_operation& operation) {
    perform_now(operation);
    loop_.go_on(operation);
    return false;
}

bool fake::fake_context::start(detail::offload_base& operation) {
    operation.run();
    loop_.go_on(operation);
    return false;
}

bool fake::fake_context::start(detail::yield_operation& operation) {
    loop_.go_on(operation);
    return false;
}

bool fake::fake_context::start(detail::channel_operation& operation) {
    if (!stop_requested()) return loop_.start(operation);
    operation.error = std::make_exception_ptr(cancelled());
    return true;
}

void fake::fake_context::perform_now(file_operation& operation) noexcept {
    try {
        bool const by_descriptor =
            operation.work == kind::read_at || operation.work == kind::write || operation.work == kind::close;
        by_descriptor ? use_descriptor(operation) : use_path(operation);
    } catch (...) {
        operation.error = std::current_exception();
    }
}

void fake::fake_context::use_path(file_operation& operation) {
    bool const to_read = operation.work == kind::read_whole || operation.work == kind::open_read;
    if (to_read && !world_.files.contains(operation.path)) {
        operation.error = detail::file_error("open", operation.path, ENOENT);
        return;
    }
    std::string& content = world_.files[operation.path];
    if (operation.work == kind::read_whole) operation.output = content;
    if (operation.work == kind::write_whole) content = operation.input;
    if (operation.work == kind::append_whole) content += operation.input;
    if (operation.work == kind::open_read || operation.work == kind::open_append) {
        operation.descriptor = next_descriptor_++;
        open_[operation.descriptor] = {operation.path, operation.work == kind::open_append};
    }
}

void fake::fake_context::use_descriptor(file_operation& operation) {
    auto const found = open_.find(operation.descriptor);
    bool const allowed = found != open_.end() && (operation.work == kind::close ||
                                                  found->second.to_append == (operation.work == kind::write));
    if (!allowed) {
        char const* const verb = operation.work == kind::read_at ? "read" : "write to";
        operation.error = detail::file_error(verb, operation.path, EBADF);
        return;
    }
    std::string& content = world_.files[found->second.path];
    if (operation.work == kind::write) {
        content += operation.input;
        operation.written = operation.input.size();
    }
    if (operation.work == kind::read_at)
        operation.output =
            operation.offset < content.size() ? content.substr(operation.offset, operation.length) : "";
    if (operation.work == kind::close) open_.erase(found);
}

void fake::fake_context::do_log(std::string_view line) {
    auto const since_epoch = std::chrono::duration_cast<std::chrono::system_clock::duration>(world_.now());
    log_record record{std::chrono::system_clock::time_point(since_epoch), where().name, std::string(line)};
    if (log_to_) detail::hand_over(log_to_, record);
    world_.log.push_back(std::move(record));
}

fake::fake(fake_world& world, fake_options options) {
    if (options.limit == 0) throw std::invalid_argument("quartet: the model 'fake' needs a limit above 0");
    loop_ = std::make_unique<loop>(world, world.now_, std::move(options));
}

fake::~fake() {
    stop();
    join();
}

void fake::start(job& work) {
    loop_->push(work);
}
void fake::check_wait() const {
    if (loop_->runs()) detail::refuse_to_wait();
}
void fake::before_wait(job& work) {
    loop_->run_until([&work] { return work.finished(); });
}
void fake::stop() noexcept {
    loop_->stop_all();
}
void fake::join() noexcept {
    loop_->run_until([this] { return loop_->empty(); });
}
void fake::on_stop(job&) noexcept {
    loop_->hear_of_stop();
}
std::size_t fake::concurrency() const noexcept {
    return loop_->limit();
}
time_point fake::now() const noexcept {
    return loop_->now();
}

}  // namespace quartet
