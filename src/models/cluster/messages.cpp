#include "src/models/cluster/messages.hpp"

#include "src/call/carried_exception.hpp"

#include <quartet/outcome.hpp>

#include <functional>
#include <string>

namespace quartet::inline v0::detail {
namespace {

std::size_t number_of(moved_address const& address, moved_code const& code) noexcept {
    auto const in = address.module < code.modules.size()
                        ? std::hash<std::string>()(code.modules[address.module].identity)
                        : 0;
    return in + std::hash<std::uint64_t>()(address.offset);
}

}  // namespace

// All functions of a type have one code, and names of their own.
std::size_t body_number(moved_code const& code) noexcept {
    std::size_t const own = code.function ? number_of(*code.function, code) : 0;
    return number_of(code.run, code) + 31 * own;
}

moved_failure move_failure(failure const& why) {
    moved_failure moved{.why = why.why,
                        .message = why.message,
                        .worker = why.worker,
                        .signal = why.signal,
                        .exit_code = why.exit_code,
                        .peak_bytes = why.worker_peak_bytes,
                        .has_exception = why.exception != nullptr};
    if (!why.exception || why.why == cause::cancelled) return moved;
    try {
        std::rethrow_exception(why.exception);
    } catch (...) {
        auto carried = carry_current_exception();
        moved.known = carried.known;
        moved.number = carried.number;
        moved.type = std::move(carried.type);
    }
    return moved;
}

failure arrived_failure(moved_failure const& moved, std::size_t index) {
    failure why{.index = index,
                .why = moved.why,
                .message = moved.message,
                .worker = moved.worker,
                .signal = moved.signal,
                .exit_code = moved.exit_code,
                .worker_peak_bytes = moved.peak_bytes};
    if (!moved.has_exception) return why;
    why.exception = moved.why == cause::cancelled ? std::make_exception_ptr(cancelled())
                                                  : revive({.known = moved.known,
                                                            .number = moved.number,
                                                            .why = moved.why,
                                                            .type = moved.type,
                                                            .message = moved.message},
                                                           moved.worker);
    return why;
}

std::span<std::byte const> take_value(byte_reader& from, std::size_t fixed_size) {
    std::size_t const size = fixed_size ? fixed_size : static_cast<std::size_t>(decode_size(from));
    return {from.take(size), size};
}

void write_outcomes(outcomes_head head, std::span<std::byte const> results, byte_writer& to) {
    head.bytes = results.size();
    codec<outcomes_head>::encode(head, to);
    to.write(results.data(), results.size());
}

void write_failure(outcomes_head head, moved_failure const& why, byte_writer& to) {
    byte_writer text;
    codec<moved_failure>::encode(why, text);
    head.kind = outcome_kind::failed;
    write_outcomes(head, text.bytes(), to);
}

}  // namespace quartet::inline v0::detail
