// src/models/cluster/node_inbox.hpp
//
// What pools report from their threads, until the node's owner takes it.
#pragma once

#include "src/models/cluster/node.hpp"

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class node_inbox {
public:
    /// `wake` tells the owner that there is something; any thread.
    explicit node_inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    pool_reports reports() {
        return {.ended = [this](ended_piece piece) { add(ended_, std::move(piece)); },
                .logged = [this](log_message line) { add(logged_, std::move(line)); }};
    }

    /// Gives the node what has come. On the owner's thread.
    void deliver(node& to, node::time_point now) {
        std::vector<ended_piece> ended;
        std::vector<log_message> logged;
        {
            std::lock_guard const lock(mutex_);
            ended.swap(ended_);
            logged.swap(logged_);
        }
        for (auto const& each : logged)
            to.logged(each, now);
        for (auto& each : ended)
            to.ended(std::move(each), now);
    }

private:
    template <class What>
    void add(std::vector<What>& to, What what) {
        {
            std::lock_guard const lock(mutex_);
            to.push_back(std::move(what));
        }
        wake_();
    }

    std::function<void()> wake_;
    std::mutex mutex_;
    std::vector<ended_piece> ended_;
    std::vector<log_message> logged_;
};

}  // namespace quartet::inline v0::detail
