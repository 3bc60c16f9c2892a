// tests/stress/random_calls.cpp
//
// Random calls of the library under random specs, from a seed: `random_calls --seconds 3600`. After each
// episode its promises are checked: every task had one outcome that can be, nothing was lost or doubled, and
// no process, descriptor, mapping or thread is left when the executors are gone. One that hangs is told with
// what is under way. docs/testing.md says more.
//
// Each episode is a process of its own, forked from one that has no threads, so that what it breaks is its
// own.
#include "tests/stress/episode.hpp"
#include "tests/stress/watch.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace quartet::stress;

constexpr std::string_view usage =
    R"(usage: random_calls [--seconds N] [--seed N] [--episode N] [--models SPEC,...]
                    [--jobs N] [--limit SECONDS] [--list]
  --seconds N      go on for so long; 20 unless set otherwise
  --seed N         what all follows from; a new one each time unless set
  --episode N      this one only, and print what it does
  --models SPECS   the specs to choose from
  --jobs N         episodes at a time; 1 unless set otherwise
  --limit SECONDS  after which an episode hangs; 120 unless set otherwise
  --list           print what the episode does, and do not do it
exit codes: 0 all promises were kept; 1 one was broken; 2 wrong usage
)";

[[noreturn]] void refuse(std::string const& why) {
    fmt::print(stderr, "random_calls: {}\n{}", why, usage);
    std::exit(2);
}

std::uint64_t number(std::string_view option, std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        refuse(fmt::format("{} takes a number, not '{}'", option, text));
    return value;
}

std::vector<std::string> specs_of(std::string_view text) {
    std::vector<std::string> specs;
    for (std::size_t begin = 0; begin <= text.size();) {
        std::size_t const end = std::min(text.find(',', begin), text.size());
        std::string const spec(text.substr(begin, end - begin));
        if (spec != "auto") {
            try {
                quartet::parse_spec(spec);
            } catch (std::invalid_argument const& wrong) {
                refuse(fmt::format("--models: {}", wrong.what()));
            }
        }
        specs.push_back(spec);
        begin = end + 1;
    }
    return specs;
}

/// Not in the usage: for the test that sees the checks go red.
breakage breakage_of(std::string_view name) {
    constexpr std::pair<std::string_view, breakage> names[] = {
        {"lost-end", breakage::lost_end},
        {"doubled-task", breakage::doubled_task},
        {"wrong-value", breakage::wrong_value},
        {"strange-failure", breakage::strange_failure},
        {"left-descriptor", breakage::left_descriptor},
        {"left-child", breakage::left_child},
        {"left-mapping", breakage::left_mapping},
        {"left-thread", breakage::left_thread},
        {"hang", breakage::hang},
        {"crash", breakage::crash},
        {"stray-child", breakage::stray_child},
        {"wrong-child-code", breakage::wrong_child_code},
        {"late-stop", breakage::late_stop},
        {"wrong-index", breakage::wrong_index},
        {"lost-exit-code", breakage::lost_exit_code},
        {"unbroken-start", breakage::unbroken_start},
    };
    for (auto const& [each, broken] : names) {
        if (each == name) return broken;
    }
    refuse(fmt::format("--break: nothing is called '{}'", name));
}

watch_options parse(int count, char** words) {
    watch_options made{.seed = std::random_device()() % 1'000'000'000u, .specs = usual_specs()};
    for (int n = 1; n < count; ++n) {
        std::string_view const option = words[n];
        if (option == "--help") {
            fmt::print("{}", usage);
            std::exit(0);
        }
        if (option == "--list") {
            made.list = true;
            continue;
        }
        if (++n == count) refuse(fmt::format("{} is no option, or lacks its value", option));
        std::string_view const value = words[n];
        if (option == "--seconds") {
            made.time = std::chrono::seconds(number(option, value));
        } else if (option == "--seed") {
            made.seed = number(option, value);
        } else if (option == "--episode") {
            made.only = number(option, value);
        } else if (option == "--models") {
            made.specs = specs_of(value);
        } else if (option == "--jobs") {
            made.jobs = std::max<std::uint64_t>(1, number(option, value));
        } else if (option == "--limit") {
            made.limit = std::chrono::seconds(number(option, value));
        } else if (option == "--break") {
            made.broken = breakage_of(value);
        } else {
            refuse(fmt::format("there is no option {}", option));
        }
    }
    return made;
}

}  // namespace

int main(int count, char** words) {
    auto const options = parse(count, words);
    if (options.list) {
        fmt::print("{}", describe(make_plan(options.seed, options.only.value_or(0), options.specs)));
        return 0;
    }
    return watch_episodes(options) ? 0 : 1;
}
