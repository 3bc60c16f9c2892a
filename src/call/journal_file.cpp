#include "src/call/journal_file.hpp"

#include "src/base/withheld_signal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <zlib.h>

namespace quartet::inline v0::detail {
namespace {

constexpr std::string_view journal_mark = "quartet journal ";
constexpr std::string_view journal_format = "1";
constexpr std::size_t longest_header = 1 << 16;  // that is compared

/// What stands before a record's value.
struct record_head {
    static constexpr std::size_t bytes = 28;
    std::uint32_t checksum;
    std::uint64_t size;
    std::uint64_t index;
    std::uint64_t hash;

    std::array<std::byte, bytes> packed() const noexcept {
        std::array<std::byte, bytes> to;
        std::memcpy(to.data(), &checksum, 4);
        std::memcpy(to.data() + 4, &size, 8);
        std::memcpy(to.data() + 12, &index, 8);
        std::memcpy(to.data() + 20, &hash, 8);
        return to;
    }
    static record_head unpacked(std::span<std::byte const> from) noexcept {
        record_head head{};
        std::memcpy(&head.checksum, from.data(), 4);
        std::memcpy(&head.size, from.data() + 4, 8);
        std::memcpy(&head.index, from.data() + 12, 8);
        std::memcpy(&head.hash, from.data() + 20, 8);
        return head;
    }
};

std::uint32_t crc_of(std::uint32_t before, std::span<std::byte const> bytes) noexcept {
    if (bytes.empty()) return before;  // of nothing at null it would begin anew
    auto const* const first = reinterpret_cast<unsigned char const*>(bytes.data());
    return static_cast<std::uint32_t>(crc32_z(before, first, bytes.size()));
}

std::string header_text(std::vector<journal_field> const& fields) {
    std::string text = fmt::format("{}{}\n", journal_mark, journal_format);
    for (auto const& each : fields)
        text += fmt::format("{}: {}\n", each.name, each.value);
    return text + "\n";
}

/// A whole line of `text`, which is taken off; false if there is none.
bool take_line(std::string_view& text, std::string_view& line) {
    auto const end = text.find('\n');
    if (end == text.npos) return false;
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return true;
}

}  // namespace

void add_journal_record(std::vector<std::byte>& to, std::uint64_t index, std::uint64_t hash,
                        std::span<std::byte const> value) {
    record_head head{.checksum = 0, .size = value.size(), .index = index, .hash = hash};
    auto const unsigned_head = head.packed();
    head.checksum = crc_of(crc_of(0, std::span(unsigned_head).subspan(4)), value);
    auto const packed = head.packed();
    auto const before = to.size();
    to.resize(before + packed.size() + value.size());
    std::ranges::copy(packed, to.data() + before);
    std::ranges::copy(value, to.data() + before + packed.size());
}

void journal_file::fail(std::string const& what, int error) const {
    throw std::system_error(error, std::generic_category(),
                            fmt::format("quartet: cannot {} the journal '{}'", what, path_));
}

journal_file::journal_file(std::string path, std::vector<journal_field> const& header)
    : path_(std::move(path)) {
    open();
    lock();
    struct stat about {};
    if (fstat(file_.get(), &about) != 0) fail("read", errno);
    auto const size = static_cast<std::uint64_t>(about.st_size);
    std::string const text = header_text(header);
    auto const bytes = bytes_at(0, std::min<std::uint64_t>(size, longest_header));
    std::string_view const found(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    if (!found.starts_with(text)) {
        // One that was cut short before it was whole has no records.
        if (!found.empty() && !(found.starts_with(journal_mark) && text.starts_with(found)))
            refuse(found, header);
        begin(text);
        return;
    }
    end_ = size;
    find_records(text.size());
    if (end_ < size && ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) fail("cut the end of", errno);
}

journal_file::~journal_file() {
    // A child that was forked meanwhile may have the descriptor, and with it the lock.
    if (file_.get() >= 0) flock(file_.get(), LOCK_UN);
}

void journal_file::open() {
    file_ = descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
    if (file_.get() < 0) fail("open", errno);
    struct stat about {};
    if (fstat(file_.get(), &about) != 0) fail("open", errno);
    if (!S_ISREG(about.st_mode))
        throw std::invalid_argument(fmt::format("quartet: the journal '{}' is no ordinary file", path_));
}

void journal_file::lock() {
    using namespace std::chrono_literals;
    auto const give_up = std::chrono::steady_clock::now() + 250ms;
    while (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) fail("lock", errno);
        if (std::chrono::steady_clock::now() >= give_up)
            throw std::runtime_error(
                fmt::format("quartet: the journal '{}' is in use by another call", path_));
        std::this_thread::sleep_for(10ms);
    }
}

/// Writes the header to a file that has none, so that it is there before any record, whatever happens.
void journal_file::begin(std::string const& header) {
    if (ftruncate(file_.get(), 0) != 0) fail("begin", errno);
    window_.clear();
    write(std::as_bytes(std::span(header)));
    sync();
    auto const folder = std::filesystem::path(path_).parent_path();
    descriptor const entries(
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entries.get() >= 0) fsync(entries.get());  // where a file system can't, it need not
}

/// Says what is wrong with a header that is not the one expected.
void journal_file::refuse(std::string_view found, std::vector<journal_field> const& header) const {
    throw std::invalid_argument("quartet: " + difference(found, header));
}

std::string journal_file::difference(std::string_view found, std::vector<journal_field> const& header) const {
    std::string_view line;
    if (!found.starts_with(journal_mark))
        return fmt::format("'{}' is not a journal of quartet; it was left as it is", path_);
    take_line(found, line);
    line.remove_prefix(std::min(line.size(), journal_mark.size()));
    if (line != journal_format)
        return fmt::format("the journal '{}' has format '{}', and this program knows format {}", path_, line,
                           journal_format);
    for (auto const& each : header) {
        std::string const begins = each.name + ": ";
        if (!take_line(found, line) || !line.starts_with(begins)) break;
        line.remove_prefix(begins.size());
        if (line != each.value)
            return fmt::format("the journal '{}' is of {}: {} there, {} here", path_, each.whose, line,
                               each.value);
    }
    return fmt::format("the header of the journal '{}' is damaged; it was left as it is", path_);
}

void journal_file::find_records(std::uint64_t first) {
    std::uint64_t offset = first;
    std::uint64_t size = 0;
    std::uint64_t index = 0;
    while (is_whole(offset, end_, size, index)) {
        places_.push_back({index, offset});
        offset += record_head::bytes + size;
    }
    end_ = offset;
    std::ranges::stable_sort(places_, {}, &place::index);
    // Of those with the same index the last: unique() keeps the first, so from behind.
    auto const kept = std::unique(places_.rbegin(), places_.rend(),
                                  [](place const& a, place const& b) { return a.index == b.index; });
    places_.erase(places_.begin(), kept.base());
    places_.shrink_to_fit();
}

/// Whether a whole record with the right checksum begins there, and how large its value is.
bool journal_file::is_whole(std::uint64_t offset, std::uint64_t end, std::uint64_t& size,
                            std::uint64_t& index) {
    if (end - offset < record_head::bytes) return false;
    auto const packed = bytes_at(offset, record_head::bytes);
    auto const head = record_head::unpacked(packed);
    if (head.size > end - offset - record_head::bytes) return false;
    auto crc = crc_of(0, packed.subspan(4));
    constexpr std::size_t piece = 1 << 20;
    for (std::uint64_t done = 0; done < head.size; done += piece)
        crc = crc_of(crc, bytes_at(offset + record_head::bytes + done,
                                   std::min<std::uint64_t>(piece, head.size - done)));
    size = head.size;
    index = head.index;
    return crc == head.checksum;
}

journal_file::record journal_file::read(place const& where) {
    auto const head = record_head::unpacked(bytes_at(where.offset, record_head::bytes));
    return {head.index, head.hash, bytes_at(where.offset + record_head::bytes, head.size)};
}

/// Bytes of the file, which are there. Records are read in about the order in which they were written, so
/// what is near them is read with them.
std::span<std::byte const> journal_file::bytes_at(std::uint64_t offset, std::size_t size) {
    if (offset < window_offset_ || offset + size > window_offset_ + window_.size()) {
        constexpr std::size_t before = 1 << 14;
        constexpr std::size_t usual = 1 << 16;
        std::size_t const back = std::min<std::uint64_t>(offset, before);
        window_offset_ = offset - back;
        window_.resize(std::max(back + size, usual));
        window_.resize(read_at(window_offset_, window_, back + size));
    }
    return std::span(window_).subspan(offset - window_offset_, size);
}

/// Reads as much as there is, and `least` bytes at least.
std::size_t journal_file::read_at(std::uint64_t offset, std::span<std::byte> to, std::size_t least) const {
    std::size_t had = 0;
    while (had < least) {
        ssize_t const count =
            pread(file_.get(), to.data() + had, to.size() - had, static_cast<off_t>(offset + had));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("read", count < 0 ? errno : EIO);  // somebody has cut it meanwhile
        had += static_cast<std::size_t>(count);
    }
    return had;
}

void journal_file::write(std::span<std::byte const> records) {
    withheld_size_signal const withheld;
    std::size_t written = 0;
    while (written < records.size()) {
        ssize_t const count = pwrite(file_.get(), records.data() + written, records.size() - written,
                                     static_cast<off_t>(end_ + written));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            int const error = count < 0 ? errno : EIO;
            // Where that fails too, the next opening does it.
            static_cast<void>(!ftruncate(file_.get(), static_cast<off_t>(end_)));
            fail("write to", error);
        }
        written += static_cast<std::size_t>(count);
    }
    end_ += written;
}

void journal_file::sync() {
    while (fdatasync(file_.get()) != 0) {
        if (errno != EINTR) fail("write to", errno);
    }
}

}  // namespace quartet::inline v0::detail
