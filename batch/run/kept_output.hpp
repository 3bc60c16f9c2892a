// batch/run/kept_output.hpp
//
// What a job writes, kept until it has ended: in memory, and what is beyond that in a file without a name.
#pragma once

#include "src/base/descriptor.hpp"

#include <quartet/codec.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace quartet::batch {

/// For one thread at a time.
class kept_output {
public:
    /// So much of each is in memory at the most, unless it is to be all.
    static constexpr std::size_t most_in_memory = std::size_t{1} << 20;

    kept_output() = default;
    explicit kept_output(std::string text) : size_(text.size()), memory_(std::move(text)) {}

    /// Throws std::system_error if there is no room on the disk (TMPDIR, /tmp).
    void add(std::string_view piece);

    /// Calls `take` with all of it, piece by piece. Throws std::system_error, and what `take` throws.
    void give(std::function<void(std::string_view piece)> const& take) const;

    /// Its last bytes, `most` at the most.
    std::string tail(std::size_t most) const;

    std::size_t size() const noexcept { return size_; }
    std::size_t in_memory() const noexcept { return memory_.size(); }
    bool has_file() const noexcept { return file_.get() >= 0; }

private:
    std::size_t read(std::size_t from, char* into, std::size_t bytes) const;

    std::size_t size_ = 0;
    std::string memory_;  // the beginning
    detail::descriptor file_;
};

}  // namespace quartet::batch

/// It crosses to another process with all of its bytes, and is in memory there.
template <>
struct quartet::codec<quartet::batch::kept_output> {
    static void encode(batch::kept_output const& value, byte_writer& out);
    static batch::kept_output decode(byte_reader& in);
};
