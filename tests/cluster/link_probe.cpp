// tests/cluster/link_probe.cpp
//
// link_probe MODE [NUMBER…]: a rank that uses its link to the others. Started by an MPI's mpirun or by srun
// (link_test.py); prints a line a rank and exits with 1 if something is not as it has to be.
#include "src/models/cluster/launch.hpp"
#include "src/models/cluster/link.hpp"
#include "src/models/cluster/mpi_loader.hpp"

#include <quartet/detail/shm/shared_heap.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <signal.h>
#include <span>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace quartet::detail;
using clock_type = std::chrono::steady_clock;
using quartet::detail::link;

constexpr auto patience = 60s;  // ends what would hang

std::vector<std::uint64_t> numbers;

std::uint64_t number_or(std::size_t place, std::uint64_t otherwise) {
    return place < numbers.size() ? numbers[place] : otherwise;
}

void require(bool holds, std::string const& what) {
    if (!holds) throw std::runtime_error(what);
}

void say(link const& own, std::string const& text) {
    std::fputs(fmt::format("rank {}: {}\n", own.rank(), text).c_str(), stdout);
    std::fflush(stdout);
}

double seconds_since(clock_type::time_point begin) {
    return std::chrono::duration<double>(clock_type::now() - begin).count();
}

bool is_word_of_link_process(packet const& message) {
    frame_head const* const head = head_of(message);
    return head && message.bytes().size() == sizeof *head && head->session == 0;
}

std::deque<arrival> early;  // came while something else was waited for

std::optional<arrival> receive(link& own) {
    if (early.empty()) return own.receive();
    auto first = std::move(early.front());
    early.pop_front();
    return first;
}

/// The next message of a program.
arrival next(link& own) {
    auto const until = clock_type::now() + patience;
    for (;;) {
        if (auto came = receive(own)) {
            if (!is_word_of_link_process(came->message)) return std::move(*came);
            continue;
        }
        if (auto const why = own.failed()) throw std::runtime_error(*why);
        require(clock_type::now() < until, "nothing has come");
        own.wait(until);
    }
}

packet filled(std::size_t bytes, std::uint64_t number) {
    std::vector<std::byte> content(sizeof(frame_head) + bytes);
    frame_head const head{.session = 1, .kind = message_kind::tasks, .number = number, .heard = 0};
    std::memcpy(content.data(), &head, sizeof head);
    std::uint64_t word = number * 0x9e3779b97f4a7c15U;
    for (std::size_t at = sizeof head; at + sizeof word <= content.size(); at += sizeof word, ++word)
        std::memcpy(content.data() + at, &word, sizeof word);
    return packet(std::move(content));
}

void check(packet const& message, std::size_t bytes, std::uint64_t number) {
    auto const content = message.bytes();
    require(content.size() == sizeof(frame_head) + bytes,
            fmt::format("message {} has {} bytes and not {}", number, content.size() - sizeof(frame_head),
                        bytes));
    require(head_of(message)->number == number,
            fmt::format("message {} came where {} was due", head_of(message)->number, number));
    std::uint64_t word = number * 0x9e3779b97f4a7c15U;
    for (std::size_t at = sizeof(frame_head); at + sizeof word <= content.size(); at += sizeof word, ++word)
        require(std::memcmp(content.data() + at, &word, sizeof word) == 0,
                fmt::format("message {} was changed", number));
}

/// Takes a message of number 0; others wait.
void await_word(link& own) {
    std::deque<arrival> others;
    for (;;) {
        auto came = next(own);
        if (head_of(came.message)->number == 0) break;
        others.push_back(std::move(came));
    }
    early.insert(early.begin(), std::make_move_iterator(others.begin()),
                 std::make_move_iterator(others.end()));
}

/// The root speaks first, as what comes before it listens is nobody's. Others may be quicker to go on.
void meet(link& own) {
    auto const to_all = [&] {
        for (std::size_t rank = 1; rank < own.size(); ++rank)
            own.send(rank, filled(0, 0));
    };
    if (own.rank() == 0) {
        to_all();
        for (std::size_t left = own.size() - 1; left > 0; --left)
            await_word(own);
        to_all();
    } else {
        await_word(own);
        own.send(0, filled(0, 0));
        await_word(own);
    }
}

