#include "measure/analysis/consistency.hpp"

#include "measure/trial/trial_folders.hpp"
#include "measure/trial/trial_process.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace quartet::measure {
namespace {

bool one_at_a_time(model_spec const& model) {
    if (model.kind == model_kind::single) return true;
    if (model.cluster && model.nodes != std::size_t{1}) return false;
    return !model.loops && model.count == 1;
}

class checker {
public:
    checker(configuration const& what, session_options const& options)
        : what_(what), options_(options), folders_(options.scratch) {}

    trial_result run(check_variant const& which) {
        auto const folder = folders_.make();
        trial_request request{.workload = what_.what->name,
                              .spec = quartet::to_string(which.model),
                              .parameters = {},
                              .scratch = folder.native(),
                              .server_url = options_.server_of(what_.what->name).url,
                              .order = which.order,
                              .keep_digests = true};
        for (auto const& [name, value] : what_.parameters)
            request.parameters[name] = quartet::to_string(value);
        auto result = run_trial_process(request, options_.stop_descriptor).result;
        trial_folders::empty(folder);
        return result;
    }

private:
    configuration const& what_;
    session_options const& options_;
    trial_folders folders_;
};

std::string trouble_of(trial_result const& result) {
    return result.error.empty() ? result.verification : result.error;
}

void note_failures(trial_result const& from, check_results& into) {
    into.failed = from.failed;
    into.failures = from.failures;
}

variant_result compare(check_variant const& which, trial_result const& reference, trial_result const& got,
                       std::vector<std::size_t> const& unrepeatable) {
    variant_result made{.which = which, .trouble = trouble_of(got)};
    if (!got.error.empty()) return made;
    if (got.digests.size() != reference.digests.size()) {
        made.trouble = fmt::format("{} tasks, not {}", got.digests.size(), reference.digests.size());
        return made;
    }
    for (std::size_t index = 0; index < got.digests.size(); ++index) {
        if (got.digests[index] == reference.digests[index]) continue;
        if (!std::ranges::binary_search(unrepeatable, index))
            made.differences.push_back({index, reference.digests[index], got.digests[index]});
    }
    return made;
}

}  // namespace

std::string_view to_string(task_order const& order) {
    switch (order.how) {
        case task_order::as_given:
            return "in the given order";
        case task_order::backwards:
            return "backwards";
        case task_order::shuffled:
            return "shuffled";
    }
    return {};
}

std::string to_string(check_variant const& which) {
    return fmt::format("{}, {}", quartet::to_string(which.model), to_string(which.order));
}

std::vector<check_variant> check_variants(std::vector<model_spec> const& models, std::size_t shuffles,
                                          std::uint64_t seed) {
    std::vector<check_variant> variants;
    for (auto const& model : models) {
        // In `single` the given order is the reference.
        if (model.kind != model_kind::single) variants.push_back({model, {}});
        variants.push_back({model, {.how = task_order::backwards}});
        for (std::size_t shuffle = 0; shuffle < shuffles; ++shuffle)
            variants.push_back({model, {.how = task_order::shuffled, .seed = seed + shuffle}});
    }
    return variants;
}

std::vector<model_spec> models_to_check(std::size_t tasks) {
    constexpr std::size_t not_too_many = 1000;
    std::size_t const crowd = std::max<std::size_t>(4, 2 * usable_cpus());
    std::vector<std::string> specs{"single",
                                   "async:1",
                                   "async:64",
                                   "threads:2",
                                   fmt::format("threads:{}", crowd),
                                   "processes:1",
                                   "processes:2",
                                   fmt::format("processes:{}", crowd),
                                   "threads:2+async:8",
                                   "processes:2+async:8"};
    if (tasks <= not_too_many) specs.insert(specs.end(), {"threads:each", "processes:each"});
    std::vector<model_spec> models;
    for (auto const& each : specs)
        models.push_back(parse_spec(each));
    return models;
}

bool check_results::is_clean() const noexcept {
    return trouble.empty() && failed == 0 && unrepeatable.empty() &&
           std::ranges::all_of(variants, &variant_result::is_clean);
}

shared_state likely_cause(check_results const& results) {
    auto cause = shared_state::none;
    auto const is = [&](shared_state which) {
        if (cause == shared_state::none || which < cause) cause = which;
    };
    for (auto const& each : results.variants) {
        if (each.is_clean()) continue;
        auto const& model = each.which.model;
        if (model.kind == model_kind::single) {
            is(shared_state::carried_over);
        } else {
            is(one_at_a_time(model) ? shared_state::of_the_worker : shared_state::at_once);
        }
    }
    return cause;
}

check_results run_check(configuration const& what, session_options const& options,
                        std::function<std::vector<check_variant>(std::size_t tasks)> const& choose,
                        check_observer const& observer) {
    checker runs(what, options);
    check_variant const single{{}, {}};
    check_results found;
    observer(single, 1, 2);
    auto const reference = runs.run(single);
    found.tasks = reference.digests.size();
    found.trouble = trouble_of(reference);
    note_failures(reference, found);
    if (!found.trouble.empty()) return found;
    auto const variants = choose(found.tasks);
    std::size_t const all = variants.size() + 2;
    observer(single, 2, all);
    auto const again = runs.run(single);
    if (found.failed == 0) note_failures(again, found);
    for (auto const& each : compare(single, reference, again, {}).differences)
        found.unrepeatable.push_back(each.index);
    for (std::size_t i = 0; i < variants.size(); ++i) {
        observer(variants[i], i + 3, all);
        found.variants.push_back(compare(variants[i], reference, runs.run(variants[i]), found.unrepeatable));
    }
    return found;
}

}  // namespace quartet::measure
