// Objects are made outside of the lock, for that may take long, and may ask for another broadcast. Those
// whose memory has ended are let go when the next one is made.
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/shm/broadcast_memory.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <unordered_map>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// An object of a broadcast in this process.
struct broadcast_object {
    std::shared_ptr<void const> made{};
    /// Of whom makes it just now, else 0. A child that is forked meanwhile finds the stamp of its parent,
    /// whose thread it does not have.
    std::atomic<process_stamp> maker{0};
};

/// How many own ones there are. Programs without any make nothing of what follows.
constinit std::atomic<std::size_t> own_broadcasts{0};

/// What this process knows of broadcasts. As known_mappings of shared_memory.cpp it is never destroyed, and
/// locked over forks.
class known_broadcasts {
public:
    static known_broadcasts& of_this_process() {
        static auto& known = *new known_broadcasts;
        [[maybe_unused]] static int const locked_over_forks = pthread_atfork(
            [] { known.mutex_.lock(); }, [] { known.mutex_.unlock(); }, [] { known.mutex_.unlock(); });
        return known;
    }

    // ---- Own ones

    void add(std::shared_ptr<broadcast_memory> const& added) {
        std::lock_guard const lock(mutex_);
        own_.emplace(added->id(), added);
        own_broadcasts.store(own_.size(), std::memory_order_relaxed);
    }
    void remove(std::uint64_t id) {
        std::shared_ptr<broadcast_object> last;  // its end is the program's code: without the lock
        std::lock_guard const lock(mutex_);
        own_.erase(id);
        own_broadcasts.store(own_.size(), std::memory_order_relaxed);
        if (auto const found = objects_.find(id); found != objects_.end()) {
            last = std::move(found->second);
            objects_.erase(found);
        }
    }
    std::shared_ptr<broadcast_memory const> find_own(std::uint64_t id) {
        std::lock_guard const lock(mutex_);
        auto const found = own_.find(id);
        return found == own_.end() ? nullptr : found->second.lock();
    }

    // ---- Objects

    void put(std::uint64_t id, std::shared_ptr<void const> object) {
        auto added = std::make_shared<broadcast_object>();
        added->made = std::move(object);
        std::lock_guard const lock(mutex_);
        objects_.insert_or_assign(id, std::move(added));
    }

    /// The entry of an object, and whether it is the caller's to make.
    std::pair<std::shared_ptr<broadcast_object>, bool> take(std::uint64_t id) {
        std::vector<std::shared_ptr<broadcast_object>> ended;
        std::lock_guard const lock(mutex_);
        auto found = objects_.find(id);
        if (found == objects_.end()) {
            ended = take_ended();
            found = objects_.emplace(id, std::make_shared<broadcast_object>()).first;
        }
        auto const& entry = found->second;
        bool const mine = !entry->made && entry->maker.load() != this_process();
        if (mine) entry->maker.store(this_process());
        return {entry, mine};
    }
    void give(broadcast_object& entry, std::shared_ptr<void const> object) {
        {
            std::lock_guard const lock(mutex_);
            entry.made = std::move(object);
            entry.maker.store(0);
        }
        entry.maker.notify_all();
    }
    void const* made(broadcast_object const& entry) {
        std::lock_guard const lock(mutex_);
        return entry.made.get();
    }

private:
    /// Those whose memory this process has no more.
    std::vector<std::shared_ptr<broadcast_object>> take_ended() {
        std::vector<std::shared_ptr<broadcast_object>> ended;
        auto const mapped = mapped_shared_memories();
        std::erase_if(objects_, [&](auto& each) {
            bool const lives = std::ranges::find(mapped, each.first) != mapped.end();
            if (!lives) ended.push_back(std::move(each.second));
            return !lives;
        });
        return ended;
    }

    std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::weak_ptr<broadcast_memory>> own_;
    std::unordered_map<std::uint64_t, std::shared_ptr<broadcast_object>> objects_;
};

}  // namespace

broadcast_memory::broadcast_memory(std::size_t bytes) : memory_(bytes, memory_use::broadcast) {}

broadcast_memory::~broadcast_memory() {
    known_broadcasts::of_this_process().remove(id());
}

void broadcast_memory::hold(std::shared_ptr<void const> object) {
    object_ = object;
    known_broadcasts::of_this_process().put(id(), std::move(object));
}

std::shared_ptr<broadcast_memory> make_broadcast_memory(std::size_t bytes) {
    auto made = std::make_shared<broadcast_memory>(bytes);
    known_broadcasts::of_this_process().add(made);
    return made;
}

bool has_broadcasts() noexcept {
    return own_broadcasts.load(std::memory_order_relaxed) != 0;
}

broadcast_list broadcasts_in(std::span<std::byte const> bytes) {
    broadcast_list found;
    if (!has_broadcasts()) return found;
    auto& known = known_broadcasts::of_this_process();
    constexpr std::uint64_t mark = broadcast_name::own_mark;
    auto const* at = bytes.data();
    auto const* const end = at + bytes.size();
    while (static_cast<std::size_t>(end - at) >= sizeof(broadcast_name)) {
        auto const* const here =
            static_cast<std::byte const*>(memmem(at, static_cast<std::size_t>(end - at), &mark, sizeof mark));
        if (!here || static_cast<std::size_t>(end - here) < sizeof(broadcast_name)) break;
        broadcast_name name;
        std::memcpy(&name, here, sizeof name);
        auto own = known.find_own(name.memory.id);
        if (own && std::ranges::find(found, own) == found.end()) found.push_back(std::move(own));
        at = here + sizeof mark;
    }
    return found;
}

void const* find_broadcast_object(broadcast_name const& name, broadcast_decoder decode) {
    auto const* const bytes = static_cast<std::byte const*>(find_broadcast_bytes(name));
    auto& known = known_broadcasts::of_this_process();
    for (;;) {
        auto const [entry, mine] = known.take(name.memory.id);
        if (auto const* const object = known.made(*entry)) return object;
        if (!mine) {
            entry->maker.wait(this_process());
            continue;
        }
        try {
            auto made = decode({bytes, name.memory.bytes});
            static_cast<void>(find_broadcast_bytes(name));  // or it was made of memory that ended meanwhile
            known.give(*entry, std::move(made));
        } catch (...) {
            known.give(*entry, nullptr);
            throw;
        }
    }
}

}  // namespace quartet::inline v0::detail
