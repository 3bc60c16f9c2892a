#include "src/io/loop/descriptor_waits.hpp"

#include "src/io/loop/poll_descriptor.hpp"

#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <span>
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
constexpr unsigned busy_turns_until_hidden = 64;
constexpr std::size_t most_new = 64;
constexpr unsigned most_polls = 8;
constexpr unsigned waits_after_a_vain_try = 15;
constexpr unsigned behind_data = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

std::exception_ptr bad_descriptor(std::string const& what) {
    return std::make_exception_ptr(std::system_error(EBADF, std::generic_category(), what));
}

std::exception_ptr closed_meanwhile(int descriptor) {
    return bad_descriptor(fmt::format("descriptor {} was closed while a body waited for it", descriptor));
}

}  // namespace

// ---- Who waits

descriptor_waits::~descriptor_waits() {
    hide_set();
}

bool descriptor_waits::start(descriptor_operation& operation) {
    if (!try_first(operation)) {
        operation.turn_to_next();
        add(operation);
        return false;
    }
    if (++at_once_ < most_at_once) return true;
    loop_.complete_soon(operation);
    return false;
}

/// True if the operation is done. One that waits for what others own is not tried if the last try was in
/// vain: it will be polled with others before the loop waits.
bool descriptor_waits::try_first(descriptor_operation& operation) {
    auto const index = static_cast<std::size_t>(operation.waits_for_.descriptor);
    watched* const known = index < watched_.size() ? watched_[index].get() : nullptr;
    if (operation.waits_for_.serial != 0)
        return known ? try_at(*known, operation, {}) : operation.try_now({});
    if (known && known->untried > 0) {
        --known->untried;
        return false;
    }
    if (operation.try_now({})) return true;  // throws if there is no such descriptor
    at(operation.waits_for_.descriptor).untried = waits_after_a_vain_try;
    return false;
}

/// True if the operation is done. What is known of the descriptor, and what the operation finds out, counts
/// only if the set would tell of a change.
bool descriptor_waits::try_at(watched& where, descriptor_operation& operation, readiness holds) {
    bool const would_be_told = where.serial == operation.waits_for_.serial && (where.events & EPOLLIN);
    operation.is_drained_ = std::exchange(where.is_drained, false) && would_be_told;
    bool const is_done = operation.try_now(holds);
    where.is_drained = operation.is_drained_ && would_be_told && where.may_drain;
    return is_done;
}

descriptor_waits::watched& descriptor_waits::at(int descriptor) {
    auto const index = static_cast<std::size_t>(descriptor);
    if (index >= watched_.size()) watched_.resize(std::max(index + 1, 2 * watched_.size()));
    if (!watched_[index]) watched_[index] = std::make_unique<watched>();
    return *watched_[index];
}

void descriptor_waits::add(descriptor_operation& operation) {
    watched& where = at(operation.waits_for_.descriptor);
    bool const is_first = !where.first;
    link(where, operation);
    if (operation.waits_for_.serial == 0 && is_first && new_.size() < most_new)
        put_with_new(operation.waits_for_.descriptor, where);
    if (operation.waits_for_.serial == 0 && where.new_place != none) return;
    bool const is_watched =
        !std::exchange(operation.has_more_, false) && operation.waits_for_.serial != 0 &&
        where.serial == operation.waits_for_.serial &&
        (where.events & events_of(operation.waits_for_.wanted)) == events_of(operation.waits_for_.wanted);
    if (is_watched) return;
    try {
        if (!watch(operation.waits_for_.descriptor, where, operation.waits_for_.serial))
            end_all(where, closed_meanwhile(operation.waits_for_.descriptor), &operation);
    } catch (...) {
        unlink(where, operation);
        throw;
    }
}

void descriptor_waits::link(watched& where, descriptor_operation& operation) {
    if (!where.first) {
        waited_for_.push_back(operation.waits_for_.descriptor);
        where.place = waited_for_.size() - 1;
    }
    operation.before_ = where.last;
    operation.after_ = nullptr;
    (where.last ? where.last->after_ : where.first) = &operation;
    where.last = &operation;
    where.to_read += bool(operation.waits_for_.wanted & readable);
    where.to_write += bool(operation.waits_for_.wanted & writable);
    others_ += operation.waits_for_.serial == 0;
    if (others_ > 0 && !next_look_) next_look_ = steady_clock::now() + look_for_closed_every;
    operation.round_ = round_;
    operation.waits_ = true;
}

