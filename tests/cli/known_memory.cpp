// Tasks that each hold a known number of bytes until all of them do, so that the peak is known too.
//
// They wait for each other in a file, to which each appends a byte, for they may be threads or processes.

#include <quartet/workload/workload.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

struct allocation {
    std::string meeting;
    std::uint64_t bytes = 0;
    std::uint64_t tasks = 0;  ///< that wait for each other; 1: none
    std::uint64_t hold_ms = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(meeting, bytes, tasks, hold_ms);
    }
};

void meet(allocation const& wanted) {
    using namespace std::chrono_literals;
    int const file = open(wanted.meeting.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0 || write(file, "x", 1) != 1) throw std::runtime_error("cannot write to the meeting file");
    close(file);
    auto const end = std::chrono::steady_clock::now() + 200s;
    while (std::filesystem::file_size(wanted.meeting) < wanted.tasks) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the others did not come");
        std::this_thread::sleep_for(1ms);
    }
}

std::uint64_t hold(allocation wanted) {
    std::vector<char> block(wanted.bytes);
    if (!block.empty()) std::memset(block.data(), 0x5a, block.size());  // touched, and not pages of zeros
    if (wanted.tasks > 1) meet(wanted);
    std::this_thread::sleep_for(std::chrono::milliseconds(wanted.hold_ms));
    return std::accumulate(block.begin(), block.end(), std::uint64_t{0}, [](std::uint64_t sum, char each) {
        return sum + static_cast<unsigned char>(each);
    });
}

void run(quartet::workload_run& run) {
    auto const tasks = run.get<std::uint64_t>("tasks");
    allocation const wanted{run.scratch() / "meeting", run.get<std::uint64_t>("bytes"),
                            run.get<bool>("together") ? tasks : 1, run.get<std::uint64_t>("hold_ms")};
    run.checksum(run.map(hold, std::vector(tasks, wanted)));
}

quartet::registration const known_memory{{
    .name = "known_memory",
    .help = "holds known amounts of memory",
    .parameters = {quartet::integer("bytes", 0, 0, 1 << 30, "that each task allocates and touches"),
                   quartet::integer("tasks", 1, 1, 100, "how many"),
                   quartet::flag("together", true, "whether they wait until all have their memory"),
                   quartet::integer("hold_ms", 0, 0, 10'000, "for how long they hold it")},
    .run = run,
}};

}  // namespace

QUARTET_MAIN()
