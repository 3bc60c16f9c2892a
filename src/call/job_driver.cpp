// The defaults are for models whose bodies have all run when start() returns: there is nothing to stop, to
// help with or to collect.

#include <quartet/backend/job.hpp>
#include <quartet/backend/job_driver.hpp>

#include <stdexcept>

namespace quartet::inline v0 {

void job_driver::stopped(job&) noexcept {}
void job_driver::help(job&) {}
void job_driver::begin_in_place(job&) {}
void job_driver::collect(job&) noexcept {}
void job_driver::give_early(job&, detail::early_values&) noexcept {}
void job_driver::watch(job&) noexcept {}

void job_driver::check_wait() const {
    if (!can_wait())
        throw std::logic_error(
            "quartet: a body on an event loop waits for a call of its own executor, which could not go on "
            "meanwhile; co_await its future");
}

std::size_t job_driver::tasks_left(job const& work) const noexcept {
    return work.left();
}

}  // namespace quartet::inline v0
