#include "batch/run/job_queue.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace quartet::batch {

namespace {

// How far one looks for an input of another host.
constexpr std::size_t most_held = 1000;

std::string host_in(std::vector<std::string> const& fields) {
    for (auto const& field : fields)
        if (auto host = host_of(field); !host.empty()) return host;
    return {};
}

}  // namespace

std::string host_of(std::string_view url) {
    auto const scheme = url.find("://");
    if (scheme == url.npos) return {};
    auto rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    rest = rest.substr(rest.rfind('@') + 1);  // all of it if there is none
    std::string host(rest);
    std::ranges::transform(host, host.begin(),
                           [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return host;
}

std::optional<waiting_job> job_queue::next(double now) {
    if (auto due = take_due(now)) return due;
    if (auto held = take_held()) return held;
    return read();
}

std::optional<waiting_job> job_queue::take_due(double now) {
    for (auto each = waiting_.begin(); each != waiting_.end() && each->first <= now; ++each) {
        if (!take_place(each->second)) continue;
        auto job = std::move(each->second);
        waiting_.erase(each);
        return job;
    }
    return std::nullopt;
}

std::optional<waiting_job> job_queue::take_held() {
    auto const found = std::ranges::find_if(held_, [this](auto const& job) { return take_place(job); });
    if (found == held_.end()) return std::nullopt;
    auto job = std::move(*found);
    held_.erase(found);
    return job;
}

std::optional<waiting_job> job_queue::read() {
    while (held_.size() < most_held) {
        auto input = inputs_.next();
        if (!input) return std::nullopt;
        if (!is_wanted(*input)) {
            left_out_(input->number);
            continue;
        }
        waiting_job job{.attempt = earlier_.attempts(input->number) + 1};
        if (per_host_ > 0) job.host = host_in(input->fields);
        job.input = std::move(*input);
        if (take_place(job)) return job;
        held_.push_back(std::move(job));
    }
    return std::nullopt;
}

bool job_queue::is_wanted(numbered_input const& input) {
    earlier_.check(input.number, input.fields);
    auto const state = earlier_.state(input.number);
    if (resume_ == resume_kind::failed_only) return state == job_state::failed;
    return state != job_state::done;
}

bool job_queue::take_place(waiting_job const& job) {
    if (per_host_ == 0 || job.host.empty()) return true;
    auto& there = at_host_[job.host];
    if (there >= per_host_) return false;
    ++there;
    return true;
}

void job_queue::ended(waiting_job const& job) {
    if (per_host_ == 0 || job.host.empty()) return;
    auto const there = at_host_.find(job.host);
    if (--there->second == 0) at_host_.erase(there);
}

void job_queue::again(waiting_job job, double due) {
    waiting_.emplace(due, std::move(job));
}

std::optional<double> job_queue::next_due() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first;
}

}  // namespace quartet::batch
