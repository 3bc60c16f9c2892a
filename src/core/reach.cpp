#include <quartet/detail/reach.hpp>

#include <mutex>
#include <pthread.h>
#include <stdexcept>

namespace quartet::detail {

constinit std::atomic<std::uint32_t> forks{0};

namespace {

constinit std::mutex mutex;
constinit reach* last = nullptr;
constinit std::atomic<std::uint32_t> changes{0};  // of the list and of what it means

// When the program starts, since a fork before the first object counts too. The list is whole in the child.
[[maybe_unused]] int const hooked = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); },
                                                   [] {
                                                       mutex.unlock();
                                                       ++forks;
                                                       ++changes;
                                                   });

}  // namespace

reach::reach(bool shared) noexcept : shared_(shared) {
    std::lock_guard const lock(mutex);
    made_after_ = forks;
    before_ = last;
    if (last) last->after_ = this;
    last = this;
    ++changes;
}

reach::~reach() {
    std::lock_guard const lock(mutex);
    (after_ ? after_->before_ : last) = before_;
    if (before_) before_->after_ = after_;
    ++changes;
}

void reach::look_up(reach const* object) {
    struct answer {
        reach const* object;
        std::uint32_t changes;
    };
    static thread_local answer known{};  // most ask for the same one again
    if (known.object == object && known.changes == changes) return;
    std::lock_guard const lock(mutex);
    reach const* each = last;
    while (each && each != object)
        each = each->before_;
    if (!each)
        throw std::logic_error(
            "quartet: this channel was made after the process that uses it; make it before the executor or "
            "process");
    if (!each->shared_ && each->made_after_ != forks)
        throw std::logic_error(
            "quartet: this channel belongs to another process; make it with quartet::between_processes");
    known = {object, changes};
}

}  // namespace quartet::detail
