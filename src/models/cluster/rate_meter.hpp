// src/models/cluster/rate_meter.hpp
//
// How many tasks of a body end in a second while there are some to do: a mean in which what lies further back
// counts exponentially less. Of how long one body takes nothing follows for another. For one thread, which
// tells the time.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>

namespace quartet::inline v0::detail {

class rate_meter {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Tasks of this body come next: what is known of another is forgotten.
    void expect(std::size_t body) noexcept {
        if (body != body_) forget();
        body_ = body;
    }
    void forget() noexcept { tasks_ = seconds_ = 0; }

    /// There were none to do until now.
    void note_begin(time_point now) noexcept { last_ = now; }

    /// `tasks` of a body have ended since the last note.
    void note(time_point now, std::size_t tasks, std::size_t body) noexcept {
        double const passed = std::chrono::duration<double>(now - last_).count();
        last_ = now;
        if (body != body_) return;
        double const kept = std::exp(-passed / memory);
        tasks_ = tasks_ * kept + static_cast<double>(tasks);
        seconds_ = seconds_ * kept + passed;
    }

    /// Tasks a second; 0 if it is not known yet.
    double rate() const noexcept { return seconds_ > least ? tasks_ / seconds_ : 0; }

    /// How many end within a time, rounded down.
    std::size_t within(std::chrono::duration<double> time) const noexcept {
        return static_cast<std::size_t>(rate() * time.count());
    }

private:
    static constexpr double memory = 0.1;  // seconds
    static constexpr double least = 2e-5;

    std::size_t body_ = 0;
    time_point last_{};
    double tasks_ = 0;
    double seconds_ = 0;
};

}  // namespace quartet::inline v0::detail
