// measure/results/atomic_file.hpp
//
// Writes a file whole or not at all. Any thread; blocks for as long as the disk takes.
#pragma once

#include <filesystem>
#include <string_view>

namespace quartet::measure {

/// After it returns, `path` holds exactly `content`; if it throws, `path` is as it was before, and no other
/// file is left. A program that opens the file meanwhile reads the old content or the new, never a part.
///
/// A file that exists keeps its permissions, and a symbolic link still points to it. What cannot be replaced
/// is written to: pipes, devices, and the open files that /dev/stdout and /dev/fd/N name, where the content
/// goes after what was written before. It survives this process at once; a power cut it may not (no fsync).
///
/// Throws std::system_error, with the path in its text.
void write_file_whole(std::filesystem::path const& path, std::string_view content);

}  // namespace quartet::measure
