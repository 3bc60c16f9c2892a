#include <quartet/workload/run.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace quartet::inline v0 {
namespace {

constexpr std::size_t kept_failures = 10;

}  // namespace

workload_run::workload_run(setting chosen) : setting_(std::move(chosen)) {}
workload_run::~workload_run() = default;

parameter_value const& workload_run::value_of(std::string_view name) const {
    auto const found = setting_.parameters.find(name);
    if (found == setting_.parameters.end())
        throw std::logic_error(
            fmt::format("the workload asks for a parameter '{}' that it does not declare", name));
    return found->second;
}

executor& workload_run::how() {
    if (executor_) return *executor_;
    executor_options options{.log = setting_.log, .recorder = setting_.recorder};
    if (setting_.model.kind == model_kind::async || setting_.model.loops) options.files = setting_.files;
    if (!setting_.log) options.stall_limit = {};  // nobody reads of it
    executor_ = make_executor(to_string(setting_.model), std::move(options));
    return *executor_;
}

void workload_run::note(failure const* why) {
    ++tasks_;
    if (why) fail(why->index, why->message);
}

void workload_run::fail(std::size_t task, std::string_view why) {
    ++failed_;
    if (failures_.size() < kept_failures) failures_.push_back(fmt::format("task {}: {}", task, why));
}

void workload_run::expect(bool holds, std::string_view otherwise) {
    if (!holds && verification_.empty()) verification_ = otherwise;
}

void workload_run::start_clock() {
    executor_.reset();  // so that what its workers have used so far is not counted either
    if (setting_.recorder) setting_.recorder->clear();
    if (start_clock_hook_) start_clock_hook_();
    tasks_ = failed_ = lap_tasks_ = 0;
    failures_.clear();
    digests_.clear();
    lap_start_ = std::chrono::steady_clock::now();
}

void workload_run::lap(std::string name) {
    auto const now = std::chrono::steady_clock::now();
    laps_.push_back({std::move(name), tasks_ - lap_tasks_, now - lap_start_});
    lap_start_ = now;
    lap_tasks_ = tasks_;
}

workload_run::report workload_run::take_report() const {
    return {tasks_, failed_, failures_, answer_.value(), verification_, laps_, digests_};
}

}  // namespace quartet::inline v0
