// The protocol of the cluster in a simulation: whatever becomes of messages and nodes, each task has one
// outcome and has begun once at the most. QUARTET_SEEDS says for how many seeds, QUARTET_FIRST_SEED
// from which on.

#include "tests/models/cluster/simulation.hpp"

#include <quartet/broadcast.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace quartet;
using namespace std::chrono_literals;
using simulation::cluster;
using simulation::nanoseconds;

std::string doubled(std::int64_t) {
    return {};  // a simulated worker makes the result
}

using letters = broadcast<char[]>;

letters letters_of(std::size_t bytes, std::uint64_t seed = 1) {
    std::mt19937_64 random(seed);
    std::string made(bytes, ' ');
    for (std::size_t place = 0; place < bytes; place += sizeof(std::uint64_t)) {
        std::uint64_t const eight = random();
        std::memcpy(made.data() + place, &eight, std::min(sizeof eight, bytes - place));
    }
    return letters(made);
}

/// An input with a view in it.
struct numbered_view {
    std::int64_t number;
    broadcast_view<char[]> of;
};

/// A map whose outcomes are counted.
class counted_map {
    struct sink {
        std::vector<int> outcomes;
        std::vector<std::optional<std::string>> values;
        std::vector<failure> failures;
        void set(std::size_t index, std::string&& value) {
            ++outcomes[index];
            values[index] = std::move(value);
        }
        void fail(failure why) {
            ++outcomes[why.index];
            failures.push_back(std::move(why));
        }
    };
    template <class Body, class In>
    struct typed {
        Body body;
        std::vector<In> inputs;
        detail::map_job<Body, In, std::vector<In>, sink> work;

        typed(Body what, std::vector<In> of, sink& to, on_failure policy)
            : body(what),
              inputs(std::move(of)),
              work(body, inputs, inputs.size(), to, policy, std::chrono::nanoseconds::max()) {}
    };

public:
    counted_map(cluster& on, std::size_t tasks, std::int64_t first = 0,
                on_failure policy = on_failure::finish_all, std::size_t chunk = 0)
        : counted_map(tasks, first) {
        begin(on, &doubled, inputs, policy, chunk);
    }
    /// Its body captures a view.
    counted_map(cluster& on, std::size_t tasks, letters const& captured, std::int64_t first = 0,
                on_failure policy = on_failure::finish_all, std::size_t chunk = 0)
        : counted_map(tasks, first) {
        auto const body = [of = captured.view()](std::int64_t) { return std::string(of.get().size(), 'x'); };
        begin(on, body, inputs, policy, chunk);
    }
    /// Each input has a view of one of these.
    counted_map(cluster& on, std::size_t tasks, std::vector<letters> const& views, std::int64_t first = 0,
                on_failure policy = on_failure::finish_all, std::size_t chunk = 0)
        : counted_map(tasks, first) {
        std::vector<numbered_view> both;
        for (auto const number : inputs)
            both.push_back({number, views[static_cast<std::size_t>(number) % views.size()].view()});
        auto const body = [](numbered_view const&) { return std::string(); };
        begin(on, body, std::move(both), policy, chunk);
    }

    bool finished() { return work->ended(); }

    std::vector<std::int64_t> inputs;
    sink to;
    job* work = nullptr;

private:
    counted_map(std::size_t tasks, std::int64_t first)
        : inputs(tasks), to{std::vector<int>(tasks), std::vector<std::optional<std::string>>(tasks), {}} {
        std::iota(inputs.begin(), inputs.end(), first);
    }

    template <class Body, class In>
    void begin(cluster& on, Body body, std::vector<In> of, on_failure policy, std::size_t chunk) {
        auto made = std::make_shared<typed<Body, In>>(body, std::move(of), to, policy);
        work = &made->work;
        kept_ = std::move(made);
        work->set_chunk_size(chunk);
        work->start_under(on);
    }

    std::shared_ptr<void> kept_;
};

std::uint64_t number_from(char const* variable, std::uint64_t otherwise) {
    char const* const asked = std::getenv(variable);
    return asked ? std::strtoull(asked, nullptr, 10) : otherwise;
}

/// Everything that can go wrong, as a seed says.
class ordeal {
public:
    explicit ordeal(std::uint64_t seed) : random_(seed), options_(make_options(seed)), on_(options_) {}

