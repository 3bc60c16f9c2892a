#include "src/models/cluster/link.hpp"

#include "src/base/forking.hpp"
#include "src/io/commands/running_process.hpp"
#include "src/models/cluster/link_process.hpp"
#include "src/models/cluster/mpi_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <signal.h>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 500ms;  // whether the link process lives
constexpr auto try_again = 5ms;     // whether there is memory
constexpr auto hand_over_limit = 5s;
constexpr auto end_limit = 12s;  // the link process's own limits are shorter
constexpr std::string_view prefix = "quartet: ";

/// Gives a block back to the link process, in the process that received it: a forked child has copies of
/// packets.
struct block_return {
    std::shared_ptr<link_memory> memory;
    shared_block* block;
    process_stamp owner;

    void operator()(void const*) const noexcept {
        if (!is_still(owner)) return;
        auto& returned = memory->state().returned;
        shared_block* first = returned.load(std::memory_order_relaxed);
        do {
            block->next.store(first, std::memory_order_relaxed);
        } while (!returned.compare_exchange_weak(first, block, std::memory_order_release));
    }
};

struct socket_ends {
    descriptor wakes;
    descriptor hears;
};

socket_ends wake_sockets() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "quartet: cannot make a socket pair");
    return {descriptor(ends[0]), descriptor(ends[1])};
}

}  // namespace

// ---- Start and end

std::unique_ptr<link> link::start(link_options const& options) {
    std::string const plugin = find_mpi_plugin(options.how.flavour);
    std::unique_ptr<link> made(new link);
    made->fork_link_process(options, plugin);
    made->let_go_of_launcher(options.how);
    made->await_start(options);
    made->has_started_ = true;
    return made;
}

/// By a process between, which ends at once: the link process is no child of the program's, which may wait
/// for all that it has.
void link::fork_link_process(link_options const& options, std::string const& plugin) {
    auto const own = mark_of_this_process();
    state().user.store(own.pid);
    state().user_started.store(own.started);
    auto sockets = wake_sockets();
    descriptor const own_end(open_pidfd(own.pid));
    if (own_end.get() < 0)
        throw std::system_error(errno, std::generic_category(), "quartet: cannot watch a process");
    pid_t const between = fork_child();
    if (between < 0)
        throw std::system_error(errno, std::generic_category(), "quartet: cannot fork a process");
    if (between == 0) {
        if (pid_t const process = fork(); process != 0) {
            state().process.store(process);
            _exit(0);
        }
        sockets.wakes = descriptor();
        run_link_process(*memory_, {.plugin = plugin,
                                    .how = options.how,
                                    .silence = options.silence,
                                    .program = own.pid,
                                    .program_end = own_end.get(),
                                    .program_wakes = sockets.hears.get()});
    }
    while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
    }
    wake_end_ = std::move(sockets.wakes);
    pid_t const process = state().process.load();
    if (process <= 0) throw std::runtime_error("quartet: cannot fork a process for MPI");
    link_process_ = mark_of(process);
}

void link::let_go_of_launcher(launch const& how) const noexcept {
    if (how.descriptor > STDERR_FILENO) close(how.descriptor);
    forget_launch();
}

void link::await_start(link_options const& options) {
    auto const until = std::chrono::steady_clock::now() + options.start_limit;
    auto const has_started = [this] { return state().is.load() != link_state::phase::starting; };
    while (!has_started()) {
        auto const now = std::chrono::steady_clock::now();
        if (now >= until) {
            state().ordered.store(link_state::order::end);  // it ends by itself
            throw std::runtime_error(fmt::format(
                "quartet: MPI has not started within {} s: not all ranks were started, or they can't reach "
                "each other",
                std::chrono::duration_cast<std::chrono::seconds>(options.start_limit).count()));
        }
        state().bell.wait_until(has_started, std::min(until, now + 50ms));
        if (!has_started() && !link_process_lives() && !has_started())
            throw std::runtime_error(
                "quartet: MPI does not start: MPI_Init has ended the process that called it");
    }
    if (state().is.load() == link_state::phase::refused) throw std::runtime_error(state().error.data());
}

link::~link() {
    if (has_started_ && is_still(started_by_)) end();
}

void link::end() noexcept {
    state().ordered.store(link_state::order::end);
    wake_link_process();
    auto const until = std::chrono::steady_clock::now() + end_limit;
    while (link_process_lives() && std::chrono::steady_clock::now() < until) {
        auto const has_ended = [this] { return state().is.load() == link_state::phase::ended; };
        if (has_ended()) {
            std::this_thread::sleep_for(1ms);
            continue;
        }
        state().bell.wait_until(has_ended, std::min(until, std::chrono::steady_clock::now() + 20ms));
    }
    if (link_process_lives()) kill(link_process_.pid, SIGKILL);
}

bool link::link_process_lives() const noexcept {
    return is_living(link_process_);
}

std::optional<std::string> link::failed() const {
    auto const is = state().is.load();
    if (is == link_state::phase::refused) {
        std::string_view const error = state().error.data();
        return std::string(error.substr(error.starts_with(prefix) ? prefix.size() : 0));
    }
    if (is == link_state::phase::ended) return "the link to the cluster has ended";
    if (!link_process_lives()) return "the process that has MPI in it has died";
    return {};
}

// ---- Messages

void link::send(std::size_t to, packet message) {
    own_packet sent{to, std::move(message)};
    hand_over();
    if (kept_.empty() && put(sent)) return;
    kept_bytes_ += sent.message.bytes().size();
    kept_.push_back(std::move(sent));
}

