// include/quartet/detail/io/nested_work.hpp
//
// A call that a body has made of its context: what a pool sees of it.
//
// It is kept by the body, which wants its end in time: so a pool that shares calls out between its threads
// needs no memory for one, and who waits for it may run it. To another process its values go as those of a
// task do (detail/call/nested_part.hpp).
#pragma once

#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/io/scope.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

namespace quartet::inline v0 {

class context;

namespace detail {

class nested_part;

class nested_work {
public:
    nested_work() = default;
    nested_work(nested_work const&) = delete;
    nested_work& operator=(nested_work const&) = delete;

    /// Runs it to its end, in the blocking context of the thread, as a part of what runs there. Once.
    ///
    /// Calls may be nested to any depth: where the stack of the thread is nearly used up, a thread with a new
    /// one takes over for this call. If the system refuses it, the call fails with std::system_error.
    void run(context& ctx) noexcept {
        run_body_or_record(ctx);
        ended_.store(true, std::memory_order_release);
    }

    /// The same beside what runs there, with the time limit of the part of the body that has made the call.
    /// To tell the end is up to the caller: the call may be gone from then on.
    void run_beside(context& ctx) noexcept;
    void tell_end() noexcept { ended_.store(true, std::memory_order_seq_cst); }

    bool ended() const noexcept { return ended_.load(std::memory_order_seq_cst); }

    /// It leaves a record, or is a part of what makes it now, if that leaves one. `maker` is its context.
    void be_recorded(context const& maker, nested_recording::kind what) noexcept {
        if (this_task.slot) [[unlikely]]
            record_ = make_recording(maker, what);
    }

    /// Limited as what makes it now.
    void limit_as_here() noexcept {
        if (scope const* const part = current_scope()) limit_ = part->deadline();
    }
    scope::time_point limit() const noexcept { return limit_; }

    // ---- For the pool

    /// Its way to another process, for as long as it is kept. Null if it has none.
    virtual std::unique_ptr<nested_part> part_for_others() = 0;

    /// Where its record is, for that process.
    virtual std::optional<crossed_recording> crossed() const noexcept {
        return record_ ? std::optional(record_->crossed()) : std::nullopt;
    }

    static constexpr std::uint64_t nowhere = ~std::uint64_t{0};

    std::uint64_t place = nowhere;           ///< among the calls of its thread
    context const* made_by = nullptr;        ///< the context of the body
    std::atomic<void*> taken_by = nullptr;   ///< another thread that runs it; the offer to other processes
    std::uint64_t first_place_of_taker = 0;  ///< where those begin that it makes there

protected:
    ~nested_work() = default;

    void run_body_or_record(context& ctx) noexcept {
        if (!record_) [[likely]]
            return run_within_stack(ctx);
        run_recorded(ctx);
    }
    /// It has failed where another process ran it.
    void end_record(context& ctx) noexcept {
        if (record_) record_->end(ctx, failure());
    }

private:
    void run_recorded(context& ctx) noexcept;
    void run_within_stack(context& ctx) noexcept;

    virtual void run_body(context& ctx) noexcept = 0;
    virtual void fail_body(std::exception_ptr why) noexcept = 0;
    virtual std::exception_ptr failure() const noexcept = 0;  // null if it has ended well

    std::atomic<bool> ended_ = false;
    kept_recording record_;  // null unless its task leaves one with all that belongs to it
    scope::time_point limit_ = scope::time_point::max();
};

/// How the calls of bodies are shared out between the threads or processes of a pool. One for each; its
/// members are for that one.
class nested_host {
public:
    /// Other threads may take it from now on.
    virtual void offer(nested_work& work) noexcept = 0;

    /// It is not offered any more. False if another thread has taken it.
    virtual bool take_back(nested_work& work) noexcept = 0;

    /// Waits for the end of one that another thread has taken, and helps it meanwhile. `runs_own`: runs what
    /// the body has made since, too.
    virtual void wait_for(nested_work& work, context& here, bool runs_own) noexcept = 0;

    /// Takes note of its end, if it has ended elsewhere and can't say so itself.
    virtual void look(nested_work&, context&) noexcept {}

    /// Whether those who take calls see the memory of the body. Else a map deals out parts of its range.
    virtual bool shares_memory() const noexcept { return true; }

    /// Without shared memory: how many would take a further part now.
    virtual std::size_t idle() noexcept { return 0; }

protected:
    ~nested_host() = default;
};

}  // namespace detail
}  // namespace quartet::inline v0
