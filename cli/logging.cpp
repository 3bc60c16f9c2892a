#include "cli/logging.hpp"

#include "cli/terminal/text.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace quartet::cli {

log_handler log_to_stderr() {
    auto const logger =
        std::make_shared<spdlog::logger>("quartet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%H:%M:%S: %v");
    return [logger](log_record const& record) {
        logger->log(record.time, spdlog::source_loc{}, spdlog::level::info, printable(record.line));
    };
}

}  // namespace quartet::cli
