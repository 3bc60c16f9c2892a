// A call whose future was dropped may fail, and nobody would ever know. So the failure is a line on standard
// error: of the first ten such calls of a process, so that a program which drops a million is not flooded.

#include <quartet/detail/call/call.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace quartet::inline v0::detail {

bool is_of_own_executor(any_call& which) {
    if (which.ended()) return false;
    if (!which.can_wait()) return true;
    if (!which.goes_on_alone())
        throw std::logic_error(
            "quartet: a body on an event loop waits for a call of a fake, which goes on only while a thread "
            "waits for it; wait for it outside of bodies");
    return false;
}

std::shared_ptr<suspension> any_call::suspend_until_end(std::shared_ptr<any_call> which) {
    any_call& call = *which;
    call_wait& made = call.waits_.emplace_front();
    call.then(made);
    return {std::move(which), &made};
}

void report_untaken(std::string const& body, failure const& why) noexcept {
    constexpr int most = 10;
    static std::atomic<int> reported = 0;
    int const number = reported.fetch_add(1, std::memory_order_relaxed);
    if (number > most) {
        reported.store(most + 1, std::memory_order_relaxed);
    } else if (number == most) {
        std::fputs("quartet: further calls that failed and whose outcome nobody took are not named\n",
                   stderr);
    } else {
        try {
            auto const line = fmt::format("quartet: a call of {} failed, and nobody took its outcome: {}\n",
                                          body, why.message);
            std::fputs(line.c_str(), stderr);
        } catch (std::bad_alloc const&) {
            std::fputs("quartet: a call failed, and nobody took its outcome\n", stderr);
        }
    }
}

}  // namespace quartet::inline v0::detail