/// False if there is no room, or no memory.
bool link::put(own_packet& sent) {
    short_of_memory_ = false;
    if (state().out.is_full()) return false;
    auto const bytes = sent.message.bytes();
    shared_block* block = nullptr;
    try {
        block = memory_->heap().take(bytes.size());
    } catch (std::bad_alloc const&) {
        short_of_memory_ = true;
        return false;
    }
    if (!bytes.empty()) std::memcpy(bytes_of(*block), bytes.data(), bytes.size());
    state().unsent.fetch_add(bytes.size());
    put({.what = link_entry::kind::message,
         .rank = static_cast<std::uint32_t>(sent.to),
         .block = block,
         .bytes = bytes.size()});
    return true;
}

void link::put(link_entry const& entry) {
    if (state().out.push(entry) && state().sleeps.load() != 0) wake_link_process();
}

void link::hand_over() {
    while (!kept_.empty()) {
        std::size_t const bytes = kept_.front().message.bytes().size();
        if (!put(kept_.front())) break;
        kept_bytes_ -= bytes;
        kept_.pop_front();
    }
}

void link::wake_link_process() noexcept {
    if (state().sleeps.exchange(0) == 0) return;
    ::send(wake_end_.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

std::optional<arrival> link::receive() {
    auto const entry = state().in.pop();
    if (!entry) return {};
    state().unread.fetch_sub(entry->bytes);
    if (state().held_back.load() != 0 && state().held_back.exchange(0) != 0) wake_link_process();
    return arrival{entry->rank, packet_of(*entry)};
}

packet link::packet_of(link_entry const& entry) {
    std::byte* const bytes = bytes_of(*entry.block);
    std::shared_ptr<void const> owner(static_cast<void const*>(bytes),
                                      block_return{memory_, entry.block, this_process()});
    return packet(std::move(owner), {bytes, static_cast<std::size_t>(entry.bytes)});
}

void link::wait(time_point until) {
    bool over = false;
    while (!over) {
        hand_over();
        bool const wants_room = !kept_.empty() && !short_of_memory_;
        state().wants_room.store(wants_room ? 1 : 0);
        auto const now = std::chrono::steady_clock::now();
        auto const next =
            std::min(until, now + (short_of_memory_ ? std::chrono::nanoseconds(try_again) : look_again));
        bool room = false;
        state().bell.wait_until(
            [&] {
                over = woken_.load() || !state().in.is_empty() || losses() != told_of_losses_ ||
                       has_news_of_failure();
                room = wants_room && !state().out.is_full();
                return over || room;
            },
            next);
        if (over || room) continue;
        // A link process that was killed rings no bell.
        bool const has_died = !told_of_failure_ && !link_process_lives();
        over = has_died || std::chrono::steady_clock::now() >= until;
        if (has_died) told_of_failure_ = true;
    }
    if (has_news_of_failure()) told_of_failure_ = true;
    told_of_losses_ = losses();
    woken_.store(false);
}

bool link::has_news_of_failure() const noexcept {
    return !told_of_failure_ && state().is.load() != link_state::phase::running;
}

void link::wake() noexcept {
    woken_.store(true);
    state().bell.ring();
}

std::size_t link::unsent() const noexcept {
    return kept_bytes_ + static_cast<std::size_t>(state().unsent.load());
}

std::chrono::nanoseconds link::processor_time() const noexcept {
    clockid_t its{};
    timespec time{};
    if (clock_getcpuclockid(process(), &its) != 0 || clock_gettime(its, &time) != 0) return {};
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void link::drop(std::size_t rank) {
    std::erase_if(kept_, [&](own_packet const& each) {
        if (each.to != rank) return false;
        kept_bytes_ -= each.message.bytes().size();
        return true;
    });
    auto const until = std::chrono::steady_clock::now() + hand_over_limit;
    while (state().out.is_full() && link_process_lives() && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    put({.what = link_entry::kind::drop,
         .rank = static_cast<std::uint32_t>(rank),
         .block = nullptr,
         .bytes = 0});
}

bool link::is_gone(std::size_t rank) const noexcept {
    return state().ranks[rank].load(std::memory_order_relaxed) != link_state::rank_state::here;
}

// ---- Turns

std::unique_ptr<link::turn> link::use() {
    return std::unique_ptr<turn>(new turn(*this));
}

link::turn::turn(link& of) : link_(&of) {
    of.state().users.lock();
    of.begin_use();
}

link::turn::~turn() {
    link_->end_use();
    link_->state().users.unlock();
}

void link::begin_use() {
    link_state& shared = state();
    shared.used.store(0);
    kept_.clear();
    kept_bytes_ = 0;
    woken_.store(false);
    if (rank() == 0) {
        while (receive()) {
        }
    }
    auto const own = mark_of_this_process();
    shared.user.store(own.pid);
    shared.user_started.store(own.started);
    put({.what = link_entry::kind::use, .rank = 0, .block = nullptr, .bytes = 0});
    std::uint32_t number = shared.uses.fetch_add(1) + 1;
    if (number == 0) number = shared.uses.fetch_add(1) + 1;
    shared.used.store(number);
}

void link::end_use() noexcept {
    auto const until = std::chrono::steady_clock::now() + hand_over_limit;
    for (hand_over(); !kept_.empty() && std::chrono::steady_clock::now() < until && link_process_lives();
         hand_over())
        std::this_thread::sleep_for(1ms);
    state().used.store(0);
}

}  // namespace quartet::inline v0::detail
