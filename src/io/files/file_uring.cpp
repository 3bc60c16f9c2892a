// src/io/files/file_uring.cpp
//
// File operations by io_uring. An operation on a whole file is a chain of steps (open, read or write,
// close), each one entry of the submission queue; when a step completes, the next is queued. Entries
// gather while bodies run and go to the kernel together when the loop is about to wait, so many bodies
// share one system call. Most steps are done by then: advance() takes such completions out at once. Those
// that come later are announced by an eventfd that Asio watches.
//
// A file on tmpfs has no device to wait for, yet the kernel hands reads and writes of it to a worker
// thread, as it does for any file system that does not promise to say "not now" (FMODE_NOWAIT). So once a
// file turns out to lie in memory, the rest of its operation is done by plain system calls.
//
// A chain is begun for so many operations at a time, the others wait in line: that keeps descriptors and
// buffers few, and the completion queue can't overflow.
//
// What opens a file waits in a line from which threads take too, where the loop has several processors
// (file_line.hpp). The loop leaves them half of it at each turn, and so is not done long before them.
//
// Asio's own io_uring support replaces its whole reactor and needs Boost 1.78; this needs 1.74 and leaves
// sockets and timers alone.

#include "src/base/withheld_signal.hpp"
#include "src/io/files/async_files.hpp"
#include "src/io/files/files.hpp"

#include <quartet/cpus.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <liburing.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t most_chains = 128;

constexpr std::size_t most_threads = 3;

// To wake a thread takes as long as such an operation, or several on a busy machine.
constexpr std::size_t worth_a_thread = 4;

// A chain has one entry under way, and one more for the close that nobody waits for.
constexpr unsigned ring_entries = 2 * most_chains;

using kind = file_operation::kind;

enum class step : std::uint8_t { open, read, write, close };

/// An operation on its way.
struct chain {
    file_operation* operation;
    step current;
    std::size_t read;  // bytes so far
};

std::string_view verb_of(step failed) noexcept {
    switch (failed) {
        case step::open:
            return "open";
        case step::read:
            return "read";
        case step::write:
            return "write to";
        case step::close:
            return "close";
    }
    return "use";
}

step first_step(kind work) noexcept {
    switch (work) {
        case kind::read_at:
            return step::read;
        case kind::write:
            return step::write;
        case kind::close:
            return step::close;
        default:
            return step::open;
    }
}

[[noreturn]] void refuse(int error, char const* what) {
    throw std::system_error(error, std::generic_category(), what);
}

class ring {
public:
    ring() {
        // Without COOP_TASKRUN the kernel interrupts this thread for each completion that a worker brings;
        // the loop enters the kernel soon enough by itself. SINGLE_ISSUER with DEFER_TASKRUN would gain as
        // much again, but binds the ring to one thread, and an executor may move between threads.
        int result =
            io_uring_queue_init(ring_entries, &ring_, IORING_SETUP_CLAMP | IORING_SETUP_COOP_TASKRUN);
        if (result == -EINVAL)
            result = io_uring_queue_init(ring_entries, &ring_, IORING_SETUP_CLAMP);  // before 5.19
        if (result < 0) refuse(-result, "io_uring");
    }
    ring(ring const&) = delete;
    ring& operator=(ring const&) = delete;
    ~ring() { io_uring_queue_exit(&ring_); }
    io_uring* get() noexcept { return &ring_; }

private:
    io_uring ring_{};
};

class file_uring final : public async_files {
public:
    file_uring(event_loop& loop, threads_beside threads)
        : async_files(loop), event_(loop.io()), may_have_threads_(threads == threads_beside::for_processors) {
        require_operations();
        int const event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (event < 0) refuse(errno, "eventfd");
        event_.assign(event);
        if (int const result = io_uring_register_eventfd(ring_.get(), event); result < 0)
            refuse(-result, "io_uring");
        for (chain& each : chains_)
            idle_.push_back(&each);
        watch();
    }

    // A descriptor of which the close is only in line would stay open for ever when the ring is gone.
    ~file_uring() override {
        while (unattended_ > 0) {
            int const result = io_uring_submit_and_wait(ring_.get(), 1);
            if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) return;
            reap();
        }
    }

    void start(file_operation& operation) override {
        if (first_step(operation.work) == step::open) {
            line_.add(operation);
        } else if (operation.nature != file_nature::disk) {
            complete_later(operation, perform_without_waiting(operation));
        } else if (idle_.empty()) {
            waiting_.push_back(&operation);
        } else {
            begin(operation);
        }
    }

    bool advance() override {
        begin_from_line();
        hand_over();
        auto const done = std::exchange(done_, {});
        for (file_operation* each : done)
            each->complete();
        bool const streamed = streams_.advance();
        bool const completed = reap();
        bool const can_begin = !idle_.empty() && line_.size() > 0;
        return completed || can_begin || streamed || !done.empty() || io_uring_sq_ready(ring_.get()) > 0;
    }

    std::string name() const override { return "io_uring"; }

