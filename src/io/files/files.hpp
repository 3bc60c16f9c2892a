// src/io/files/files.hpp
//
// File operations done at once, by system calls in the calling thread: what a blocking context does, and
// what the thread backend of the async one does on its threads.
//
// Every file is opened with O_NONBLOCK: a pipe's open would otherwise wait for the other end, where nobody
// can end the waiting. A file on a disk gets rid of the flag again; streams keep it (file_stream.hpp).
#pragma once

#include <quartet/detail/io/operations/file_operation.hpp>

#include <cerrno>
#include <string_view>

namespace quartet::inline v0::detail {

class stream_wait;

/// Does all of `operation`; what went wrong is left in its `error`. A stream is waited for as `wait` says.
void perform(file_operation& operation, stream_wait& wait) noexcept;

/// What may be left to do of an operation.
enum class left_to_do {
    nothing,
    with_stream,   ///< all but the opening; its file is open
    from_opening,  ///< all of it; its file can't be opened yet
};

/// The same, but leaves streams alone, and their descriptors with the operation.
left_to_do perform_without_waiting(file_operation& operation) noexcept;

/// What is left of an operation on a whole file once that is open; closes it. For files that are no streams.
void perform_opened(file_operation& operation) noexcept;

/// Whether an operation opens its file itself.
bool opens(file_operation::kind work) noexcept;

/// Whether it also closes it.
bool is_on_whole_file(file_operation::kind work) noexcept;

/// Sets descriptor and nature of an operation whose file has been opened with open_flags(), and, if it is to
/// be read, the length: as far as that is known without asking a device or a server. When so many bytes have
/// been read, that is all of the file, as it was at some moment since it was opened. 0 if only a read can
/// show where the end is: pipes, terminals, /proc, and empty files.
void note_opened(file_operation& operation, int descriptor) noexcept;

/// Whether a file that could not be opened, because of `error`, may soon be: a pipe that nobody reads yet, or
/// a file of which another process has been asked to give up its lease.
bool may_open_later(file_operation const& operation, int error) noexcept;

/// How large the output must be for the next read of a whole file.
std::size_t room_to_read(std::size_t filled, std::size_t expected) noexcept;

/// A std::system_error whose text begins with what was tried: "cannot open 'x.txt': No such file or
/// directory".
std::exception_ptr file_error(std::string_view verb, std::string_view path, int error) noexcept;

/// The flags that open() gets for an operation that opens.
int open_flags(file_operation::kind work) noexcept;

/// The permissions of a new file, before the umask.
inline constexpr int new_file_mode = 0666;

/// How much a read of a whole file asks for first when its length is not known.
inline constexpr std::size_t first_read_bytes = 4096;

/// The error where a write takes nothing of what it was given.
inline constexpr int nothing_written = EIO;

}  // namespace quartet::inline v0::detail
