// include/quartet/process.hpp
//
// One child process that runs a function.
//
//     quartet::process child("greeter", greet, std::string("Bob"));
//     child.start();
//     child.join();
//     std::cout << child.pid() << " ended with " << *child.exit_code() << '\n';
//
// The child is a fork: it has a copy of all the program's memory, so the function may capture and take
// anything, and what it changes is its own. What it is to give back goes through a pipe, a file or shared
// memory; for results, an executor with `processes` is the simpler way.
//
// A fork copies the locks that other threads hold at that moment, and nobody releases them in the child:
// start it early, or while other threads rest. (glibc's allocator and streams are safe.)
//
// Members may be called from any thread. Start costs some 0.3 ms and grows with the memory of the program.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <tuple>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {
namespace detail {

/// Whether the child can call a copy of the function with copies of the arguments.
template <class Function, class... Arguments>
inline constexpr bool runnable = std::is_invocable_v<std::decay_t<Function>&, std::decay_t<Arguments>&...>;

/// The types that a function may return as its exit code: integers. Not bool, whose true would be exit code
/// 1, a failure; and no characters.
template <class T>
concept exit_code_type =
    std::integral<T> && !std::same_as<std::remove_cv_t<T>, bool> &&
    !std::same_as<std::remove_cv_t<T>, char> && !std::same_as<std::remove_cv_t<T>, wchar_t> &&
    !std::same_as<std::remove_cv_t<T>, char8_t> && !std::same_as<std::remove_cv_t<T>, char16_t> &&
    !std::same_as<std::remove_cv_t<T>, char32_t>;

/// The function and its arguments, without their types.
class process_entry {
public:
    virtual ~process_entry() = default;

    /// Calls the function in the child. Returns the exit code; throws std::out_of_range if it is not one.
    virtual int call() = 0;
};

/// `returned`, if it is from 0 to 255. Throws std::out_of_range otherwise.
template <std::integral Returned>
int exit_code_of(Returned returned) {
    if (!std::in_range<std::uint8_t>(returned))
        throw std::out_of_range("it returned " + std::to_string(returned) +
                                ", and an exit code is from 0 to 255");
    return static_cast<int>(returned);
}

template <class Function, class... Arguments>
class typed_entry final : public process_entry {
public:
    template <class... Given>
    explicit typed_entry(Function function, Given&&... given)
        : function_(std::move(function)), arguments_(std::forward<Given>(given)...) {}

    int call() override {
        using result = std::remove_cvref_t<std::invoke_result_t<Function&, Arguments&...>>;
        static_assert(
            std::is_void_v<result> || exit_code_type<result>,
            "quartet: the function of a process returns nothing, or its exit code as an int: 0 for success; "
            "what else it has to give goes through a channel, a pipe or a file");
        if constexpr (exit_code_type<result>) {
            return exit_code_of(std::apply(function_, arguments_));
        } else {
            static_cast<void>(std::apply(function_, arguments_));
            return 0;
        }
    }

private:
    Function function_;
    std::tuple<Arguments...> arguments_;
};

}  // namespace detail

/// A child process that runs a function. An object that was moved from can be assigned to and destroyed; all
/// other members throw std::logic_error.
class process {
public:
    /// A process that is yet to be started, named "process-1" and so on.
    ///
    /// It will call `function(arguments...)` and end. Its exit code is what the function returned, if that is
    /// an integer from 0 to 255, and 0 if it returned nothing. If it threw, or returned another integer, the
    /// exit code is 1 and a line on standard error says why. The child flushes standard output at its end;
    /// other streams are for the function to close. Function and arguments live here as long as this object.
    template <class Function, class... Arguments>
    requires detail::runnable<Function, Arguments...>
    explicit process(Function&& function, Arguments&&... arguments)
        : process(next_name(), std::forward<Function>(function), std::forward<Arguments>(arguments)...) {}

    /// The same with a name, which also shows in ps and top (its first 15 bytes).
    template <class Function, class... Arguments>
    requires detail::runnable<Function, Arguments...> process(std::string name, Function&& function,
                                                              Arguments&&... arguments)
        : process(std::move(name),
                  std::make_unique<detail::typed_entry<std::decay_t<Function>, std::decay_t<Arguments>...>>(
                      std::forward<Function>(function), std::forward<Arguments>(arguments)...)) {}

    process(process&&) noexcept;
    process& operator=(process&&) noexcept;

    /// If it is alive: asks it to end (SIGTERM), kills it and its descendants after 250 ms, and waits for its
    /// end.
    ~process();

    /// Forks. What is buffered in standard output is written first, so that it comes once. Throws
    /// std::logic_error if it has been started, std::system_error if the system refuses.
    ///
    /// The child has the usual signal handlers. It is killed if this process ends in any way.
    void start();

    /// Waits for its end. Throws std::logic_error if it has not been started.
    void join();

    /// Waits for its end for no longer than `limit`; false if it is still alive then.
    bool join_for(std::chrono::nanoseconds limit);

    /// Whether it was started and has not ended.
    bool alive() const;

    /// Asks it to end, by SIGTERM. Does nothing if it has ended. Throws std::logic_error if it has not been
    /// started.
    void terminate();

    /// Ends it, by SIGKILL.
    void kill();

    /// Its exit code, or minus the number of the signal that ended it. Empty as long as it has not ended, and
    /// if its end can't be known, since SIGCHLD is ignored or other code of the program has waited for it.
    std::optional<int> exit_code() const;

    /// The process's id; 0 before the start.
    pid_t pid() const;

    std::string const& name() const;

private:
    struct state;

    process(std::string name, std::unique_ptr<detail::process_entry> function);
    static std::string next_name();
    state& there() const;

    std::unique_ptr<state> state_;
};

}  // namespace quartet::inline v0
