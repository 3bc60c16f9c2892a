// include/quartet/readiness.hpp
//
// What a descriptor can be ready for: see context::ready.
//
//     auto const holds = co_await ctx.ready(descriptor, quartet::readable | quartet::writable);
//     if (holds & quartet::readable) read_some();
//
// As poll(2) has it: a descriptor is ready if the call would not block, whatever that call then tells. At the
// end of its data, after an error or when the other side has hung up it is readable; what can't be written to
// any more is writable. Regular files are always both.
#pragma once

namespace quartet::inline v0 {

/// A set of `readable` and `writable`; a plain value.
class readiness {
public:
    constexpr readiness() noexcept = default;

    static constexpr readiness to_read() noexcept { return readiness(1); }
    static constexpr readiness to_write() noexcept { return readiness(2); }

    /// Whether there is anything in it.
    constexpr explicit operator bool() const noexcept { return bits_ != 0; }

    friend constexpr readiness operator|(readiness a, readiness b) noexcept {
        return readiness(a.bits_ | b.bits_);
    }
    friend constexpr readiness operator&(readiness a, readiness b) noexcept {
        return readiness(a.bits_ & b.bits_);
    }
    constexpr readiness& operator|=(readiness other) noexcept { return *this = *this | other; }
    friend constexpr bool operator==(readiness, readiness) noexcept = default;

private:
    constexpr explicit readiness(int bits) noexcept : bits_(static_cast<unsigned char>(bits)) {}

    unsigned char bits_ = 0;
};

inline constexpr readiness readable = readiness::to_read();
inline constexpr readiness writable = readiness::to_write();

}  // namespace quartet::inline v0
