// include/quartet/backend/single.hpp
//
// Runs bodies one after another on the thread that begins them: map and submit have run them when they
// return. The blocking context; no cost beyond the bodies' own.
#pragma once

#include <quartet/backend/model.hpp>

#include <memory>

namespace quartet::inline v0 {

class single final : public model {
public:
    explicit single(log_handler log = {}, std::string name = "single");
    ~single() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    bool runs_in_start() const noexcept override { return true; }
    std::size_t concurrency() const noexcept override { return 1; }
    std::string spec() const override { return "single"; }
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet::inline v0
