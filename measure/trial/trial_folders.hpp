// measure/trial/trial_folders.hpp
//
// Where trials put their files, so that one trial's files don't slow the next one down.
//
// ext4 does not reuse the inode of a file that was removed within the last minutes, and for each new file it
// searches through all such inodes of the block group. Beside the 10,000 files that an earlier trial had
// made, a trial of the files workload took up to 18 times as long. So the root is made a "top" folder
// (FS_TOPDIR_FL): ext4 then puts each of its subfolders into the group with the fewest folders, starting at a
// hash of the name. A name is never used twice, and the folder of a past trial is emptied but stays. Other
// file systems don't know the flag.
#pragma once

#include <cstddef>
#include <filesystem>

namespace quartet::measure {

class trial_folders {
public:
    /// `root` exists and goes away with its owner.
    explicit trial_folders(std::filesystem::path root);

    /// A new folder. Throws std::filesystem::filesystem_error.
    std::filesystem::path make();

    /// Removes what a trial left in its folder, as far as that can be done.
    static void empty(std::filesystem::path const& folder);

private:
    std::filesystem::path root_;
    std::size_t made_ = 0;
};

}  // namespace quartet::measure
