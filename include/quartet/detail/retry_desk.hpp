// include/quartet/detail/retry_desk.hpp
//
// Where an executor's submitted calls wait for their further tries. Its thread begins with the first pause.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace quartet::detail {

class retry_desk {
public:
    using clock = std::chrono::steady_clock;

    /// A call with retries.
    class guest {
    public:
        virtual ~guest() = default;

        /// Its pause is over. On the desk's thread.
        virtual void try_again() noexcept = 0;

        /// There is no further try.
        virtual void give_up() noexcept = 0;
    };

    retry_desk() = default;
    retry_desk(retry_desk const&) = delete;
    retry_desk& operator=(retry_desk const&) = delete;
    ~retry_desk();

    // ---- For calls; any thread

    /// A call begins that leaves in the end.
    void enter() noexcept;
    void leave() noexcept;

    /// False if no more tries are wanted, or the system has no thread for it.
    bool wait(std::shared_ptr<guest> call, clock::time_point until) noexcept;

    /// Ends the pause of a call that is stopped.
    void disturb(guest const& call) noexcept;

    // ---- For the executor; any thread

    /// All calls that pause give up.
    void stop() noexcept;

    /// As stop(), and so do those that would pause from now on.
    void close() noexcept;

    /// Waits until every call has left.
    void join() noexcept;

private:
    void run() noexcept;

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::multimap<clock::time_point, std::shared_ptr<guest>> pausing_;
    std::size_t inside_ = 0;
    bool closed_ = false;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace quartet::detail
