// include/quartet/detail/io/operations/file_operation.hpp
//
// Reading, writing, opening and closing a file.
#pragma once

#include <quartet/backend/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace quartet::inline v0::detail {

/// What a read or write of an open file may wait for.
enum class file_nature : std::uint8_t {
    disk,    ///< a device or a server, which answers
    memory,  ///< nothing; all is done at once
    stream,  ///< the other end, perhaps for ever: pipes, terminals, sockets, /proc/kmsg
};

/// Any of the file operations. Those on streams end early when they are cancelled.
class [[nodiscard]] file_operation : public operation {
public:
    enum class kind : std::uint8_t {
        read_whole,    ///< path → output
        write_whole,   ///< input → path, replaced
        append_whole,  ///< input → end of path
        open_read,     ///< path → descriptor
        open_append,   ///< path → descriptor, created if absent
        read_at,       ///< descriptor, offset, length → output (shorter at the end of the file)
        write,         ///< input → descriptor, all of it
        close,         ///< descriptor
    };

    file_operation(context& owner, kind what, std::string_view file_path, std::string_view data = {})
        : operation(owner), work(what), path(file_path), input(data) {}

    void await_resume() { throw_error(); }

    /// Does all of it at once, without waiting for the other end of a pipe and without a loop, for a `file`
    /// that is dropped. What goes wrong is left in `error`.
    void perform_now() noexcept;

    kind work;
    file_nature nature = file_nature::disk;  ///< of `descriptor`, once it is open
    bool is_cancelled = false;               ///< it is not to wait for a stream any longer
    int descriptor = -1;
    std::uint64_t offset = 0;
    std::size_t length = 0;
    std::size_t written = 0;  ///< how much of the input the file has taken
    std::string path;
    std::string_view input;
    std::string output;

private:
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    bool ends_with_body() const noexcept override { return false; }
};

class [[nodiscard]] read_file_operation final : public file_operation {
public:
    using file_operation::file_operation;
    std::string await_resume() {
        throw_error();
        return std::move(output);
    }
};

}  // namespace quartet::inline v0::detail
