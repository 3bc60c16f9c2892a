#include "src/models/cluster/packet.hpp"

#include <utility>

namespace quartet::inline v0::detail {

packet message_writer::take(std::size_t filling) {
    auto bytes = out_.take();
    if (filling > 0) bytes.resize(bytes.size() + filling);
    packet taken(std::move(bytes));
    skip_head();
    return taken;
}

void message_writer::skip_head() {
    frame_head const none{};
    out_.write(&none, sizeof none);
}

}  // namespace quartet::inline v0::detail
