// tests/journal_records.hpp
//
// Reads and changes files of journals by what is said about them, without the code that writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace quartet::test {

struct journal_record {
    std::uint64_t index;
    std::size_t begin;  ///< in the file
    std::size_t end;
};

/// Of an ordinary file; of what is none nothing.
inline std::string bytes_of(std::string const& path) {
    if (!std::filesystem::is_regular_file(path)) return {};
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(std::string const& path, std::string const& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// Where the records begin; 0 if the header is not whole.
inline std::size_t header_end(std::string const& bytes) {
    auto const found = bytes.find("\n\n");
    return found == bytes.npos ? 0 : found + 2;
}

/// The whole records, in the order of the file.
inline std::vector<journal_record> records_in(std::string const& bytes) {
    constexpr std::size_t head = 28;
    std::vector<journal_record> records;
    std::size_t at = header_end(bytes);
    while (at > 0 && bytes.size() - at >= head) {
        std::uint64_t size = 0;
        std::uint64_t index = 0;
        std::memcpy(&size, bytes.data() + at + 4, 8);
        std::memcpy(&index, bytes.data() + at + 12, 8);
        if (size > bytes.size() - at - head) break;
        records.push_back({index, at, at + head + size});
        at += head + size;
    }
    return records;
}

}  // namespace quartet::test
