#include "src/io/files/file_line.hpp"

#include "src/io/files/files.hpp"

#include <algorithm>

namespace quartet::inline v0::detail {
namespace {

// Bodies that begin in one turn of the loop may be very many; threads need not wait for the end of the turn.
constexpr std::size_t many_more = 16;

}  // namespace

file_line::~file_line() {
    {
        std::lock_guard const lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& each : threads_)
        each.join();
}

void file_line::have_threads(std::size_t count) {
    threads_.reserve(count);
    while (threads_.size() < count)
        threads_.emplace_back([this] { work(); });
}

void file_line::add(file_operation& operation) {
    bool many = false;
    {
        std::lock_guard const lock(mutex_);
        line_.push_back(&operation);
        length_.store(line_.size(), std::memory_order_relaxed);
        many = line_.size() % many_more == 0;
    }
    if (many) call_threads(many_more);
}

void file_line::call_threads(std::size_t worth) {
    if (size() < worth) return;
    std::size_t more = 0;
    {
        std::lock_guard const lock(mutex_);
        more = std::min(sleeping_ - called_, line_.size() / worth);
        called_ += more;
    }
    for (; more > 0; --more)
        changed_.notify_one();
}

file_operation* file_line::take() {
    std::lock_guard const lock(mutex_);
    return first();
}

void file_line::work() {
    while (file_operation* const operation = next())
        perform(*operation);
}

/// Takes the first out; null if there is none.
file_operation* file_line::first() {
    if (line_.empty()) return nullptr;
    file_operation* const taken = line_.front();
    line_.pop_front();
    length_.store(line_.size(), std::memory_order_relaxed);
    return taken;
}

/// Waits for an operation; null if the thread is to end.
file_operation* file_line::next() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (file_operation* const taken = first()) return taken;
        if (is_ending_) return nullptr;
        ++sleeping_;
        changed_.wait(lock, [this] { return called_ > 0 || is_ending_; });
        --sleeping_;
        if (called_ > 0) --called_;
    }
}

void file_line::perform(file_operation& operation) {
    if (perform_without_waiting(operation) == left_to_do::nothing)
        return loop_.complete_from_any_thread(operation);
    loop_.post([this, &operation] { streams_.take(operation); });
}

}  // namespace quartet::inline v0::detail
