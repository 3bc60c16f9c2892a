#include "src/io/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

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

void write_whole(file_operation& operation) {
    open_descriptor file(operation.path, open_flags(operation.work));
    write_all(file.get(), operation.input);
    file.close();
}

// Reads until the end shows itself: a short read of a pipe or of /proc is not the end.
void read_whole(file_operation& operation) {
    open_descriptor file(operation.path, open_flags(operation.work));
    std::string& out = operation.output;
    out.clear();
    for (std::size_t filled = 0;;) {
        out.resize(filled < first_read_bytes ? first_read_bytes : 2 * filled);
        auto const got =
            retry("read", [&] { return ::read(file.get(), out.data() + filled, out.size() - filled); });
        filled += static_cast<std::size_t>(got);
        if (got == 0) {
            out.resize(filled);
            break;
        }
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
        case kind::read_whole: return read_whole(operation);
        case kind::write_whole:
        case kind::append_whole: return write_whole(operation);
        case kind::open_read:
        case kind::open_append:
            operation.descriptor = open_descriptor(operation.path, open_flags(operation.work)).release();
            return;
        case kind::read_at: return read_at(operation);
        case kind::write: return write_all(operation.descriptor, operation.input);
        case kind::close:
            if (::close(operation.descriptor) != 0 && errno != EINTR) throw failed{"close", errno};
            return;
    }
}

}  // namespace

int open_flags(file_operation::kind work) noexcept {
    switch (work) {
        case kind::write_whole: return O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
        case kind::append_whole:
        case kind::open_append: return O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
        default: return O_RDONLY | O_CLOEXEC;
    }
}

std::exception_ptr file_error(std::string_view verb, std::string_view path, int error) noexcept {
    std::string what = "cannot ";
    what.append(verb).append(" '").append(path).append("'");
    return std::make_exception_ptr(std::system_error(error, std::generic_category(), what));
}

void perform(file_operation& operation) noexcept {
    try {
        perform_or_throw(operation);
    } catch (failed const& why) {
        operation.error = file_error(why.verb, operation.path, why.error);
    } catch (...) {
        operation.error = std::current_exception();  // no memory
    }
}

}  // namespace quartet::detail
