// tests/batch/simulated_batch.hpp
//
// A batch in simulated time: jobs that compute, wait, share a disk, a lock or a server, and take memory, on a
// machine that is made up. Who decides how many run at once is told what `quartet batch` would tell.
//
// Each job is a row of phases. Those who are at one resource get equal parts of what it does at that number,
// so they have a common clock, and the next that is done is the least of a heap: a job costs the logarithm of
// how many run.
#pragma once

#include "batch/control/concurrency_control.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quartet::batch::simulated {

enum class resource { processors, waiting, disk, lock, server };
inline constexpr std::size_t resources = 5;

struct phase {
    resource where = resource::waiting;
    double seconds = 0;  ///< if it is alone
};

struct job {
    std::array<phase, 3> phases{};
    std::size_t count = 0;
    double gigabytes = 0.01;
};

/// What several at once get done: all that each would alone up to `places`, and beyond what is left when each
/// place more takes a part away.
struct sharing {
    double places = 1;
    double loss = 0;  ///< by each that is beyond the places, of the whole
};

struct machine {
    double processors = 4;
    double contention = 0;  ///< what each computing job beyond `crowd` takes from the speed of all
    double crowd = 1e9;
    sharing disk{};
    sharing lock{};
    sharing server{1e9, 0};
    double gigabytes = 64;
    double server_rate = 0;  ///< requests a second, others are refused in 5 ms; 0 for no limit
    double server_burst = 1;
    double swing = 0;  ///< the server's speed goes up and down by so much in 7 s
};

/// Numbers from 0 to 1 and others, the same for a job whoever runs it.
class chance {
public:
    explicit chance(std::uint64_t seed) : state_(seed) {}
    double uniform();
    /// Of this mean and this variation (standard deviation by mean), log-normal.
    double around(double mean, double variation);

private:
    std::uint64_t state_;
};

struct kind {
    std::string name;
    std::size_t jobs = 100;
    simulated::machine machine{};
    std::function<job(chance&, double part)> make{};  ///< of the batch: 0 for its first job, 1 for its last
};

/// Who decides.
class decider {
public:
    virtual ~decider() = default;
    virtual bool may_start(double now) = 0;
    virtual double next_start(double now) = 0;
    virtual void started(double now) = 0;
    virtual void ended(double now, ended_job const& end) = 0;
    virtual void read(double now, machine_state const& state) = 0;
};

struct course {
    double seconds = 0;  ///< until the last job has ended
    std::size_t starts = 0;
    std::size_t refused = 0;
    std::size_t late_starts = 0;  ///< after 5 s
    std::size_t late_refused = 0;
    double most_gigabytes = 0;  ///< at once
};

course run(kind const& what, std::uint64_t seed, decider& by);

/// Always `count` at once.
course run_fixed(kind const& what, std::uint64_t seed, std::size_t count);

course run_automatic(kind const& what, std::uint64_t seed, concurrency_control& control);

/// By one that begins with the processors.
course run_automatic(kind const& what, std::uint64_t seed);

struct best_fixed {
    std::size_t count = 1;
    double seconds = 0;
};

/// The number at once with which the batch is over first.
best_fixed find_best(kind const& what, std::uint64_t seed);

}  // namespace quartet::batch::simulated