void descriptor_waits::unlink(watched& where, descriptor_operation& operation) noexcept {
    (operation.before_ ? operation.before_->after_ : where.first) = operation.after_;
    (operation.after_ ? operation.after_->before_ : where.last) = operation.before_;
    where.to_read -= bool(operation.waits_for_.wanted & readable);
    where.to_write -= bool(operation.waits_for_.wanted & writable);
    others_ -= operation.waits_for_.serial == 0;
    operation.waits_ = false;
    if (where.first) return;
    int const moved = waited_for_.back();
    waited_for_[where.place] = moved;
    watched_[static_cast<std::size_t>(moved)]->place = where.place;
    waited_for_.pop_back();
    take_from_new(where);
}

void descriptor_waits::cancel(descriptor_operation& operation) noexcept {
    if (!operation.waits_) return;
    unlink(*watched_[static_cast<std::size_t>(operation.waits_for_.descriptor)], operation);
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

// ---- What is new

void descriptor_waits::put_with_new(int descriptor, watched& where) {
    new_.push_back(descriptor);
    where.new_place = new_.size() - 1;
    where.polls = 0;
}

void descriptor_waits::take_from_new(watched& where) noexcept {
    if (where.new_place == none) return;
    int const moved = new_.back();
    new_[where.new_place] = moved;
    watched_[static_cast<std::size_t>(moved)]->new_place = std::exchange(where.new_place, none);
    new_.pop_back();
    where.new_place = none;
}

/// True if there was something.
bool descriptor_waits::poll_new() {
    std::array<pollfd, most_new> asked;
    std::size_t count = 0;
    for (int const each : new_) {
        watched& where = *watched_[static_cast<std::size_t>(each)];
        ++where.polls;
        asked[count++] = {.fd = each, .events = static_cast<short>(events_of(where.wanted())), .revents = 0};
    }
    if (::poll(asked.data(), count, 0) <= 0) return false;
    is_fresh_ = true;
    for (pollfd const& each : std::span(asked).first(count)) {
        if (each.revents == 0) continue;
        watched& where = *watched_[static_cast<std::size_t>(each.fd)];
        if (each.revents & POLLNVAL)
            end_all(where,
                    where.polls == 1 ? bad_descriptor(cannot_wait_for(each.fd)) : closed_meanwhile(each.fd));
        else
            serve(each.fd, readiness_of(static_cast<unsigned>(each.revents)));
    }
    return true;
}

/// Has the set tell of those that were polled so often.
void descriptor_waits::watch_new(unsigned polls_at_least) {
    for (std::size_t i = new_.size(); i-- > 0;) {
        int const descriptor = new_[i];
        watched& where = *watched_[static_cast<std::size_t>(descriptor)];
        if (where.polls < polls_at_least) continue;
        take_from_new(where);
        try {
            watch(descriptor, where, 0);
        } catch (...) {
            end_all(where, std::current_exception());
        }
    }
}

void descriptor_waits::end_everybody(std::exception_ptr const& why) {
    while (!waited_for_.empty())
        end_all(*watched_[static_cast<std::size_t>(waited_for_.back())], why);
}

// ---- What is watched

bool descriptor_waits::change(int operation, int descriptor, watched const& where) noexcept {
    epoll_event event{};
    event.events = where.events | (where.serial != 0 ? EPOLLET | behind_data : unsigned{EPOLLONESHOT});
    event.data.u64 = std::uint64_t{where.generation} << 32 | static_cast<std::uint32_t>(descriptor);
    return epoll_ctl(set_.get(), operation, descriptor, &event) == 0;
}

/// Has the set tell of what is waited for, from now on. False if it has found that the number means another
/// file than it did: who waited before that waits for nothing.
bool descriptor_waits::watch(int descriptor, watched& where, std::uint64_t serial) {
    if (set_.get() < 0) open_set();
    auto const before = where.events;
    where.events = events_of(where.wanted());
    if (serial != 0 && serial == where.serial) where.events |= before;
    // Of an own socket that is closed there is no registration any more.
    bool const may_be_registered = before != 0 && (where.serial == 0 || where.serial == serial);
    if (serial != where.serial) where.may_drain = true;
    where.is_drained = false;
    where.serial = serial;
    if (may_be_registered && change(EPOLL_CTL_MOD, descriptor, where)) return true;
    bool const is_same = !may_be_registered || errno != ENOENT;
    ++where.generation;
    if (change(EPOLL_CTL_ADD, descriptor, where)) return is_same;
    if (errno == EEXIST && change(EPOLL_CTL_MOD, descriptor, where)) return is_same;
    int const error = errno;
    where.events = 0;
    throw std::system_error(error, std::generic_category(), cannot_wait_for(descriptor));
}

void descriptor_waits::open_set() {
    set_ = descriptor(epoll_create1(EPOLL_CLOEXEC));
    if (set_.get() < 0)
        throw std::system_error(errno, std::generic_category(), "cannot wait for descriptors");
}

void descriptor_waits::wait_for_set() {
    try {
        if (!told_of_set_) told_of_set_.emplace(loop_.io(), set_.get());
    } catch (...) {
        told_of_set_.reset();
        end_everybody(std::current_exception());
        return;
    }
    set_is_watched_ = true;
    told_of_set_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                             [this](boost::system::error_code const& error) {
                                 if (error) return;
                                 set_is_watched_ = false;
                                 harvest();
                             });
}