// ---- Modes

void hello(link& own) {
    meet(own);
    say(own, fmt::format("{} ranks, {}", own.size(), own.about()));
    meet(own);
}

/// Ranks 0 and 1 send a message to and fro. NUMBERS: bytes, times.
void echo(link& own) {
    std::size_t const bytes = number_or(0, 8);
    std::size_t const times = number_or(1, 1000);
    meet(own);
    if (own.rank() < 2) {
        packet message = filled(bytes, 1);
        auto begin = clock_type::now();
        std::size_t const warm_up = times / 10 + 1;
        for (std::size_t time = 0; time < warm_up + times; ++time) {
            if (time == warm_up) begin = clock_type::now();
            if (own.rank() == 0) own.send(1, message);
            message = next(own).message;
            if (own.rank() == 1) own.send(0, message);
        }
        double const half = seconds_since(begin) / 2 / static_cast<double>(times);
        if (own.rank() == 0)
            say(own, fmt::format("{} bytes: half a round trip {:.1f} us, {:.3f} GB/s", bytes, half * 1e6,
                                 static_cast<double>(bytes) / half / 1e9));
    }
    meet(own);
}

/// Rank 1 sends messages to rank 0, which confirms the last one. NUMBERS: bytes, times.
void stream(link& own) {
    std::size_t const bytes = number_or(0, 1 << 20);
    std::size_t const times = number_or(1, 100);
    meet(own);
    auto const begin = clock_type::now();
    if (own.rank() == 1) {
        packet const message = filled(bytes, 1);
        for (std::size_t time = 0; time < times; ++time) {
            own.send(0, message);
            while (own.unsent() > (std::size_t{256} << 20))
                std::this_thread::sleep_for(200us);
        }
        static_cast<void>(next(own));
        double const all = seconds_since(begin);
        say(own,
            fmt::format("{} bytes: {:.0f} messages/s, {:.3f} GB/s", bytes, static_cast<double>(times) / all,
                        static_cast<double>(bytes * times) / all / 1e9));
    }
    if (own.rank() == 0) {
        for (std::size_t time = 0; time < times; ++time)
            static_cast<void>(next(own));
        own.send(1, filled(0, 0));
    }
    meet(own);
}

/// The sizes of what `from` sends to `to`, in order: most small, some large, a few in parts.
class sizes {
public:
    sizes(std::size_t from, std::size_t to) : random_(static_cast<unsigned>(from * 1000 + to)) {}

    std::size_t next() {
        auto const kind = random_() % 1000;
        if (kind < 900) return random_() % 200;
        if (kind < 990) return random_() % 20'000;
        if (kind < 999) return random_() % 2'000'000;
        return (std::size_t{66} << 20) + random_() % 100'000;  // beyond a part
    }

private:
    std::mt19937 random_;
};

/// All send to all, as quickly as they can. NUMBERS: how many each sends to each.
void flood(link& own) {
    std::size_t const count = number_or(0, 2000);
    struct partner {
        sizes out;
        sizes in;
        std::size_t sent = 0;
        std::size_t came = 0;
    };
    std::map<std::size_t, partner> partners;
    for (std::size_t rank = 0; rank < own.size(); ++rank) {
        if (rank != own.rank())
            partners.emplace(rank, partner{sizes(own.rank(), rank), sizes(rank, own.rank())});
    }
    meet(own);
    std::size_t left = partners.size() * count;
    std::deque<arrival> words;  // of the second meeting
    auto const begin = clock_type::now();
    while (left > 0 || std::any_of(partners.begin(), partners.end(),
                                   [&](auto& each) { return each.second.sent < count; })) {
        for (auto& [rank, each] : partners) {
            for (int burst = 0; burst < 20 && each.sent < count && own.unsent() < (std::size_t{256} << 20);
                 ++burst)
                own.send(rank, filled(each.out.next(), ++each.sent));
        }
        while (auto came = receive(own)) {
            if (is_word_of_link_process(came->message)) continue;
            if (head_of(came->message)->number == 0) {
                words.push_back(std::move(*came));
                continue;
            }
            partner& from = partners.at(came->from);
            check(came->message, from.in.next(), ++from.came);
            --left;
        }
        require(seconds_since(begin) < 100, fmt::format("{} messages have not come", left));
        if (left > 0) own.wait(clock_type::now() + 1ms);
    }
    say(own, fmt::format("{} messages came in order and as they were", partners.size() * count));
    early = std::move(words);
    meet(own);
    auto const until = clock_type::now() + 10s;
    while (own.unsent() > 0 && clock_type::now() < until)
        std::this_thread::sleep_for(1ms);
    require(own.unsent() == 0, "something is still unsent");
}

