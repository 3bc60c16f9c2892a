// src/io/blocking_context.hpp
//
// The context in which an awaited operation is done at once, in the calling thread. A body in it never
// suspends. One object per thread; its HTTP client keeps connections from one body to the next.
#pragma once

#include "src/io/blocking_http.hpp"

#include <quartet/context.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

namespace quartet::detail {

/// What a blocking context needs from the model that made it. Both are called on the body's thread.
struct blocking_host {
    std::function<void(worker_info const&, std::string_view)> log;  ///< may be empty
    std::function<std::stop_token()> stop_token;
};

class blocking_context final : public context {
public:
    blocking_context(worker_info where, std::atomic<std::uint32_t> const& stop_word, blocking_host host);

private:
    bool start(sleep_operation& operation) override;
    bool start(fetch_operation& operation) override;
    bool start(command_operation& operation) override;
    bool start(file_operation& operation) override;
    bool start(offload_base& operation) override;
    bool start(yield_operation& operation) override;
    bool start(channel_operation& operation) override;
    void do_log(std::string_view line) override;
    std::stop_token do_stop_token() override { return host_.stop_token(); }

    std::atomic<std::uint32_t> const& stop_word_;
    blocking_host host_;
    std::unique_ptr<blocking_http> http_;  // made by the first fetch
};

}  // namespace quartet::detail
