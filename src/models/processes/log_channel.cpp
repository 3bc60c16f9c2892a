#include "src/models/processes/log_channel.hpp"

#include "src/io/context/logging.hpp"
#include "src/models/processes/worker_process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <vector>

namespace quartet::inline v0::detail {

log_record log_channel::unpack(std::size_t size) const {
    log_packet head{};
    std::memcpy(&head, packet_.data(), sizeof head);
    auto const since_epoch = std::chrono::duration_cast<std::chrono::system_clock::duration>(
        std::chrono::nanoseconds(head.nanoseconds));
    return {std::chrono::system_clock::time_point(since_epoch), fmt::format("{}-{}", name_, head.worker),
            std::string(packet_.data() + sizeof head, size - sizeof head)};
}

log_channel::log_channel(log_handler handler, std::string_view name)
    : handler_(std::move(handler)), name_(name) {
    if (!handler_) return;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot make a socket pair for logs");
    read_end_.emplace(ends[0]);
    write_end_ = descriptor(ends[1]);
    packet_.resize(sizeof(log_packet) + log_packet::room);
}

void log_channel::deliver() {
    if (!read_end_) return;
    std::lock_guard const lock(mutex_);
    for (ssize_t got = 0; (got = recv(read_end_->get(), packet_.data(), packet_.size(), MSG_DONTWAIT)) > 0;)
        hand_over(handler_, unpack(static_cast<std::size_t>(got)));
}

}  // namespace quartet::inline v0::detail
