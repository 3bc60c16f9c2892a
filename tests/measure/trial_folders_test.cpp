#include "measure/trial/trial_folders.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/fs.h>
#include <set>
#include <stdlib.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace quartet::measure::trial_folders_test {
namespace {

namespace fs = std::filesystem;

int flags_of(fs::path const& folder) {
    int flags = 0;
    int const descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ioctl(descriptor, FS_IOC_GETFLAGS, &flags);
    close(descriptor);
    return flags;
}

bool set_flags(fs::path const& folder, int flags) {
    int const descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool const done = ioctl(descriptor, FS_IOC_SETFLAGS, &flags) == 0;
    close(descriptor);
    return done;
}

class trial_folders_test : public testing::Test {
protected:
    ~trial_folders_test() override {
        for (auto const& root : roots_)
            fs::remove_all(root);
    }

    fs::path new_root() {
        std::string name = testing::TempDir() + "quartet-folders-XXXXXX";
        EXPECT_TRUE(mkdtemp(name.data()));
        return roots_.emplace_back(name);
    }

private:
    std::vector<fs::path> roots_;
};

TEST_F(trial_folders_test, names_are_never_used_twice) {
    std::set<std::string> names;
    for (int session = 0; session < 3; ++session) {
        trial_folders folders(new_root());
        for (int trial = 0; trial < 3; ++trial) {
            auto const folder = folders.make();
            EXPECT_TRUE(fs::is_empty(folder));
            EXPECT_TRUE(names.insert(folder.filename()).second) << folder;
        }
    }
}

TEST_F(trial_folders_test, an_emptied_folder_stays) {
    trial_folders folders(new_root());
    auto const folder = folders.make();
    fs::create_directories(folder / "a" / "b");
    for (char const* name : {"one", "two", "a/three", "a/b/four"})
        std::ofstream(folder / name) << "something";
    trial_folders::empty(folder);
    EXPECT_TRUE(fs::is_directory(folder));
    EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(trial_folders_test, one_that_is_gone_is_as_good_as_empty) {
    auto const root = new_root();
    EXPECT_NO_THROW(trial_folders::empty(root / "none"));
    EXPECT_FALSE(fs::exists(root / "none"));
}

// The flag itself; what it does for the trials that follow each other is ext4's.
TEST_F(trial_folders_test, the_root_tells_ext4_to_keep_them_apart) {
    auto const plain = new_root();
    auto const root = new_root();
    trial_folders const folders(root);
    if (!set_flags(plain, flags_of(plain) | FS_TOPDIR_FL))
        GTEST_SKIP() << "this file system has no such flag";
    EXPECT_TRUE(flags_of(root) & FS_TOPDIR_FL);
}

}  // namespace
}  // namespace quartet::measure::trial_folders_test