    void run() {
        std::vector<std::unique_ptr<counted_map>> maps;
        std::size_t const calls = pick(1, 4);
        for (std::size_t call = 0; call < calls; ++call)
            on_.when.after(some(0ms, 300ms), [&, call] {
                maps.push_back(begin_map(first_of(call)));
                if (chance(0.2)) {
                    auto* const stopped = maps.back().get();
                    on_.when.after(some(0ms, 200ms), [&maps, stopped] {  // unless all is over
                        if (!maps.empty()) stopped->work->request_stop();
                    });
                }
            });
        plan_faults();
        ASSERT_TRUE(on_.run_until([&] {
            return maps.size() == calls &&
                   std::ranges::all_of(maps, [](auto& each) { return each->finished(); });
        })) << "a call has not ended";
        for (auto const& each : maps)
            check(*each);
        check_records(maps);
        for (auto const& each : pieces_)
            check_chunks(each, **std::ranges::find_if(maps, [&](auto const& map) {
                             return map->inputs[0] == each.input / 1'000'000 * 1'000'000;
                         }));
        maps.clear();
        check_nodes();
    }

private:
    /// One that needs no broadcast, or an own one that ends with it, or that of all, or some by its inputs.
    std::unique_ptr<counted_map> begin_map(std::int64_t first) {
        auto const policy = chance(0.2) ? on_failure::stop_all : on_failure::finish_all;
        std::size_t const tasks = pick(1, 400);
        std::size_t const chunk = chance(0.3) ? pick(1, 20) : 0;
        if (chance(0.5)) return std::make_unique<counted_map>(on_, tasks, first, policy, chunk);
        if (chance(0.3))
            return std::make_unique<counted_map>(on_, tasks, some_letters(), first, policy, chunk);
        if (chance(0.5))
            return std::make_unique<counted_map>(on_, tasks, values_->front(), first, policy, chunk);
        return std::make_unique<counted_map>(on_, tasks, *values_, first, policy, chunk);
    }
    letters some_letters() { return letters_of(chance(0.1) ? 0 : pick(1, 300'000), random_()); }

    static std::int64_t first_of(std::size_t call) { return static_cast<std::int64_t>(call) * 1'000'000; }

    simulation::cluster_options make_options(std::uint64_t seed) {
        simulation::cluster_options options{.nodes = pick(1, 4), .workers = pick(1, 3), .seed = seed};
        if (chance(0.7)) {
            options.net = {.how = detail::delivery::careless,
                           .least = 10us,
                           .most = some(20us, 40ms),
                           .lost = chance(0.6) ? real(0, 0.2) : 0,
                           .doubled = chance(0.6) ? real(0, 0.3) : 0};
        } else {
            options.net = {.least = 10us, .most = some(20us, 5ms)};
        }
        options.no_room = chance(0.3) ? real(0, 0.9) : 0;
        bool const large = chance(0.2);
        options.budget = large ? 200'000 : options.budget;
        nanoseconds const usual = some(1us, 20ms);
        // From some task on they may take longer.
        auto const turn = chance(0.3) ? static_cast<std::int64_t>(pick(0, 300)) : 1'000'000;
        options.work = {
            .time =
                [usual, turn](std::size_t node, std::int64_t input) {
                    auto const time = usual * (1 + input % 5) * (node == 1 ? 3 : 1);
                    return input % 1'000'000 < turn ? time : time + 30ms;
                },
            .result =
                [large](std::int64_t input) {
                    auto text = std::to_string(input * 2);
                    return large && input % 3 == 0 ? text + std::string(70'000, 'x') : text;
                },
            .throws = [](std::int64_t input) { return input % 50 == 7; },
            .begins = [this](std::size_t, std::int64_t input) { ++begun_[input]; },
            .takes =
                [this](detail::task_piece const& piece) {
                    byte_reader in(piece.inputs);
                    pieces_.push_back({codec<std::int64_t>::decode(in), piece.first, piece.count});
                },
            .runs =
                [this](std::size_t node, std::int64_t input, auto from, auto to) {
                    ran_[input] = {node, from, to};
                }};
        options.ahead = [](std::size_t node) { return node == 0 ? 0h : node % 2 ? 50h : -20min; };
        options.recorder = &recorder_;
        return options;
    }

    void plan_faults() {
        for (std::size_t node = 0; node < options_.nodes; ++node) {
            auto const at = some(0ms, 400ms);
            if (chance(0.2)) on_.when.after(at, [this, node] { on_.kill(node); });
            if (chance(0.2)) on_.when.after(at, [this, node] { on_.cut_off(node, some(10ms, 3s)); });
            if (chance(0.2)) on_.when.after(at, [this, node] { on_.halt(node, some(10ms, 3s)); });
        }
        if (chance(0.15)) on_.when.after(some(0ms, 400ms), [this] { on_.halt_root(some(10ms, 5s)); });
    }

    void check(counted_map& map) {
        EXPECT_THAT(map.to.outcomes, testing::Each(1));
        for (std::size_t index = 0; index < map.inputs.size(); ++index) {
            auto const input = map.inputs[index];
            int const begun = begun_.contains(input) ? begun_[input] : 0;
            EXPECT_LE(begun, 1) << "task " << index << " has begun more than once";
            if (!map.to.values[index]) continue;
            EXPECT_EQ(begun, 1);
            EXPECT_EQ(*map.to.values[index], options_.work.result(input));
        }
        for (auto const& each : map.to.failures) {
            EXPECT_TRUE(each.why != cause::node_lost || !on_.lost.empty());
            EXPECT_TRUE(each.why != cause::threw || map.inputs[each.index] % 50 == 7);
            EXPECT_TRUE(each.why != cause::cancelled || map.work->stop().requested());
        }
    }

    struct piece_of_call {
        std::int64_t input = 0;  // the first
        std::size_t first = 0;
        std::size_t count = 0;
    };

    /// A chunk begins as a whole; the last of a call may be shorter.
    void check_chunks(piece_of_call const& piece, counted_map const& of) {
        std::size_t const chunk = std::max<std::size_t>(1, of.work->chunk_size());
        std::size_t const last = piece.first + piece.count;
        EXPECT_EQ(piece.first % chunk, 0U);
        EXPECT_TRUE(last % chunk == 0 || last == of.inputs.size()) << last << " of chunks of " << chunk;
    }

    /// While a node had it.
    static bool was_lost(counted_map const& map, std::size_t index) {
        return std::ranges::any_of(map.to.failures, [index](failure const& each) {
            return each.index == index && each.why == cause::node_lost && !each.worker.empty();
        });
    }

    /// Each task that has a value or was lost has left a record, and its times are as near as they are said
    /// to be.
    void check_records(std::vector<std::unique_ptr<counted_map>> const& maps) {
        auto const records = recorder_.records();
        auto const nodes = recorder_.nodes();
        std::size_t next = 0;
        for (std::size_t call = 0; call < maps.size(); ++call) {
            auto const& map = *maps[call];
            for (std::size_t index = 0; index < map.inputs.size(); ++index) {
                bool const there =
                    next < records.size() && records[next].call == call && records[next].index == index;
                bool const owed = map.to.values[index].has_value();
                bool const lost = was_lost(map, index);
                ASSERT_TRUE(there || (!owed && !lost)) << "call " << call << ", task " << index;
                if (!there) continue;
                auto const& record = records[next++];
                if (record.worker == task_record::unknown_worker) {
                    EXPECT_TRUE(lost && record.failed);
                    if (ran_.contains(map.inputs[index])) {
                        EXPECT_LE(record.started, ran_.at(map.inputs[index]).from);
                    }
                    continue;
                }
                auto const& truth = ran_.at(map.inputs[index]);
                ASSERT_LT(record.node, nodes.size());
                EXPECT_EQ(record.node, truth.node);
                EXPECT_EQ(record.failed, !owed);
                auto const error = nodes[record.node].clock_error;
                EXPECT_LE(std::chrono::abs(record.started - truth.from), error);
                EXPECT_EQ(record.service_time(), truth.to - truth.from);
                EXPECT_GE(record.queue_time(), 0ns);
            }
        }
        EXPECT_EQ(next, records.size());
    }

    /// A node that was given up ends, unless it is dead anyway.
    void check_nodes() {
        for (std::size_t node = 0; node < options_.nodes; ++node)
            EXPECT_EQ(on_.values_of(node).missing, 0U) << "a task has begun without its broadcast";
        values_.reset();
        on_.run_for(20s);
        for (auto const node : on_.lost)
            EXPECT_TRUE(on_.node_is_dead(node) || on_.node_is_over(node)) << "node " << node;
        EXPECT_EQ(on_.root().calls(), 0U);
        for (std::size_t node = 0; node < options_.nodes; ++node)
            EXPECT_TRUE(std::ranges::count(on_.lost, node) > 0 || on_.values_of(node).kept() == 0)
                << "node " << node << " keeps what has ended";
    }

    std::size_t pick(std::size_t least, std::size_t most) {
        return std::uniform_int_distribution<std::size_t>(least, most)(random_);
    }
    double real(double least, double most) { return std::uniform_real_distribution<>(least, most)(random_); }
    bool chance(double what) { return real(0, 1) < what; }
    nanoseconds some(nanoseconds least, nanoseconds most) {
        return nanoseconds(std::uniform_int_distribution<std::int64_t>(least.count(), most.count())(random_));
    }

    std::mt19937_64 random_;
    struct run_of_task {
        std::size_t node = 0;
        simulation::time_point from{};
        simulation::time_point to{};
    };

    std::map<std::int64_t, int> begun_;
    std::vector<piece_of_call> pieces_;
    std::map<std::int64_t, run_of_task> ran_;
    task_recorder recorder_{2000, recording::everything};  // of the last call a quarter stays free
    simulation::cluster_options options_;
    cluster on_;
    std::optional<std::vector<letters>> values_{{some_letters(), some_letters(), some_letters()}};
};

TEST(cluster_protocol, gives_each_task_one_outcome_whatever_happens) {
    std::uint64_t const first = number_from("QUARTET_FIRST_SEED", 1);
    std::uint64_t const seeds = number_from("QUARTET_SEEDS", 300);
    for (std::uint64_t seed = first; seed < first + seeds && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        ordeal(seed).run();
    }
}

TEST(cluster_protocol, runs_elsewhere_what_a_lost_node_had_not_begun) {
    std::map<std::int64_t, std::vector<std::size_t>> ran;
    cluster on(
        {.nodes = 3,
         .workers = 2,
         .work = {.time = [](auto...) { return 400ms; },
                  .begins = [&](std::size_t node, std::int64_t input) { ran[input].push_back(node); }}});
    counted_map map(on, 30);
    on.run_for(1s);
    on.kill(2);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    ASSERT_EQ(map.to.failures.size(), 2U) << "what its two workers were at";
    for (auto const& each : map.to.failures) {
        EXPECT_EQ(each.why, cause::node_lost);
        EXPECT_EQ(each.worker, "n2");
        EXPECT_THAT(each.message, testing::HasSubstr("nothing was heard of it for 1."));
        EXPECT_THAT(ran[map.inputs[each.index]], testing::ElementsAre(2U));
    }
}

TEST(cluster_protocol, answers_probes_in_order_and_as_large_as_they_are_to_be) {
    cluster on(
        {.nodes = 2,
         .net = {
             .how = detail::delivery::careless, .least = 10us, .most = 5ms, .lost = 0.2, .doubled = 0.2}});
    auto const before = on.root_bytes;
    for (std::uint64_t number = 1; number <= 20; ++number)
        on.root().probe(1, number, 1000, 500'000, on.when.now());
    ASSERT_TRUE(on.run_until([&] { return on.probed.size() == 20; }));
    for (std::uint64_t number = 1; number <= 20; ++number)
        EXPECT_EQ(on.probed[number - 1], number);
    EXPECT_GE(on.root_bytes - before, 20U * 501'000U);
    on.kill(1);
    ASSERT_TRUE(on.run_until([&] { return on.lost.size() == 1; }));
    on.root().probe(1, 21, 0, 0, on.when.now());  // is nobody's
    on.run_for(1s);
    EXPECT_EQ(on.probed.size(), 20U);
}

TEST(cluster_protocol, tells_a_node_that_comes_back_to_leave) {
    cluster on({.nodes = 2, .work = {.time = [](auto...) { return 10ms; }}});
    on.cut_off(1, 5s);
    ASSERT_TRUE(on.run_until([&] { return !on.lost.empty(); }));
    on.run_for(20s);
    EXPECT_TRUE(on.node_is_over(1));
    counted_map map(on, 100);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_TRUE(map.to.failures.empty());
}

TEST(cluster_protocol, bears_a_halt_that_is_shorter_than_the_silence) {
    cluster on({.nodes = 3, .work = {.time = [](auto...) { return 20ms; }}});
    counted_map map(on, 200);
    on.run_for(100ms);
    on.halt(1, 700ms);
    on.halt_root(5s);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_TRUE(map.to.failures.empty());
    EXPECT_TRUE(on.lost.empty());
}

// The root's thread may be busy for longer than the silence, as with large inputs, and with it the node that
// it is itself.
TEST(cluster_protocol, loses_no_node_of_its_own_process) {
    std::vector<std::size_t> lost;
    quartet::detail::coordinator root(
        {.silence = 1s, .lost = [&lost](std::size_t number) { lost.push_back(number); }});
    std::chrono::steady_clock::time_point now{};
    for (bool const own : {true, false})
        root.add_node(
            quartet::detail::delivery::exact, [](quartet::detail::packet const&) {}, now, own);
    for (int n = 0; n < 10; ++n)
        root.advance(now += 400ms);
    EXPECT_THAT(lost, testing::ElementsAre(1));
}

TEST(cluster_protocol, fails_all_when_no_node_is_left) {
    cluster on({.nodes = 2, .work = {.time = [](auto...) { return 50ms; }}});
    counted_map map(on, 100);
    on.run_for(100ms);
    on.kill(0);
    on.kill(1);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_THAT(map.to.outcomes, testing::Each(1));
    EXPECT_EQ(map.to.failures.back().why, cause::node_lost);
    counted_map later(on, 5);
    EXPECT_TRUE(later.finished());
}

TEST(cluster_protocol, keeps_all_workers_busy_to_the_end) {
    // 100 tasks of 50 to 150 ms on six workers, one node three times as slow.
    double busy = 0;
    auto const time = [](std::size_t, std::int64_t input) {
        return nanoseconds(50ms) + (input * 37 % 101) * 1ms;
    };
    cluster on({.nodes = 3, .workers = 2, .work = {.time = time}});
    for (std::int64_t input = 0; input < 100; ++input)
        busy += std::chrono::duration<double>(time(0, input)).count();
    auto const began = on.when.now();
    counted_map map(on, 100);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    double const took = std::chrono::duration<double>(on.when.now() - began).count();
    EXPECT_GT(busy / 6 / took, 0.95);
}

TEST(cluster_protocol, gives_each_worker_a_chunk_and_no_part_of_one) {
    std::vector<std::size_t> sizes;
    std::map<std::size_t, std::size_t> at_first;  // tasks, by node
    std::map<std::int64_t, std::size_t> nodes;
    cluster on({.nodes = 3,
                .workers = 2,
                .work = {.time = [](auto...) { return 50ms; },
                         .begins = [&](std::size_t node, std::int64_t input) { nodes[input] = node; },
                         .takes = [&](detail::task_piece const& piece) { sizes.push_back(piece.count); }}});
    counted_map map(on, 84, 0, on_failure::finish_all, 7);
    on.run_for(10ms);
    EXPECT_THAT(sizes, testing::Each(7U));
    EXPECT_EQ(sizes.size(), 6U) << "a chunk for each worker, and the others wait for the root's word";
    for (auto const& [input, node] : nodes)
        ++at_first[node];
    EXPECT_THAT(at_first,
                testing::ElementsAre(testing::Pair(0U, 14U), testing::Pair(1U, 14U), testing::Pair(2U, 14U)));
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_THAT(sizes, testing::Each(7U));
}

// Of a million tiny tasks a node is granted thousands ahead; of the next body's, which may take long, those
// that its workers are at.
TEST(cluster_protocol, learns_anew_how_long_another_body_takes) {
    constexpr std::int64_t long_ones = 1'000'000;
    std::map<std::size_t, std::size_t> begun;  // long ones, by node
    cluster on({.nodes = 3,
                .workers = 2,
                .work = {.time = [](std::size_t, std::int64_t input) -> nanoseconds {
                             return input < long_ones ? 100ns : 50ms;
                         },
                         .begins =
                             [&](std::size_t node, std::int64_t input) {
                                 if (input >= long_ones) ++begun[node];
                             }}});
    counted_map tiny(on, 100'000);
    ASSERT_TRUE(on.run_until([&] { return tiny.finished(); }));
    auto const value = letters_of(10);
    counted_map other(on, 60, value, long_ones);
    on.run_for(40ms);
    EXPECT_THAT(begun,
                testing::ElementsAre(testing::Pair(0U, 2U), testing::Pair(1U, 2U), testing::Pair(2U, 2U)));
    auto const began = on.when.now();
    ASSERT_TRUE(on.run_until([&] { return other.finished(); }));
    EXPECT_LT(on.when.now() - began, 550ms);
}

// Within one call nobody can know that: what a node was granted goes to who has nothing to do.
TEST(cluster_protocol, moves_what_was_granted_to_a_node_whose_tasks_turn_long) {
    auto const is_long = [](std::int64_t input) { return input >= 50'000 && input < 50'060; };
    cluster on(
        {.nodes = 3, .workers = 2, .work = {.time = [&](std::size_t, std::int64_t input) -> nanoseconds {
                                       return is_long(input) ? 1s : 100ns;
                                   }}});
    auto const began = on.when.now();
    counted_map map(on, 100'000);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_TRUE(map.to.failures.empty());
    EXPECT_LT(on.when.now() - began, 14s) << "of 10 s if it is known, and 30 if nothing moves";
}

TEST(cluster_protocol, loses_no_more_of_what_was_moved_than_its_workers_are_at) {
    auto const is_long = [](std::int64_t input) { return input >= 50'000 && input < 50'060; };
    std::map<std::int64_t, std::vector<std::size_t>> ran;  // long ones
    cluster on({.nodes = 3,
                .workers = 2,
                .work = {.time = [&](std::size_t, std::int64_t input) -> nanoseconds {
                             return is_long(input) ? 1s : 100ns;
                         },
                         .begins =
                             [&](std::size_t node, std::int64_t input) {
                                 if (is_long(input)) ran[input].push_back(node);
                             }}});
    counted_map map(on, 100'000);
    on.run_for(3500ms);
    std::size_t const had_them = ran.at(50'000).front();
    std::size_t const other = (had_them + 1) % 3;
    on.kill(other);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_THAT(map.to.outcomes, testing::Each(1));
    EXPECT_EQ(map.to.failures.size(), 2U);
    EXPECT_EQ(ran.size(), 60U);
    std::size_t on_the_other = 0;
    for (auto const& [input, nodes] : ran) {
        EXPECT_EQ(nodes.size(), 1U) << input;
        on_the_other += nodes.front() == other ? 1 : 0;
    }
    EXPECT_GT(on_the_other, 2U);
}

TEST(cluster_protocol, knows_a_clock_by_the_tasks_if_by_nothing_else) {
    task_recorder recorder(100, recording::everything);
    std::map<std::int64_t, simulation::time_point> began;
    cluster on(
        {.nodes = 2,
         .workers = 2,
         .net = {.beats = false},
         .work = {.time = [](auto...) { return 10ms; },
                  .runs = [&](std::size_t, std::int64_t input, auto from, auto) { began[input] = from; }},
         .ahead = [](std::size_t node) { return node * 24h; },
         .recorder = &recorder});
    counted_map map(on, 20);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    auto const nodes = recorder.nodes();
    auto const records = recorder.records();
    ASSERT_EQ(records.size(), 20U);
    for (auto const& each : records) {
        auto const error = nodes[each.node].clock_error;
        EXPECT_GT(error, 0ns);
        EXPECT_LT(error, 100ms);
        EXPECT_LE(std::chrono::abs(each.started - began[map.inputs[each.index]]), error);
    }
}

TEST(cluster_protocol, takes_large_results_within_its_budget) {
    cluster on({.nodes = 3,
                .workers = 2,
                .budget = 300'000,
                .work = {.time = [](auto...) { return 1ms; },
                         .result = [](std::int64_t) { return std::string(100'000, 'x'); }}});
    counted_map map(on, 100);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_TRUE(map.to.failures.empty());
    EXPECT_EQ(map.to.values[99]->size(), 100'000U);
}

TEST(cluster_protocol, tells_nodes_of_the_end_of_a_call_with_the_next_tasks_or_a_beat) {
    std::map<std::uint32_t, std::size_t> forgot;  // nodes, by call
    cluster on({.nodes = 3, .workers = 2, .work = {.forgets = [&](std::size_t, std::uint32_t call) {
                                              ++forgot[call];
                                          }}});
    counted_map first(on, 100);
    ASSERT_TRUE(on.run_until([&] { return first.finished(); }));
    EXPECT_TRUE(forgot.empty());
    counted_map second(on, 100);
    ASSERT_TRUE(on.run_until([&] { return second.finished(); }));
    EXPECT_THAT(forgot, testing::ElementsAre(testing::Pair(1U, 3U)));
    on.run_for(200ms);
    EXPECT_THAT(forgot, testing::ElementsAre(testing::Pair(1U, 3U), testing::Pair(2U, 3U)));
}

TEST(cluster_protocol, sends_a_broadcast_to_each_node_once) {
    cluster on({.nodes = 3, .workers = 4});
    auto const large = letters_of(5'000'000);
    auto const other = letters_of(1000);
    for (int call = 0; call < 3; ++call) {
        counted_map captured(on, 100, large);
        counted_map inputs(on, 100, std::vector{large, other});
        ASSERT_TRUE(on.run_until([&] { return captured.finished() && inputs.finished(); }));
        EXPECT_TRUE(captured.to.failures.empty() && inputs.to.failures.empty());
    }
    for (std::size_t node = 0; node < 3; ++node) {
        EXPECT_EQ(on.values_of(node).come, 5'001'000U);
        EXPECT_EQ(on.values_of(node).missing, 0U);
    }
    EXPECT_LT(on.root_bytes, 3 * 5'001'000U + 200'000U);
}

TEST(cluster_protocol, frees_a_broadcast_on_all_nodes_when_it_ends) {
    cluster on({.nodes = 3});
    auto value = std::make_optional(letters_of(1000));
    auto map = std::make_optional<counted_map>(on, 100, *value);
    value.reset();
    on.run_for(5ms);
    EXPECT_EQ(on.values_of(0).kept(), 1U) << "the call keeps it";
    ASSERT_TRUE(on.run_until([&] { return map->finished(); }));
    EXPECT_TRUE(map->to.failures.empty());
    map.reset();
    on.run_for(200ms);
    for (std::size_t node = 0; node < 3; ++node)
        EXPECT_EQ(on.values_of(node).kept(), 0U);
}

TEST(cluster_protocol, frees_broadcasts_when_the_last_pool_closes) {
    cluster on({.nodes = 2});
    auto const value = letters_of(1000);
    counted_map map(on, 100, value);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    EXPECT_EQ(on.values_of(1).kept(), 1U);
    on.close_pool();
    on.run_for(100ms);
    EXPECT_EQ(on.values_of(0).kept() + on.values_of(1).kept(), 0U);
}

TEST(cluster_protocol, goes_on_with_a_broadcast_when_a_node_is_lost_on_the_way) {
    cluster on({.nodes = 3, .work = {.time = [](auto...) { return 20ms; }}, .no_room = 0.5});
    auto const value = letters_of(3'000'000);
    counted_map map(on, 60, value);
    on.kill(1);
    ASSERT_TRUE(on.run_until([&] { return map.finished(); }));
    for (auto const& each : map.to.failures)
        EXPECT_EQ(each.worker, "n1");
    EXPECT_EQ(on.values_of(0).missing + on.values_of(2).missing, 0U);
    EXPECT_EQ(on.values_of(0).come, 3'000'000U);
}

// A root without calls says less than a node could wait for: its thread is to sleep meanwhile.
TEST(cluster_protocol, lets_a_node_sleep_that_hears_nothing) {
    simulation::time_point now(1h);
    auto const heard = now;
    detail::node alone({.silence = 10s, .send = [](auto const&) {}}, now);
    int looks = 0;
    for (; !alone.over(); ++looks) {
        now = alone.next_deadline();
        alone.advance(now);
        ASSERT_TRUE(alone.over() || alone.next_deadline() > now);
    }
    EXPECT_EQ(now, heard + 10s);
    EXPECT_LE(looks, 10);
}

}  // namespace
