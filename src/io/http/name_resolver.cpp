// The resolver is never destroyed: its threads may be within getaddrinfo when the process ends, and nobody
// can call them back. A forked process has none of its parent's threads, and perhaps its locked mutex, so it
// makes a resolver of its own.

#include "src/io/http/name_resolver.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

using clock = std::chrono::steady_clock;

constexpr auto kept_for = std::chrono::seconds(60);  // as libcurl does by itself
constexpr std::size_t most_kept = 1000;

std::string error_text(int result, int system_error) {
    if (result == EAI_SYSTEM) return std::generic_category().message(system_error);
    return gai_strerror(result);
}

/// Waits for as long as the system's resolver does.
std::shared_ptr<name_answer const> look_up(std::string const& name) {
    auto answer = std::make_shared<name_answer>();
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    int const result = getaddrinfo(name.c_str(), nullptr, &wanted, &list);
    if (result != 0) {
        answer->error = error_text(result, errno);
        return answer;
    }
    std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> const owner(list, &freeaddrinfo);
    for (auto const* each = list; each; each = each->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
            answer->addresses.emplace_back(text);
    }
    if (answer->addresses.empty()) answer->error = "it has no address";
    return answer;
}

}  // namespace

class name_resolver {
public:
    static name_resolver& of_this_process() {
        auto* found = current_.load(std::memory_order_acquire);
        if (found && found->process_ == getpid()) return *found;
        auto* const own = new name_resolver(found);
        if (current_.compare_exchange_strong(found, own, std::memory_order_acq_rel)) return *own;
        delete own;
        return *found;
    }

    /// The answer if it is known; otherwise `who` waits for it.
    std::shared_ptr<name_answer const> ask(std::string const& name, name_lookup& who) {
        std::unique_lock lock(mutex_);
        entry& about = entry_of(name);
        if (about.answer && clock::now() < about.good_until) return about.answer;
        who.waits_for_ = name;
        about.waiting.push_back(&who);
        if (!std::exchange(about.is_under_way, true)) to_look_up_.push_back(&about);
        if (starting_ < to_look_up_.size() && !start_thread() && threads_ == 0)
            work(lock);  // nobody else would ever do it: this holds up the caller, but has its answer
        return take(who);
    }

    /// What `who` waited for, if it has come.
    std::shared_ptr<name_answer const> collect(name_lookup& who) {
        std::lock_guard const lock(mutex_);
        return take(who);
    }

    void leave(name_lookup& who) noexcept {
        std::lock_guard const lock(mutex_);
        auto const found = known_.find(who.waits_for_);
        who.waits_for_.clear();
        who.answer_ = nullptr;
        if (found == known_.end()) return;  // it was asked for before a fork
        entry& about = found->second;
        std::erase(about.waiting, &who);
        // One that has begun can't be called back, and its answer may serve others.
        if (about.waiting.empty() && std::erase(to_look_up_, &about) > 0) about.is_under_way = false;
    }

private:
    struct entry {
        std::string const* name = nullptr;
        bool is_under_way = false;  ///< it is looked up, or in line for that
        std::vector<name_lookup*> waiting;
        std::shared_ptr<name_answer const> answer;
        clock::time_point good_until;
    };

    explicit name_resolver(name_resolver* parents) : parents_(parents), process_(getpid()) {}

    entry& entry_of(std::string const& name) {
        if (known_.size() >= most_kept) {
            auto const now = clock::now();
            std::erase_if(known_, [now](auto const& each) {
                return !each.second.is_under_way && each.second.good_until <= now;
            });
        }
        auto const [at, is_new] = known_.try_emplace(name);
        if (is_new) at->second.name = &at->first;  // which a thread reads without the lock
        return at->second;
    }

    std::shared_ptr<name_answer const> take(name_lookup& who) noexcept {
        if (who.answer_) who.waits_for_.clear();
        return std::exchange(who.answer_, nullptr);
    }

    bool start_thread() noexcept {
        if (threads_ == name_lookup::most_threads) return false;
        try {
            std::thread([this] {
                std::unique_lock lock(mutex_);
                --starting_;
                work(lock);
                --threads_;
            }).detach();
        } catch (std::system_error const&) {
            return false;  // those that there are will do it
        }
        ++threads_;
        ++starting_;
        return true;
    }

    /// Looks up until nothing is left.
    void work(std::unique_lock<std::mutex>& lock) noexcept {
        while (!to_look_up_.empty()) {
            entry& about = *to_look_up_.front();  // stays where it is while it is under way
            to_look_up_.pop_front();
            lock.unlock();
            auto answer = look_up_or_say_why(*about.name);
            lock.lock();
            complete(about, std::move(answer));
        }
    }

    std::shared_ptr<name_answer const> look_up_or_say_why(std::string const& name) noexcept {
        try {
            return look_up(name);
        } catch (...) {
            return no_memory_;
        }
    }

    void complete(entry& about, std::shared_ptr<name_answer const> answer) noexcept {
        for (name_lookup* const each : about.waiting) {
            each->answer_ = answer;
            each->wake_();
        }
        about.waiting.clear();
        about.is_under_way = false;
        about.good_until = clock::now();
        if (answer->error.empty()) about.good_until += kept_for;
        about.answer = std::move(answer);
    }

    static inline std::atomic<name_resolver*> current_{nullptr};

    [[maybe_unused]] name_resolver* const parents_;  // keeps it reachable for those who look for leaks
    pid_t const process_;
    std::mutex mutex_;
    std::map<std::string, entry> known_;
    std::deque<entry*> to_look_up_;
    unsigned threads_ = 0;
    std::size_t starting_ = 0;  // of those: that have not taken a name yet
    std::shared_ptr<name_answer const> const no_memory_ =
        std::make_shared<name_answer>(name_answer{{}, std::generic_category().message(ENOMEM)});
};

std::shared_ptr<name_answer const> name_lookup::ask(std::string const& name) {
    auto& resolver = name_resolver::of_this_process();
    if (waits_for_.empty()) return resolver.ask(name, *this);
    return resolver.collect(*this);
}

void name_lookup::leave() noexcept {
    if (!waits_for_.empty()) name_resolver::of_this_process().leave(*this);
}

}  // namespace quartet::inline v0::detail
