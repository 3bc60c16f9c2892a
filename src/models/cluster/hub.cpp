#include "src/models/cluster/hub.hpp"

#include "src/base/all_signals_blocked.hpp"
#include "src/models/cluster/rank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr char const* program_has_ended = "its program has ended";

/// The last word of a rank's link, whose program has ended in whatever way.
bool tells_of_end(packet const& message) {
    frame_head const* const head = head_of(message);
    return head && head->session == 0 && head->kind == message_kind::leave;
}

}  // namespace

hub::hub(endpoint* line, hub_options options)
    : options_(std::move(options)),
      root_({.session = options_.session,
             .silence = options_.silence,
             .ended =
                 [this](job& work) {
                     auto const tell = std::move(ended_.extract(&work).mapped());
                     tell(work);
                 },
             .pool_opened = [this](auto const& about, std::size_t node) { note_opened(about, node); },
             .pool_closed = [this](auto const& about, std::size_t node) { note_closed(about, node); },
             .logged = [this](log_message const& each) { pass_log(each); },
             .lost = [this](std::size_t node) { note_lost(node); },
             .probed = [this](std::uint64_t number) { note_probed(number); },
             .unsent = [this] { return line_ ? line_->unsent() : 0; }}),
      self_({.about = about_this_node(),
             .silence = std::chrono::hours(24 * 365),  // the root is this process
             .send = [this](packet message) { from_self_.push_back(std::move(message)); },
             .make_pool = executor_pools(options_.make),
             .reports = inbox_.reports()},
            clock::now()) {
    if (line) line_.emplace(*line);
    all_signals_blocked const quiet;  // signals are for the program's own threads
    thread_ = std::thread([this] { run(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return greeted_; });
}

/// Greets all ranks, this one first.
void hub::greet() {
    auto const now = clock::now();
    root_.add_node(
        delivery::exact, [this](packet message) { to_self_.push_back(std::move(message)); }, now, true);
    for (std::size_t rank = 1; line_ && rank < line_->size(); ++rank)
        root_.add_node(
            line_->how(), [this, rank](packet message) { line_->send(rank, std::move(message)); }, now);
}

hub::~hub() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    wake();
    thread_.join();
}

// ---- For any thread

std::vector<node_view> hub::nodes() {
    std::vector<node_view> all;
    ask([&](clock::time_point) {
        for (std::size_t number = 0; number < root_.nodes(); ++number)
            all.push_back(root_.node(number));
    });
    return all;
}

std::optional<std::chrono::nanoseconds> hub::probe(std::size_t node, probe_messages what) {
    ask([&](clock::time_point) {
        bool const is_here = root_.node(node).is == node_view::phase::here;
        {
            std::lock_guard const lock(mutex_);
            probe_ = {.last = probe_.last + what.count, .node = node, .sent = clock::now(), .lost = !is_here};
        }
        for (std::size_t left = what.count; left > 0; --left)
            root_.probe(node, probe_.last - left + 1, what.bytes, what.answer_bytes, clock::now());
    });
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.patience, [&] { return probe_.answered || probe_.lost; });
    if (!probe_.answered) return {};
    return *probe_.answered - probe_.sent;
}

void hub::note_probed(std::uint64_t number) {
    std::lock_guard const lock(mutex_);
    if (number != probe_.last) return;
    probe_.answered = clock::now();
    changed_.notify_all();
}

opened_pool hub::open_pool(open_pool_message about, log_handler log, std::optional<std::size_t> nodes) {
    std::uint32_t number = 0;
    ask([&](clock::time_point now) {
        number = about.pool = ++last_pool_;
        logs_[number] = std::move(log);
        std::vector<std::size_t> const chosen = first_here(nodes.value_or(root_.nodes()));
        {
            std::lock_guard const lock(mutex_);
            opening& mine = openings_[number];
            mine.pool.number = number;
            mine.awaited.insert(chosen.begin(), chosen.end());
        }
        root_.open_pool(about, chosen, now);
    });
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.patience, [&] { return openings_[number].awaited.empty(); });
    auto mine = std::move(openings_[number]);
    openings_.erase(number);
    for (auto const node : mine.awaited)
        mine.pool.refused.push_back(fmt::format("node {} has not answered", node));
    return mine.pool;
}

/// The first nodes that are here, `most` at the most.
std::vector<std::size_t> hub::first_here(std::size_t most) const {
    std::vector<std::size_t> here;
    for (std::size_t node = 0; node < root_.nodes() && here.size() < most; ++node) {
        if (root_.node(node).is == node_view::phase::here) here.push_back(node);
    }
    return here;
}

void hub::close_pool(std::uint32_t pool) {
    ask([this, pool](clock::time_point now) {
        root_.close_pool(pool, now);
        exchange_locally(now);
        logs_.erase(pool);
    });
}

std::vector<pool_node> hub::close_measured(opened_pool const& pool) {
    std::vector<pool_node> all;
    ask([&](clock::time_point) {
        std::lock_guard const lock(mutex_);
        closing& mine = closings_[pool.number];
        for (auto const& [node, workers] : pool.workers_of) {
            bool const tells = node != 0 && root_.node(node).is == node_view::phase::here;
            if (tells) mine.awaited.insert(node);
            all.push_back({.number = node,
                           .name = root_.node(node).about.name,
                           .workers = workers,
                           .used = {},
                           .traffic = root_.traffic(node, pool.number),
                           .clock = root_.node(node).clock});
        }
    });
    close_pool(pool.number);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.patience, [&] { return closings_[pool.number].awaited.empty(); });
    auto told = std::move(closings_[pool.number].used);
    closings_.erase(pool.number);
    for (auto& each : all) {
        if (auto const used = told.find(each.number); used != told.end()) each.used = std::move(used->second);
    }
    return all;
}

