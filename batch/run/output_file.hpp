// batch/run/output_file.hpp
//
// A file that appears whole under its name, or not at all: it is written beside it, and renamed at the end.
#pragma once

#include <cstdint>
#include <filesystem>

namespace quartet::batch {

/// Where the job of a number writes what is to have a name: in the same folder, hidden, and with the same
/// extension, as programs go by that. No two jobs have the same.
std::filesystem::path temporary_name(std::filesystem::path const& place, std::uint64_t job);

class output_file {
public:
    /// Makes the folders that lead there. Throws std::system_error.
    output_file(std::filesystem::path place, std::uint64_t job);

    /// Removes what was written, unless it is in place.
    ~output_file();
    output_file(output_file const&) = delete;
    output_file& operator=(output_file const&) = delete;

    /// temporary_name()
    std::filesystem::path const& temporary() const noexcept { return temporary_; }

    /// Gives it its name, in place of what had it; `lasting`: it is on the disk then, so that it outlives a
    /// loss of power. Throws std::runtime_error if there is none, std::system_error.
    void put_in_place(bool lasting);

private:
    std::filesystem::path place_;
    std::filesystem::path temporary_;
    bool in_place_ = false;
};

}  // namespace quartet::batch
