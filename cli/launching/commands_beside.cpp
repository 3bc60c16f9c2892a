#include "cli/launching/commands_beside.hpp"

#include <quartet/codec_cereal.hpp>
#include <quartet/executor.hpp>

#include <chrono>
#include <system_error>

namespace quartet::cli {
namespace {

task<command_result> ended(context& ctx, word_list arguments) {
    command what;
    what.arguments = std::move(arguments);
    what.timeout = std::chrono::seconds(20);
    try {
        co_return co_await ctx.run(std::move(what));
    } catch (std::system_error const& refused) {
        command_result none;
        none.exit_code = no_such_program;
        none.errors = refused.what();
        co_return none;
    }
}

}  // namespace

std::vector<command_result> run_beside(std::vector<word_list> const& commands) {
    // To begin a program takes long on a busy machine, and whoever uses the tool can do nothing about it.
    auto executor = make_executor("async:64", {.stall_limit = std::chrono::nanoseconds::zero()});
    std::vector<command_result> results;
    for (auto& each : executor.map(ended, commands))
        results.push_back(std::move(each));
    return results;
}

}  // namespace quartet::cli
