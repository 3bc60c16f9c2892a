// include/quartet/detail/call/journaled.hpp
//
// The typed part of a call with a journal: hashes of inputs, values to bytes and back. Nothing here depends
// on the body.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/call_journal.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/early_values.hpp>
#include <quartet/detail/call/stored_values.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

// What is not inlined here is so for the sake of compilers: programs that have no journal compile it too.

/// The bytes of a value; `scratch` is where they are if it has to be encoded. Throws what the codec throws.
template <class T>
[[gnu::noinline]] std::span<std::byte const> encoded(T const& value, byte_writer& scratch) {
    if constexpr (fixed_size<T>) {
        return std::as_bytes(std::span<T const, 1>(&value, 1));
    } else {
        scratch.clear();
        codec<T>::encode(value, scratch);
        return scratch.bytes();
    }
}

/// A sink that keeps values in the journal and hands all outcomes on. The numbers of its tasks in the whole
/// call are those from `first` on, or those of an array.
template <class In, class R>
class journaled final : public any_sink<R>, public early_values {
public:
    journaled(call_journal& journal, any_inputs<In> const& inputs, any_sink<R>& to, std::size_t first,
              std::size_t const* numbers = nullptr) noexcept
        : early_values(layout_of<R>().size),
          journal_(journal),
          inputs_(inputs),
          to_(to),
          first_(first),
          numbers_(numbers) {}

    void set(std::size_t index, value_or_nothing<R>&& value) override {
        if (journal_.is_kept(number_of(index))) return to_.set(index, std::move(value));
        byte_writer scratch;
        std::uint64_t const hash = hash_of_bytes(encoded(inputs_[index], scratch));
        std::span<std::byte const> bytes;
        if constexpr (!std::is_void_v<R>) bytes = encoded(value, scratch);
        journal_.keep(number_of(index), hash, bytes);
        to_.set(index, std::move(value));
    }
    void fail(failure why) override { to_.fail(std::move(why)); }

    void take(std::size_t index, std::span<std::byte const> value) noexcept override {
        try {
            byte_writer scratch;
            journal_.keep(number_of(index), hash_of_bytes(encoded(inputs_[index], scratch)), value);
        } catch (...) {  // it comes once more, and fails there
        }
    }

private:
    std::size_t number_of(std::size_t index) const noexcept {
        return numbers_ ? numbers_[index] : first_ + index;
    }

    call_journal& journal_;
    any_inputs<In> const& inputs_;
    any_sink<R>& to_;
    std::size_t first_;
    std::size_t const* numbers_;
};

/// Gives a sink the value that the journal has of a task, whose number in the call is `number`. One that
/// can't be decoded is a failure. Throws std::invalid_argument if the input was another one,
/// std::system_error.
template <class R, class In, class Sink>
[[gnu::noinline]] void set_finished(call_journal& journal, std::size_t number, In const& input, Sink& sink,
                                    std::size_t index) {
    byte_writer scratch;
    byte_reader reader(journal.value(number, hash_of_bytes(encoded(input, scratch))));
    if constexpr (std::is_void_v<R>) {
        sink.set(index);
    } else {
        try {
            sink.set(index, codec<R>::decode(reader));
        } catch (...) {
            sink.fail(describe_current_exception(index, {}));
        }
    }
}

}  // namespace quartet::inline v0::detail
