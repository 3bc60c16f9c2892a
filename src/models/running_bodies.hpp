// src/models/running_bodies.hpp
//
// The bodies that one event loop, real or fake, has in flight: of any number of jobs, each with a context of
// its own. For the loop's thread.
#pragma once

#include "src/models/job_queue.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/loop_call.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

namespace quartet::inline v0::detail {

template <class Context>
class running_bodies {
public:
    /// `make(ctx, job)` makes the context of a job; `ended(job, n)` is told that n tasks more have
    /// an outcome, `collecting(job)` that a body that waited is about to give one.
    running_bodies(std::function<void(std::optional<Context>&, job&)> make,
                   std::function<void(job&, std::size_t)> ended, std::function<void(job&)> collecting = {})
        : make_(std::move(make)), ended_(std::move(ended)), collecting_(std::move(collecting)) {}

    /// Bodies that have begun and not ended.
    std::size_t in_flight() const noexcept { return in_flight_; }

    void begin(claim const& tasks) {
        if (tasks.work->stop().requested()) {
            tasks.work->cancel(tasks.first, tasks.last);
            return ended_(*tasks.work, tasks.size());
        }
        job_bodies& mine = bodies_of(*tasks.work);
        beginning_ = tasks.work;
        std::size_t done = 0;
        for (std::size_t index = tasks.first; index < tasks.last; ++index) {
            running_body* const body = tasks.work->start(*mine.ctx, index, over_);
            if (!body) {
                ++done;
                continue;
            }
            body->group = &mine;
            mine.link(*body);
            ++in_flight_;
        }
        drop_if_empty(mine);
        if (done > 0) ended_(*tasks.work, done);
    }

    /// A call that a body on another loop has made; it is none of those in flight.
    void begin_guest(loop_call& call) {
        job_bodies& mine = bodies_of(*call.of);
        guest_body* const guest = call.become_guest(*mine.ctx, guests_over_).release();
        guest->group = &mine;
        mine.link(*guest);
        ++guests_;
        call.begin_as(*guest);
    }

    std::size_t guests() const noexcept { return guests_; }

    /// The job of a body that runs here.
    job& job_of(running_body const& body) const noexcept {
        return body.group ? *static_cast<job_bodies*>(body.group)->work : *beginning_;
    }

    /// Sends the ends of guests home.
    void collect_guests() {
        while (running_body* const over = guests_over_.pop()) {
            std::unique_ptr<guest_body> const guest(static_cast<guest_body*>(over));
            auto& mine = *static_cast<job_bodies*>(guest->group);
            mine.unlink(*guest);
            --guests_;
            drop_if_empty(mine);
            guest->call.tell_home();
        }
    }

    /// Takes the outcomes of the bodies that have ended.
    void collect_outcomes() {
        while (running_body* body = over_.pop()) {
            auto& mine = *static_cast<job_bodies*>(body->group);
            job& work = *mine.work;
            mine.unlink(*body);
            --in_flight_;
            if (collecting_) collecting_(work);
            work.collect_outcome(*body);
            drop_if_empty(mine);
            ended_(work, 1);
        }
    }

    /// Cancels what is in flight of a job, if its stop was requested; the job may have finished by now.
    void cancel(job* work) noexcept {
        auto const found = jobs_.find(work);
        if (found == jobs_.end() || !work->stop().requested()) return;
        for (running_body* body = found->second.first; body; body = body->after)
            body->cancel();
    }

    void for_each_job(auto&& use) {
        for (auto& [work, each] : jobs_)
            use(*work);
    }

private:
    struct job_bodies {
        job* work = nullptr;
        std::optional<Context> ctx{};
        running_body* first = nullptr;

        void link(running_body& body) noexcept {
            body.after = first;
            if (first) first->before = &body;
            first = &body;
        }
        void unlink(running_body& body) noexcept {
            (body.before ? body.before->after : first) = body.after;
            if (body.after) body.after->before = body.before;
        }
    };

    job_bodies& bodies_of(job& work) {
        job_bodies& mine = jobs_[&work];
        if (!mine.ctx) {
            mine.work = &work;
            make_(mine.ctx, work);
        }
        return mine;
    }

    void drop_if_empty(job_bodies& each) {
        if (!each.first) jobs_.erase(each.work);
    }

    std::function<void(std::optional<Context>&, job&)> make_;
    std::function<void(job&, std::size_t)> ended_;
    std::function<void(job&)> collecting_;
    std::unordered_map<job*, job_bodies> jobs_;
    ended_bodies over_;
    std::size_t in_flight_ = 0;
    job* beginning_ = nullptr;  // whose bodies have begun last
    ended_bodies guests_over_;
    std::size_t guests_ = 0;
};

}  // namespace quartet::inline v0::detail
