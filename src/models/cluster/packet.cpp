#include "src/models/cluster/packet.hpp"

namespace quartet::inline v0::detail {

packet message_writer::take() {
    packet taken(out_.take());
    skip_head();
    return taken;
}

void message_writer::skip_head() {
    frame_head const none{};
    out_.write(&none, sizeof none);
}

}  // namespace quartet::inline v0::detail