/// Rank 1 sends one message. NUMBERS: MiB.
void large(link& own) {
    std::size_t const bytes = number_or(0, 3072) << 20;
    meet(own);
    auto const begin = clock_type::now();
    if (own.rank() == 1) {
        own.send(0, filled(bytes, 1));
        static_cast<void>(next(own));
    }
    if (own.rank() == 0) {
        auto const came = next(own);
        double const seconds = seconds_since(begin);
        check(came.message, bytes, 1);
        say(own, fmt::format("{} MiB came as they were, in {:.2f} s", bytes >> 20, seconds));
        own.send(1, filled(0, 0));
    }
    meet(own);
}

/// Of all threads of a process.
double processor_seconds(pid_t process) {
    double nanoseconds = 0;
    for (auto const& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process))) {
        double ran = 0;
        std::ifstream(task.path() / "schedstat") >> ran;
        nanoseconds += ran;
    }
    return nanoseconds / 1e9;
}

/// What ranks take of a processor when nothing comes. NUMBERS: seconds.
void idle(link& own) {
    auto const listen_until = [&own](clock_type::time_point until) {
        while (clock_type::now() < until) {
            own.wait(until);
            while (auto came = own.receive()) {
                if (!is_word_of_link_process(came->message))
                    early.push_back(std::move(*came));  // of the last meeting
            }
        }
    };
    for (int time = 0; time < 20; ++time)
        meet(own);  // some traffic, by which the link process learns what its sockets tell
    listen_until(clock_type::now() + 1s);
    auto const begin = clock_type::now();
    double const link_before = processor_seconds(own.process());
    double const before = processor_seconds(getpid());
    listen_until(begin + std::chrono::seconds(number_or(0, 5)));
    double const seconds = seconds_since(begin);
    double const link_share = (processor_seconds(own.process()) - link_before) / seconds * 100;
    double const share = (processor_seconds(getpid()) - before) / seconds * 100;
    say(own, fmt::format("idle: in {:.1f} s the link process {:.3f} % of a core, the program {:.3f} %",
                         seconds, link_share, share));
    require(link_share > 0, "what it took was not seen");
    require(link_share < 5, "it burns a processor");
    meet(own);
}

