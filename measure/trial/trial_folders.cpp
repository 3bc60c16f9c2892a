#include "measure/trial/trial_folders.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::measure {
namespace {

void make_top_folder(std::filesystem::path const& folder) noexcept {
    int const descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    int flags = 0;
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_TOPDIR_FL;
        ioctl(descriptor, FS_IOC_SETFLAGS, &flags);
    }
    close(descriptor);
}

}  // namespace

trial_folders::trial_folders(std::filesystem::path root) : root_(std::move(root)) {
    make_top_folder(root_);
}

std::filesystem::path trial_folders::make() {
    auto folder = root_ / fmt::format("trial-{}-{}", ++made_, root_.filename().native());
    std::filesystem::create_directory(folder);
    return folder;
}

void trial_folders::empty(std::filesystem::path const& folder) {
    std::error_code ignored;
    for (std::filesystem::directory_iterator each(folder, ignored), end; each != end; each.increment(ignored))
        std::filesystem::remove_all(each->path(), ignored);
}

}  // namespace quartet::measure
