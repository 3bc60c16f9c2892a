// A program that records what a cluster does: records_program SPEC [nothing]. Runs two calls, and prints of
// each task where and when it ran: as its record says, and as it says itself by the time of day, which all
// machines of the test share. Times are microseconds since the program began.

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using day_time = std::chrono::system_clock;

std::int64_t time_of_day() {
    return std::chrono::duration_cast<std::chrono::microseconds>(day_time::now().time_since_epoch()).count();
}

struct visit {
    std::string worker;
    std::int64_t began;
    std::int64_t ended;

    void serialize(auto& archive) { archive(worker, began, ended); }
};

quartet::task<visit> stay(quartet::context& ctx, int) {
    auto const began = time_of_day();
    co_await ctx.sleep_for(40ms);
    co_return visit{ctx.where().name, began, time_of_day()};
}

std::string name_of(quartet::task_recorder const& recorder, quartet::task_record const& record) {
    for (auto const& each : recorder.workers()) {
        if (each.node == record.node && each.number == record.worker) return each.name;
    }
    return "nobody";
}

}  // namespace

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    if (argc < 2) {
        std::cerr << "usage: records_program SPEC [nothing]\n";
        return EXIT_FAILURE;
    }
    auto const began = time_of_day();
    auto const began_here = std::chrono::steady_clock::now();
    auto const since = [&](std::chrono::steady_clock::time_point when) {
        return std::chrono::duration_cast<std::chrono::microseconds>(when - began_here).count();
    };
    quartet::task_recorder recorder(10'000, quartet::recording::everything);
    auto executor = quartet::make_executor(argv[1], {.recorder = &recorder});
    std::vector<visit> visits;
    for (int call = 0; call < 2; ++call) {
        for (auto& each : executor.map(stay, std::vector<int>(18)))
            visits.push_back(std::move(each));
    }
    std::cout << "ended " << since(std::chrono::steady_clock::now()) << "\n";
    for (auto const& each : recorder.nodes())
        std::cout << "node " << each.name << " " << std::chrono::nanoseconds(each.clock_error).count()
                  << "\n";
    auto const records = recorder.records();
    for (std::size_t index = 0; index < records.size() && index < visits.size(); ++index) {
        auto const& record = records[index];
        auto const& truth = visits[index];
        std::cout << "task " << record.call << " " << record.node << " " << name_of(recorder, record) << " "
                  << truth.worker << " " << since(record.queued) << " " << since(record.started) << " "
                  << since(*record.finished) << " " << truth.began - began << " " << truth.ended - began
                  << " " << record.waits.size() << "\n";
    }
    std::cout << "records " << records.size() << std::endl;
}
