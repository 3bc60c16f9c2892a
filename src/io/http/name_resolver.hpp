// src/io/http/name_resolver.hpp
//
// Looks up the addresses of hosts for all HTTP clients of a process.
//
// libcurl would start a thread for each transfer that needs an address: 300 fetches of one host, 300 threads
// and 300 questions. Here a name is looked up once, for all clients that ask meanwhile and for a minute
// after, and no more than 16 names are looked up at the same time. The threads for that are started when
// needed and end when nothing is left to look up.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// What became of a look-up.
struct name_answer {
    std::vector<std::string> addresses;  ///< numeric, the best first
    std::string error;                   ///< why there are none; empty if there are
};

/// One client's access to the resolver: it asks for one name after another. For one thread; only `wake` is
/// called on others.
class name_lookup {
public:
    /// `wake` is called when a look-up has ended for which ask() had no answer: on any thread, under a lock.
    /// It must not call this object, nor throw.
    explicit name_lookup(std::function<void()> wake) : wake_(std::move(wake)) {}
    name_lookup(name_lookup const&) = delete;
    name_lookup& operator=(name_lookup const&) = delete;
    ~name_lookup() { leave(); }

    /// The answer for `name`, or nothing if it is being looked up: to be asked again after `wake`. Each
    /// answer is given once. Throws std::bad_alloc.
    std::shared_ptr<name_answer const> ask(std::string const& name);

    /// Gives up the look-up that is waited for, if there is one.
    void leave() noexcept;

    /// How many threads look up names at most.
    static constexpr unsigned most_threads = 16;

private:
    friend class name_resolver;

    std::function<void()> wake_;
    std::string waits_for_;                      // a name; empty if no look-up is under way
    std::shared_ptr<name_answer const> answer_;  // under the resolver's lock while it waits
};

}  // namespace quartet::inline v0::detail
