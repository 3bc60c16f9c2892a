#include "batch/run/output_file.hpp"

#include "src/base/descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::batch {

namespace {

constexpr std::size_t longest_name = 255;  // in bytes, of most file systems

[[noreturn]] void refuse(std::filesystem::path const& path, int error) {
    throw std::system_error(error, std::generic_category(), "cannot write '" + path.native() + "'");
}

void have_on_disk(std::filesystem::path const& path) {
    detail::descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // A file system that can't be asked keeps what it can.
    if (file.get() < 0 || (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS))
        refuse(path, errno);
}

}  // namespace

std::filesystem::path temporary_name(std::filesystem::path const& place, std::uint64_t job) {
    std::string const mark = ".part-" + std::to_string(job) + "-";
    std::string name = place.filename().native();
    if (name.size() + mark.size() > longest_name) name.erase(0, name.size() + mark.size() - longest_name);
    return place.parent_path() / (mark + name);
}

output_file::output_file(std::filesystem::path place, std::uint64_t job)
    : place_(std::move(place)), temporary_(temporary_name(place_, job)) {
    if (place_.has_parent_path()) std::filesystem::create_directories(place_.parent_path());
    // What an earlier one left that was killed.
    std::filesystem::remove_all(temporary_);
}

output_file::~output_file() {
    std::error_code ignored;
    if (!in_place_) std::filesystem::remove_all(temporary_, ignored);
}

void output_file::put_in_place(bool lasting) {
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(temporary_, ignored)))
        throw std::runtime_error("it ended well and did not write its output, {out}");
    if (lasting) have_on_disk(temporary_);
    if (::rename(temporary_.c_str(), place_.c_str()) != 0) refuse(place_, errno);
    in_place_ = true;
    if (lasting) have_on_disk(place_.has_parent_path() ? place_.parent_path() : ".");
}

}  // namespace quartet::batch
