// tests/models/cluster/simulation.hpp
//
// A cluster without machines: the root, its nodes and the messages between them, in a time of its own, on one
// thread. What happens to messages and nodes follows from a seed. Bodies are not run: a task takes as long as
// the simulation says, and its result is made of its input.
#pragma once

#include "src/models/cluster/coordinator.hpp"
#include "src/models/cluster/moved_records.hpp"
#include "src/models/cluster/node.hpp"

#include <quartet/backend/model.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/shm/broadcast_memory.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <queue>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <time.h>
#include <utility>
#include <vector>

namespace simulation {

using namespace quartet;
using namespace quartet::detail;
using namespace std::chrono_literals;
using time_point = std::chrono::steady_clock::time_point;
using nanoseconds = std::chrono::nanoseconds;

/// What happens at which time.
class agenda {
public:
    void at(time_point when, std::function<void()> what) { events_.push({when, next_++, std::move(what)}); }
    void after(nanoseconds span, std::function<void()> what) { at(now_ + span, std::move(what)); }

    time_point now() const { return now_; }

    /// Lets the next thing happen; false if there is none.
    bool step() {
        if (events_.empty()) return false;
        auto event = std::move(const_cast<entry&>(events_.top()));
        events_.pop();
        now_ = std::max(now_, event.when);
        event.what();
        return true;
    }

private:
    struct entry {
        time_point when;
        std::uint64_t number;
        std::function<void()> what;
        bool operator<(entry const& other) const {
            return std::pair(when, number) > std::pair(other.when, other.number);
        }
    };
    std::priority_queue<entry> events_;
    std::uint64_t next_ = 0;
    time_point now_{std::chrono::hours(1)};
};

/// How messages fare between the root and a node.
struct network {
    delivery how = delivery::exact;
    nanoseconds least{50us};
    nanoseconds most{50us};
    double lost = 0;     ///< a part of 1
    double doubled = 0;  ///< likewise
    bool beats = true;   ///< come through
};

/// What the workers of a node do with a task.
struct labour {
    std::function<nanoseconds(std::size_t node, std::int64_t input)> time = [](auto...) { return 1ms; };
    std::function<std::string(std::int64_t input)> result = [](std::int64_t input) {
        return std::to_string(input * 2);
    };
    std::function<bool(std::int64_t input)> throws = [](std::int64_t) { return false; };
    std::function<void(std::size_t node, std::int64_t input)> begins = [](auto...) {};
    std::function<void(task_piece const&)> takes = [](auto&) {};
    std::function<void(std::size_t node, std::uint32_t call)> forgets = [](auto...) {};
    /// When it does so by the root's clock; told as the task begins.
    std::function<void(std::size_t node, std::int64_t input, time_point from, time_point to)> runs =
        [](auto...) {};
};

/// Where a simulated node keeps values of broadcasts.
class simulated_values final : public value_store {
public:
    void take_part(value_message const& about, std::span<std::byte const> part) override {
        auto& value = values_[about.id];
        if (about.first != value.size()) throw std::runtime_error("not the next part");
        value.insert(value.end(), part.begin(), part.end());
        come += part.size();
    }
    void drop(std::uint64_t id) noexcept override {
        values_.erase(id);
        alike_.erase(id);
    }
    void drop_all() noexcept override {
        values_.clear();
        alike_.clear();
    }

    /// Whether all that these bytes name is here.
    bool has(std::span<std::byte const> bytes) const {
        return std::ranges::all_of(broadcasts_in(bytes), [&](auto const& each) {
            auto const found = values_.find(each->id());
            return found != values_.end() && found->second.size() == each->bytes().size() && is_alike(*each);
        });
    }
    std::size_t kept() const noexcept { return values_.size(); }

    std::size_t come = 0;     ///< bytes
    std::size_t missing = 0;  ///< pieces that began without a value that they name

private:
    /// Looks at all bytes of each once.
    bool is_alike(broadcast_memory const& value) const {
        auto const [found, isnew] = alike_.try_emplace(value.id());
        if (isnew) {
            auto const& kept = values_.at(value.id());  // of as many bytes
            found->second = kept.empty() || std::memcmp(kept.data(), value.bytes().data(), kept.size()) == 0;
        }
        return found->second;
    }

