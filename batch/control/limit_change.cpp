#include "batch/control/limit_change.hpp"

#include <fmt/format.h>

namespace quartet::batch {

char const* name_of(limit_reason why) noexcept {
    switch (why) {
        case limit_reason::first:
            return "first";
        case limit_reason::waiting:
            return "waiting";
        case limit_reason::more_done:
            return "more_done";
        case limit_reason::no_gain:
            return "no_gain";
        case limit_reason::slower:
            return "slower";
        case limit_reason::trial:
            return "trial";
        case limit_reason::processors:
            return "processors";
        case limit_reason::memory:
            return "memory";
        case limit_reason::descriptors:
            return "descriptors";
        case limit_reason::load:
            return "load";
        case limit_reason::refused:
            return "refused";
        case limit_reason::most:
            return "most";
    }
    return "";
}

namespace {

std::string said(limit_change const& change) {
    switch (change.why) {
        case limit_reason::first:
            return "as the batch began";
        case limit_reason::waiting:
            return fmt::format("{:.1f} processors were busy", change.busy);
        case limit_reason::more_done:
        case limit_reason::no_gain:
        case limit_reason::slower:
            return fmt::format("{:.4g} jobs a second, before {:.4g}", change.rate_after, change.rate_before);
        case limit_reason::trial:
            return "to see whether that is better";
        case limit_reason::processors:
            return fmt::format("{:.1f} processors were busy", change.busy);
        case limit_reason::memory:
            return "no more fit into memory";
        case limit_reason::descriptors:
            return "no more descriptors";
        case limit_reason::load:
            return "the load is as high as it may be";
        case limit_reason::refused:
            return "the server said slow down";
        case limit_reason::most:
            return "as many as are allowed";
    }
    return "";
}

}  // namespace

std::string describe(limit_change const& change) {
    return fmt::format("from {} to {}: {}", change.from, change.to, said(change));
}

}  // namespace quartet::batch
