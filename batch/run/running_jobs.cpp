#include "batch/run/running_jobs.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::batch {

struct running_jobs::inbox {
    struct entry {
        std::size_t slot;
        job_report report;
    };

    inbox() : event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (event.get() < 0) throw std::system_error(errno, std::generic_category(), "cannot run jobs");
    }

    /// By whichever thread has an outcome.
    void put(std::size_t slot, job_report report) {
        std::lock_guard const lock(mutex);
        entries.push_back({slot, std::move(report)});
        std::uint64_t const one = 1;
        if (entries.size() == 1) static_cast<void>(::write(event.get(), &one, sizeof one) < 0);
    }

    std::vector<entry> take() {
        std::lock_guard const lock(mutex);
        std::uint64_t ignored = 0;
        static_cast<void>(::read(event.get(), &ignored, sizeof ignored) < 0);
        return std::exchange(entries, {});
    }

    std::mutex mutex;
    std::vector<entry> entries;
    detail::descriptor event;
};

namespace {

job_report report_of(outcome<job_report>& end) {
    if (end.has_value()) return std::move(end).value();
    job_report report;
    // One that never began, or whose machine or worker was lost.
    report.cancelled = end.error().why == cause::cancelled;
    report.problem = end.error().message;
    return report;
}

}  // namespace

running_jobs::running_jobs(executor& how) : how_(how), inbox_(std::make_shared<inbox>()) {}

running_jobs::~running_jobs() {
    end_all();
    for (auto& slot : slots_)
        if (slot) slot->ended_by.wait();
}

int running_jobs::descriptor() const noexcept {
    return inbox_->event.get();
}

void running_jobs::start(running_job job, job_request request) {
    std::size_t const slot = free_slot();
    auto call = how_.submit(run_job, std::move(request));
    job.ended_by =
        call.then([into = inbox_, slot](outcome<job_report> end) { into->put(slot, report_of(end)); });
    free_.erase(slot);
    if (slot > slots_.size()) slots_.emplace_back();
    slots_[slot - 1] = std::move(job);
}

std::vector<ended_try> running_jobs::take_ended() {
    std::vector<ended_try> ended;
    for (auto& [slot, report] : inbox_->take()) {
        auto& running = slots_[slot - 1];
        ended.push_back({std::move(*running), std::move(report)});
        running.reset();
        free_.insert(slot);
    }
    return ended;
}

void running_jobs::end_all() {
    for_each([](running_job& job) { end(job); });
}

}  // namespace quartet::batch
