#include <quartet/cpus.hpp>
#include <quartet/executor.hpp>
#include <quartet/models/async.hpp>
#include <quartet/models/processes.hpp>
#include <quartet/models/single.hpp>
#include <quartet/models/threads.hpp>
#include <quartet/spec.hpp>

namespace quartet {
namespace {

std::unique_ptr<model> make_model(model_spec const& spec, executor_options options) {
    switch (spec.kind) {
        case model_kind::single:
            return std::make_unique<single>(std::move(options.log));
        case model_kind::threads:
            if (spec.each) return std::make_unique<thread_per_task>(std::move(options.log));
            return std::make_unique<threads>(spec.count.value_or(cpu_share()), std::move(options.log));
        case model_kind::processes:
            if (spec.each)
                return std::make_unique<processes>(processes::one_per_task{}, std::move(options.log));
            return std::make_unique<processes>(spec.count.value_or(cpu_share()), std::move(options.log));
        case model_kind::async:
            break;
    }
    async_options in_flight{.files = options.files, .log = std::move(options.log)};
    if (spec.count) in_flight.limit = *spec.count;
    if (spec.each) in_flight.limit = async_options::no_limit;
    return std::make_unique<async>(std::move(in_flight));
}

}  // namespace

executor make_executor(std::string_view spec, executor_options options) {
    return executor(make_model(parse_spec(spec), std::move(options)));
}

}  // namespace quartet
