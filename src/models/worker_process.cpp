#include "src/models/worker_process.hpp"

#include "src/core/futex.hpp"
#include "src/io/blocking_context.hpp"
#include "src/models/chunk_sizer.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

namespace quartet::detail {
namespace {

/// Makes a std::stop_token of the word in shared memory, by a thread that waits for it to change. Only for
/// bodies that ask.
class stop_watch {
public:
    explicit stop_watch(std::atomic<std::uint32_t> const& word) : word_(word) {}
    // A worker ends by _exit, so the thread is never joined.

    std::stop_token token() {
        if (!source_ || (source_->stop_requested() && word_.load() == 0)) {
            source_.emplace();
            std::thread([this, source = *source_]() mutable {
                while (word_.load() == 0)
                    futex_wait(word_, 0);
                source.request_stop();
            }).detach();
        }
        return source_->get_token();
    }

private:
    std::atomic<std::uint32_t> const& word_;
    std::optional<std::stop_source> source_;
};

void send_log(int socket, worker_info const& where, std::string_view line) {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    log_packet head{std::chrono::nanoseconds(now).count(), where.number};
    line = line.substr(0, log_packet::most_text);
    iovec parts[] = {{&head, sizeof head}, {const_cast<char*>(line.data()), line.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

class worker {
public:
    worker(pool_state& pool, std::size_t number)
        : pool_(pool),
          slot_(pool.slots[number]),
          stop_(pool.stop_word),
          where_({.name = fmt::format("processes-{}", number), .number = number, .process_id = getpid()},
                 pool.stop_word, host()) {}

    void serve_next() {
        std::uint32_t const seen = pool_.generation.load(std::memory_order_acquire);
        slot_.busy.store(1, std::memory_order_seq_cst);
        if (pool_.open.load(std::memory_order_seq_cst)) work_on_batch();
        slot_.busy.store(0, std::memory_order_seq_cst);
        if (all_idle()) eventfd_write(pool_.changed_event, 1);
        futex_wait(pool_.generation, seen);
    }

    void run(index_range range) {
        slot_.chunk.store(range, std::memory_order_relaxed);
        pool_.batch->run(where_, *pool_.batch, slot_.remote, range.first, range.last);
        slot_.chunk.store({}, std::memory_order_relaxed);
    }

private:
    blocking_host host() {
        blocking_host host{.log = {}, .stop_token = [this] { return stop_.token(); }};
        if (pool_.log_socket >= 0)
            host.log = [socket = pool_.log_socket](worker_info const& where, std::string_view line) {
                send_log(socket, where, line);
            };
        return host;
    }

    void work_on_batch() {
        chunk_sizer sizer(pool_.workers);
        for (;;) {
            index_range const range = take(sizer);
            if (range.empty()) return;
            auto const began = chunk_sizer::clock::now();
            run(range);
            sizer.took(range.last - range.first, chunk_sizer::clock::now() - began);
        }
    }

    index_range take(chunk_sizer const& sizer) {
        if (pool_.returned_count.load(std::memory_order_relaxed) > 0) {
            for (auto& each : pool_.returned) {
                index_range const range = each.exchange({}, std::memory_order_acq_rel);
                if (range.empty()) continue;
                pool_.returned_count.fetch_sub(1, std::memory_order_relaxed);
                return range;
            }
        }
        std::size_t const count = pool_.batch->count;
        std::size_t const taken = std::min(pool_.next.load(std::memory_order_relaxed), count);
        if (taken == count) return {};
        std::size_t const wanted = sizer.next(count - taken);
        std::size_t const first = std::min(pool_.next.fetch_add(wanted, std::memory_order_relaxed), count);
        return {static_cast<std::uint32_t>(first),
                static_cast<std::uint32_t>(std::min(first + wanted, count))};
    }

    bool all_idle() const {
        return std::all_of(pool_.slots, pool_.slots + pool_.slot_count, [](worker_slot const& each) {
            return each.busy.load(std::memory_order_seq_cst) == 0;
        });
    }

    pool_state& pool_;
    worker_slot& slot_;
    stop_watch stop_;
    blocking_context where_;
};

}  // namespace

void serve_pool(pool_state& pool, std::size_t number) {
    set_process_cpu_share(one_share(pool.cpu_share, pool.workers));
    worker self(pool, number);
    for (;;)
        self.serve_next();
}

void serve_one(pool_state& pool, std::size_t number) {
    set_process_cpu_share(one_share(pool.cpu_share, pool.workers));
    worker self(pool, number);
    self.run({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number + 1)});
}

}  // namespace quartet::detail
