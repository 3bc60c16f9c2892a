// include/quartet/backend/services.hpp
//
// What the operations of one kind share where they are done: a client with its connections, a ring, a pool of
// threads. Each loop, and each thread with blocking operations, keeps its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

class service {
public:
    service() = default;
    service(service const&) = delete;
    service& operator=(service const&) = delete;
    virtual ~service() = default;
};

/// Services by their types: of each there is one, made by the first operation that asks for it. A search
/// among the few there are, some nanoseconds. For one thread.
template <std::derived_from<service> Service>
class service_set {
public:
    service_set() = default;
    service_set(service_set const&) = delete;
    service_set& operator=(service_set const&) = delete;
    ~service_set() { clear(); }

    /// Ends them all, the last one that was made first.
    void clear() noexcept {
        while (!kept_.empty())
            kept_.pop_back();
    }

    /// The one of this type; made of `arguments` if there is none yet.
    template <std::derived_from<Service> Wanted, class... Arguments>
    Wanted& use(Arguments&&... arguments) {
        if (auto* const found = find<Wanted>()) return *found;
        return add(std::make_unique<Wanted>(std::forward<Arguments>(arguments)...));
    }

    /// The one of this type; null if there is none.
    template <std::derived_from<Service> Wanted>
    Wanted* find() const noexcept {
        for (entry const& each : kept_) {
            if (each.type == &type_of<Wanted>) return static_cast<Wanted*>(each.made.get());
        }
        return nullptr;
    }

    /// Requires that there is none of this type.
    template <std::derived_from<Service> Added>
    Added& add(std::unique_ptr<Added> made) {
        kept_.push_back({&type_of<Added>, std::move(made)});
        return static_cast<Added&>(*kept_.back().made);
    }

    /// Ends the one of this type, if there is one.
    template <std::derived_from<Service> Dropped>
    void drop() noexcept {
        std::erase_if(kept_, [](entry const& each) { return each.type == &type_of<Dropped>; });
    }

    void for_each(auto&& use) {
        for (std::size_t i = 0; i < kept_.size(); ++i)  // some may be made meanwhile
            use(*kept_[i].made);
    }

private:
    template <class Known>
    inline static char type_of = 0;  // its address is the type's

    struct entry {
        void const* type;
        std::unique_ptr<Service> made;
    };

    std::vector<entry> kept_;
};

}  // namespace quartet::inline v0
