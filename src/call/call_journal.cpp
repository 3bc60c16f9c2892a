// Keeps the values of a call while tasks end on many threads.
//
// A thread that brings a value frames it and adds it to what waits. If nobody writes at the moment it writes
// all that waits, with one system call; else it goes on, and who writes takes its record along. So a record
// is with the system, which outlives the process, as soon as its task has ended, and a thousand small ones
// that come at once cost few calls. Who has written for others a few times hands that over to a thread of the
// journal, which also has the disk keep everything, once a second.

#include "src/base/all_signals_blocked.hpp"
#include "src/call/journal_file.hpp"
#include "src/call/journal_header.hpp"

#include <quartet/detail/call/call_journal.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::seconds between_syncs(1);
constexpr int most_rounds = 8;                              // that a thread writes for others
constexpr std::size_t most_waiting = std::size_t{4} << 20;  // bytes; then who brings more waits

}  // namespace

struct call_journal::state {
    state(std::string const& path, journaled_call const& of)
        : file(path, journal_header_of(of)), kept(of.inputs.value_or(0)) {
        all_signals_blocked const for_the_thread;
        try {
            syncing = std::thread([this] { sync_now_and_then(); });
        } catch (std::system_error const& refused) {
            throw std::system_error(refused.code(),
                                    "quartet: cannot start a thread for the journal '" + path + "'");
        }
    }
    ~state() {
        if (syncing.joinable()) end_thread();
    }

    void keep(std::size_t index, std::uint64_t hash, std::span<std::byte const> value);
    void write_waiting(std::unique_lock<std::mutex>& lock, std::optional<int> most);
    void sync_now_and_then();
    void sync(std::unique_lock<std::mutex>& lock);
    void end_thread();

    /// Under the lock.
    void note_error() noexcept {
        if (!error) error = std::current_exception();
    }
    journal_file::place const* find(std::size_t index) const noexcept {
        auto const found = std::ranges::lower_bound(file.places(), index, {}, &journal_file::place::index);
        return found != file.places().end() && found->index == index ? &*found : nullptr;
    }

    journal_file file;
    std::stop_source stop;
    std::optional<std::stop_callback<std::function<void()>>> follow;

    std::mutex mutex;        // guards all that follows but the thread itself
    std::vector<bool> kept;  // of a map: the tasks whose values this run has brought
    std::vector<std::byte> waiting;
    std::vector<std::byte> in_hand;  // of who writes
    bool writing = false;
    bool handed_over = false;  // to the thread, who writes
    bool unsynced = false;
    bool closing = false;
    std::exception_ptr error;
    std::condition_variable wake;     // the thread
    std::condition_variable written;  // there is room again, or nobody writes
    std::thread syncing;
};

void call_journal::state::keep(std::size_t index, std::uint64_t hash, std::span<std::byte const> value) {
    std::unique_lock lock(mutex);
    if (error) return;
    if (index < kept.size()) {
        if (kept[index]) return;
        kept[index] = true;
    }
    written.wait(lock, [this] { return !writing || waiting.size() < most_waiting; });
    try {
        add_journal_record(waiting, index, hash, value);
    } catch (...) {
        note_error();
    }
    if (!writing) write_waiting(lock, most_rounds);
    bool const failed = error != nullptr;
    lock.unlock();
    if (failed) stop.request_stop();
}

/// Writes until nothing waits, or so many times; then the thread goes on.
void call_journal::state::write_waiting(std::unique_lock<std::mutex>& lock, std::optional<int> most) {
    writing = true;
    for (int round = 0; !waiting.empty() && !error; ++round) {
        if (most && round == *most) {
            handed_over = true;
            return wake.notify_one();
        }
        std::swap(waiting, in_hand);
        lock.unlock();
        std::exception_ptr failed;
        try {
            file.write(in_hand);
        } catch (...) {
            failed = std::current_exception();
        }
        lock.lock();
        in_hand.clear();
        if (failed && !error) error = failed;
        unsynced = true;
        written.notify_all();
    }
    writing = false;
    written.notify_all();
}

void call_journal::state::sync_now_and_then() {
    std::unique_lock lock(mutex);
    auto next = clock::now() + between_syncs;
    while (!closing) {
        wake.wait_until(lock, next, [this] { return closing || handed_over; });
        if (std::exchange(handed_over, false)) write_waiting(lock, {});
        if (clock::now() >= next) {
            if (unsynced) sync(lock);
            next = clock::now() + between_syncs;
        }
        bool const failed = error != nullptr;
        lock.unlock();
        if (failed) stop.request_stop();
        lock.lock();
    }
}

void call_journal::state::sync(std::unique_lock<std::mutex>& lock) {
    unsynced = false;
    lock.unlock();
    std::exception_ptr failed;
    try {
        file.sync();
    } catch (...) {
        failed = std::current_exception();
    }
    lock.lock();
    if (failed && !error) error = failed;
}

void call_journal::state::end_thread() {
    {
        std::unique_lock lock(mutex);
        written.wait(lock, [this] { return !writing; });
        closing = true;
    }
    wake.notify_one();
    syncing.join();
}

call_journal::call_journal(std::string const& path, journaled_call const& of)
    : state_(std::make_unique<state>(path, of)) {}

call_journal::~call_journal() = default;

bool call_journal::has(std::size_t index) const noexcept {
    return state_->find(index) != nullptr;
}

std::vector<std::size_t> call_journal::finished(std::size_t tasks) const {
    std::vector<std::size_t> found;
    for (auto const& each : state_->file.places()) {
        if (each.index < tasks) found.push_back(each.index);
    }
    return found;
}

std::vector<std::size_t> call_journal::unfinished(std::size_t tasks) const {
    std::vector<std::size_t> found;
    auto next = state_->file.places().begin();
    for (std::size_t index = 0; index < tasks; ++index) {
        if (next != state_->file.places().end() && next->index == index)
            ++next;
        else
            found.push_back(index);
    }
    return found;
}

std::span<std::byte const> call_journal::value(std::size_t index, std::uint64_t hash) {
    auto const record = state_->file.read(*state_->find(index));
    if (record.hash != hash)
        throw std::invalid_argument(
            fmt::format("quartet: the journal '{}' is of other inputs: that of task {} is not the one that "
                        "it has a value "
                        "for",
                        state_->file.path(), index));
    return record.value;
}

void call_journal::keep(std::size_t index, std::uint64_t hash, std::span<std::byte const> value) noexcept {
    state_->keep(index, hash, value);
}

bool call_journal::is_kept(std::size_t index) noexcept {
    std::lock_guard const lock(state_->mutex);
    return index < state_->kept.size() && state_->kept[index];
}

std::stop_token call_journal::stopped_by(std::stop_token const& further) {
    state_->follow.emplace(further, [all = state_.get()] { all->stop.request_stop(); });
    return state_->stop.get_token();
}

void call_journal::close() {
    state_->end_thread();
    std::unique_lock lock(state_->mutex);
    if (!state_->error && state_->unsynced) state_->sync(lock);
    auto const failed = state_->error;
    lock.unlock();
    state_.reset();
    if (failed) std::rethrow_exception(failed);
}

std::unique_ptr<call_journal> open_journal(std::string const& path, journaled_call const& of) {
    return path.empty() ? nullptr : std::make_unique<call_journal>(path, of);
}

}  // namespace quartet::inline v0::detail
