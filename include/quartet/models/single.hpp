// include/quartet/models/single.hpp
//
// Runs bodies one after another on the thread that calls run(). The blocking context; no cost beyond the
// bodies' own.
#pragma once

#include <quartet/model.hpp>

#include <memory>

namespace quartet {

class single final : public model {
public:
    explicit single(log_handler log = {});
    ~single() override;

    void run(job& work, std::stop_token stop) override;
    std::string spec() const override { return "single"; }
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    log_handler log_;
};

}  // namespace quartet
