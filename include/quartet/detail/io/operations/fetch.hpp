// include/quartet/detail/io/operations/fetch.hpp
//
// A request to a server, and its reply.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/http.hpp>

#include <utility>

namespace quartet::inline v0::detail {

class http_transfer;

class [[nodiscard]] fetch_operation final : public timed_operation {
public:
    fetch_operation(context& owner, http_request what) : timed_operation(owner), request(std::move(what)) {}

    http_response await_resume() {
        throw_error();
        return std::move(response);
    }

    http_request request;
    http_response response;
    http_transfer* transfer = nullptr;  ///< what carries it out on a loop

private:
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
};

}  // namespace quartet::inline v0::detail
