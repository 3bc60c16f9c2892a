// include/quartet/detail/call/retry_scheduler.hpp
//
// The calls of an executor that are tried again, and where they wait meanwhile. Its thread begins with the
// first pause.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace quartet::detail {

class retry_desk {
public:
    using clock = std::chrono::steady_clock;

    /// A call with retries. None of its functions is called under a lock.
    class guest {
    public:
        virtual ~guest() = default;

        /// It is to end soon, and is not tried again.
        virtual void cancel() noexcept = 0;

        /// Its pause is over. On the desk's thread.
        virtual void try_again() noexcept = 0;

        /// There is no further try.
        virtual void give_up() noexcept = 0;
    };

    retry_desk() = default;
    retry_desk(retry_desk const&) = delete;
    retry_desk& operator=(retry_desk const&) = delete;

    /// Waits until every call has left. Requires close().
    ~retry_desk();

    // ---- For calls; any thread

    /// A call begins, and is kept until it leaves. Throws std::bad_alloc.
    void enter(std::shared_ptr<guest> call);
    void leave(guest const& call) noexcept;

    /// False if no more tries are wanted, or the system has no thread or memory for it.
    bool wait(guest const& call, clock::time_point until) noexcept;

    /// Ends the pause of a call, if it pauses: it gives up.
    void disturb(guest const& call) noexcept;

    // ---- For the executor

    /// Cancels all calls. Any thread.
    void stop() noexcept;

    /// As stop(), and no further try begins: when it returns, the desk uses the model no more.
    void close() noexcept;

    /// Waits until every call has left, and gives how many have entered so far. Any thread.
    std::size_t join() noexcept;

private:
    using pauses = std::multimap<clock::time_point, guest const*>;
    struct entry {
        std::shared_ptr<guest> call;
        std::optional<pauses::iterator> pause{};
    };

    void run() noexcept;

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::map<guest const*, entry> inside_;
    pauses pausing_;
    std::size_t entered_ = 0;
    bool closed_ = false;
    std::thread thread_;
};

}  // namespace quartet::detail
