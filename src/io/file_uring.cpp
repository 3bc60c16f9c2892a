// src/io/file_uring.cpp
//
// File operations by io_uring. An operation on a whole file is a chain of steps (open, read or write,
// close), each one entry of the submission queue; when a step completes, the next is queued. Entries
// gather while bodies run and go to the kernel together when the loop is about to wait, so many bodies
// share one system call. Completions come by an eventfd that Asio watches.
//
// Asio's own io_uring support replaces its whole reactor and needs Boost 1.78; this needs 1.74 and leaves
// sockets and timers alone.

#include "src/io/async_files.hpp"
#include "src/io/files.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <liburing.h>

#include <sys/eventfd.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <system_error>
#include <vector>

namespace quartet::detail {
namespace {

constexpr unsigned ring_entries = 256;

using kind = file_operation::kind;

enum class step : std::uint8_t { open, read, write, close };

/// An operation on its way.
struct chain {
    file_operation* operation;
    step current;
    int descriptor;
    std::size_t done;  // bytes read or written so far
};

std::string_view verb_of(step failed) noexcept {
    switch (failed) {
        case step::open: return "open";
        case step::read: return "read";
        case step::write: return "write to";
        case step::close: return "close";
    }
    return "use";
}

step first_step(kind work) noexcept {
    switch (work) {
        case kind::read_at: return step::read;
        case kind::write: return step::write;
        case kind::close: return step::close;
        default: return step::open;
    }
}

/// Whether the chain opened the descriptor for itself, and so closes it.
bool owns_descriptor(kind work) noexcept {
    return work == kind::read_whole || work == kind::write_whole || work == kind::append_whole;
}

[[noreturn]] void refuse(int error, char const* what) {
    throw std::system_error(error, std::generic_category(), what);
}

class ring {
public:
    ring() {
        if (int const result = io_uring_queue_init(ring_entries, &ring_, IORING_SETUP_CLAMP); result < 0)
            refuse(-result, "io_uring");
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
    explicit file_uring(boost::asio::io_context& io) : event_(io) {
        require_operations();
        int const event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (event < 0) refuse(errno, "eventfd");
        event_.assign(event);
        if (int const result = io_uring_register_eventfd(ring_.get(), event); result < 0) refuse(-result, "io_uring");
        watch();
    }

    void start(file_operation& operation) override {
        operation.output.clear();
        queue(new chain{&operation, first_step(operation.work), operation.descriptor, 0});
    }

    void submit() override {
        if (queued_ > 0) io_uring_submit(ring_.get());
        queued_ = 0;
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
        event_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code const& error) {
            if (error) return;
            eventfd_t count = 0;
            eventfd_read(event_.native_handle(), &count);
            reap();
            watch();
        });
    }

    io_uring_sqe* next_entry() {
        io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
        while (!entry) {  // the queue is full: hand it over
            submit();
            entry = io_uring_get_sqe(ring_.get());
        }
        ++queued_;
        return entry;
    }

    void queue(chain* each) {
        io_uring_sqe* const entry = next_entry();
        file_operation& operation = *each->operation;
        switch (each->current) {
            case step::open:
                io_uring_prep_openat(entry, AT_FDCWD, operation.path.c_str(), open_flags(operation.work), new_file_mode);
                break;
            case step::read: prepare_read(entry, *each); break;
            case step::write: {
                auto const rest = operation.input.substr(each->done);
                io_uring_prep_write(entry, each->descriptor, rest.data(), io_length(rest.size()), no_offset);
                break;
            }
            case step::close: io_uring_prep_close(entry, each->descriptor); break;
        }
        io_uring_sqe_set_data(entry, each);
    }

    void prepare_read(io_uring_sqe* entry, chain const& each) {
        std::string& out = each.operation->output;
        bool const at = each.operation->work == kind::read_at;
        std::size_t const wanted = at ? each.operation->length : std::max(first_read_bytes, 2 * each.done);
        if (out.size() < wanted) out.resize(wanted);
        io_uring_prep_read(entry, each.descriptor, out.data() + each.done, io_length(out.size() - each.done),
                           at ? each.operation->offset + each.done : no_offset);
    }

    void reap() {
        // Resumed bodies begin further operations, so the completions are taken out first.
        reaped_.clear();
        io_uring_cqe* entry = nullptr;
        unsigned head = 0;
        io_uring_for_each_cqe(ring_.get(), head, entry) {
            reaped_.push_back({static_cast<chain*>(io_uring_cqe_get_data(entry)), entry->res});
        }
        io_uring_cq_advance(ring_.get(), static_cast<unsigned>(reaped_.size()));
        for (auto const& [each, result] : reaped_) advance(each, result);
    }

    void advance(chain* each, int result) {
        file_operation& operation = *each->operation;
        if (result == -EINTR || result == -EAGAIN) return queue(each);
        if (result < 0) {
            if (!operation.error) operation.error = file_error(verb_of(each->current), operation.path, -result);
            if (each->current == step::open || each->current == step::close || !owns_descriptor(operation.work))
                return finish(each);
            return go(each, step::close);
        }
        switch (each->current) {
            case step::open: return after_open(each, result);
            case step::read: return after_read(each, static_cast<std::size_t>(result));
            case step::write: return after_write(each, static_cast<std::size_t>(result));
            case step::close: return finish(each);
        }
    }

    void after_open(chain* each, int descriptor) {
        each->descriptor = descriptor;
        if (!owns_descriptor(each->operation->work)) {
            each->operation->descriptor = descriptor;
            return finish(each);
        }
        go(each, each->operation->work == kind::read_whole ? step::read : step::write);
    }

    void after_read(chain* each, std::size_t got) {
        each->done += got;
        std::string& out = each->operation->output;
        bool const at = each->operation->work == kind::read_at;
        if (got > 0 && !(at && each->done == each->operation->length)) return queue(each);
        out.resize(each->done);
        if (at) return finish(each);
        go(each, step::close);
    }

    void after_write(chain* each, std::size_t written) {
        each->done += written;
        if (each->done < each->operation->input.size()) return queue(each);
        if (!owns_descriptor(each->operation->work)) return finish(each);
        go(each, step::close);
    }

    void go(chain* each, step next) {
        each->current = next;
        queue(each);
    }

    void finish(chain* each) {
        std::unique_ptr<chain> const ended(each);
        ended->operation->complete();
    }

    static constexpr std::uint64_t no_offset = ~std::uint64_t{0};  // the file's own position

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
    std::vector<completion> reaped_;
    unsigned queued_ = 0;
};

}  // namespace

std::unique_ptr<async_files> make_file_uring(boost::asio::io_context& io) { return std::make_unique<file_uring>(io); }

}  // namespace quartet::detail
