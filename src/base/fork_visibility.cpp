#include <quartet/detail/base/fork_visibility.hpp>

#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <string>

namespace quartet::inline v0::detail {

constinit std::atomic<std::uint32_t> forks{0};

namespace {

/// All objects of this process, the last one first.
struct object_list {
    std::mutex mutex;
    fork_visibility* last = nullptr;
    std::atomic<std::uint32_t> changes{0};  // of the list, and of what it means
};
constinit object_list objects;

// When the program starts, since a fork before the first object counts too. The list is whole in the child.
[[maybe_unused]] int const forks_are_counted =
    pthread_atfork([] { objects.mutex.lock(); }, [] { objects.mutex.unlock(); },
                   [] {
                       objects.mutex.unlock();
                       ++forks;
                       ++objects.changes;
                   });

}  // namespace

fork_visibility::fork_visibility(bool shared) noexcept : shared_(shared) {
    std::lock_guard const lock(objects.mutex);
    made_after_ = forks;
    before_ = objects.last;
    if (before_) before_->after_ = this;
    objects.last = this;
    ++objects.changes;
}

fork_visibility::~fork_visibility() {
    std::lock_guard const lock(objects.mutex);
    (after_ ? after_->before_ : objects.last) = before_;
    if (before_) before_->after_ = after_;
    ++objects.changes;
}

void fork_visibility::look_up(fork_visibility const* object, char const* what) {
    struct answer {
        fork_visibility const* object;
        std::uint32_t changes;
    };
    static thread_local answer known{};  // most ask for the same one again
    if (known.object == object && known.changes == objects.changes) return;
    std::lock_guard const lock(objects.mutex);
    fork_visibility const* each = objects.last;
    while (each && each != object)
        each = each->before_;
    if (!each)
        throw std::logic_error(std::string("quartet: this ") + what +
                               " was made after the process that uses it; make it before the executor or "
                               "process");
    if (!each->shared_ && each->made_after_ != forks)
        throw std::logic_error(std::string("quartet: this ") + what +
                               " belongs to another process; make it with quartet::between_processes");
    known = {object, objects.changes};
}

}  // namespace quartet::inline v0::detail
