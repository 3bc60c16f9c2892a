#include "src/io/descriptor_waits.hpp"

#include "src/io/poll_descriptor.hpp"

#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

using std::chrono::steady_clock;

constexpr auto look_for_closed_every = std::chrono::seconds(1);
constexpr std::size_t most_looked_at = 1000;
constexpr unsigned busy_turns_between_looks = 256;

std::exception_ptr closed_meanwhile(int descriptor) {
    return std::make_exception_ptr(
        std::system_error(EBADF, std::generic_category(),
                          fmt::format("descriptor {} was closed while a body waited for it", descriptor)));
}

}  // namespace

// ---- Who waits

bool descriptor_waits::start(descriptor_operation& operation) {
    if (!operation.try_now({})) {
        add(operation);
        return false;
    }
    if (++at_once_ < most_at_once) return true;
    loop_.complete_soon(operation);
    return false;
}

descriptor_waits::watched& descriptor_waits::at(int descriptor) {
    auto const index = static_cast<std::size_t>(descriptor);
    if (index >= watched_.size()) watched_.resize(std::max(index + 1, 2 * watched_.size()));
    if (!watched_[index]) watched_[index] = std::make_unique<watched>();
    return *watched_[index];
}

void descriptor_waits::add(descriptor_operation& operation) {
    watched& where = at(operation.descriptor_);
    link(where, operation);
    bool const is_watched = !std::exchange(operation.has_more_, false) && operation.serial_ != 0 &&
                            where.serial == operation.serial_ &&
                            (where.events & events_of(operation.wanted_)) == events_of(operation.wanted_);
    if (is_watched) return;
    try {
        watch(operation.descriptor_, where, operation.serial_, &operation);
    } catch (...) {
        unlink(where, operation);
        throw;
    }
}

void descriptor_waits::link(watched& where, descriptor_operation& operation) {
    if (!where.first) {
        waited_for_.push_back(operation.descriptor_);
        where.place = waited_for_.size() - 1;
    }
    operation.before_ = where.last;
    operation.after_ = nullptr;
    (where.last ? where.last->after_ : where.first) = &operation;
    where.last = &operation;
    where.to_read += bool(operation.wanted_ & readable);
    where.to_write += bool(operation.wanted_ & writable);
    others_ += operation.serial_ == 0;
    if (others_ > 0 && !next_look_) next_look_ = steady_clock::now() + look_for_closed_every;
    operation.round_ = round_;
    operation.waits_ = true;
}

void descriptor_waits::unlink(watched& where, descriptor_operation& operation) noexcept {
    (operation.before_ ? operation.before_->after_ : where.first) = operation.after_;
    (operation.after_ ? operation.after_->before_ : where.last) = operation.before_;
    where.to_read -= bool(operation.wanted_ & readable);
    where.to_write -= bool(operation.wanted_ & writable);
    others_ -= operation.serial_ == 0;
    operation.waits_ = false;
    if (where.first) return;
    int const moved = waited_for_.back();
    waited_for_[where.place] = moved;
    watched_[static_cast<std::size_t>(moved)]->place = where.place;
    waited_for_.pop_back();
}

void descriptor_waits::cancel(descriptor_operation& operation) noexcept {
    if (!operation.waits_) return;
    unlink(*watched_[static_cast<std::size_t>(operation.descriptor_)], operation);
    operation.error = std::make_exception_ptr(cancelled());
    loop_.complete_soon(operation);
}

/// Of those who wait, all but one.
void descriptor_waits::end_all(watched& where, std::exception_ptr const& why,
                               descriptor_operation const* but) {
    for (auto* each = where.first; each;) {
        auto* const next = each->after_;
        if (each != but) {
            unlink(where, *each);
            each->error = why;
            loop_.complete_soon(*each);
        }
        each = next;
    }
}

// ---- What is watched

bool descriptor_waits::change(int operation, int descriptor, watched const& where) noexcept {
    epoll_event event{};
    event.events = where.events | (where.serial != 0 ? unsigned{EPOLLET} : unsigned{EPOLLONESHOT});
    event.data.u64 = std::uint64_t{where.generation} << 32 | static_cast<std::uint32_t>(descriptor);
    return epoll_ctl(set(), operation, descriptor, &event) == 0;
}

