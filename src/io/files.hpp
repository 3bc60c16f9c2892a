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

/// A std::system_error whose text begins with what was tried: "cannot open 'x.txt': No such file or directory".
std::exception_ptr file_error(std::string_view verb, std::string_view path, int error) noexcept;

/// The flags that open() gets for an operation that opens.
int open_flags(file_operation::kind work) noexcept;

/// The permissions of a new file, before the umask.
inline constexpr int new_file_mode = 0666;

/// How much a whole-file read asks for first, and by how much it grows.
inline constexpr std::size_t first_read_bytes = 4096;

}  // namespace quartet::detail
