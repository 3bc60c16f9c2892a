#include "src/io/context/blocking_context.hpp"

#include <quartet/detail/io/shield.hpp>
#include <quartet/outcome.hpp>

#include <exception>
#include <thread>

namespace quartet::inline v0::detail {

blocking_context::blocking_context(worker_info worker, stop_state& stop, log_function log,
                                   name_function body_name)
    : context(std::move(worker), stop.word()),
      stop_(&stop),
      log_(std::move(log)),
      body_name_(std::move(body_name)) {}

blocking_context::blocking_context(worker_info worker, std::atomic<std::uint32_t> const& stop_word,
                                   log_function log, token_function stop_token)
    : context(std::move(worker), stop_word), log_(std::move(log)), make_token_(std::move(stop_token)) {}

blocking_context::blocking_context(blocking_context const& on, blocking_context const& as)
    : context(on.where(), as.context::stop_word()),
      stop_(as.stop_),
      log_(on.log_),
      body_name_(as.body_name_) {}

void blocking_context::follow(blocking_context const& other) noexcept {
    stop_ = other.stop_;
    body_name_ = other.body_name_;
    context::follow(other.context::stop_word());
}

// A body that swallows its end can't be ended here. It shall not use up a processor as well.
void blocking_context::end_at_once(operation& ended) {
    ended.error = std::make_exception_ptr(cancelled());
    std::uint32_t const unheard = count_unheard();
    if (unheard == deaf_after) warn(describe_deafness(body_name_ ? body_name_() : "a body"));
    if (unheard >= deaf_after) std::this_thread::sleep_for(pause_of_the_deaf);
}

bool blocking_context::start(operation& begun) {
    if (stop_requested() && begun.ends_with_body()) {
        end_at_once(begun);
    } else {
        begun.perform(*this);
    }
    return true;
}

std::atomic<std::uint32_t> const& blocking_context::stop_word() const noexcept {
    auto const* const part = current_scope();
    auto const& of_run = context::stop_word();
    return part && part->behind() ? part->behind()->word(of_run) : of_run;
}

void blocking_context::do_log(std::string_view line) {
    if (log_) log_(where(), line);
}

}  // namespace quartet::inline v0::detail