    std::map<std::uint64_t, std::vector<std::byte>> values_;
    mutable std::map<std::uint64_t, bool> alike_;
};

/// The executor of a simulated node.
class simulated_pool final : public node_pool {
public:
    simulated_pool(agenda& when, labour const& work, std::size_t node, std::size_t workers, nanoseconds ahead,
                   std::uint32_t number, pool_reports const& reports, simulated_values& values)
        : agenda_(when),
          labour_(work),
          node_(node),
          workers_(workers),
          ahead_(ahead),
          number_(number),
          reports_(reports),
          values_(values) {}
    ~simulated_pool() override { *alive_ = false; }

    std::string spec() const override { return "processes:" + std::to_string(workers_); }
    std::size_t workers() const noexcept override { return workers_; }

    void begin(task_piece piece) override {
        labour_.takes(piece);
        auto begun = std::make_shared<piece_here>();
        begun->in = byte_reader(piece.inputs);
        begun->done = {.pool = number_, .call = piece.call->call, .count = piece.count};
        begun->piece = std::move(piece);
        pieces_.push_back(std::move(begun));
        serve();
    }
    std::vector<task_row> take_back(std::size_t most) override {
        std::vector<task_row> taken;
        for (auto at = pieces_.rbegin(); at != pieces_.rend() && most > 0; ++at) {
            task_piece& piece = (*at)->piece;
            if (piece.call->chunk_size > 1) continue;
            std::size_t const some = std::min(most, piece.count - (*at)->begun);
            piece.count -= some;
            (*at)->done.count -= some;
            most -= some;
            if (some > 0) taken.push_back({piece.call->call, piece.first + piece.count, some});
        }
        return taken;
    }
    void stop(std::uint32_t call, stopped_by) noexcept override { stopped_.push_back(call); }
    void forget(std::uint32_t call) noexcept override { labour_.forgets(node_, call); }

private:
    /// With which each input begins.
    static std::int64_t number_in(std::span<std::byte const> input) {
        byte_reader in(input);
        return codec<std::int64_t>::decode(in);
    }

    /// Its tasks are shared by all workers.
    struct piece_here {
        task_piece piece{};
        byte_reader in{{}};
        std::size_t begun = 0;  // of its tasks
        std::size_t open = 0;   // workers that are at some
        moved_records left{};
        ended_piece done{};
        bool is_over() const { return begun == piece.count && open == 0; }
    };

    void serve() {
        report_ended();
        for (auto const& each : pieces_) {
            while (busy_ < workers_ && each->begun < each->piece.count) {
                ++busy_;
                ++each->open;
                agenda_.after(run_some(*each), [this, each, alive = alive_] {
                    if (!*alive) return;
                    --busy_;
                    --each->open;
                    serve();
                });
            }
        }
    }

    void report_ended() {
        std::deque<std::shared_ptr<piece_here>> over;
        std::erase_if(pieces_, [&](auto const& each) {
            if (each->is_over()) over.push_back(each);
            return each->is_over();
        });
        for (auto const& each : over) {
            write_records({.call = each->done.call, .first = each->piece.first, .count = each->piece.count},
                          each->left, each->done.records);
            reports_.ended(std::move(each->done));
        }
    }

    /// So many tasks that it takes a while, or a chunk. How long.
    nanoseconds run_some(piece_here& of) {
        if (of.begun == 0 && (!values_.has(of.piece.call->code.closure) || !values_.has(of.piece.inputs)))
            ++values_.missing;
        nanoseconds all{0};
        std::size_t const chunk = std::max<std::size_t>(1, of.piece.call->chunk_size);
        for (std::size_t some = 0; of.begun < of.piece.count && (some < chunk || all < a_while); ++some)
            run(of, all);
        return all;
    }

