#include "src/io/files/file_streams.hpp"

#include "src/io/files/file_stream.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace quartet::inline v0::detail {

namespace asio = boost::asio;

/// Handlers that wait hold it, and find it over if it was cancelled meanwhile.
class file_streams::transfer {
public:
    transfer(asio::io_context& io, file_operation& operation) : stream(operation), timer(io) {}
    ~transfer() { forget_descriptor(); }
    transfer(transfer const&) = delete;
    transfer& operator=(transfer const&) = delete;

    /// Nothing waits for its descriptor any more, which is not closed.
    void forget_descriptor() noexcept {
        if (watched && watched->is_open()) watched->release();
        watched.reset();
    }

    file_stream stream;
    bool over = false;
    std::optional<asio::posix::stream_descriptor> watched;
    asio::steady_timer timer;
};

// The body of the operation may not even be suspended yet.
void file_streams::take(file_operation& operation) {
    auto const each = std::make_shared<transfer>(io_, operation);
    under_way_.emplace(&operation, each);
    to_go_on_.push_back(each);
}

// Not by a post: Asio runs what handlers post before timers and others have their turn.
bool file_streams::advance() {
    auto const all = std::exchange(to_go_on_, {});
    for (auto const& each : all)
        advance(each);
    return !all.empty();
}

void file_streams::cancel(file_operation& operation) noexcept {
    auto const found = under_way_.find(&operation);
    if (found == under_way_.end()) return;
    auto const each = found->second;
    under_way_.erase(found);
    each->over = true;
    each->forget_descriptor();
    each->timer.cancel();
    each->stream.cancel();
    asio::post(io_, [&operation] { operation.complete(); });
}

void file_streams::advance(std::shared_ptr<transfer> const& each) {
    if (each->over) return;
    using next = file_stream::next;
    file_operation& operation = each->stream.operation();
    next const what = each->stream.step();
    if (what != next::done && operation.is_cancelled) return cancel(operation);
    try {
        switch (what) {
            case next::done:
                break;
            case next::go_on:  // others have their turn first
                return to_go_on_.push_back(each);
            case next::wait_to_open:
                return wait_a_while(each);
            case next::wait_to_read:
            case next::wait_to_write:
                return wait(each, what == next::wait_to_read);
        }
    } catch (boost::system::system_error const& refused) {
        each->forget_descriptor();
        each->stream.fail("wait for", refused.code().value());
    }
    each->over = true;
    under_way_.erase(&operation);
    each->forget_descriptor();
    operation.complete();
}

void file_streams::wait(std::shared_ptr<transfer> const& each, bool to_read) {
    using posix_stream = asio::posix::stream_descriptor;
    if (!each->watched) each->watched.emplace(io_, each->stream.descriptor());
    each->watched->async_wait(to_read ? posix_stream::wait_read : posix_stream::wait_write,
                              [this, each](boost::system::error_code const& error) {
                                  if (each->over) return;
                                  if (error) return wait_a_while(each);  // it can't be watched
                                  advance(each);
                              });
}

// There is no event to wait for.
void file_streams::wait_a_while(std::shared_ptr<transfer> const& each) {
    each->timer.expires_after(std::chrono::milliseconds(10));
    each->timer.async_wait([this, each](boost::system::error_code const&) { advance(each); });
}

}  // namespace quartet::inline v0::detail
