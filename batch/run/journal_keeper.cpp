#include "batch/run/journal_keeper.hpp"

#include "src/base/all_signals_blocked.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace quartet::batch {

journal_keeper::journal_keeper(journal& keeps) : keeps_(keeps) {
    detail::all_signals_blocked const blocked;
    thread_ = std::jthread([this](std::stop_token const& stopped) { run(stopped); });
}

journal_keeper::~journal_keeper() {
    thread_.request_stop();
}

void journal_keeper::add(journal_row const& row) {
    keeps_.add(row);
    std::lock_guard const lock(mutex_);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    if (!std::exchange(added_, true)) woken_.notify_one();
}

void journal_keeper::finish() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    keeps_.sync();
}

void journal_keeper::run(std::stop_token const& stopped) {
    using namespace std::chrono_literals;
    std::unique_lock lock(mutex_);
    while (woken_.wait(lock, stopped, [this] { return added_; })) {
        // So many rows as come in a second cost one wait for the disk.
        woken_.wait_for(lock, stopped, 1s, [] { return false; });
        added_ = false;
        lock.unlock();
        std::exception_ptr failure;
        try {
            keeps_.sync();
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        if (failure) failure_ = failure;
    }
}

}  // namespace quartet::batch
