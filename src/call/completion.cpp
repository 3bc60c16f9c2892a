#include <quartet/backend/completion.hpp>
#include <quartet/detail/call/call_timer.hpp>

namespace quartet::inline v0 {
namespace {

/// Stands in place of the first continuation when they have been taken.
class taken final : public continuation {
    void run() noexcept override {}
};
constinit taken none_any_more;

}  // namespace

void completion::then(continuation& further) noexcept {
    continuation* first = first_.load(std::memory_order_acquire);
    do {
        if (first == &none_any_more) return further.run();
        further.next_ = first;
    } while (
        !first_.compare_exchange_weak(first, &further, std::memory_order_acq_rel, std::memory_order_acquire));
}

void completion::finish(detail::eventcount& any) noexcept {
    end_here();
    continuation* each = first_.exchange(&none_any_more, std::memory_order_acq_rel);
    finished_.set();  // now the maker may take the job away
    any.notify();
    while (each) {
        continuation* const next = each->next_;
        each->run();
        each = next;
    }
}

void completion::explain(failure& why) const {
    if (limit_ && why.why == cause::cancelled && stop_.by_call_limit()) limit_->explain(why);
}

}  // namespace quartet::inline v0
