// batch/run/batch_run.hpp
//
// Runs a batch: the loop that starts jobs, hears of their ends, and decides what becomes of each.
#pragma once

#include "batch/control/concurrency_control.hpp"
#include "batch/control/machine_load.hpp"
#include "batch/line/job_line.hpp"
#include "batch/line/name_pattern.hpp"
#include "batch/run/batch_accounts.hpp"
#include "batch/run/batch_settings.hpp"
#include "batch/run/batch_summary.hpp"
#include "batch/run/earlier_jobs.hpp"
#include "batch/run/input_reader.hpp"
#include "batch/run/job_queue.hpp"
#include "batch/run/journal_keeper.hpp"
#include "batch/run/output_order.hpp"
#include "batch/run/running_jobs.hpp"

#include <quartet/executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quartet::batch {

/// Who hears of a batch. On the thread of batch_run::run().
class batch_observer {
public:
    batch_observer() = default;
    batch_observer(batch_observer const&) = delete;
    batch_observer& operator=(batch_observer const&) = delete;
    virtual ~batch_observer() = default;

    /// What a job wrote; of a job all together. False: nobody reads it any more.
    virtual bool output(std::string_view piece, bool errors) = 0;

    /// Ten times a second.
    virtual void progressed(batch_status const&) {}

    /// Something that its user has to know now: "no new jobs begin; the 3 that run end".
    virtual void note(std::string_view) {}

    /// Readable when a signal may have come; -1: none comes.
    virtual int signal_descriptor() const { return -1; }

    /// The signal that has come, or 0.
    virtual int signal() { return 0; }
};

class batch_run {
public:
    /// All of them outlive it. `keeper` is null if there is no journal. Throws std::runtime_error for names
    /// of columns in the settings that do not exist.
    batch_run(batch_settings const& settings, job_line const& line, input_reader& inputs,
              earlier_jobs const& earlier, journal_keeper* keeper, executor& how, batch_observer& observer);

    /// Runs it to its end; once. What goes wrong with jobs, inputs or the journal is in the summary.
    ///
    /// A SIGINT has no new jobs begin, and a second one, or any other signal, ends those that run.
    batch_summary run();

private:
    enum class phase { running, no_new_jobs, ending };

    void start_jobs();
    bool may_start() const;
    void start(waiting_job job);
    void fail_before_start(waiting_job job, std::string const& why);
    void take_ended();
    void take(ended_try ended);
    bool found_no_room(ended_try& ended);
    bool said_slow_down(ended_try const& ended) const;
    bool is_tried_again(ended_try const& ended) const;
    double pause_after(waiting_job const& job) const;
    void write_journal(ended_try const& ended, try_end how, std::string const& reason);
    void give_output(ended_try ended);
    void check_halt();
    void check_limits();
    void hear_signals();
    void end_early(phase next, batch_end why, std::string text);
    void wait();
    void look();
    double now() const;

    batch_settings const& settings_;
    job_line const& line_;
    input_reader& inputs_;
    journal_keeper* keeper_;
    batch_observer& observer_;
    std::optional<name_pattern> tag_;
    std::optional<name_pattern> output_name_;
    std::unordered_map<std::size_t, std::uint64_t> names_;  // of outputs, by their hash, and the job
    output_order order_;
    job_queue queue_;
    running_jobs running_;
    phase phase_ = phase::running;
    batch_accounts accounts_;
    concurrency_control control_;
    machine_load machine_;
    std::size_t room_ =
        std::numeric_limits<std::size_t>::max();  // for processes and descriptors, as was found
    double next_start_ = 0;
    double next_look_ = 0;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace quartet::batch