    void run(piece_here& of, nanoseconds& all) {
        task_piece const& piece = of.piece;
        std::size_t const index = piece.first + of.begun++;
        bool const stopped = std::ranges::find(stopped_, piece.call->call) != stopped_.end();
        auto const input = number_in(take_value(of.in, piece.call->input_size));
        outcomes_head const head{.call = piece.call->call, .first = index, .count = 1};
        if (stopped) {
            write_failure(head, {.why = cause::cancelled, .message = "cancelled"}, of.done.outcomes);
            return;
        }
        labour_.begins(node_, input);
        auto const from = agenda_.now() + all;
        all += labour_.time(node_, input);
        labour_.runs(node_, input, from, agenda_.now() + all);
        if (piece.call->recorded.every > 0 && index % piece.call->recorded.every == 0)
            of.left.records.push_back({.task = index - piece.first,
                                       .worker = 1,
                                       .started = nanoseconds_of(from + ahead_),
                                       .ended = nanoseconds_of(agenda_.now() + all + ahead_),
                                       .failed = labour_.throws(input),
                                       .waits_known = true});
        if (labour_.throws(input)) {
            write_failure(head, {.message = "thrown"}, of.done.outcomes);
            return;
        }
        byte_writer value;
        codec<std::string>::encode(labour_.result(input), value);
        if (value.bytes().size() > large_result_bytes) {
            large_message const about{.call = head.call, .index = index, .bytes = value.bytes().size()};
            of.done.large.push_back({index, value.bytes().size(), written(about)});
            encode_size(value.bytes().size(), of.done.large.back().message.body());
            of.done.large.back().message.body().write(value.bytes().data(), value.bytes().size());
            return;
        }
        byte_writer sized;
        encode_size(value.bytes().size(), sized);
        sized.write(value.bytes().data(), value.bytes().size());
        write_outcomes(head, sized.bytes(), of.done.outcomes);
    }

    static constexpr nanoseconds a_while{100us};

    agenda& agenda_;
    labour const& labour_;
    std::size_t node_;
    std::size_t workers_;
    nanoseconds ahead_;
    std::uint32_t number_;
    pool_reports reports_;
    simulated_values& values_;
    std::deque<std::shared_ptr<piece_here>> pieces_;
    std::vector<std::uint32_t> stopped_;
    std::size_t busy_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct cluster_options {
    std::size_t nodes = 3;
    std::size_t workers = 2;
    nanoseconds silence{1s};
    std::size_t budget = std::size_t{256} << 20;
    network net{};
    labour work{};
    std::function<nanoseconds(std::size_t node)> ahead = [](auto...) { return 0ns; };  ///< are nodes' clocks
    task_recorder* recorder = nullptr;
    double no_room = 0;  ///< how often, as a part of 1, values find no room on their way
    std::uint64_t seed = 1;
};

/// A root with its nodes, as a model for jobs.
class cluster final : public model {
public:
    explicit cluster(cluster_options options)
        : options_(std::move(options)),
          random_(options_.seed),
          root_({.silence = options_.silence,
                 .budget = options_.budget,
                 .value_part = 100'000,
                 .ended = [this](job& work) { work.finish(); },
                 .lost = [this](std::size_t node) { lost.push_back(node); },
                 .probed = [this](std::uint64_t number) { probed.push_back(number); },
                 .unsent = [this] { return happens(options_.no_room) ? options_.budget / 2 : 0; }}) {
        record_in(options_.recorder);
        for (std::size_t number = 0; number < options_.nodes; ++number)
            add_node(number);
        tick();
        for (std::size_t number = 0; number < options_.nodes; ++number)
            run_until([&] { return root_.node(number).is != node_view::phase::greeted; });
        std::vector<std::size_t> all(options_.nodes);
        std::iota(all.begin(), all.end(), 0U);
        root_.open_pool({.pool = pool, .records = options_.recorder != nullptr}, all, when.now());
        run_until([&] { return root_.workers(pool) == options_.nodes * options_.workers; });
    }

    // ---- What happens to nodes

