// include/quartet/detail/io/operations/asio_wait.hpp
//
// Waiting for an operation of Asio, whose buffers belong to the body: so a stop or a limit has Asio end the
// operation, and the body waits on until it has ended. Knows no header of Boost; <quartet/asio.hpp> does.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/detail/io/suspension.hpp>

#include <memory>

namespace boost::asio {
class io_context;
}

namespace quartet::inline v0::detail {

class asio_wait : public operation, private suspension_listener {
protected:
    using operation::operation;

    std::shared_ptr<suspension> waits_for_;  // made by initiate(); is ended, and never withdrawn
    bool end_asked_ = false;                 // by a stop or a limit

private:
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;

    void suspension_ended() noexcept override;

    void wait_blocking(blocking_thread& here);
    void ask_for_end() noexcept;
    void complain() const;

    /// Begins the operation, which ends waits_for_.
    virtual void initiate() = 0;

    /// Asks Asio to end the operation early. Once, while it is under way.
    virtual void end_early() noexcept = 0;

    event_loop* loop_ = nullptr;              // on which it waits
    boost::asio::io_context* own_ = nullptr;  // or which this thread runs meanwhile, if any
};

/// The io_context that is run for a body: that of its loop, or that of its thread.
class asio_place final : public operation {
public:
    explicit asio_place(context& owner) noexcept : operation(owner) {}

    /// Does not wait. Throws std::logic_error in a fake.
    boost::asio::io_context& find();

private:
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    bool ends_with_body() const noexcept override { return false; }

    boost::asio::io_context* found_ = nullptr;
};

}  // namespace quartet::inline v0::detail
