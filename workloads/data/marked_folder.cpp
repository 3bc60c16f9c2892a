#include "workloads/data/marked_folder.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace quartet {

void make_marked_folder(std::filesystem::path const& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw std::system_error(error, "cannot make the folder '" + folder.native() + "'");
    if (is_marked(folder)) return;
    if (!std::filesystem::is_empty(folder, error) && !error)
        throw std::runtime_error("the folder '" + folder.native() +
                                 "' is not empty and not quartet's; name another one, or empty it");
    auto const mark = folder / folder_mark;
    int const descriptor = open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0)
        throw std::system_error(errno, std::generic_category(), "cannot make '" + mark.native() + "'");
    close(descriptor);
}

bool is_marked(std::filesystem::path const& folder) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(folder / folder_mark, ignored);
}

}  // namespace quartet
