#include "batch/run/kept_output.hpp"

#include "src/base/withheld_signal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace quartet::batch {

namespace {

[[noreturn]] void refuse(char const* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

detail::descriptor open_nameless_file() {
    auto const folder = std::filesystem::temp_directory_path();
    detail::descriptor made(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (made.get() >= 0) return made;
    // Not every file system has such.
    std::string name = (folder / "quartet-batch-XXXXXX").native();
    made = detail::descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (made.get() < 0) refuse("cannot keep the output of a job");
    ::unlink(name.c_str());
    return made;
}

}  // namespace

void kept_output::add(std::string_view piece) {
    if (file_.get() < 0 && memory_.size() + piece.size() <= most_in_memory) {
        memory_.append(piece);
        size_ += piece.size();
        return;
    }
    if (file_.get() < 0) file_ = open_nameless_file();
    detail::withheld_size_signal const withheld;
    while (!piece.empty()) {
        auto const at = static_cast<off_t>(size_ - memory_.size());
        ssize_t const written = ::pwrite(file_.get(), piece.data(), piece.size(), at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) refuse("cannot keep the output of a job");
        size_ += static_cast<std::size_t>(written);
        piece.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::size_t kept_output::read(std::size_t from, char* into, std::size_t bytes) const {
    if (from < memory_.size()) return memory_.copy(into, bytes, from);
    ssize_t got = 0;
    do {
        got = ::pread(file_.get(), into, bytes, static_cast<off_t>(from - memory_.size()));
    } while (got < 0 && errno == EINTR);
    if (got < 0) refuse("cannot read the output of a job again");
    return static_cast<std::size_t>(got);
}

void kept_output::give(std::function<void(std::string_view piece)> const& take) const {
    if (!memory_.empty()) take(memory_);
    std::array<char, 64 * 1024> piece;
    for (std::size_t at = memory_.size(); at < size_;) {
        std::size_t const got = read(at, piece.data(), std::min(piece.size(), size_ - at));
        if (got == 0) return;
        take({piece.data(), got});
        at += got;
    }
}

std::string kept_output::tail(std::size_t most) const {
    std::string text(std::min(most, size_), '\0');
    for (std::size_t done = 0; done < text.size();) {
        std::size_t const got = read(size_ - text.size() + done, text.data() + done, text.size() - done);
        if (got == 0) break;
        done += got;
    }
    return text;
}

}  // namespace quartet::batch

void quartet::codec<quartet::batch::kept_output>::encode(batch::kept_output const& value, byte_writer& out) {
    std::string all;
    all.reserve(value.size());
    value.give([&all](std::string_view piece) { all += piece; });
    codec<std::string>::encode(all, out);
}

quartet::batch::kept_output quartet::codec<quartet::batch::kept_output>::decode(byte_reader& in) {
    return batch::kept_output(codec<std::string>::decode(in));
}
