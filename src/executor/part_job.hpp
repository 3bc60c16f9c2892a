// src/executor/part_job.hpp
//
// Some tasks of a job, as a job of their own, so that the tasks of one job can run under several models of
// this process: the executor "auto" tries the first ones on threads. A part keeps itself alive until it has
// finished.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace quartet::inline v0::detail {

class part_job final : public job {
public:
    /// Runs tasks of the whole, from one up to another.
    using runner = std::function<void(job& whole, context& ctx, std::size_t first, std::size_t last)>;

    /// Tasks `first` to `last` - 1 of `whole`. `ended` is called when they have outcomes and nothing of this
    /// object is used any more. On threads, `run_with` is called in place of whole.run(), which it has to
    /// call.
    part_job(job& whole, std::size_t first, std::size_t last, std::function<void()> ended,
             runner run_with = {})
        : job(last - first, whole.policy(), whole.task_limit()),
          whole_(whole),
          offset_(first),
          ended_(std::move(ended)),
          run_with_(std::move(run_with)) {
        set_chunk_size(whole.chunk_size());
        if (whole.has_progress()) set_progress(told_);
    }
    ~part_job() override { ended_(); }

    /// Has `how`, which has taken it, run it. Throws what model::start throws; then it is gone, and its tasks
    /// have no outcomes.
    static void begin(std::shared_ptr<part_job> const& part, model& how) {
        part->keeper_.kept = part;
        part->ending().then_first(part->keeper_);
        try {
            how.start(*part);
        } catch (...) {
            part->ended_ = [] {};
            part->keeper_.kept.reset();
            throw;
        }
    }

    void run(context& ctx, std::size_t first, std::size_t last) noexcept override {
        if (run_with_) return run_with_(whole_, ctx, offset_ + first, offset_ + last);
        whole_.run(ctx, offset_ + first, offset_ + last);
    }
    running_body* start(context& ctx, std::size_t index, ended_bodies& ended) noexcept override {
        return whole_.start(ctx, offset_ + index, ended);
    }
    void collect_outcome(running_body& body) noexcept override { whole_.collect_outcome(body); }
    void fail(failure why) noexcept override {
        why.index += offset_;
        whole_.fail(std::move(why));
    }
    bool suspends() const noexcept override { return whole_.suspends(); }
    body_identity name() const noexcept override { return whole_.name(); }

private:
    /// Keeps the part until it has finished.
    struct keeper final : continuation {
        void run() noexcept override { auto const gone = std::move(kept); }
        std::shared_ptr<part_job> kept;
    };

    job& whole_;
    std::size_t offset_;
    std::function<void()> ended_;
    runner run_with_;
    std::function<void(std::size_t, std::size_t)> told_ = [this](std::size_t, std::size_t) {
        whole_.tell_progress();
    };
    keeper keeper_;
};

}  // namespace quartet::inline v0::detail
