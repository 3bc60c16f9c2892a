#include "src/io/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace quartet::detail {
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

/// Closes on the way out, if close() was not called.
class open_descriptor {
public:
    open_descriptor(std::string const& path, int flags)
        : descriptor_(retry("open", [&] { return ::open(path.c_str(), flags, new_file_mode); })) {}
    explicit open_descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    open_descriptor(open_descriptor const&) = delete;
    open_descriptor& operator=(open_descriptor const&) = delete;
    ~open_descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }

    void close() {
        // Linux has given the descriptor up even when close() says EINTR: see close(2).
        if (::close(release()) != 0 && errno != EINTR) throw failed{"close", errno};
    }

private:
    int descriptor_;
};

void write_all(int descriptor, std::string_view data) {
    while (!data.empty()) {
        auto const written = retry("write to", [&] { return ::write(descriptor, data.data(), data.size()); });
        data.remove_prefix(static_cast<std::size_t>(written));
    }
}

void read_all(int descriptor, std::string& out) {
    std::size_t const expected = known_length(descriptor);
    out.clear();
    for (std::size_t filled = 0;;) {
        out.resize(room_to_read(filled, expected));
        auto const got =
            retry("read", [&] { return ::read(descriptor, out.data() + filled, out.size() - filled); });
        filled += static_cast<std::size_t>(got);
        if (got == 0 || filled == expected) return out.resize(filled);
    }
}

void read_or_write_whole(open_descriptor file, file_operation& operation) {
    if (operation.work == kind::read_whole) {
        read_all(file.get(), operation.output);
    } else {
        write_all(file.get(), operation.input);
    }
    file.close();
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

void perform_or_throw(file_operation& operation) {
    switch (operation.work) {
        case kind::read_whole:
        case kind::write_whole:
        case kind::append_whole:
            return read_or_write_whole({operation.path, open_flags(operation.work)}, operation);
        case kind::open_read:
        case kind::open_append:
            operation.descriptor = open_descriptor(operation.path, open_flags(operation.work)).release();
            return;
        case kind::read_at:
            return read_at(operation);
        case kind::write:
            return write_all(operation.descriptor, operation.input);
        case kind::close:
            if (::close(operation.descriptor) != 0 && errno != EINTR) throw failed{"close", errno};
            return;
    }
}

/// Calls `work`; what it throws becomes the operation's error.
void try_to(file_operation& operation, auto&& work) noexcept {
    try {
        work();
    } catch (failed const& why) {
        operation.error = file_error(why.verb, operation.path, why.error);
    } catch (...) {
        operation.error = std::current_exception();  // no memory
    }
}

}  // namespace

int open_flags(file_operation::kind work) noexcept {
    switch (work) {
        case kind::write_whole:
            return O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
        case kind::append_whole:
        case kind::open_append:
            return O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
        default:
            return O_RDONLY | O_CLOEXEC;
    }
}

std::exception_ptr file_error(std::string_view verb, std::string_view path, int error) noexcept {
    std::string what = "cannot ";
    what.append(verb).append(" '").append(path).append("'");
    return std::make_exception_ptr(std::system_error(error, std::generic_category(), what));
}

std::size_t known_length(int descriptor) noexcept {
    struct statx facts {};
    if (::statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE, &facts) != 0)
        return 0;
    return S_ISREG(facts.stx_mode) ? facts.stx_size : 0;
}

// fstatfs() would say so too, but asks the server if the file lies on one. Only files in memory have seals.
bool is_in_memory(int descriptor) noexcept {
    return ::fcntl(descriptor, F_GET_SEALS) >= 0;
}

std::size_t room_to_read(std::size_t filled, std::size_t expected) noexcept {
    if (filled < expected) return expected;
    return filled < first_read_bytes ? first_read_bytes : 2 * filled;
}

void perform(file_operation& operation) noexcept {
    try_to(operation, [&] { perform_or_throw(operation); });
}

void perform_opened(file_operation& operation, int descriptor) noexcept {
    try_to(operation, [&] { read_or_write_whole(open_descriptor(descriptor), operation); });
}

}  // namespace quartet::detail
