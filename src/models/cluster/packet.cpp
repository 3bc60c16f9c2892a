#include "src/models/cluster/packet.hpp"

#include <utility>

namespace quartet::inline v0::detail {

byte_writer spare_memory::take() {
    std::lock_guard const lock(mutex_);
    used_ = true;
    return count_ > 0 ? std::exchange(kept_[--count_], {}) : byte_writer();
}

void spare_memory::give(byte_writer&& memory) noexcept {
    memory.clear();
    std::lock_guard const lock(mutex_);
    if (count_ < kept_.size()) kept_[count_++] = std::move(memory);
}

void spare_memory::drop_unused() noexcept {
    std::lock_guard const lock(mutex_);
    if (std::exchange(used_, false)) return;
    for (; count_ > 0; --count_)
        kept_[count_ - 1] = {};
}

/// Its bytes are nobody else's: they may be written.
std::span<std::byte> message_writer::written_bytes() noexcept {
    auto const bytes = out_.bytes();
    return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

void message_writer::write_number(std::size_t place, std::uint64_t number) noexcept {
    std::memcpy(written_bytes().data() + place, &number, sizeof number);
}

packet message_writer::take(std::size_t filling) {
    if (spare_ && filling == 0) {
        auto const bytes = written_bytes();
        std::shared_ptr<byte_writer> owner(new byte_writer(std::move(out_)),
                                           [to = spare_](byte_writer* memory) {
                                               to->give(std::move(*memory));
                                               delete memory;
                                           });
        out_ = byte_writer();
        spare_.reset();
        skip_head();
        return packet(std::move(owner), bytes);
    }
    auto bytes = out_.take();
    if (filling > 0) bytes.resize(bytes.size() + filling);
    packet taken(std::move(bytes));
    skip_head();
    return taken;
}

void message_writer::cut(std::size_t place) {
    auto const whole = out_.take();
    out_.write(whole.data(), place);
}

void message_writer::skip_head() {
    frame_head const none{};
    out_.write(&none, sizeof none);
}

}  // namespace quartet::inline v0::detail
