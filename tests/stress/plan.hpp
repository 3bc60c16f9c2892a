// tests/stress/plan.hpp
//
// What an episode does: which executors there are, and which calls each caller makes of them. A plan follows
// from its seed alone, so that an episode can be repeated; what the machine makes of it is never twice the
// same.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::stress {

/// Random numbers that are the same on every machine (SplitMix64).
class dice {
public:
    explicit dice(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept;
    /// From 0 to `sides` - 1.
    std::uint32_t roll(std::size_t sides) noexcept { return static_cast<std::uint32_t>(next() % sides); }
    bool one_in(std::size_t sides) noexcept { return roll(sides) == 0; }
    template <class Choices>
    auto& any_of(Choices& choices) noexcept {
        return choices[roll(choices.size())];
    }

private:
    std::uint64_t state_;
};

/// What a body does before it gives its value.
enum class deed : std::uint8_t {
    nothing,
    computes,
    sleeps,
    yields,
    has_children,  ///< when_all, when_any
    has_limit,     ///< a sleep that with_timeout ends
    offloads,
    logs,
    asks_for_token,
    uses_files,
    appends,  ///< to one file that all of its call append to
    runs_command,
    fetches_in_vain,
    is_large,  ///< its input and its result
    is_huge,
    throws,
    throws_own_type,
    sends,              ///< to the executor's channel
    receives,           ///< from it
    marks,              ///< an element of a shared array
    forks,              ///< a child that ends at once
    forks_and_returns,  ///< in the child too, as below
    forks_and_throws,
    forks_and_awaits,
    makes_executor,
    asks_own_pool,   ///< submits to its own executor and waits
    is_refused,      ///< in a worker process: its executor's calls throw
    waits_for_ever,  ///< until it is cancelled
    computes_until_stopped,
    swallows_stop,  ///< once, and then gives its value
    is_deaf,        ///< to all but a SIGKILL
    is_deaf_to_stop,
    dies_by_signal,
    exits,
    kills_fork_server,
    sets_timer,          ///< of its process, to 1 kHz
    closes_descriptors,  ///< all of its process
};

std::string_view to_string(deed what) noexcept;

/// The input of a task. `id` is the task's own in the whole episode.
struct order {
    std::uint32_t id = 0;
    deed what = deed::nothing;
    std::uint32_t amount = 0;  ///< microseconds, bytes, signals: as the deed wants
};

/// Types of inputs and results, and of bodies.
enum class form : std::uint8_t { numbers, plain_function, strings, no_result };

enum class call_kind : std::uint8_t {
    map,
    try_map,
    for_each,
    starmap,
    submits,
    stream,
    stop,
    join,
    destroy,
    channel,
    array,
    process,
    fork,
    companion,  ///< a child that lives until all is over, with copies of all descriptors
};

std::string_view to_string(call_kind what) noexcept;

struct step {
    call_kind call = call_kind::map;
    std::size_t executor = 0;
    form types = form::numbers;
    std::uint32_t first_id = 0;
    std::uint32_t tasks = 0;
    deed usual = deed::nothing;
    deed rare = deed::nothing;
    std::uint32_t rare_in_thousand = 0;
    std::uint64_t seed = 0;  ///< of what its tasks are

    std::optional<std::chrono::microseconds> stop_after{};
    std::optional<std::chrono::microseconds> executor_stop_after{};  ///< once the call has begun
    std::optional<std::chrono::microseconds> task_timeout{};
    std::optional<std::chrono::microseconds> timeout{};
    bool stop_all = false;
    std::uint32_t retries = 0;
    std::uint32_t chunk_size = 0;
    bool progress = false;

    // Of a stream.
    bool as_completed = false;
    std::uint32_t window = 0;
    std::uint32_t takes = 0;  ///< outcomes, before it is stopped or dropped
    bool stops = false;       ///< and is read to its end

    order task(std::uint32_t index) const noexcept;
    bool has(deed what) const noexcept { return usual == what || (rare == what && rare_in_thousand > 0); }
};

/// How a model differs, as far as promises go.
struct habits {
    explicit habits(std::string_view spec);
    bool processes;
    bool loops;
    bool pool;  ///< its bodies may wait for its calls
    bool each;  ///< a worker for each task
};

/// Which workers can't begin, as executor_options::initialize throws.
enum class bad_starts : std::uint8_t {
    never,
    at_first,  ///< the first of an executor that is made before the one that is used
    later,     ///< every third of those that come when the first are there
    all_later,
};

/// Of those that have tasks.
inline bool may_not_begin(bad_starts which) noexcept {
    return which == bad_starts::later || which == bad_starts::all_later;
}

/// What the program does about the ends of its children.
enum class child_ends : std::uint8_t {
    usual,
    ignored,   ///< SIGCHLD
    not_kept,  ///< SA_NOCLDWAIT
    taken,     ///< by a handler that waits for any child
};

struct executor_plan {
    std::string spec{};
    bool shared = true;  ///< by all callers; else of one
    bool logs = false;
    bool records = false;
    bool file_threads = false;
    std::uint32_t recycle_after = 0;
    bool timer_in_workers = false;
    bool joins_before_end = false;
    std::uint32_t channel_capacity = 1;
    bad_starts starts = bad_starts::never;

    // What follows from the steps.
    bool deaths = false;
    bool server_deaths = false;
};

struct plan {
    std::uint64_t seed = 0;
    std::uint64_t episode = 0;
    std::vector<executor_plan> executors{};
    std::vector<std::vector<step>> callers{};
    bool kills_workers = false;
    bool kills_fork_servers = false;
    bool timer = false;  ///< 1 kHz, in the caller's process
    child_ends children = child_ends::usual;
    std::uint64_t most_file_bytes = 0;     ///< 0: no limit
    std::uint64_t most_address_bytes = 0;  ///< likewise
    std::uint32_t ids = 0;
};

/// The specs that plans choose from.
std::vector<std::string> const& usual_specs();

plan make_plan(std::uint64_t seed, std::uint64_t episode, std::vector<std::string> const& specs);

std::string describe(step const& what, plan const& of);
std::string describe(plan const& what);

}  // namespace quartet::stress