    void kill(std::size_t node) { members_[node]->dead = true; }

    /// Nothing passes between the root and the node for a while.
    void cut_off(std::size_t node, nanoseconds span) { members_[node]->cut_until = when.now() + span; }

    /// The node does nothing for a while.
    void halt(std::size_t node, nanoseconds span) { members_[node]->halted_until = when.now() + span; }

    /// The root does nothing for a while.
    void halt_root(nanoseconds span) { root_halted_until_ = when.now() + span; }

    // ---- The time

    /// False if nothing changes any more, or an hour has passed.
    bool run_until(std::function<bool()> const& holds) {
        auto const end = when.now() + 1h;
        while (!holds()) {
            if (when.now() > end || !when.step()) return false;
        }
        return true;
    }
    void run_for(nanoseconds span) {
        auto const end = when.now() + span;
        bool over = false;
        when.at(end, [&over] { over = true; });
        run_until([&over] { return over; });
    }

    coordinator& root() { return root_; }
    void close_pool() { root_.close_pool(pool, when.now()); }
    bool node_is_over(std::size_t node) const { return members_[node]->runs->over().has_value(); }
    bool node_is_dead(std::size_t node) const { return members_[node]->dead; }
    simulated_values& values_of(std::size_t node) { return members_[node]->values; }

    agenda when;
    std::vector<std::size_t> lost;
    std::vector<std::uint64_t> probed;
    std::size_t root_messages = 0;
    std::size_t root_bytes = 0;
    nanoseconds root_time{0};  ///< of a processor, that the root has really taken

    // ---- As a model

    void start(job& work) override {
        call_message about{.pool = pool,
                           .input_size = work.crossing()->code().input.size,
                           .chunk_size = work.chunk_size(),
                           .recorded = {.every = work.record_slots().every(), .recorder = 1}};
        auto const closure = work.crossing()->code().closure;
        about.code.run.offset = reinterpret_cast<std::uintptr_t>(work.crossing()->code().run);
        about.code.closure.assign(closure.begin(), closure.end());
        timed([&] { root_.begin(work, about, recorder(), when.now()); });
    }
    void stop() noexcept override {}
    void join() noexcept override {}
    std::string spec() const override { return "cluster"; }
    model_traits traits() const noexcept override { return {true, false, true}; }
    std::size_t concurrency() const noexcept override { return options_.nodes * options_.workers; }
    job_driver& driver() noexcept override { return driver_; }

private:
    static constexpr std::uint32_t pool = 7;

    struct member {
        simulated_values values{};
        std::unique_ptr<detail::node> runs{};
        bool dead = false;
        time_point cut_until{};
        time_point halted_until{};
        std::vector<packet> held{};  // came while it was halted
        time_point last_to_node{};   // an exact network keeps the order
        time_point last_to_root{};
    };

    struct driver_type final : job_driver {
        explicit driver_type(cluster& whole) : of(whole) {}
        void stopped(job& work) noexcept override {
            of.when.after(0ns, [this, &work] { of.root_.stop(work, stopped_by::request, of.when.now()); });
        }
        std::chrono::steady_clock::time_point now() const noexcept override { return of.when.now(); }
        cluster& of;
    };

    time_point time_of(std::size_t node) const { return when.now() + options_.ahead(node); }

    void add_node(std::size_t number) {
        members_.push_back(std::make_unique<member>());
        member& here = *members_.back();
        here.runs = std::make_unique<detail::node>(
            node_options{.about = {.name = "n" + std::to_string(number)},
                         .how = options_.net.how,
                         .silence = options_.silence,
                         .send = [this, number](packet message) { to_root(number, std::move(message)); },
                         .make_pool =
                             [this, number](open_pool_message const& about, pool_reports const& to) {
                                 return std::make_unique<simulated_pool>(
                                     when, options_.work, number, options_.workers, options_.ahead(number),
                                     about.pool, to, members_[number]->values);
                             },
                         .values = &here.values,
                         .reports = {.ended =
                                         [this, number](ended_piece piece) {
                                             member& me = *members_[number];
                                             if (me.dead || me.runs->over()) return;
                                             me.runs->ended(std::move(piece), time_of(number));
                                             me.runs->advance(time_of(number));
                                         },
                                     .logged = {}}},
            time_of(number));
        root_.add_node(
            options_.net.how, [this, number](packet message) { to_node(number, std::move(message)); },
            when.now());
    }

