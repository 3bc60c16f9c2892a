#include "batch/journal/journal_row.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <zlib.h>

namespace quartet::batch {
namespace {

constexpr std::string_view names_of_columns =
    "job\ttry\tstate\tstarted\tseconds\texit\tsignal\tcpu_user\tcpu_system\tpeak_"
    "bytes\toutput\treason\tinput";

constexpr std::array<std::string_view, 3> state_names{"done", "failed", "cancelled"};

/// Of what stands before the checksum, its tab with it.
std::uint32_t checksum_of(std::string_view text) noexcept {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<unsigned char const*>(text.data()), text.size()));
}

/// The fields of a line, one after another.
class fields {
public:
    explicit fields(std::string_view line) : rest_(line) {}

    std::string_view next() {
        auto const end = rest_.find('\t');
        auto const field = rest_.substr(0, end);
        more_ = end != rest_.npos;
        rest_ = more_ ? rest_.substr(end + 1) : std::string_view();
        return field;
    }

    template <class Number>
    bool take(Number& to) {
        auto const text = next();
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
        return error == std::errc() && end == text.data() + text.size() && !text.empty();
    }

    bool take(std::string& to) {
        auto text = unescape_field(next());
        if (!text) return false;
        to = std::move(*text);
        return true;
    }

    bool take(job_state& to) {
        auto const text = next();
        for (std::size_t which = 0; which < state_names.size(); ++which) {
            if (text != state_names[which]) continue;
            to = static_cast<job_state>(which);
            return true;
        }
        return false;
    }

    bool more() const noexcept { return more_; }

private:
    std::string_view rest_;
    bool more_ = true;
};

}  // namespace

std::string_view journal_columns() noexcept {
    return names_of_columns;
}

std::string escape_field(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (char const each : text) {
        switch (each) {
            case '\t':
                escaped += "\\t";
                break;
            case '\n':
                escaped += "\\n";
                break;
            case '\r':
                escaped += "\\r";
                break;
            case '\\':
                escaped += "\\\\";
                break;
            default:
                escaped += each;
        }
    }
    return escaped;
}

std::optional<std::string> unescape_field(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            plain += text[at];
            continue;
        }
        if (++at == text.size()) return std::nullopt;
        switch (text[at]) {
            case 't':
                plain += '\t';
                break;
            case 'n':
                plain += '\n';
                break;
            case 'r':
                plain += '\r';
                break;
            case '\\':
                plain += '\\';
                break;
            default:
                return std::nullopt;
        }
    }
    return plain;
}

std::string to_line(journal_row const& row) {
    std::string line = fmt::format("{}\t{}\t{}\t{:.6f}\t{:.6f}\t{}\t{}\t{:.6f}\t{:.6f}\t{}\t{}\t{}", row.job,
                                   row.attempt, state_names[static_cast<std::size_t>(row.state)], row.started,
                                   row.seconds, row.exit_code, row.signal, row.cpu_user, row.cpu_system,
                                   row.peak_bytes, escape_field(row.output), escape_field(row.reason));
    for (auto const& field : row.input)
        line.append(1, '\t').append(escape_field(field));
    line += '\t';
    line += fmt::format("{:08x}\n", checksum_of(line));
    return line;
}

std::optional<journal_row> to_row(std::string_view line) {
    constexpr std::size_t checksum_digits = 8;
    if (line.size() <= checksum_digits || line[line.size() - checksum_digits - 1] != '\t')
        return std::nullopt;
    auto const before = line.substr(0, line.size() - checksum_digits);
    if (line.substr(before.size()) != fmt::format("{:08x}", checksum_of(before))) return std::nullopt;

    fields from(before.substr(0, before.size() - 1));
    journal_row row;
    bool const whole = from.take(row.job) && from.take(row.attempt) && from.take(row.state) &&
                       from.take(row.started) && from.take(row.seconds) && from.take(row.exit_code) &&
                       from.take(row.signal) && from.take(row.cpu_user) && from.take(row.cpu_system) &&
                       from.take(row.peak_bytes) && from.take(row.output) && from.take(row.reason);
    if (!whole) return std::nullopt;
    while (from.more()) {
        if (!from.take(row.input.emplace_back())) return std::nullopt;
    }
    return row;
}

}  // namespace quartet::batch
