#include "src/models/cluster/executor_pool.hpp"

#include "src/call/piece_recorder.hpp"
#include "src/models/cluster/node_job.hpp"
#include "src/models/cluster/travelling_code.hpp"
#include "src/shm/machine_heap.hpp"

#include <quartet/detail/call/describe_failure.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

class executor_pool final : public node_pool {
public:
    executor_pool(open_pool_message const& about, pool_reports const& reports, model_maker const& make)
        : reports_(reports) {
        if (about.records) {  // before workers are forked
            records_.emplace(static_cast<std::size_t>(about.waits));
            surroundings_.records = &*records_;
        }
        auto made = make(about, about.logs ? handler(about.pool) : log_handler());
        if (made.here) surroundings_.heap = heap_.emplace(machine_heap("the threads of a node")).get();
        surroundings_.workers = std::move(made.name);
        how_ = std::move(made.runs);
    }

    ~executor_pool() override {
        {
            std::lock_guard const lock(mutex_);
            closed_ = true;
        }
        how_.reset();  // stops what goes on, and waits for it
    }

    std::string spec() const override { return how_->spec(); }
    std::size_t workers() const noexcept override { return how_->concurrency(); }

    void begin(task_piece piece) override {
        std::shared_ptr<node_job> work;
        try {
            auto const call = unpacked(piece.call);
            work = std::make_shared<node_job>(piece, call, surroundings_);
            keep(work);
            node_job::begin(work, *how_, [this](node_job& ended) { report(ended); });
        } catch (...) {
            if (work) static_cast<void>(release(*work));
            refuse(piece);
        }
    }

    std::vector<task_row> take_back(std::size_t most) override {
        std::vector<std::shared_ptr<node_job>> under_way;
        {
            std::lock_guard const lock(mutex_);
            for (auto const& [work, kept] : jobs_)
                under_way.push_back(kept);
        }
        std::ranges::sort(under_way, std::greater(), [](auto const& each) {
            return std::pair(each->piece().call->call, each->piece().first);
        });
        std::vector<task_row> taken;
        std::size_t left = most;
        for (auto at = under_way.begin(); at != under_way.end() && left > 0; ++at)
            left -= (*at)->take_back(*how_, left, taken);
        return taken;
    }

    void stop(std::uint32_t call, stopped_by who) noexcept override {
        std::vector<std::shared_ptr<node_job>> under_way;
        {
            std::lock_guard const lock(mutex_);
            stopped_.emplace(call, who);
            for (auto const& [work, kept] : jobs_) {
                if (kept->piece().call->call == call) under_way.push_back(kept);
            }
        }
        for (auto const& each : under_way)
            each->request_stop(who);
    }

    void forget(std::uint32_t call) noexcept override {
        std::lock_guard const lock(mutex_);
        stopped_.erase(call);
        calls_.erase(call);
    }

private:
    log_handler handler(std::uint32_t pool) const {
        return [reports = reports_, pool](log_record const& record) {
            auto const time = std::chrono::nanoseconds(record.time.time_since_epoch()).count();
            reports.logged({.pool = pool, .nanoseconds = time, .worker = record.worker, .line = record.line});
        };
    }

    /// The call's code here, which its first piece brings.
    std::shared_ptr<unpacked_call const> unpacked(std::shared_ptr<call_message const> const& about) {
        auto const found = calls_.find(about->call);
        if (found != calls_.end()) return found->second;
        auto call = unpack_code(*about);
        std::lock_guard const lock(mutex_);
        return calls_.emplace(about->call, std::move(call)).first->second;
    }

    void keep(std::shared_ptr<node_job> const& work) {
        std::lock_guard const lock(mutex_);
        jobs_.emplace(work.get(), work);
        auto const stop = stopped_.find(work->piece().call->call);
        if (stop != stopped_.end()) work->request_stop(stop->second);
    }

    std::shared_ptr<node_job> release(node_job& work) noexcept {
        std::lock_guard const lock(mutex_);
        auto const found = jobs_.find(&work);
        if (found == jobs_.end()) return nullptr;
        auto kept = std::move(found->second);
        jobs_.erase(found);
        return kept;
    }

    void report(node_job& ended) noexcept {
        auto const kept = release(ended);
        {
            std::lock_guard const lock(mutex_);
            if (closed_) return;
        }
        reports_.ended(ended.take_outcomes());
    }

    /// A piece that could not begin: its tasks have failed.
    void refuse(task_piece const& piece) {
        auto const why = describe_current_exception(0, {});
        ended_piece ended{.pool = piece.call->pool, .call = piece.call->call, .count = piece.count};
        write_failure({.call = ended.call, .first = piece.first, .count = piece.count}, move_failure(why),
                      ended.outcomes);
        reports_.ended(std::move(ended));
    }

    pool_reports reports_;
    std::optional<shared_heap_owner> heap_;  // for bodies that run in this process
    std::optional<piece_recorder> records_;
    node_job::surroundings surroundings_;
    std::mutex mutex_;  // guards what follows
    bool closed_ = false;
    std::map<std::uint32_t, std::shared_ptr<unpacked_call const>> calls_;
    std::map<std::uint32_t, stopped_by> stopped_;
    std::map<node_job*, std::shared_ptr<node_job>> jobs_;
    std::unique_ptr<model> how_;  // last: its end waits for jobs
};

}  // namespace

pool_maker executor_pools(model_maker make) {
    return [make = std::move(make)](open_pool_message const& about, pool_reports const& reports) {
        return std::make_unique<executor_pool>(about, reports, make);
    };
}

}  // namespace quartet::inline v0::detail