    /// Of the processor: whatever else the machine does meanwhile is not the root's.
    static nanoseconds processor_time() {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
    }
    void timed(auto&& what) {
        auto const began = processor_time();
        what();
        root_time += processor_time() - began;
    }

    /// Copies, since what is sent may be changed by who sent it.
    static packet copied(packet const& message) {
        return packet(std::vector<std::byte>(message.bytes().begin(), message.bytes().end()));
    }

    bool happens(double chance) {
        return chance > 0 && std::uniform_real_distribution<>(0, 1)(random_) < chance;
    }

    nanoseconds delay() {
        if (options_.net.most == options_.net.least) return options_.net.least;
        return nanoseconds(std::uniform_int_distribution<std::int64_t>(options_.net.least.count(),
                                                                       options_.net.most.count())(random_));
    }

    /// Sends over the network: `last` keeps the order of an exact one.
    void pass(time_point& last, time_point cut_until, packet message,
              std::function<void(packet)> const& arrive) {
        bool const exact = options_.net.how == delivery::exact;
        if (when.now() < cut_until && !exact) return;
        if (happens(options_.net.lost)) return;
        if (!options_.net.beats && head_of(message)->kind == message_kind::beat) return;
        int const copies = happens(options_.net.doubled) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            // Over TCP, what meets a broken link comes when that is mended.
            auto at = std::max(when.now(), exact ? cut_until : time_point()) + delay();
            if (exact) at = last = std::max(at, last);
            when.at(at, [arrive, again = copied(message)] { arrive(again); });
        }
    }

    void to_node(std::size_t number, packet message) {
        ++root_messages;
        root_bytes += message.bytes().size();
        member& here = *members_[number];
        pass(here.last_to_node, here.cut_until, std::move(message), [this, number](packet const& arrived) {
            member& me = *members_[number];
            if (me.dead) return;
            if (when.now() < me.halted_until) {
                me.held.push_back(arrived);
            } else {
                me.runs->receive(arrived, time_of(number));
                me.runs->advance(time_of(number));
            }
        });
    }

    void to_root(std::size_t number, packet message) {
        member& here = *members_[number];
        if (here.dead) return;
        ++root_messages;
        root_bytes += message.bytes().size();
        pass(here.last_to_root, here.cut_until, std::move(message), [this, number](packet const& arrived) {
            if (when.now() < root_halted_until_)
                root_held_.emplace_back(number, arrived);
            else
                timed([&] { root_.receive(number, arrived, when.now()); });
        });
    }

    /// Lets everybody look at the time, ten times in a silence.
    void tick() {
        for (std::size_t number = 0; number < members_.size(); ++number) {
            auto& each = members_[number];
            if (each->dead || when.now() < each->halted_until) continue;
            for (auto const& held : std::exchange(each->held, {}))
                each->runs->receive(held, time_of(number));
            each->runs->advance(time_of(number));
        }
        if (when.now() >= root_halted_until_) {
            for (auto const& [number, held] : std::exchange(root_held_, {}))
                root_.receive(number, held, when.now());
            timed([&] { root_.advance(when.now()); });
        }
        for (std::size_t number = 0; number < members_.size(); ++number)
            to_node(number, message_writer().take());  // the root's link lives, whatever the root does
        when.after(options_.silence / 10, [this] { tick(); });
    }

    cluster_options options_;
    std::mt19937_64 random_;
    driver_type driver_{*this};
    std::vector<std::unique_ptr<member>> members_;
    std::vector<std::pair<std::size_t, packet>> root_held_;
    time_point root_halted_until_{};
    coordinator root_;
};

}  // namespace simulation
