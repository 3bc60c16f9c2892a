// measure/results/atomic_file.cpp
//
// The content goes to a temporary file beside the target (rename works only within a file system), which
// then takes the target's place in one step.

#include "measure/results/atomic_file.hpp"

#include "src/base/withheld_signal.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace quartet::measure {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(int error, fs::path const& path) {
    throw std::system_error(error, std::generic_category(), "writing " + path.string());
}

class descriptor {
public:
    explicit descriptor(int number) : number_(number) {}
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int number() const { return number_; }

    /// Some file systems tell only now that there was no space.
    bool close() {
        int const number = number_;
        number_ = -1;
        return ::close(number) == 0;
    }

private:
    int number_;
};

bool write_all(int file, std::string_view content) {
    detail::withheld_size_signal const too_large;
    while (!content.empty()) {
        ssize_t const written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = EIO;
        if (written <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// N if `path` is /dev/stdout, /dev/fd/N or the like. They lead to /proc/self/fd, which the canonical path of
/// a directory shows as /proc/PID/fd.
std::optional<int> open_descriptor(fs::path const& path) {
    std::error_code error;
    fs::path const folder = fs::canonical(path.parent_path(), error);
    if (error || folder != fmt::format("/proc/{}/fd", ::getpid())) return std::nullopt;
    std::string const name = path.filename();
    int number = -1;
    auto const [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (wrong != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return number;
}

/// The path with its links resolved: a file that need not exist yet. The name of an open descriptor is not
/// resolved further, since the file's own path would lose the position in it.
fs::path follow_links(fs::path path) {
    constexpr int most_links = 40;  // as many as the kernel follows
    for (int i = 0; i < most_links && !open_descriptor(path); ++i) {
        std::error_code error;
        fs::path const target = fs::read_symlink(path, error);
        if (error) break;  // not a link
        path = fs::weakly_canonical(path.parent_path() / target.parent_path(), error) / target.filename();
    }
    return path;
}

void write_in_place(fs::path const& path, std::string_view content) {
    descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.number() < 0 || !write_all(file.number(), content) || !file.close()) fail(errno, path);
}

/// Creates a file in the target's folder under a name that nobody has.
descriptor create_beside(fs::path const& target, mode_t mode, fs::path& name) {
    for (int attempt = 0;; ++attempt) {
        name = target.parent_path() /
               fmt::format(".{}.{}-{}.tmp", target.filename().string(), ::getpid(), attempt);
        int const file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file >= 0 || errno != EEXIST) return descriptor(file);
    }
}

void replace(fs::path const& target, struct stat const* existing, std::string_view content) {
    fs::path temporary;
    descriptor file = create_beside(target, 0666, temporary);
    if (file.number() < 0) fail(errno, target);
    bool const written = (!existing || ::fchmod(file.number(), existing->st_mode & 07777) == 0) &&
                         write_all(file.number(), content) && file.close() &&
                         ::rename(temporary.c_str(), target.c_str()) == 0;
    if (written) return;
    int const error = errno;
    ::unlink(temporary.c_str());
    fail(error, target);
}

}  // namespace

void write_file_whole(fs::path const& path, std::string_view content) {
    fs::path const target = follow_links(path);
    if (auto const number = open_descriptor(target)) {
        if (!write_all(*number, content)) fail(errno, path);
        return;
    }
    struct stat existing {};
    bool const exists = ::stat(target.c_str(), &existing) == 0;
    if (!exists && errno != ENOENT) fail(errno, path);
    if (exists && S_ISDIR(existing.st_mode)) fail(EISDIR, path);
    if (exists && !S_ISREG(existing.st_mode)) return write_in_place(target, content);
    if (exists && ::access(target.c_str(), W_OK) != 0) fail(errno, path);
    replace(target, exists ? &existing : nullptr, content);
}

}  // namespace quartet::measure
