// include/quartet/file.hpp
//
// A file that a body has opened: buffered appends and positioned reads.
//
// Belongs to one body: one operation at a time. Several bodies, threads or processes may each open the same
// file to append: the kernel puts every flush at the end of the file as it then is (O_APPEND), in one
// piece on a local file system, so nothing is lost and what one append() wrote stays together.
//
// When a write fails, the file has got a leading part of what was to be written, and the rest stays in the
// buffer, in memory: the next flush, append or close goes on behind the last byte that was written. So
// nothing is written twice, and what an append() that threw was given must not be appended again.
//
// Pipes, terminals and other devices may be appended to as well; they have no places to read at.
#pragma once

#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/io/operations/file_operation.hpp>
#include <quartet/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace quartet::inline v0 {

/// What file operations on an event loop run on.
enum class file_backend {
    automatic,  ///< io_uring where the kernel lets us, beside a few threads if the loop has several processors;
                ///< threads alone otherwise
    io_uring,
    threads,
};

enum class open_mode {
    read,    ///< the file must exist
    append,  ///< created if absent (mode 0666 less the umask); all writes go to the end
};

/// A file that was moved from or closed can be destroyed and assigned to, and a closed one has its path; all
/// else throws std::logic_error.
class file {
public:
    /// Appends gather here before they become one system call.
    static constexpr std::size_t buffer_bytes = 64 * 1024;

    file(file&&) noexcept;
    file& operator=(file&&) noexcept;

    /// Writes what is still buffered, blocking, and closes. Errors are lost: await close() to see them. What
    /// a pipe has no room for is lost too.
    ~file();

    /// Appends. Done at once, without a system call, while the buffer has room.
    auto append(std::string_view data);

    /// Writes what is buffered.
    auto flush();

    /// Up to `length` bytes from `offset`; fewer only at the end of the file, none beyond it.
    auto read_at(std::uint64_t offset, std::size_t length);

    /// Flushes and closes; the file can't be used after that. If the flush fails it is still open.
    task<void> close();

    std::string const& path() const;

private:
    friend class context;
    struct state;
    state& opened() const;
    explicit file(std::unique_ptr<state> opened) noexcept;

    std::unique_ptr<state> state_;
};

/// What `file` keeps; defined here so that an append to the buffer is a copy and nothing more.
struct file::state {
    state(context& owner, detail::file_operation const& opened);

    /// The operation is to write what is buffered.
    void prepare_write() noexcept;
    /// Puts what is buffered, then `more`, on its way; true if that was done at once.
    bool start_write(std::string_view more);
    /// After a write: takes what was written out of the buffer, and throws what went wrong.
    void finish_write();

    detail::file_operation operation;
    int descriptor;
    std::string buffer;
};

/// Throws std::logic_error if it was closed or moved from.
inline file::state& file::opened() const {
    if (!state_) [[unlikely]]
        detail::misuse("this file was moved from");
    if (state_->descriptor < 0) [[unlikely]]
        detail::misuse("this file was closed");
    return *state_;
}

inline auto file::append(std::string_view data) {
    struct [[nodiscard]] awaiter : detail::own_awaiter {
        state& file;
        std::string_view data;
        bool written = false;

        bool await_ready() {
            if (file.buffer.size() + data.size() <= buffer_bytes && file.descriptor >= 0) {
                file.buffer.append(data);
                return true;
            }
            written = true;
            return file.start_write(data);
        }
        void await_suspend(std::coroutine_handle<> waiter) const noexcept {
            file.operation.await_suspend(waiter);
        }
        void await_resume() const {
            if (written) file.finish_write();
        }
    };
    return awaiter{{}, opened(), data};
}

inline auto file::flush() {
    struct [[nodiscard]] awaiter : detail::own_awaiter {
        state& file;
        bool await_ready() const { return file.buffer.empty() || file.start_write({}); }
        void await_suspend(std::coroutine_handle<> waiter) const noexcept {
            file.operation.await_suspend(waiter);
        }
        void await_resume() const { file.finish_write(); }
    };
    return awaiter{{}, opened()};
}

inline auto file::read_at(std::uint64_t offset, std::size_t length) {
    struct [[nodiscard]] awaiter : detail::own_awaiter {
        state& file;
        std::uint64_t offset;
        std::size_t length;
        bool await_ready() const {
            file.operation.work = detail::file_operation::kind::read_at;
            file.operation.descriptor = file.descriptor;
            file.operation.offset = offset;
            file.operation.length = length;
            return file.operation.await_ready();
        }
        void await_suspend(std::coroutine_handle<> waiter) const noexcept {
            file.operation.await_suspend(waiter);
        }
        std::string await_resume() const {
            file.operation.await_resume();
            return std::move(file.operation.output);
        }
    };
    return awaiter{{}, opened(), offset, length};
}

}  // namespace quartet::inline v0