private:
    void require_operations() {
        std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> const probe(
            io_uring_get_probe_ring(ring_.get()), &io_uring_free_probe);
        for (int operation : {IORING_OP_OPENAT, IORING_OP_CLOSE, IORING_OP_READ, IORING_OP_WRITE}) {
            if (!probe || !io_uring_opcode_supported(probe.get(), operation)) refuse(ENOSYS, "io_uring");
        }
    }

    void watch() {
        event_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](boost::system::error_code const& error) {
                              if (error) return;
                              eventfd_t count = 0;
                              eventfd_read(event_.native_handle(), &count);
                              reap();
                              watch();
                          });
    }

    void begin_from_line() {
        std::size_t const length = line_.size();
        if (length == 0) return;
        if (length >= worth_a_thread && may_have_threads_) have_threads();
        std::size_t mine = std::min(idle_.size(), length);
        if (line_.has_threads()) {
            mine = std::min(mine, (length + 1) / 2);
            line_.call_threads(idle_.empty() ? 1 : worth_a_thread);
        }
        for (; mine > 0; --mine) {
            file_operation* const first = line_.take();
            if (!first) return;
            begin(*first);
        }
    }

    /// One for each processor that the loop has beside its own. Without them it goes more slowly.
    void have_threads() noexcept {
        may_have_threads_ = false;
        try {
            line_.have_threads(std::min(cpu_share() - 1, most_threads));
        } catch (std::exception const&) {
        }
    }

    void begin(file_operation& operation) {
        chain* const each = idle_.back();
        idle_.pop_back();
        *each = {&operation, first_step(operation.work), 0};
        operation.output.clear();
        queue(each);
    }

    // The kernel may take fewer entries than there are; the rest stay for the next time. What it does at once
    // it does in this thread.
    void hand_over() {
        if (io_uring_sq_ready(ring_.get()) == 0) return;
        withheld_size_signal const too_large;
        io_uring_submit(ring_.get());
    }

    io_uring_sqe* next_entry() {
        io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
        while (!entry) {
            hand_over();
            entry = io_uring_get_sqe(ring_.get());
        }
        return entry;
    }

    void queue(chain* each) {
        file_operation& operation = *each->operation;
        if (each->current == step::read && !make_room(*each)) return give_up(each);
        io_uring_sqe* const entry = next_entry();
        switch (each->current) {
            case step::open:
                io_uring_prep_openat(entry, AT_FDCWD, operation.path.c_str(), open_flags(operation.work),
                                     new_file_mode);
                break;
            case step::read: {
                std::string& out = operation.output;
                io_uring_prep_read(entry, operation.descriptor, out.data() + each->read,
                                   io_length(out.size() - each->read), read_offset(*each));
                break;
            }
            case step::write: {
                auto const rest = operation.input.substr(operation.written);
                io_uring_prep_write(entry, operation.descriptor, rest.data(), io_length(rest.size()),
                                    write_offset(operation));
                break;
            }
            case step::close:
                io_uring_prep_close(entry, operation.descriptor);
                break;
        }
        io_uring_sqe_set_data(entry, each);
    }

    // Every read and write says where. The file's own position would do until one of them is short: the
    // kernel then goes on by itself, fails, tells of what it has done, and leaves the position where it was.
    static std::uint64_t read_offset(chain const& each) noexcept {
        return (each.operation->work == kind::read_at ? each.operation->offset : 0) + each.read;
    }

    // For an append it is of no importance: the file was opened with O_APPEND. Only a block device heeds the
    // offset all the same, and appends to one don't come here.
    static std::uint64_t write_offset(file_operation const& operation) noexcept { return operation.written; }

    /// Sizes the output for the next read; false if memory is short, with the error set.
    static bool make_room(chain const& each) noexcept {
        file_operation& operation = *each.operation;
        try {
            std::size_t const wanted = operation.work == kind::read_at
                                           ? operation.length
                                           : room_to_read(each.read, operation.length);
            if (operation.output.size() < wanted) operation.output.resize(wanted);
            return true;
        } catch (...) {
            operation.error = std::current_exception();
            return false;
        }
    }

    /// Takes out what is completed; false if nothing was.
    bool reap() {
        // Resumed bodies begin further operations, so the completions are taken out first.
        std::array<io_uring_cqe*, 2 * ring_entries> entries;
        unsigned const count =
            io_uring_peek_batch_cqe(ring_.get(), entries.data(), static_cast<unsigned>(entries.size()));
        reaped_.clear();
        for (unsigned i = 0; i < count; ++i) {
            if (auto* const each = static_cast<chain*>(io_uring_cqe_get_data(entries[i]))) {
                reaped_.push_back({each, entries[i]->res});
            } else {
                --unattended_;
            }
        }
        io_uring_cq_advance(ring_.get(), count);
        for (auto const& [each, result] : reaped_)
            advance(each, result);
        return count > 0;
    }

    void advance(chain* each, int result) {
        // close() has given the descriptor up even when it was interrupted.
        if (result == -EINTR && each->current == step::close) result = 0;
        if (result == -EINTR || (result == -EAGAIN && each->current != step::open)) return queue(each);
        if (result < 0) return after_failure(each, -result);
        switch (each->current) {
            case step::open:
                return after_open(each, result);
            case step::read:
                return after_read(each, static_cast<std::size_t>(result));
            case step::write:
                return after_write(each, static_cast<std::size_t>(result));
            case step::close:
                return finish(each);
        }
    }

    void after_failure(chain* each, int error) {
        file_operation& operation = *each->operation;
        if (each->current == step::open && may_open_later(operation, error)) return hand_to_streams(each);
        operation.error = file_error(verb_of(each->current), operation.path, error);
        give_up(each);
    }

    void after_open(chain* each, int descriptor) {
        file_operation& operation = *each->operation;
        note_opened(operation, descriptor);
        if (!is_on_whole_file(operation.work)) return finish(each);
        if (operation.nature == file_nature::stream) return hand_to_streams(each);
        if (operation.nature == file_nature::memory) {
            perform_opened(operation);
            return finish(each);
        }
        go(each, operation.work == kind::read_whole ? step::read : step::write);
    }

    void hand_to_streams(chain* each) {
        file_operation& operation = *each->operation;
        release(each);
        streams_.take(operation);
    }

    void after_read(chain* each, std::size_t got) {
        each->read += got;
        file_operation& operation = *each->operation;
        if (got > 0 && each->read != operation.length) return queue(each);
        operation.output.resize(each->read);
        if (operation.work != kind::read_at) close_unattended(operation);
        finish(each);
    }

    void after_write(chain* each, std::size_t written) {
        file_operation& operation = *each->operation;
        operation.written += written;
        bool const all = operation.written >= operation.input.size();
        if (!all && written == 0) return after_failure(each, nothing_written);
        if (!all) return queue(each);
        if (!is_on_whole_file(operation.work)) return finish(each);
        go(each, step::close);  // which may still fail, where the write went to a server
    }

    void go(chain* each, step next) {
        each->current = next;
        queue(each);
    }

    /// Ends an operation that has failed.
    void give_up(chain* each) {
        file_operation& operation = *each->operation;
        bool const opened = each->current == step::read || each->current == step::write;
        if (opened && is_on_whole_file(operation.work)) close_unattended(operation);
        complete_later(operation, left_to_do::nothing);
        release(each);
    }

    /// The body may not even be suspended yet: it may have been start() that ended the operation.
    void complete_later(file_operation& operation, left_to_do left) {
        left == left_to_do::nothing ? done_.push_back(&operation) : streams_.take(operation);
    }

    /// A close whose result changes nothing; its entry bears no chain.
    void close_unattended(file_operation& operation) {
        io_uring_sqe* const entry = next_entry();
        io_uring_prep_close(entry, std::exchange(operation.descriptor, -1));
        io_uring_sqe_set_data(entry, nullptr);
        ++unattended_;
    }

    void finish(chain* each) {
        file_operation& ended = *each->operation;
        release(each);
        ended.complete();
    }

    void release(chain* each) {
        idle_.push_back(each);
        if (waiting_.empty()) return;
        file_operation& next = *waiting_.front();
        waiting_.pop_front();
        begin(next);
    }

    static unsigned io_length(std::size_t length) noexcept {
        constexpr std::size_t most = std::size_t{1} << 30;
        return static_cast<unsigned>(std::min(length, most));
    }

    struct completion {
        chain* each;
        int result;
    };

    ring ring_;
    boost::asio::posix::stream_descriptor event_;
    std::array<chain, most_chains> chains_;
    std::vector<chain*> idle_;
    std::deque<file_operation*> waiting_;  // for an idle chain
    std::vector<file_operation*> done_;    // by plain system calls; to be completed
    std::vector<completion> reaped_;
    std::size_t unattended_ = 0;  // closes under way
    bool may_have_threads_;       // beside it, and has not tried to
};

}  // namespace

std::unique_ptr<async_files> make_file_uring(event_loop& loop, threads_beside threads) {
    return std::make_unique<file_uring>(loop, threads);
}

}  // namespace quartet::inline v0::detail
