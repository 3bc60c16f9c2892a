// include/quartet/detail/call/call_journal.hpp
//
// The journal of a call (call_options::journal): the values that earlier runs have left in it, and those that
// come. It knows bytes and no types; those are in journaled.hpp.
#pragma once

#include <quartet/detail/call/body_name.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <typeinfo>
#include <vector>

namespace quartet::inline v0::detail {

/// What makes a call the same as one of an earlier run, beside its inputs.
struct journaled_call {
    body_identity body;
    std::type_info const& input;
    std::type_info const& result;
    std::optional<std::size_t> inputs;  ///< how many; not known of a stream
};

class call_journal {
public:
    /// Opens the file, or makes it. Throws std::invalid_argument if it is no journal, or one of another call;
    /// std::runtime_error if somebody uses it; std::system_error if the system refuses anything.
    call_journal(std::string const& path, journaled_call const& of);

    /// Closes it, and keeps silent about errors.
    ~call_journal();

    // ---- What is there from earlier runs; one thread

    bool has(std::size_t index) const noexcept;

    /// The tasks of a map that it has, or has not.
    std::vector<std::size_t> finished(std::size_t tasks) const;
    std::vector<std::size_t> unfinished(std::size_t tasks) const;

    /// The encoded value of a task, until the next one is read. Throws std::invalid_argument if its input had
    /// another hash, std::system_error.
    std::span<std::byte const> value(std::size_t index, std::uint64_t hash);

    // ---- What comes; any thread

    /// Keeps an encoded value; nothing if it has one of the task from this run. Does not fail: after an error
    /// nothing is kept, the call is stopped by the token, and close() throws.
    void keep(std::size_t index, std::uint64_t hash, std::span<std::byte const> value) noexcept;

    /// Whether a value of this run is there. Of a map only.
    bool is_kept(std::size_t index) noexcept;

    // ---- For the call's thread

    /// A token that stops the call: when `further` does, and on an error of writing. Once.
    std::stop_token stopped_by(std::stop_token const& further);

    /// Waits until all is on the disk, and lets go of the file. Throws the first error of writing.
    void close();

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The journal at a path; none if that is empty.
std::unique_ptr<call_journal> open_journal(std::string const& path, journaled_call const& of);

/// 64 bits that differ for different bytes, but for one pair in 2^32 or so. The same in every run.
std::uint64_t hash_of_bytes(std::span<std::byte const> bytes) noexcept;

}  // namespace quartet::inline v0::detail
