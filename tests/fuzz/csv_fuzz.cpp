// CSV: any text, read at once or in any number of parts, has the same records and the same first error.
#include "tests/fuzz/require.hpp"
#include "workloads/data/csv.hpp"
#include "workloads/data/csv_digest.hpp"
#include "workloads/data/csv_split.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace quartet;
using fuzz::require;

namespace {

/// The records up to the first error, and that.
struct reading {
    csv_digest records{};
    std::optional<std::string> error{};
    bool operator==(reading const&) const = default;
};

/// False if the text is broken there.
bool read_all(csv_reader reader, reading& into) {
    csv_digest part;
    try {
        for (csv_record record; reader.next(record);) {
            for (std::string_view const field : record.fields())
                require(field.empty() || field.data() != nullptr, "a field is somewhere");
            part.add(record);
        }
    } catch (csv_error const& broken) {
        into.error = broken.what();
    }
    into.records.append(part);
    return !into.error;
}

reading read_in_parts(csv_header const& header, std::string_view text, std::size_t parts) {
    reading made;
    std::size_t expected = header.records_offset();
    for (csv_part const& each : split_at_records(text, parts)) {
        require(each.offset == expected && each.length > 0, "parts follow each other without gaps");
        expected += each.length;
        if (!read_all(csv_reader(header, text.substr(each.offset, each.length), each.first_line), made))
            break;
    }
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::size_t const parts = 1 + data[0] % 9;
    // A copy of its own size, so that who reads beyond it is seen.
    std::string const text(reinterpret_cast<char const*>(data + 1), size - 1);
    std::optional<csv_header> header;
    try {
        header.emplace(text);
    } catch (csv_error const& broken) {
        require(broken.line() >= 1, "an error has a line");
        return 0;
    }
    reading whole;
    read_all(csv_reader(*header, text), whole);
    require(read_in_parts(*header, text, parts) == whole, "parts add up to the whole");
    require(count_quotes_and_lines(text) == csv_count_portable(text), "both ways of counting count the same");
    return 0;
}
