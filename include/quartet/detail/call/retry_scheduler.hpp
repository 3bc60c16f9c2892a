// include/quartet/detail/call/retry_scheduler.hpp
//
// Holds the calls of an executor that have retries, and begins their further tries when their pauses are
// over. Its thread begins with the first pause.
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

class retry_scheduler {
public:
    using clock = std::chrono::steady_clock;

    /// A call with retries. None of its functions is called under a lock.
    class client {
    public:
        virtual ~client() = default;

        /// It is to end soon, and is not tried again.
        virtual void cancel() noexcept = 0;

        /// Its pause is over. On the scheduler's thread.
        virtual void try_again() noexcept = 0;

        /// There is no further try.
        virtual void give_up() noexcept = 0;
    };

    retry_scheduler() = default;
    retry_scheduler(retry_scheduler const&) = delete;
    retry_scheduler& operator=(retry_scheduler const&) = delete;

    /// Waits until every call has left. Requires close().
    ~retry_scheduler();

    // ---- For calls; any thread

    /// A call begins, and is kept until it leaves. Throws std::bad_alloc.
    void enter(std::shared_ptr<client> call);
    void leave(client const& call) noexcept;

    /// False if no more tries are wanted, or the system has no thread or memory for it.
    bool wait(client const& call, clock::time_point until) noexcept;

    /// Ends the pause of a call, if it pauses: it gives up.
    void disturb(client const& call) noexcept;

    // ---- For the executor

    /// Cancels all calls. Any thread.
    void stop() noexcept;

    /// As stop(), and no further try begins: when it returns, the scheduler uses the model no more.
    void close() noexcept;

    /// Waits until every call has left, and gives how many have entered so far. Any thread.
    std::size_t join() noexcept;

private:
    using pauses = std::multimap<clock::time_point, client const*>;
    struct entry {
        std::shared_ptr<client> call;
        std::optional<pauses::iterator> pause{};
    };

    void run() noexcept;

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::map<client const*, entry> clients_;
    pauses pausing_;
    std::size_t entered_ = 0;
    bool closed_ = false;
    std::thread thread_;
};

}  // namespace quartet::detail
