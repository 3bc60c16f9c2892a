#include <quartet/detail/call/sinks.hpp>

#include <algorithm>

namespace quartet::inline v0::detail {

failure_list::failure_list() = default;
failure_list::~failure_list() = default;

void failure_list::add(failure why) {
    std::lock_guard const lock(mutex_);
    failures_.push_back(std::move(why));
}

void failure_list::take_if(std::function<bool(failure&)> const& taken) {
    std::erase_if(failures_, taken);
}

void failure_list::throw_all(std::size_t tasks) {
    std::ranges::sort(failures_, {}, &failure::index);
    throw map_error(std::move(failures_), tasks);
}

}  // namespace quartet::inline v0::detail
