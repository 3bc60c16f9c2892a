// cli/measuring/scratch.hpp
//
// A temporary folder with quartet's mark, for a run's files; removed with the object. What a killed run
// leaves behind, `quartet clean` finds by the mark.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace quartet::cli {

/// Who may enter a folder.
enum class open_to { owner, everybody };

class scratch_folder {
public:
    /// In $TMPDIR, or /tmp; in the latter too if everybody may enter it and not everybody gets to the former.
    /// Throws std::system_error.
    explicit scratch_folder(open_to who = open_to::owner);

    /// In this folder.
    explicit scratch_folder(std::filesystem::path const& parent) : scratch_folder(parent, open_to::owner) {}
    ~scratch_folder();
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;

    std::filesystem::path const& path() const noexcept { return path_; }

private:
    scratch_folder(std::filesystem::path const& parent, open_to who);
    void remove() noexcept;

    std::filesystem::path path_;
};

/// A folder that quartet made.
struct leftover {
    std::filesystem::path path;
    bool in_use;  ///< a running process of quartet uses it
};

/// Folders with quartet's mark: `where` itself or directly below it.
std::vector<leftover> find_leftovers(std::filesystem::path const& where);

/// $TMPDIR, or /tmp.
std::filesystem::path temporary_folder();

}  // namespace quartet::cli
