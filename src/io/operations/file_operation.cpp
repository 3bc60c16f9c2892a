// How a file operation is done in each context. A blocking context does it by system calls on the body's
// thread, and waits for a stream in steps of 20 ms, between which it looks whether the body is to stop. An
// event loop hands it to its async_files (io_uring or a pool of threads). The fake does it on the strings of
// its fake_world, at once.

#include "src/base/poll_timeout.hpp"
#include "src/io/context/look_for_stop.hpp"
#include "src/io/files/async_files.hpp"
#include "src/io/files/file_stream.hpp"
#include "src/io/files/files.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/file_operation.hpp>
#include <quartet/fake_world.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <map>
#include <poll.h>
#include <string>

namespace quartet::inline v0::detail {
namespace {

using kind = file_operation::kind;

/// Waits for a stream, until the body's time limit or its stop.
class wait_of_body final : public stream_wait {
public:
    explicit wait_of_body(context const& owner) noexcept : owner_(owner) {}

    bool may_go_on() noexcept override { return !owner_.stop_requested(); }
    bool wait(int descriptor, short events) noexcept override {
        pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
        auto const limit =
            std::min(blocking_thread::deadline(), std::chrono::steady_clock::now() + look_for_stop);
        poll(&waiting, 1, poll_timeout(limit));
        return true;
    }

private:
    context const& owner_;
};

/// Waits for no stream: a `file` that is dropped must be closed, and has nobody who could end a wait.
class no_wait final : public stream_wait {
public:
    bool may_go_on() noexcept override { return true; }
    bool wait(int, short) noexcept override { return false; }
};

/// The files that bodies have opened in the fake's world.
class fake_files final : public fake_service {
public:
    explicit fake_files(fake_world& world) : world_(world) {}

    void perform(file_operation& operation) noexcept {
        try {
            bool const by_descriptor = operation.work == kind::read_at || operation.work == kind::write ||
                                       operation.work == kind::close;
            by_descriptor ? use_descriptor(operation) : use_path(operation);
        } catch (...) {
            operation.error = std::current_exception();
        }
    }

private:
    struct open_file {
        std::string path;
        bool to_append;
    };

    void use_path(file_operation& operation) {
        bool const to_read = operation.work == kind::read_whole || operation.work == kind::open_read;
        if (to_read && !world_.files.contains(operation.path)) {
            operation.error = file_error("open", operation.path, ENOENT);
            return;
        }
        std::string& content = world_.files[operation.path];
        if (operation.work == kind::read_whole) operation.output = content;
        if (operation.work == kind::write_whole) content = operation.input;
        if (operation.work == kind::append_whole) content += operation.input;
        if (operation.work == kind::open_read || operation.work == kind::open_append) {
            operation.descriptor = next_descriptor_++;
            open_[operation.descriptor] = {operation.path, operation.work == kind::open_append};
        }
    }

    void use_descriptor(file_operation& operation) {
        auto const found = open_.find(operation.descriptor);
        bool const allowed =
            found != open_.end() &&
            (operation.work == kind::close || found->second.to_append == (operation.work == kind::write));
        if (!allowed) {
            char const* const verb = operation.work == kind::read_at ? "read" : "write to";
            operation.error = file_error(verb, operation.path, EBADF);
            return;
        }
        std::string& content = world_.files[found->second.path];
        if (operation.work == kind::write) {
            content += operation.input;
            operation.written = operation.input.size();
        }
        if (operation.work == kind::read_at)
            operation.output =
                operation.offset < content.size() ? content.substr(operation.offset, operation.length) : "";
        if (operation.work == kind::close) open_.erase(found);
    }

    fake_world& world_;
    std::map<int, open_file> open_;
    int next_descriptor_ = 0;
};

}  // namespace

void file_operation::perform(blocking_thread&) {
    wait_of_body wait(owner());
    detail::perform(*this, wait);
}

void file_operation::perform_now() noexcept {
    if (auto* const loop = fake()) return loop->services.use<fake_files>(loop->world()).perform(*this);
    no_wait wait;
    detail::perform(*this, wait);
}

bool file_operation::begin(event_loop& loop) {
    is_cancelled = owner().stop_requested();
    loop.services.find<async_files>()->start(*this);
    return false;
}

bool file_operation::pretend(fake_loop& loop) {
    loop.services.use<fake_files>(loop.world()).perform(*this);
    loop.complete_soon(*this);
    return false;
}

void file_operation::cancel_begun(event_loop& loop) noexcept {
    loop.services.find<async_files>()->cancel(*this);
}

}  // namespace quartet::inline v0::detail