void hub::begin(job& work, call_message about, task_recorder* records, std::function<void(job&)> ended) {
    post([this, &work, records, about = std::move(about),
          ended = std::move(ended)](clock::time_point now) mutable {
        ended_.emplace(&work, std::move(ended));
        root_.begin(work, std::move(about), records, now);
    });
}

void hub::stop(job& work, stopped_by who) {
    post([this, &work, who](clock::time_point now) { root_.stop(work, who, now); });
}

void hub::post(std::function<void(clock::time_point)> what) {
    {
        std::lock_guard const lock(mutex_);
        posted_.push_back(std::move(what));
    }
    wake();
}

/// Has the hub's thread do something, and waits until it has.
void hub::ask(std::function<void(clock::time_point)> const& what) {
    bool done = false;
    post([&](clock::time_point now) {
        what(now);
        std::lock_guard const lock(mutex_);
        done = true;
        changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done; });
}

void hub::wake() noexcept {
    if (line_) return line_->wake();
    std::lock_guard const lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

// ---- On the hub's thread

void hub::run() {
    std::shared_ptr<void> const mine = options_.take_turn ? options_.take_turn() : nullptr;
    greet();
    for (;;) {
        turn();
        {
            std::lock_guard const lock(mutex_);
            if (over_ && posted_.empty()) break;
        }
        wait();
    }
    if (line_) line_->flush();
}

void hub::turn() {
    run_posted();
    while (auto arrived = line_ ? line_->receive() : std::nullopt)
        receive(std::move(*arrived));
    auto const now = clock::now();
    note_ended_ranks(now);
    inbox_.deliver(self_, now);
    self_.advance(now);
    exchange_locally(now);
    root_.advance(now);
    exchange_locally(now);
    note_greetings();
}

void hub::receive(arrival arrived) {
    if (tells_of_end(arrived.message))
        root_.node_ended(arrived.from, program_has_ended, clock::now());
    else
        root_.receive(arrived.from, std::move(arrived.message), clock::now());
}

/// Behind what has come of them.
void hub::note_ended_ranks(clock::time_point now) {
    if (!line_) return;
    auto const& failed = failure_.ask(*line_, now);
    if (losses_ == line_->losses() && !failed) return;
    losses_ = line_->losses();
    for (std::size_t rank = 1; rank < line_->size(); ++rank) {
        if (failed)
            root_.node_ended(rank, fmt::format("the way to it has failed: {}", *failed), now);
        else if (line_->is_gone(rank))
            root_.node_ended(rank, program_has_ended, now);
    }
}

/// What the root and the node on this machine say to each other.
void hub::exchange_locally(clock::time_point now) {
    while (!to_self_.empty() || !from_self_.empty()) {
        for (auto const& each : std::exchange(to_self_, {}))
            self_.receive(each, now);
        self_.advance(now);
        for (auto const& each : std::exchange(from_self_, {}))
            root_.receive(0, each, now);
    }
}

void hub::run_posted() {
    std::vector<std::function<void(clock::time_point)>> posted;
    {
        std::lock_guard const lock(mutex_);
        posted.swap(posted_);
    }
    for (auto& each : posted)
        each(clock::now());
}

void hub::wait() {
    auto const until = root_.next_deadline();
    if (line_) return line_->wait(failure_.limit(until));
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [this] { return woken_; });
    woken_ = false;
}

/// Each rank has answered or is lost.
void hub::note_greetings() {
    {
        std::lock_guard const lock(mutex_);
        if (greeted_) return;
    }
    for (std::size_t number = 0; number < root_.nodes(); ++number) {
        if (root_.node(number).is == node_view::phase::greeted) return;
    }
    std::lock_guard const lock(mutex_);
    greeted_ = true;
    changed_.notify_all();
}

void hub::note_opened(pool_opened_message const& about, std::size_t node) {
    std::lock_guard const lock(mutex_);
    auto const found = openings_.find(about.pool);
    if (found == openings_.end()) return;
    auto& [pool, awaited] = found->second;
    awaited.erase(node);
    if (about.refused.empty()) {
        if (pool.workers_of.empty()) pool.spec = about.spec;
        pool.workers += about.workers;
        pool.workers_of[node] = about.workers;
        pool.alike = pool.alike && pool.spec == about.spec;
        if (node > 0) pool.others.push_back(root_.node(node).about);
    } else {
        pool.refused.push_back(fmt::format("{}: {}", root_.node(node).about.name, about.refused));
    }
    changed_.notify_all();
}

void hub::note_closed(pool_closed_message const& about, std::size_t node) {
    std::lock_guard const lock(mutex_);
    auto const found = closings_.find(about.pool);
    if (found == closings_.end()) return;
    found->second.awaited.erase(node);
    found->second.used.insert_or_assign(node, about.used);
    changed_.notify_all();
}

void hub::note_lost(std::size_t node) {
    if (line_ && node > 0) line_->drop(node);
    std::lock_guard const lock(mutex_);
    for (auto& [number, each] : openings_)
        each.awaited.erase(node);
    if (probe_.node == node) probe_.lost = true;
    for (auto& [number, each] : closings_)
        each.awaited.erase(node);
    changed_.notify_all();
}

void hub::pass_log(log_message const& line) {
    auto const found = logs_.find(line.pool);
    if (found == logs_.end() || !found->second) return;
    try {
        using system = std::chrono::system_clock;
        found->second({system::time_point(std::chrono::duration_cast<system::duration>(
                           std::chrono::nanoseconds(line.nanoseconds))),
                       line.worker, line.line});
    } catch (...) {
        // What a log handler throws is dropped (log.hpp).
    }
}

}  // namespace quartet::inline v0::detail
