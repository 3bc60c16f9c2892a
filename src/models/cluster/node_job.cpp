#include "src/models/cluster/node_job.hpp"

#include "src/base/inherited_socket.hpp"
#include "src/models/cluster/moved_records.hpp"
#include "src/models/take_back.hpp"

#include <quartet/context.hpp>
#include <quartet/detail/call/describe_failure.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

std::chrono::nanoseconds limit_of(call_message const& call) noexcept {
    return call.task_limit > 0 ? std::chrono::nanoseconds(call.task_limit) : std::chrono::nanoseconds::max();
}

}  // namespace

node_job::node_job(task_piece piece, std::shared_ptr<unpacked_call const> call, surroundings const& pool)
    : job(piece.count, piece.call->stops_all ? on_failure::stop_all : on_failure::finish_all,
          limit_of(*piece.call)),
      piece_(std::move(piece)),
      call_(std::move(call)),
      pool_(pool) {
    set_chunk_size(piece_.call->chunk_size);
    number_tasks(piece_.first);
    outcomes_ = {.pool = piece_.call->pool, .call = piece_.call->call, .count = piece_.count};
    byte_reader in(piece_.inputs);
    if (call_->code.input.size == 0) {
        inputs_.reserve(piece_.count);
        for (std::size_t index = 0; index < piece_.count; ++index)
            inputs_.push_back(take_value(in, 0));
    }
    if (!pool_.heap) return;
    local_.emplace(*pool_.heap);
    fill_local_batch();
}

void node_job::begin(std::shared_ptr<node_job> const& self, model& how,
                     std::function<void(node_job&)> ended) {
    self->ended_ = std::move(ended);
    self->ending().then_first(*self);
    self->start_under(how);
    self->watch();
}

/// All have their outcomes.
void node_job::run() noexcept {
    if (local_) {
        collect(local_->batch);
        collect_failures(local_->batch, pool_.workers, *this);
    }
    auto const tell = std::move(ended_);
    tell(*this);
}

std::size_t node_job::take_back(model& how, std::size_t most, std::vector<task_row>& to) {
    if (chunk_size() > 1) return 0;
    std::vector<std::size_t> taken;
    taken.reserve(std::min(most, piece_.count));
    auto const take = [&](std::size_t index) {
        taken.push_back(index);
        std::lock_guard const lock(mutex_);
        --outcomes_.count;
    };
    if (local_)
        take_back_waiting({local_->batch.tasks, local_->batch.count}, most, take);
    else if (auto* const host = dynamic_cast<takes_back*>(&how.driver()))
        host->take_back(*this, most, take);
    for (std::size_t const index : taken) {
        std::size_t const task = piece_.first + index;
        if (!to.empty() && to.back().call == piece_.call->call && to.back().first == task + 1) {
            --to.back().first;
            ++to.back().count;
        } else {
            to.push_back({piece_.call->call, task, 1});
        }
    }
    return taken.size();
}

// ---- To worker processes and back

void node_job::encode(shared_arena& arena, remote_batch& batch) {
    lay_out_records(arena, batch);
    std::size_t const count = piece_.count;
    value_layout const& input = call_->code.input;
    value_layout const& output = call_->code.output;
    if (input.size > 0) {
        auto* const values = static_cast<std::byte*>(
            arena.allocate(count * input.size, std::max<std::size_t>(1, input.alignment)));
        std::memcpy(values, piece_.inputs.data(), count * input.size);
        batch.inputs = values;
    } else {
        auto* const values = arena.allocate_array<encoded_value>(count);
        for (std::size_t index = 0; index < count; ++index)
            values[index] = store_bytes(arena, inputs_[index]);
        batch.inputs = reinterpret_cast<std::byte const*>(values);
    }
    if (output.none) return;
    batch.outputs = output.size > 0
                        ? static_cast<std::byte*>(
                              arena.allocate(count * output.size, std::max<std::size_t>(1, output.alignment)))
                        : reinterpret_cast<std::byte*>(arena.allocate_array<encoded_value>(count));
}

void node_job::collect(remote_batch const& batch) noexcept {
    take_records(batch);
    std::size_t index = 0;
    while (index < piece_.count) {
        auto const state = batch.tasks[index].state();
        std::size_t last = index + 1;
        if (state == task_state::cancelled) {
            fail(describe_cancelled(index));
        } else if (state == task_state::done) {
            while (last < piece_.count && batch.tasks[last].state() == task_state::done)
                ++last;
            try {
                add_results(batch, index, last);
            } catch (...) {
                for (std::size_t each = index; each < last; ++each)
                    fail(describe_current_exception(each, {}));
            }
        }
        index = last;
    }
}

