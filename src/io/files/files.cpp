#include "src/io/files/files.hpp"

#include "src/base/withheld_signal.hpp"
#include "src/io/files/file_stream.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

using kind = file_operation::kind;

struct failed {
    std::string_view verb;
    int error;
};

template <class Call>
auto retry(std::string_view verb, Call call) {
    for (;;) {
        auto const result = call();
        if (result >= 0) return result;
        if (errno != EINTR) throw failed{verb, errno};
    }
}

void read_all(file_operation& operation) {
    std::size_t const expected = operation.length;
    std::string& out = operation.output;
    out.clear();
    for (std::size_t filled = 0;;) {
        out.resize(room_to_read(filled, expected));
        auto const got = retry(
            "read", [&] { return ::read(operation.descriptor, out.data() + filled, out.size() - filled); });
        filled += static_cast<std::size_t>(got);
        if (got == 0 || filled == expected) return out.resize(filled);
    }
}

void write_all(file_operation& operation) {
    withheld_size_signal const too_large;
    while (operation.written < operation.input.size()) {
        auto const rest = operation.input.substr(operation.written);
        auto const written =
            retry("write to", [&] { return ::write(operation.descriptor, rest.data(), rest.size()); });
        if (written == 0) throw failed{"write to", nothing_written};
        operation.written += static_cast<std::size_t>(written);
    }
}

// Linux has given the descriptor up even when close() says EINTR: see close(2).
void close_or_throw(file_operation& operation) {
    if (::close(std::exchange(operation.descriptor, -1)) != 0 && errno != EINTR) throw failed{"close", errno};
}

void read_or_write_whole(file_operation& operation) {
    try {
        operation.work == kind::read_whole ? read_all(operation) : write_all(operation);
    } catch (...) {
        ::close(std::exchange(operation.descriptor, -1));
        throw;
    }
    close_or_throw(operation);
}

void read_at(file_operation& operation) {
    std::string& out = operation.output;
    out.resize(operation.length);
    std::size_t filled = 0;
    while (filled < out.size()) {
        auto const got = retry("read", [&] {
            return ::pread(operation.descriptor, out.data() + filled, out.size() - filled,
                           static_cast<off_t>(operation.offset + filled));
        });
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    out.resize(filled);
}

/// False if the file may be opened later.
bool open(file_operation& operation) {
    for (;;) {
        int const descriptor = ::open(operation.path.c_str(), open_flags(operation.work), new_file_mode);
        if (descriptor >= 0) {
            note_opened(operation, descriptor);
            return true;
        }
        int const error = errno;
        if (may_open_later(operation, error)) return false;
        if (error != EINTR) throw failed{"open", error};
    }
}

left_to_do perform_or_throw(file_operation& operation) {
    if (opens(operation.work) && !open(operation)) return left_to_do::from_opening;
    if (operation.work == kind::open_read || operation.work == kind::open_append) return left_to_do::nothing;
    if (operation.work == kind::close) {
        close_or_throw(operation);
        return left_to_do::nothing;
    }
    if (operation.nature == file_nature::stream) return left_to_do::with_stream;
    if (is_on_whole_file(operation.work)) {
        read_or_write_whole(operation);
    } else {
        operation.work == kind::read_at ? read_at(operation) : write_all(operation);
    }
    return left_to_do::nothing;
}

/// Calls `work`; what it throws becomes the operation's error.
left_to_do try_to(file_operation& operation, auto&& work) noexcept {
    try {
        return work();
    } catch (failed const& why) {
        operation.error = file_error(why.verb, operation.path, why.error);
    } catch (...) {
        operation.error = std::current_exception();  // no memory
    }
    return left_to_do::nothing;
}

/// Whether a regular file may have its reader wait: it is one of the kernel's own, and says itself when there
/// is something to read. A file that lies somewhere is always readable and writable.
bool waits_for_input(int descriptor) noexcept {
    pollfd file{.fd = descriptor, .events = POLLOUT, .revents = 0};
    return ::poll(&file, 1, 0) >= 0 && !(file.revents & POLLOUT);
}

struct file_facts {
    mode_t mode = S_IFREG;
    std::size_t size = 0;
};

/// Without asking a device or a server.
file_facts facts_of(int descriptor) noexcept {
    struct statx facts {};
    if (::statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE, &facts) != 0)
        return {};
    return {.mode = facts.stx_mode, .size = facts.stx_size};
}

// fstatfs() would say so too, but asks the server if the file lies on one. Only files in memory have seals.
bool is_in_memory(int descriptor) noexcept {
    return ::fcntl(descriptor, F_GET_SEALS) >= 0;
}

file_nature nature_of(int descriptor, file_facts const& facts, bool is_read) noexcept {
    if (S_ISREG(facts.mode))
        return is_read && facts.size == 0 && waits_for_input(descriptor) ? file_nature::stream
                                                                         : file_nature::disk;
    return S_ISBLK(facts.mode) || S_ISDIR(facts.mode) ? file_nature::disk : file_nature::stream;
}

}  // namespace

bool opens(kind work) noexcept {
    return is_on_whole_file(work) || work == kind::open_read || work == kind::open_append;
}

bool is_on_whole_file(kind work) noexcept {
    return work == kind::read_whole || work == kind::write_whole || work == kind::append_whole;
}

void note_opened(file_operation& operation, int descriptor) noexcept {
    bool const is_read = operation.work == kind::read_whole || operation.work == kind::open_read;
    operation.descriptor = descriptor;
    bool const memory = is_in_memory(descriptor);
    if (memory && !is_read) {
        operation.nature = file_nature::memory;
        return;
    }
    auto const facts = facts_of(descriptor);
    bool const appends = open_flags(operation.work) & O_APPEND;
    // A block device has no end to append to: it keeps a position, which only plain writes move.
    bool const at_once = memory || (S_ISBLK(facts.mode) && appends);
    operation.nature = at_once ? file_nature::memory : nature_of(descriptor, facts, is_read);
    operation.length = S_ISREG(facts.mode) ? facts.size : 0;
    // io_uring would take it as a wish not to wait for the disk.
    if (operation.nature == file_nature::disk)
        ::fcntl(descriptor, F_SETFL, open_flags(operation.work) & O_APPEND);
}

bool may_open_later(file_operation const& operation, int error) noexcept {
    if (error == EWOULDBLOCK) return true;
    struct stat facts {};
    return error == ENXIO && ::stat(operation.path.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode);
}

int open_flags(kind work) noexcept {
    switch (work) {
        case kind::write_whole:
            return O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        case kind::append_whole:
        case kind::open_append:
            return O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        default:
            return O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    }
}

std::exception_ptr file_error(std::string_view verb, std::string_view path, int error) noexcept {
    std::string what = "cannot ";
    what.append(verb).append(" '").append(path).append("'");
    return std::make_exception_ptr(std::system_error(error, std::generic_category(), what));
}

std::size_t room_to_read(std::size_t filled, std::size_t expected) noexcept {
    if (filled < expected) return expected;
    return filled < first_read_bytes ? first_read_bytes : 2 * filled;
}

void perform(file_operation& operation, stream_wait& wait) noexcept {
    if (perform_without_waiting(operation) != left_to_do::nothing) run_stream(file_stream(operation), wait);
}

left_to_do perform_without_waiting(file_operation& operation) noexcept {
    return try_to(operation, [&] { return perform_or_throw(operation); });
}

void perform_opened(file_operation& operation) noexcept {
    try_to(operation, [&] {
        read_or_write_whole(operation);
        return left_to_do::nothing;
    });
}

}  // namespace quartet::inline v0::detail
