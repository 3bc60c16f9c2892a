// src/io/loop/offload_pool.hpp
//
// The threads beside an event loop, on which offloaded functions run.
//
// As many functions compute at the same time as this thread has CPUs, and the others stand in line. A
// function that waits takes no CPU: where some do and others stand in line, further threads are started. So
// functions that wait for each other all come to run, however few the CPUs are, unless the number of threads
// is limited. Then the log is told when all of them wait, and for whom. For the loop's thread.
#pragma once

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/offload.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace quartet::inline v0::detail {

class offload_pool final : public loop_service {
public:
    /// With so many threads at the most; 0: no limit.
    offload_pool(boost::asio::io_context& io, std::size_t most);
    /// Waits for the functions that run.
    ~offload_pool() override;

    /// Has the function run; its completion comes from the loop. Throws std::system_error if there is no
    /// thread for it, nor will be one.
    void start(offload_base& operation);

    /// Takes out one that stands in line, with the error `cancelled`; false if its function has begun, which
    /// nobody can end: then `tell` is called if that lasts.
    bool cancel(offload_base& operation, std::function<void(std::string const&)> tell) noexcept;

private:
    struct worker {
        std::thread thread{};
        long id = 0;                 // the system's; guarded by the mutex, as what follows
        offload_base* at = nullptr;  // the function that it runs
        bool over = false;
    };
    using worker_iterator = std::list<worker>::iterator;

    void add_worker();
    bool try_to_add_workers(std::size_t count) noexcept;
    void work(worker_iterator self);
    offload_base* next(worker_iterator self);
    void join_ended();

    std::size_t missing_workers();
    std::size_t alive();
    void note_progress();
    bool is_stuck();
    std::vector<std::string> bodies_at_work();
    void tell_if_stuck();
    void watch();
    void look();
    void complete(offload_base& operation);
    void tell_of_late(offload_base const* operation);
    void give_up_cancelled();

    struct late_one {
        boost::asio::steady_timer timer;
        std::function<void(std::string const&)> tell;
    };

    boost::asio::io_context& io_;
    boost::asio::steady_timer timer_;
    bool watches_ = false;
    std::size_t const cpus_;
    std::size_t const most_;
    std::chrono::steady_clock::time_point last_end_{};  // of a function, or since when none stood in line
    bool told_ = false;                                 // that it has been stuck since then
    std::unordered_map<offload_base const*, late_one> late_;  // cancelled, and their functions run

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::deque<offload_base*> line_;
    std::list<worker> workers_;
    std::size_t alive_ = 0;
    std::size_t beginning_ = 0;  // that have not come to look at the line yet
    std::size_t idle_ = 0;
    bool ending_ = false;
};

}  // namespace quartet::inline v0::detail