/// The last rank is killed; the others go on, also while they send to it. NUMBERS: 1: its link process too.
void death(link& own) {
    std::size_t const dead = own.size() - 1;
    require(own.size() >= 3, "death needs three ranks");
    meet(own);
    if (own.rank() == dead) {
        if (number_or(0, 0) == 1) kill(own.process(), SIGKILL);
        kill(getpid(), SIGKILL);
    }
    if (own.rank() == 0) {
        std::this_thread::sleep_for(500ms);
        for (int time = 0; time < 300; ++time)
            own.send(dead, filled(100'000, 1));
        own.send(dead, filled(std::size_t{200} << 20, 1));
        for (std::uint64_t time = 1; time <= 500; ++time) {
            own.send(1, filled(1000, time));
            check(next(own).message, 1000, time);
        }
        bool const knew = own.is_gone(dead);
        own.drop(dead);
        auto const until = clock_type::now() + 10s;
        while (own.unsent() > 0 && clock_type::now() < until)
            std::this_thread::sleep_for(1ms);
        require(own.unsent() == 0, fmt::format("{} bytes are unsent after the drop", own.unsent()));
        require(own.is_gone(dead), "the dead one is not gone");
        require(number_or(0, 0) == 1 || knew, "its link process has not told of the end");
        say(own, "went on");
    } else {
        for (std::uint64_t time = 1; time <= 500; ++time) {
            auto const came = next(own);
            check(came.message, 1000, time);
            own.send(0, came.message);
        }
        auto const until = clock_type::now() + 10s;
        while (own.unsent() > 0 && clock_type::now() < until)
            std::this_thread::sleep_for(1ms);
        say(own, "went on");
    }
}

/// A user's turn, within a process of its own. It is killed in the middle, or ends with all messages that it
/// has.
[[noreturn]] void take_turn(link& own, bool is_killed) {
    auto const turn = own.use();
    std::uint64_t const session = own.next_session();
    std::vector<arrival> kept;
    for (std::uint64_t time = 1; time <= 100; ++time) {
        for (std::size_t rank = 1; rank < own.size(); ++rank)
            own.send(rank, filled(50'000, session * 1000 + time));
        if (is_killed && time == 50) kill(getpid(), SIGKILL);
        for (std::size_t rank = 1; rank < own.size(); ++rank) {
            kept.push_back(next(own));
            // What is late of one that was killed is of another session.
            while (head_of(kept.back().message)->number / 1000 != session)
                kept.back() = next(own);
        }
    }
    _exit(0);
}

/// Processes of the root use the link, in pairs that want it at the same time. One of each is killed while it
/// does.
void turns(link& own, std::function<void()> const& give_up_turn) {
    constexpr std::uint32_t pairs = 4;
    if (own.rank() > 0) {
        for (bool over = false; !over;) {
            auto const came = next(own);
            over = head_of(came.message)->number == 0;
            own.send(0, came.message);
        }
        return;
    }
    give_up_turn();
    for (std::uint32_t pair = 0; pair < pairs; ++pair) {
        std::array<pid_t, 2> children{};
        for (auto& each : children) {
            bool const is_killed = &each == &children[pair % 2];
            each = fork();
            if (each == 0) take_turn(own, is_killed);
        }
        for (auto const& each : children) {
            int status = 0;
            waitpid(each, &status, 0);
            bool const is_killed = &each == &children[pair % 2];
            bool const well = is_killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : status == 0;
            require(well, fmt::format("a user ended by {}", status));
        }
    }
    auto const turn = own.use();
    require(own.next_session() == 2 * pairs + 1, "a session's number came twice");
    for (std::size_t rank = 1; rank < own.size(); ++rank)
        own.send(rank, filled(0, 0));
    for (std::size_t left = own.size() - 1; left > 0;)
        left -= head_of(next(own).message)->number == 0 ? 1U : 0U;
    say(own, "all had their turn");
}

/// A message that comes when all sleep wakes them. A link process that is not woken finds it all the same,
/// when it next looks: how often that was it counts.
void prompt(link& own) {
    constexpr std::size_t times = 9;
    for (int time = 0; time < 20; ++time)
        meet(own);
    auto const before = own.found_late();
    for (std::uint64_t time = 1; time <= times; ++time) {
        std::this_thread::sleep_for(100ms);
        if (own.rank() == 0) {
            own.send(1, filled(8, time));
            check(next(own).message, 8, time);
        } else if (own.rank() == 1) {
            own.send(0, next(own).message);
        }
    }
    auto const late = own.found_late() - before;
    say(own, fmt::format("{} messages were found late", late));
    require(late <= times / 2, "the link process is not woken");  // one may come right then
    meet(own);
}

/// The last rank's link process is killed: its program hears of it.
void broken(link& own) {
    std::size_t const dead = own.size() - 1;
    meet(own);
    if (own.rank() == dead) {
        require(!own.failed(), "it has failed before");
        kill(own.process(), SIGKILL);
        auto const begin = clock_type::now();
        while (!own.failed()) {
            own.wait(begin + patience);
            require(seconds_since(begin) < 10, "was not told that its link process has died");
            while (own.receive()) {
            }
        }
        say(own, *own.failed());
    }
    if (own.rank() > 0) return;
    std::this_thread::sleep_for(1s);
    own.drop(dead);  // so that nobody waits for it at the end
}

/// The root's program ends in an ugly way: the others hear of it by its link process.
void orphans(link& own) {
    meet(own);
    if (own.rank() == 0) kill(getpid(), SIGKILL);
    auto const until = clock_type::now() + 10s;
    for (;;) {
        while (auto came = own.receive()) {
            if (is_word_of_link_process(came->message) &&
                head_of(came->message)->kind == message_kind::leave) {
                say(own, "was told that the root is gone");
                return;
            }
        }
        require(clock_type::now() < until, "was not told that the root is gone");
        own.wait(until);
    }
}

/// The same MPI without a link, for scale. NUMBERS: bytes, times.
void raw(launch const& how) {
    auto const& mpi = load_mpi_plugin(find_mpi_plugin(how.flavour), how.flavour);
    require(mpi.start() == 0, "MPI does not start");
    std::size_t const bytes = number_or(0, 8);
    std::size_t const times = number_or(1, 1000);
    std::vector<std::byte> buffer(bytes);
    auto const finish = [&](quartet_mpi_request request) {
        for (std::int8_t said = 0; said == 0;)
            mpi.test(&request, 1, &said);
    };
    if (how.rank < 2) {
        auto const other = static_cast<std::int32_t>(1 - how.rank);
        auto begin = clock_type::now();
        std::size_t const warm_up = times / 10 + 1;
        for (std::size_t time = 0; time < 2 * (warm_up + times); ++time) {
            if (time == 2 * warm_up) begin = clock_type::now();
            quartet_mpi_request request{};
            if ((time % 2 == 0) == (how.rank == 0))
                mpi.send(buffer.data(), bytes, other, 1, &request);
            else
                mpi.receive(buffer.data(), bytes, other, 1, &request);
            finish(request);
        }
        double const half = seconds_since(begin) / 2 / static_cast<double>(times);
        if (how.rank == 0)
            std::printf("raw: %zu bytes: half a round trip %.1f us, %.3f GB/s\n", bytes, half * 1e6,
                        static_cast<double>(bytes) / half / 1e9);
    }
    mpi.finish();
}

int run(std::string const& mode) {
    auto const how = how_launched();
    require(how.has_value(), "was not started as a rank");
    if (mode == "raw") return raw(*how), 0;
    if (mode == "late" && how->rank > 0) {
        std::this_thread::sleep_for(4s);  // beyond the others' limit
        return 0;
    }
    signal(SIGUSR1, SIG_IGN);  // by which MPICH's launcher tells of a rank that was killed
    link_options options{.how = *how, .silence = std::chrono::seconds(2)};
    if (char const* const limit = std::getenv("LINK_PROBE_LIMIT"))
        options.start_limit = std::chrono::seconds(std::atoi(limit));
    auto const own = link::start(options);
    auto turn = own->use();
    if (mode == "hello") hello(*own);
    if (mode == "echo") echo(*own);
    if (mode == "stream") stream(*own);
    if (mode == "flood") flood(*own);
    if (mode == "large") large(*own);
    if (mode == "idle") idle(*own);
    if (mode == "death") death(*own);
    if (mode == "prompt") prompt(*own);
    if (mode == "broken") broken(*own);
    if (mode == "turns") turns(*own, [&] { turn.reset(); });
    if (mode == "orphans") orphans(*own);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        for (int each = 2; each < argc; ++each)
            numbers.push_back(std::strtoull(argv[each], nullptr, 10));
        return run(argc > 1 ? argv[1] : "hello");
    } catch (std::exception const& error) {
        std::fprintf(stderr, "link_probe: %s\n", error.what());
        return 1;
    }
}
