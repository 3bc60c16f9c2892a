// src/io/sync/shared_permits.hpp
//
// Permits between processes. Who has how many stands in the members; those of a process that dies are there
// again, and each is given to somebody who is told.
#pragma once

#include "src/io/sync/shared_gate.hpp"

#include <quartet/detail/io/gate.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace quartet::inline v0::detail {

class shared_permits final : public shared_gate {
public:
    shared_permits(std::size_t count, char const* what) : shared_gate(what), count_(count) {}

    /// As permits::take. `owner_died` becomes true if the permit was one of a process that has died.
    attempt take(gate_waiter* who, bool& owner_died);

    /// Without waiting, and looks for processes that have died first if there is none.
    bool take_now(bool& owner_died);

    void give_back() noexcept;
    void leave(gate_waiter& who) noexcept;
    std::size_t available();

    /// For who has a permit; 0 at first.
    std::atomic<std::uint64_t>& free_word() noexcept { return word(2); }

private:
    bool try_take(bool& owner_died);
    void hold(bool& owner_died);
    void give_to_waiting() noexcept;
    std::uint64_t taken() noexcept { return word(0).load(std::memory_order_relaxed); }
    void set_taken(std::uint64_t count) noexcept { word(0).store(count, std::memory_order_relaxed); }

    void mend() noexcept override;
    bool matters(member const& each) noexcept override { return each.held > 0; }
    void lose(member& gone, bool waited) noexcept override;

    // Word 0: permits that somebody has or was granted. Word 1: those whose owner died, and nobody was told
    // yet.
    std::size_t const count_;
};

}  // namespace quartet::inline v0::detail