void node_job::lay_out_records(shared_arena& arena, remote_batch& batch) {
    auto const& recorded = piece_.call->recorded;
    if (!pool_.records || recorded.every == 0) return;
    batch.record_slots = pool_.records->lay_out(arena, piece_.first, piece_.count,
                                                static_cast<std::size_t>(recorded.every), recorded.recorder);
    leave_records_at(batch.record_slots);
}

/// What can't be told for want of memory is not known.
void node_job::take_records(remote_batch const& batch) {
    if (batch.record_slots.every() == 0) return;
    try {
        moved_records const all{.workers = pool_.records->new_workers(),
                                .records = pool_.records->take(batch.record_slots, piece_.count)};
        std::lock_guard const lock(mutex_);
        write_records({.call = piece_.call->call, .first = piece_.first, .count = piece_.count}, all,
                      outcomes_.records);
    } catch (std::bad_alloc const&) {
    }
}

/// Those that are large are set aside.
void node_job::add_results(remote_batch const& batch, std::size_t first, std::size_t last) {
    value_layout const& output = call_->code.output;
    byte_writer together;
    std::size_t begun = first;
    auto const flush = [&](std::size_t until) {
        if (until > begun) {
            std::lock_guard const lock(mutex_);
            write_outcomes({.call = piece_.call->call, .first = piece_.first + begun, .count = until - begun},
                           together.bytes(), outcomes_.outcomes);
        }
        together.clear();
        begun = until + 1;
    };
    for (std::size_t index = first; index < last; ++index) {
        auto const result = result_bytes(batch, index, output.size);
        if (result.size() > large_result_bytes) {
            flush(index);
            large_message const about{
                .call = piece_.call->call, .index = piece_.first + index, .bytes = result.size()};
            large_result large{piece_.first + index, result.size(), written(about)};
            if (output.size == 0) encode_size(result.size(), large.message.body());
            large.message.body().write(result.data(), result.size());
            std::lock_guard const lock(mutex_);
            outcomes_.large.push_back(std::move(large));
            continue;
        }
        if (!output.none && output.size == 0) encode_size(result.size(), together);
        together.write(result.data(), result.size());
    }
    flush(last);
}

void node_job::fail(failure why) noexcept {
    bool const cancels = why.why != cause::cancelled;
    std::size_t const task = piece_.first + why.index;
    record_failure(why.index);
    {
        std::lock_guard const lock(mutex_);
        write_failure({.call = piece_.call->call, .first = task, .count = 1}, move_failure(why),
                      outcomes_.outcomes);
    }
    if (cancels) after_failure();
}

// ---- In this process

void node_job::fill_local_batch() {
    static parent_wake const nobody{};  // whom a batch here has nothing to tell
    remote_batch& batch = local_->batch;
    shared_arena arena(*batch.heap, batch.blocks);
    batch.count = piece_.count;
    batch.left.store(piece_.count);
    batch.policy = on_failure::finish_all;  // the others are stopped by fail(), which hears of each
    batch.wake_parent = &nobody;
    batch.task_limit = task_limit();
    batch.first_number = first_number();
    batch.run = call_->code.run;
    batch.make = call_->code.make;
    batch.closure = call_->code.closure.data();
    batch.tasks = arena.allocate_array<task_word>(piece_.count);
    std::uninitialized_value_construct_n(batch.tasks, piece_.count);
    encode(arena, batch);
}

/// On a thread: the code for worker processes, with this thread as the worker.
void node_job::run(context& ctx, std::size_t first, std::size_t last) noexcept {
    remote_worker self{};
    self.number = ctx.where().number;
    auto interface = local_->as(self);
    static_cast<void>(call_->code.run(ctx, interface, first, last));
}

/// On a loop: the job that the code makes for the loop of a worker process. One loop only has a node's
/// `async`, so nobody else makes it meanwhile.
running_body* node_job::start(context& ctx, std::size_t index, ended_bodies& ended) noexcept {
    try {
        if (!looped_) {
            worker_.number = ctx.where().number;
            looped_ = call_->code.make(interface_.emplace(local_->as(worker_)));
        }
    } catch (...) {
        local_->batch.tasks[index].end_by_parent();
        fail(describe_current_exception(index, ctx.where().name));
        return nullptr;
    }
    if (!begin_task(local_->batch, worker_, index)) return nullptr;
    return looped_->start(ctx, index, ended);
}

void node_job::collect_outcome(running_body& body) noexcept {
    looped_->collect_outcome(body);
}

bool node_job::suspends() const noexcept {
    return true;
}

}  // namespace quartet::inline v0::detail