/// Has the set tell of what is waited for, from now on. `newest` is one who has just begun to wait, and so
/// means the file that has the number now.
void descriptor_waits::watch(int descriptor, watched& where, std::uint64_t serial,
                             descriptor_operation const* newest) {
    if (!set_) open_set();
    auto const before = where.events;
    readiness wanted = where.to_read > 0 ? readable : readiness();
    if (where.to_write > 0) wanted |= writable;
    where.events = events_of(wanted);
    if (serial != 0 && serial == where.serial) where.events |= before;
    // Of an own socket that is closed there is no registration any more.
    bool const may_be_registered = before != 0 && (where.serial == 0 || where.serial == serial);
    where.serial = serial;
    if (may_be_registered) {
        if (change(EPOLL_CTL_MOD, descriptor, where)) return;
        if (errno == ENOENT) end_all(where, closed_meanwhile(descriptor), newest);
    }
    ++where.generation;
    if (change(EPOLL_CTL_ADD, descriptor, where)) return;
    if (errno == EEXIST && change(EPOLL_CTL_MOD, descriptor, where)) return;
    int const error = errno;
    where.events = 0;
    throw std::system_error(error, std::generic_category(), cannot_wait_for(descriptor));
}

int descriptor_waits::set() noexcept {
    return set_->native_handle();
}

void descriptor_waits::open_set() {
    int const set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) throw std::system_error(errno, std::generic_category(), "cannot wait for descriptors");
    try {
        set_.emplace(loop_.io(), set);
    } catch (...) {
        set_.reset();
        ::close(set);
        throw;
    }
}

void descriptor_waits::wait_for_set() {
    set_is_watched_ = true;
    set_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](boost::system::error_code const& error) {
                         if (error) return;
                         set_is_watched_ = false;
                         harvest();
                     });
}

// ---- What happens

bool descriptor_waits::advance() {
    at_once_ = 0;
    if (waited_for_.empty()) return false;
    bool const progress = set_ && !set_is_watched_ && harvest();
    if (!progress || ++busy_turns_ % busy_turns_between_looks == 0) look_for_closed();
    if (!progress && !set_is_watched_ && !waited_for_.empty()) wait_for_set();
    return progress;
}

/// True if there was something.
bool descriptor_waits::harvest() {
    std::array<epoll_event, 64> events{};
    int const count = epoll_wait(set(), events.data(), static_cast<int>(events.size()), 0);
    is_fresh_ = true;
    for (int i = 0; i < count; ++i) {
        epoll_event const& each = events[static_cast<std::size_t>(i)];
        auto const descriptor = static_cast<std::uint32_t>(each.data.u64);
        if (watched_[descriptor]->generation == each.data.u64 >> 32)
            serve(static_cast<int>(descriptor), readiness_of(each.events));
    }
    return count > 0;
}

// A body that goes on may change everything: take what the next one waits for, have it cancelled, wait for
// the same descriptor again. So the list is gone through from its beginning after each. Those who came in
// this round have their turn when the set tells of the descriptor again.
void descriptor_waits::serve(int descriptor, readiness holds) {
    watched& where = *watched_[static_cast<std::size_t>(descriptor)];
    ++round_;
    readiness in_vain;
    bool has_more = false;
    for (auto* each = where.first; each;) {
        bool const may_try =
            each->round_ != round_ && (each->wanted_ & holds) && (each->wanted_ | in_vain) != in_vain;
        if (!may_try || !try_again(*each, is_fresh_ ? holds : readiness())) {
            if (may_try) in_vain |= each->wanted_;
            has_more |= std::exchange(each->has_more_, false);
            each = each->after_;
            continue;
        }
        unlink(where, *each);
        is_fresh_ = false;
        in_vain = {};
        each->complete();
        each = where.first;
    }
    if (where.first && (where.serial == 0 || has_more)) watch_again(descriptor, where);
}

/// True if it is done.
bool descriptor_waits::try_again(descriptor_operation& operation, readiness holds) noexcept {
    try {
        return operation.try_now(holds);
    } catch (...) {
        operation.error = std::current_exception();
        return true;
    }
}

void descriptor_waits::watch_again(int descriptor, watched& where) noexcept {
    try {
        watch(descriptor, where, where.serial, nullptr);
    } catch (...) {
        end_all(where, std::current_exception());
    }
}

// ---- What was closed

std::optional<loop_service::time_point> descriptor_waits::deadline() const noexcept {
    return others_ > 0 ? next_look_ : std::nullopt;
}

void descriptor_waits::look_for_closed() {
    if (others_ == 0) return;
    auto const now = steady_clock::now();
    if (next_look_ && now < *next_look_) return;
    next_look_ = now + look_for_closed_every;
    for (std::size_t looks = std::min(waited_for_.size(), most_looked_at); looks > 0; --looks) {
        if (waited_for_.empty()) return;
        end_if_closed(waited_for_[looked_through_++ % waited_for_.size()]);
    }
}

void descriptor_waits::end_if_closed(int descriptor) {
    watched& where = *watched_[static_cast<std::size_t>(descriptor)];
    if (where.serial != 0) return;  // nobody else can have closed it
    if (change(EPOLL_CTL_MOD, descriptor, where) || (errno != EBADF && errno != ENOENT)) return;
    where.events = 0;
    end_all(where, closed_meanwhile(descriptor));
}

}  // namespace quartet::inline v0::detail
