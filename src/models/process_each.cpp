#include "src/models/process_each.hpp"

#include <fmt/format.h>

#include <cstring>
#include <vector>

namespace quartet::detail {

process_each::process_each(log_handler log) : process_host(0, std::move(log)) {
    start();
}

void process_each::start() {
    start_zygote([shared = &pool()](std::size_t number) { serve_one(*shared, number); });
}

void process_each::run_batch(job& work) {
    // As many slots as tasks, so they lie with the batch.
    pool().slots = heap().allocate_array<worker_slot>(work.size());
    pool().slot_count = work.size();
    pool().workers = work.size();
    ended_ = 0;
    refused_.clear();
    for (std::size_t number = 0; number < work.size(); ++number) {
        reset_slot(number);
        pool().slots[number].busy.store(1, std::memory_order_relaxed);
        forker().spawn(number);
    }
    while ((ended_ < work.size() || forker().kills_unanswered()) && !lost()) {
        wait_for_events();
        while (auto const happened = next_event())
            on_event(*happened, work);
        bool const none_runs = alive().empty() && forker().unanswered() == 0 && !forker().kills_unanswered();
        if (none_runs && !refused_.empty()) break;
    }
    if (lost()) fail_waiting(work, zygote_lost);
    if (!refused_.empty())
        fail_waiting(work, fmt::format("no process could be forked: {}", std::strerror(refusal_)));
    pool().slot_count = 0;  // the slots go with the batch
}

void process_each::take_idle_events() {
    while (next_event()) {
    }
}

void process_each::on_event(zygote::event const& happened, job& work) {
    using kind = zygote::event::kind;
    if (happened.what == kind::refused) {
        refused_.push_back(happened.number);
        refusal_ = happened.status;
    }
    if (happened.what != kind::ended) return;
    ++ended_;
    pool().slots[happened.number].busy.store(0, std::memory_order_relaxed);
    if (state_of(happened.number) == task_state::waiting) fail_running(work, happened.number, happened);
    if (refused_.empty()) return;
    forker().spawn(refused_.back());
    refused_.pop_back();
}

}  // namespace quartet::detail
