// include/quartet/fake.hpp
//
// A model for tests of bodies: time passes without waiting, files are strings in memory, and fetches
// and commands are answered by functions.
//
//     quartet::fake_world world;
//     world.files["in.txt"] = "hello";
//     world.on_fetch = [](quartet::http_request const&) { return quartet::fake_reply{.latency = 20ms}; };
//     quartet::executor executor(std::make_unique<quartet::fake>(world));
//     executor.map(body, inputs);
//     EXPECT_EQ(world.now(), 20ms);
//
// Bodies run on the thread that calls map(), many in flight, as under `async`. When all of them wait, the
// clock jumps to the earliest moment that one of them waits for. Everything happens in the same order in
// every run. Not part of quartet.hpp.
//
// Channels are for the bodies of the map alone: no other thread may use them meanwhile. When all bodies wait
// for channels and no clock can help, these waits throw std::logic_error.
//
// Descriptors (context::ready) are real ones: while a body waits for one and nothing else can happen, the
// clock stands, for a second of real time at the most.
//
// Waiting takes no time, computing takes none of the clock's. There are no folders, permissions or full
// disks: opening a file that does not exist is the only file operation that fails, apart from reading one
// that was opened to append, or the other way round.
#pragma once

#include <quartet/backend/model.hpp>
#include <quartet/executor.hpp>
#include <quartet/fake_world.hpp>
#include <quartet/log.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>

namespace quartet::inline v0 {

struct fake_options {
    std::size_t limit = std::numeric_limits<std::size_t>::max();  ///< bodies in flight at the most; above 0
    log_handler log_to{};                                         ///< also gets what fake_world::log gets
};

/// Bodies go on while somebody waits for them: in map, in a future's get, in join. For one thread, but for a
/// stop, which may come from any.
class fake final : public model {
public:
    explicit fake(fake_world& world, fake_options options = {});
    ~fake() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    job_driver& driver() noexcept override;
    bool goes_on_alone() const noexcept override { return false; }
    std::size_t concurrency() const noexcept override;
    std::string spec() const override { return "fake"; }
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    class simulation;
    class fake_context;

    std::unique_ptr<simulation> simulation_;
};

}  // namespace quartet::inline v0
