// src/models/cluster/node_job.hpp
//
// Tasks that came from the root, as a job of an executor on the node. Their types are not known here: inputs
// and results stay bytes, which the body's own code makes values of where it runs.
//
// In worker processes they lie in the pool's shared memory, as the tasks of any call there do. Threads and
// event loops run them out of the same kind of batch in memory of this process.
#pragma once

#include "src/call/piece_recorder.hpp"
#include "src/models/cluster/node_pool.hpp"
#include "src/models/cluster/travelling_code.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/detail/call/crossing.hpp>
#include <quartet/detail/call/remote.hpp>
#include <quartet/detail/shm/shared_heap.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

class node_job final : public job, private crossing, private continuation {
public:
    /// What a pool has for all its jobs.
    struct surroundings {
        shared_heap* heap = nullptr;  ///< where the batch lies if its bodies run in this process, else null
        std::string workers{};        ///< what they are called, before their number
        piece_recorder* records = nullptr;  ///< null if no task leaves one
    };

    /// `pool` outlives the job. Throws std::length_error if the inputs are cut short, std::bad_alloc.
    node_job(task_piece piece, std::shared_ptr<unpacked_call const> call, surroundings const& pool);

    /// Begins under the model; `ended` hears of the end, from any thread, and may destroy the job. Throws
    /// what model::start throws.
    static void begin(std::shared_ptr<node_job> const& self, model& how,
                      std::function<void(node_job&)> ended);

    task_piece const& piece() const noexcept { return piece_; }

    /// When it has ended.
    ended_piece take_outcomes() noexcept {
        std::lock_guard const lock(mutex_);
        return std::move(outcomes_);
    }

    /// Takes back up to `most` of its last tasks, which have not begun under the model: adds them to `to`.
    /// How many. Throws std::bad_alloc.
    std::size_t take_back(model& how, std::size_t most, std::vector<task_row>& to);

    // ---- For models

    void run(context& ctx, std::size_t first, std::size_t last) noexcept override;
    running_body* start(context& ctx, std::size_t index, ended_bodies& ended) noexcept override;
    void collect_outcome(running_body& body) noexcept override;
    bool suspends() const noexcept override;
    void fail(failure why) noexcept override;
    body_identity name() const noexcept override { return call_->body; }
    class crossing* crossing() noexcept override {
        return this;
    }

private:
    /// A batch in this process, and what of the heap it has.
    struct local_batch {
        explicit local_batch(shared_heap& where) noexcept { batch.heap = &where; }
        local_batch(local_batch const&) = delete;
        local_batch& operator=(local_batch const&) = delete;
        ~local_batch() { shared_arena::give_back_all(*batch.heap, batch.blocks); }

        worker_interface as(remote_worker& worker) { return {batch, worker, {*batch.heap, batch.blocks}}; }

        remote_batch batch{};
    };

    // The way to worker processes.
    remote_code code() const noexcept override { return call_->code; }
    void encode(shared_arena& arena, remote_batch& batch) override;
    void collect(remote_batch const& batch) noexcept override;
    void encode_input(std::size_t, byte_writer&) override {}
    void take_result(std::size_t, byte_reader&) noexcept override {}

    // The end, as a continuation.
    void run() noexcept override;

    void fill_local_batch();
    void lay_out_records(shared_arena& arena, remote_batch& batch);
    void take_records(remote_batch const& batch);
    void add_results(remote_batch const& batch, std::size_t first, std::size_t last);

    task_piece piece_;
    std::shared_ptr<unpacked_call const> call_;
    std::vector<std::span<std::byte const>> inputs_;  // of those whose size is not fixed
    surroundings const& pool_;
    std::function<void(node_job&)> ended_;
    std::mutex mutex_;  // guards the outcomes
    ended_piece outcomes_;

    // In this process.
    std::optional<local_batch> local_;
    remote_worker worker_{};
    std::optional<worker_interface> interface_;
    std::unique_ptr<job> looped_;  // as which it runs on an event loop
};

}  // namespace quartet::inline v0::detail
