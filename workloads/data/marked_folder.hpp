// workloads/data/marked_folder.hpp
//
// Folders that quartet makes carry a mark, and `quartet clean` removes only folders that do. Any thread.
#pragma once

#include <filesystem>

namespace quartet {

/// The empty file that marks a folder as made by quartet.
inline constexpr char const* folder_mark = ".made-by-quartet";

/// Makes the folder, parents too, with the mark in it. A folder that exists must have the mark already or
/// be empty: throws std::system_error or std::runtime_error that say which folder and what to do.
void make_marked_folder(std::filesystem::path const& folder);

/// Whether quartet made it.
bool is_marked(std::filesystem::path const& folder);

}  // namespace quartet
