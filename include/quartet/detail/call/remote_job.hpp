// include/quartet/detail/call/remote_job.hpp
//
// Bodies in a worker process: one after another in a blocking context, or as a job of its event loop.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/detail/call/body_job.hpp>
#include <quartet/detail/call/remote.hpp>
#include <quartet/detail/call/stored_values.hpp>

#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace quartet::inline v0::detail {

/// Runs bodies first to last - 1 that are still to be run, and leaves their outcomes in the batch. Gives how
/// many.
template <class Body, class In, class R>
std::size_t run_bodies_of(Body& body, context& ctx, worker_interface& interface, std::size_t first,
                          std::size_t last) noexcept {
    remote_batch& batch = interface.batch;
    byte_writer scratch;
    process_stamp const process = this_process();

    auto const run_one = [&](std::size_t index) {
        try {
            if (ctx.stop_requested()) return task_state::cancelled;
            In const& input = stored_value<In>(batch.inputs, index);
            if constexpr (std::is_void_v<R>) {
                call_body(body, ctx, input, batch.task_limit, process);
            } else {
                store_result<R>(interface, index, call_body(body, ctx, input, batch.task_limit, process),
                                scratch);
            }
            return task_state::done;
        } catch (...) {
            file_failure(interface, index);
            return task_state::failed;
        }
    };
    task_run recorded(record_slots_of(interface), ctx, first, last);
    auto const run_recorded = [&](task_slot& record, std::size_t index) {
        task_switch const at_work(recorded.at_work(&record));
        task_state const how = run_one(index);
        recorded.end(record, how == task_state::failed);
        return how;
    };
    std::size_t ended = 0;
    for (std::size_t index = first; index < last; ++index) {
        bool const begins = begin_task(batch, interface.worker, index);
        task_slot* record = nullptr;
        if (index == recorded.next()) [[unlikely]]
            record = recorded.begin(begins && !ctx.stop_requested());
        if (!begins) continue;
        task_state const how = record ? run_recorded(*record, index) : run_one(index);
        end_task(batch, interface.worker, index, how);
        ++ended;
    }
    return ended;
}

/// In a worker: the same with a copy of the batch's body.
template <class Body, class In, class R>
std::size_t run_remote(context& ctx, worker_interface& interface, std::size_t first,
                       std::size_t last) noexcept {
    alignas(Body) std::byte storage[sizeof(Body)];
    std::memcpy(storage, interface.batch.closure, sizeof(Body));
    Body& body = *std::launder(reinterpret_cast<Body*>(storage));
    if constexpr (is_coroutine_body<Body, In>) {
        auto any = ref_of_body<Body, In>::to(body);
        return run_bodies_of<ref_of_body<Body, In>, In, R>(any, ctx, interface, first, last);
    } else {
        return run_bodies_of<Body, In, R>(body, ctx, interface, first, last);
    }
}

/// The inputs of a batch, in a worker process with an event loop; decoded ones live as long as their body.
template <class In>
class remote_inputs : public any_inputs<In> {
public:
    explicit remote_inputs(remote_batch const& batch) noexcept : batch_(batch) {}

    In const& operator[](std::size_t index) const override {
        if constexpr (fixed_size<In>) {
            return stored_value<In>(batch_.inputs, index);
        } else {
            decoded_.erase(index);  // an input need not be assignable
            return decoded_.emplace(index, stored_value<In>(batch_.inputs, index)).first->second;
        }
    }
    void forget(std::size_t index) noexcept { decoded_.erase(index); }

protected:
    ~remote_inputs() = default;

private:
    remote_batch const& batch_;
    mutable std::unordered_map<std::size_t, In> decoded_;
};

/// The sink of such bodies: it leaves outcomes in the batch.
template <class In, class R>
class remote_sink : public any_sink<R> {
public:
    remote_sink(worker_interface& interface, remote_inputs<In>& inputs) noexcept
        : interface_(interface), inputs_(inputs) {}

    void set(std::size_t index, value_or_nothing<R>&& value) override {
        if constexpr (!std::is_void_v<R>) {
            byte_writer scratch;
            store_result<R>(interface_, index, std::move(value), scratch);
        }
        end(index, task_state::done);
    }
    void fail(failure why) noexcept override {
        if (!why.exception) return end(why.index, task_state::cancelled);
        try {
            std::rethrow_exception(why.exception);
        } catch (...) {
            file_failure(interface_, why.index);
        }
        end(why.index, task_state::failed);
    }

protected:
    ~remote_sink() = default;

private:
    void end(std::size_t index, task_state how) noexcept {
        inputs_.forget(index);
        end_task(interface_.batch, interface_.worker, index, how);
    }

    worker_interface& interface_;
    remote_inputs<In>& inputs_;
};

/// Both; of one that many jobs have the code.
template <class In, class R>
class remote_values : public remote_inputs<In>, public remote_sink<In, R> {
public:
    explicit remote_values(worker_interface& interface)
        : remote_inputs<In>(interface.batch), remote_sink<In, R>(interface, *this) {}

protected:
    [[gnu::noinline]] ~remote_values() = default;
};

/// A batch as a job, in a worker process with an event loop.
template <class Body, class In, class R>
class remote_job final : private remote_values<In, R>,
                         public job_of_body<Body, In, any_inputs<In>, any_sink<R>>::type {
    using base = typename job_of_body<Body, In, any_inputs<In>, any_sink<R>>::type;

public:
    explicit remote_job(worker_interface& interface)
        : remote_values<In, R>(interface),
          base(*reinterpret_cast<Body const*>(interface.batch.closure),
               static_cast<any_inputs<In> const&>(*this), interface.batch.count,
               static_cast<any_sink<R>&>(*this), on_failure::finish_all, interface.batch.task_limit,
               nullptr) {
        this->number_tasks(interface.batch.first_number, interface.batch.numbers);
        if (auto const slots = record_slots_of(interface); slots.every()) this->leave_records_at(slots);
        this->remote = &interface.batch;
    }
};

template <class Body, class In, class R>
std::unique_ptr<job> make_remote_job(worker_interface& interface) {
    // Not by make_unique, which would be one more function for each map to compile.
    return std::unique_ptr<job>(new remote_job<Body, In, R>(interface));
}

}  // namespace quartet::inline v0::detail
