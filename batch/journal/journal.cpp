#include "batch/journal/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace quartet::batch {
namespace {

constexpr std::string_view first_words = "# quartet batch journal ";
constexpr std::string_view version = "1";
constexpr std::string_view folder_mark = "# folder\t";
constexpr std::string_view batch_mark = "# batch\t";

std::string text_of(journal_header const& header) {
    std::string text = fmt::format("{}{}\n{}{}\n{}", first_words, version, folder_mark,
                                   escape_field(header.folder.native()), batch_mark);
    for (std::size_t number = 0; number < header.arguments.size(); ++number) {
        if (number > 0) text += '\t';
        text += escape_field(header.arguments[number]);
    }
    text.append(1, '\n').append(journal_columns()).append(1, '\n');
    return text;
}

/// Lines of a file that is read from its beginning, whole ones only.
class line_reader {
public:
    explicit line_reader(int file) noexcept : file_(file) {}

    /// The next line, without its end; nothing at the end of the file, or where a line has no end. Throws
    /// std::system_error.
    std::optional<std::string_view> next() {
        for (;;) {
            auto const end = buffer_.find('\n', searched_);
            if (end != buffer_.npos) {
                std::string_view const line(buffer_.data() + begin_, end - begin_);
                offset_ += line.size() + 1;
                begin_ = searched_ = end + 1;
                return line;
            }
            searched_ = buffer_.size();
            if (!read_more()) return std::nullopt;
        }
    }

    /// Where the next line begins in the file.
    std::uint64_t offset() const noexcept { return offset_; }

private:
    bool read_more() {
        constexpr std::size_t piece = std::size_t{1} << 16;
        buffer_.erase(0, begin_);
        searched_ -= begin_;
        begin_ = 0;
        std::size_t const before = buffer_.size();
        buffer_.resize(before + piece);
        ssize_t got = 0;
        do {
            got = ::read(file_, buffer_.data() + before, piece);
        } while (got < 0 && errno == EINTR);
        int const error = errno;
        buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0) throw std::system_error(error, std::generic_category());
        return got > 0;
    }

    int file_;
    std::string buffer_;
    std::size_t begin_ = 0;     // of what has not been given
    std::size_t searched_ = 0;  // no line ends before
    std::uint64_t offset_ = 0;
};

std::optional<std::string_view> after(std::string_view mark, std::optional<std::string_view> line) {
    if (!line || !line->starts_with(mark)) return std::nullopt;
    return line->substr(mark.size());
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    if (line.empty()) return words;
    for (std::size_t begin = 0;;) {
        auto const end = line.find('\t', begin);
        auto word = unescape_field(line.substr(begin, end - begin));
        words.push_back(word ? std::move(*word) : std::string());
        if (end == line.npos) return words;
        begin = end + 1;
    }
}

}  // namespace

journal journal::create(std::filesystem::path const& path, journal_header const& header) {
    detail::descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666));
    int const error = errno;
    journal made(path, std::move(file));
    if (made.file_.get() < 0) {
        if (error == EEXIST)
            throw std::invalid_argument(fmt::format(
                "'{}' exists: --resume goes on with it, and --journal begins another", path.native()));
        made.fail("make", error);
    }
    made.lock();
    made.header_ = header;
    try {
        made.write(text_of(header));
    } catch (...) {
        ::unlink(path.c_str());
        throw;
    }
    return made;
}

journal journal::open(std::filesystem::path const& path,
                      std::function<void(journal_row const&)> const& found) {
    detail::descriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    int const error = errno;
    journal made(path, std::move(file));
    if (made.file_.get() < 0) made.fail("open", error);
    made.lock();
    made.read(found);
    return made;
}

// The jobs of a batch that was killed are ended within that time, and until then it is theirs
// (batch/run/orphan_guard.hpp).
void journal::lock() {
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    do {
        if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return;
        if (errno != EWOULDBLOCK && errno != EINTR) fail("lock", errno);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    } while (std::chrono::steady_clock::now() < end);
    throw std::runtime_error(fmt::format("'{}' is in use by another batch", path_.native()));
}

void journal::read(std::function<void(journal_row const&)> const& found) {
    line_reader lines(file_.get());
    try {
        auto const of = after(first_words, lines.next());
        if (!of) throw std::invalid_argument(fmt::format("'{}' is no journal of a batch", path_.native()));
        if (*of != version)
            throw std::invalid_argument(fmt::format(
                "'{}' is a journal of version {}, which this quartet does not know", path_.native(), *of));
        auto const folder = after(folder_mark, lines.next());
        auto plain_folder = folder ? unescape_field(*folder) : std::nullopt;
        auto const batch = after(batch_mark, lines.next());
        if (plain_folder && batch) header_ = {.folder = *plain_folder, .arguments = words_of(*batch)};
        auto const names = lines.next();
        if (!plain_folder || !batch || names != journal_columns())
            throw std::invalid_argument(fmt::format(
                "'{}' is damaged: its head is not whole, so what it is of is lost", path_.native()));
        end_ = lines.offset();
        while (auto const line = lines.next()) {
            end_ = lines.offset();
            if (auto const row = to_row(*line))
                found(*row);
            else
                ++damaged_;
        }
    } catch (std::system_error const& refused) {
        fail("read", refused.code().value());
    }
    // What is left was cut short while it was written.
    if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) fail("write", errno);
}

void journal::add(journal_row const& row) {
    write(to_line(row));
}

void journal::write(std::string_view text) {
    std::size_t written = 0;
    while (written < text.size()) {
        auto const now = ::write(file_.get(), text.data() + written, text.size() - written);
        if (now >= 0) {
            written += static_cast<std::size_t>(now);
        } else if (errno != EINTR) {
            int const error = errno;
            // A part of a row would spoil the next one.
            static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(end_)));
            fail("write", error);
        }
    }
    end_ += text.size();
}

void journal::sync() {
    if (::fdatasync(file_.get()) != 0 && errno != EINVAL && errno != EROFS) fail("write", errno);
}

void journal::fail(std::string_view what, int error) const {
    throw std::system_error(error, std::generic_category(),
                            fmt::format("cannot {} the journal '{}'", what, path_.native()));
}

}  // namespace quartet::batch