void descriptor_waits::hide_set() noexcept {
    if (!told_of_set_) return;
    told_of_set_->release();
    told_of_set_.reset();
    set_is_watched_ = false;
}

// ---- What happens

bool descriptor_waits::advance() {
    at_once_ = 0;
    if (waited_for_.empty()) return false;
    bool const found_new = !new_.empty() && poll_new();
    bool const found_old = set_.get() >= 0 && !set_is_watched_ && harvest();
    bool const progress = found_new || found_old;
    watch_new(progress ? most_polls : 0);
    busy_turns_ = progress ? busy_turns_ + 1 : 0;
    if (busy_turns_ == busy_turns_until_hidden) hide_set();
    if (!progress || busy_turns_ % busy_turns_between_looks == 0) look_for_closed();
    if (!progress && !set_is_watched_ && !waited_for_.empty()) wait_for_set();
    return progress;
}

/// True if there was something.
bool descriptor_waits::harvest() {
    std::array<epoll_event, 64> events{};
    int const count = epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0);
    is_fresh_ = true;
    for (int i = 0; i < count; ++i) {
        epoll_event const& each = events[static_cast<std::size_t>(i)];
        auto const descriptor = static_cast<std::uint32_t>(each.data.u64);
        watched& where = *watched_[descriptor];
        if (where.generation != each.data.u64 >> 32) continue;
        where.is_drained = false;
        if (each.events & behind_data) where.may_drain = false;
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
        bool const may_try = each->round_ != round_ && (each->waits_for_.wanted & holds) &&
                             (each->waits_for_.wanted | in_vain) != in_vain;
        bool const is_done = may_try && try_again(where, *each, is_fresh_ ? holds : readiness());
        if (!is_done && each->turns_away_) [[unlikely]] {
            move_on(where, *std::exchange(each, each->after_));
            continue;
        }
        if (!is_done) {
            if (may_try) in_vain |= each->waits_for_.wanted;
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
    if (!where.first || where.new_place != none) return;
    if (where.serial == 0 || has_more) watch_again(descriptor, where, where.serial);
}

/// True if it is done.
bool descriptor_waits::try_again(watched& where, descriptor_operation& operation, readiness holds) noexcept {
    try {
        return try_at(where, operation, holds);
    } catch (...) {
        operation.error = std::current_exception();
        return true;
    }
}

/// One that waits for something else now: other bodies may still find what it has not.
void descriptor_waits::move_on(watched& where, descriptor_operation& operation) noexcept {
    unlink(where, operation);
    operation.turn_to_next();
    try {
        add(operation);
    } catch (...) {
        operation.error = std::current_exception();
        loop_.complete_soon(operation);
    }
}

void descriptor_waits::watch_again(int descriptor, watched& where, std::uint64_t serial) noexcept {
    try {
        if (!watch(descriptor, where, serial)) end_all(where, closed_meanwhile(descriptor));
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
    if (where.serial != 0 || where.new_place != none)
        return;  // nobody else can have closed it, or it is polled
    if (change(EPOLL_CTL_MOD, descriptor, where) || (errno != EBADF && errno != ENOENT)) return;
    where.events = 0;
    end_all(where, closed_meanwhile(descriptor));
}

}  // namespace quartet::inline v0::detail
