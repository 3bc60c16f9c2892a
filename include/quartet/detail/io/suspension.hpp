// include/quartet/detail/io/suspension.hpp
//
// What a suspended body shares with those who may resume it.
//
// It waits until one of them claims the right to end it. Who has claimed it stores the outcome and ends it;
// the body takes it back only if nobody has claimed it. So an outcome is never written into a body that is
// gone.
#pragma once

#include <quartet/detail/io/child_group.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

/// The body's side.
class suspension_listener {
public:
    /// Called at the end, by the thread that ends it. It must not wait there.
    virtual void suspension_ended() noexcept = 0;

protected:
    ~suspension_listener() = default;
};

class suspension {
public:
    suspension() = default;
    suspension(suspension const&) = delete;
    suspension& operator=(suspension const&) = delete;

    // ---- For those who resume; any thread

    /// False if it does not wait any more, or another was first.
    bool end_by(std::exception_ptr why) noexcept;

    /// Nobody is left who could end it.
    void give_up() noexcept;

    // ---- For the body's thread

    bool ended() const noexcept { return (state_.load(std::memory_order_acquire) & has_ended) != 0; }

    /// Waits until it has ended, `stop_word` is not 0, or the deadline.
    void wait(std::atomic<std::uint32_t> const& stop_word,
              std::chrono::steady_clock::time_point deadline) noexcept;

    /// Has `who` told of its end; false if it has ended already.
    bool tell(suspension_listener& who) noexcept;

    /// The body does not wait for it any more. False if it is too late: it has ended, or is just about to.
    bool withdraw() noexcept;

    /// What it ended by, if that is an exception.
    std::exception_ptr error;

protected:
    ~suspension() = default;

    bool claim() noexcept;
    void end() noexcept;

    /// Both at once, where there is nothing to store between them.
    void claim_and_end() noexcept;

private:
    std::optional<std::uint32_t> take(std::uint32_t marks) noexcept;
    void tell_end(std::uint32_t before) noexcept;

    // Marks of the state.
    static constexpr std::uint32_t is_claimed = 1, has_ended = 2, is_withdrawn = 4;
    static constexpr std::uint32_t is_told = 8;         // who ends it calls told_
    static constexpr std::uint32_t is_waited_for = 16;  // who ends it wakes a thread

    std::atomic<std::uint32_t> state_{0};  // a futex
    suspension_listener* told_ = nullptr;
};

template <class T>
class typed_suspension final : public suspension {
public:
    /// False if it does not wait any more, or another was first.
    bool end_with(value_or_nothing<T>&& ended_by) noexcept {
        if (!claim()) return false;
        try {
            value.emplace(std::move(ended_by));
        } catch (...) {
            error = std::current_exception();
        }
        end();
        return true;
    }

    std::optional<value_or_nothing<T>> value;
};

}  // namespace quartet::inline v0::detail
