// src/models/cluster/link.hpp
//
// A rank's way to the other ranks by MPI. MPI itself is in another process (link_process.hpp).
#pragma once

#include "src/base/descriptor.hpp"
#include "src/base/living_process.hpp"
#include "src/models/cluster/endpoint.hpp"
#include "src/models/cluster/launch.hpp"
#include "src/models/cluster/link_memory.hpp"

#include <quartet/detail/base/own_process.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

namespace quartet::inline v0::detail {

struct link_options {
    launch how{};
    /// The root tells the others four times in it that it lives.
    std::chrono::nanoseconds silence = std::chrono::seconds(10);
    /// For MPI to start: all ranks have to.
    std::chrono::nanoseconds start_limit = std::chrono::seconds(60);
};

/// Made in the program's first process, before it has threads; children that it forks have it too. One of
/// them uses it at a time (use()), and within it one thread.
///
/// What is sent is copied once, into the memory of the link process, and what is received is not copied:
/// packets lie where MPI has put them, and may outlive the link.
class link final : public endpoint {
public:
    /// Starts the link process and waits until MPI has started on all ranks. The launcher's variables and its
    /// descriptor are no more in this process then. Throws std::runtime_error with the sentence for the user,
    /// std::system_error.
    static std::unique_ptr<link> start(link_options const& options);

    /// As end(), in the process that started it.
    ~link() override;

    std::size_t rank() const noexcept override { return state().rank; }
    std::size_t size() const noexcept override { return state().size; }
    delivery how() const noexcept override { return delivery::exact; }

    // Within a turn.
    void send(std::size_t to, packet message) override;
    std::optional<arrival> receive() override;
    void wait(time_point until) override;
    void wake() noexcept override;
    std::size_t unsent() const noexcept override;

    /// Forgets what is queued to a rank that was given up, and tells it to leave should it live. What MPI has
    /// begun to send keeps its memory (160 MiB and the head of one message at the most). MPI is not finished
    /// at the end.
    void drop(std::size_t rank) override;

    bool is_gone(std::size_t rank) const noexcept override;
    std::uint64_t losses() const noexcept override { return state().losses.load(); }

    /// The right to use the link. At the root, what came for the user before is gone then.
    class turn {
    public:
        turn(turn const&) = delete;
        turn& operator=(turn const&) = delete;
        /// In the thread that has taken it. What was sent is handed over, if the link process takes it within
        /// a few seconds.
        ~turn();

    private:
        friend class link;
        explicit turn(link& of);

        link* link_;
    };
    /// Waits until no other process or thread uses it; one that died while it did is no matter.
    [[nodiscard]] std::unique_ptr<turn> use();

    /// 1, 2, …: over all processes. Any thread.
    std::uint32_t next_session() noexcept { return state().sessions.fetch_add(1) + 1; }

    /// As endpoint::failed(), on any thread.
    std::optional<std::string> failed() const override;

    /// Ends the link process: what was sent is sent, for a second at the most; the root tells the others to
    /// leave; all finish MPI together if none was lost. Up to some seconds. For the process that started the
    /// link.
    void end() noexcept;

    /// How many messages the link process has found by looking now and then. Many, if MPI's network has
    /// nothing that wakes who waits for it: then messages come up to 20 ms late, and waiting takes 1 or 2 %
    /// of a processor.
    std::uint64_t found_late() const noexcept { return state().found_late.load(); }

    /// The MPI and its version, in one line.
    std::string about() const { return state().about.data(); }
    /// The processor time that the link process has used; zero if it has ended. Any thread.
    std::chrono::nanoseconds processor_time() const noexcept;

    /// The link process, whose processor time is that of MPI.
    pid_t process() const noexcept { return state().process.load(); }

private:
    struct own_packet {
        std::size_t to;
        packet message;
    };

    link() = default;
    link_state& state() const noexcept { return memory_->state(); }
    void fork_link_process(link_options const& options, std::string const& plugin);
    void await_start(link_options const& options);
    void let_go_of_launcher(launch const& how) const noexcept;
    bool put(own_packet& sent);
    void put(link_entry const& entry);
    void hand_over();
    void wake_link_process() noexcept;
    packet packet_of(link_entry const& entry);
    bool link_process_lives() const noexcept;
    bool has_news_of_failure() const noexcept;
    void begin_use();
    void end_use() noexcept;

    std::shared_ptr<link_memory> memory_ = std::make_shared<link_memory>();
    descriptor wake_end_{};
    process_stamp started_by_ = this_process();
    process_mark link_process_{};
    bool has_started_ = false;

    // Of the user.
    std::deque<own_packet> kept_{};  // did not find room
    std::size_t kept_bytes_ = 0;
    bool short_of_memory_ = false;
    std::atomic<bool> woken_{false};
    bool told_of_failure_ = false;
    std::uint64_t told_of_losses_ = 0;
};

}  // namespace quartet::inline v0::detail
