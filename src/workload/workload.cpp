#include "src/base/nearest.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

namespace quartet {
namespace {

std::string first_bytes(std::string_view text, std::size_t most) {
    return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "...";
}

constexpr std::size_t kept_failures = 10;

std::vector<workload>& registry() {
    static std::vector<workload> all;
    return all;
}

}  // namespace

void checksum::add_bytes(std::span<std::byte const> bytes) noexcept {
    constexpr std::size_t word = sizeof(std::uint64_t);
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(word, bytes.size()))) {
        std::uint64_t next = 0;
        std::memcpy(&next, bytes.data(), std::min(word, bytes.size()));
        value_ = (value_ ^ next) * 1099511628211u;
        value_ ^= value_ >> 32;
    }
}

std::vector<std::size_t> task_order::indices(std::size_t count) const {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (how == backwards) std::ranges::reverse(order);
    if (how != shuffled) return order;
    std::mt19937_64 random(seed);  // std::shuffle gives other orders in other standard libraries
    for (std::size_t n = count; n > 1; --n)
        std::swap(order[n - 1], order[random() % n]);
    return order;
}

task_digest detail::digest_of_failure(failure const& why) {
    checksum sum;
    sum.add_bytes(std::as_bytes(std::span(why.message)));
    constexpr std::size_t most = 500;  // a reason is read, a value only compared
    return {.value = sum.value(), .failed = true, .text = first_bytes(why.message, most)};
}

std::string detail::beginning_of(std::string_view text) {
    return first_bytes(text, 60);
}

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

void register_workload(workload added) {
    bool const well_named = !added.name.empty() && std::ranges::all_of(added.name, [](unsigned char c) {
        return std::isalnum(c) || c == '_';
    });
    if (!well_named)
        throw std::invalid_argument(
            fmt::format("a workload's name is made of letters, digits and _, not '{}'", added.name));
    if (std::ranges::any_of(registry(), [&](workload const& other) { return other.name == added.name; }))
        throw std::invalid_argument(fmt::format("there are two workloads named '{}'", added.name));
    if (!added.run) throw std::invalid_argument(fmt::format("workload '{}' has nothing to run", added.name));
    registry().push_back(std::move(added));
}

std::vector<workload> const& registered_workloads() {
    return registry();
}

workload const& find_workload(std::string_view name) {
    std::vector<std::string_view> names;
    for (auto const& each : registry()) {
        if (each.name == name) return each;
        names.push_back(each.name);
    }
    throw std::invalid_argument(fmt::format("unknown workload '{}'; there are {}{}", name,
                                            detail::join(names), detail::did_you_mean(name, names)));
}

}  // namespace quartet
