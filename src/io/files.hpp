// src/io/files.hpp
//
// File operations done at once, by system calls in the calling thread: what a blocking context does, and
// what the thread backend of the async one does on its threads.
#pragma once

#include <quartet/operations.hpp>

#include <string_view>

namespace quartet::detail {

/// Does all of `operation`; what went wrong is left in its `error`.
void perform(file_operation& operation) noexcept;

/// What is left of an operation on a whole file once that is open; closes it.
void perform_opened(file_operation& operation, int descriptor) noexcept;

/// The length of an open regular file, as far as it is known without asking a device or a server. When so
/// many bytes have been read, that is all of the file, as it was at some moment since it was opened. 0 if
/// only a read can show where the end is: pipes, terminals, /proc, and empty files.
std::size_t known_length(int descriptor) noexcept;

/// How large the output must be for the next read of a whole file.
std::size_t room_to_read(std::size_t filled, std::size_t expected) noexcept;

/// Whether an open file is a regular one on tmpfs, where nothing waits for a device or a server.
bool is_in_memory(int descriptor) noexcept;

/// A std::system_error whose text begins with what was tried: "cannot open 'x.txt': No such file or
/// directory".
std::exception_ptr file_error(std::string_view verb, std::string_view path, int error) noexcept;

/// The flags that open() gets for an operation that opens.
int open_flags(file_operation::kind work) noexcept;

/// The permissions of a new file, before the umask.
inline constexpr int new_file_mode = 0666;

/// How much a read of a whole file asks for first when its length is not known.
inline constexpr std::size_t first_read_bytes = 4096;

}  // namespace quartet::detail
