// A message that is written in one go: sizes that are known late, values that are taken back, memory that is
// used again.

#include "src/models/cluster/packet.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::detail::packet_test {
namespace {

/// What stands behind the head.
std::string body_of(packet const& message) {
    auto const bytes = message.bytes().subspan(sizeof(frame_head));
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// Writes a text, and says whether it is to stay.
auto text(std::string what, bool stays = true) {
    return [what = std::move(what), stays](byte_writer& out) {
        out.write(what.data(), what.size());
        return stays;
    };
}

std::string number(std::uint64_t value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

TEST(MessageWriter, HasSizesBeforeValuesThatAreWrittenAfterThem) {
    message_writer message;
    EXPECT_TRUE(message.add_sized(text("abc")));
    EXPECT_TRUE(message.add(text("-")));
    EXPECT_TRUE(message.add_sized(text("")));
    EXPECT_EQ(body_of(message.take()), number(3) + "abc-" + number(0));
    EXPECT_TRUE(message.add(text("new")));
    EXPECT_EQ(body_of(message.take()), "new");
}

TEST(MessageWriter, TakesBackWhatIsNotToStayOrFails) {
    message_writer message;
    EXPECT_TRUE(message.add_sized(text("abc")));
    EXPECT_FALSE(message.add_sized(text("no", false)));
    EXPECT_FALSE(message.add(text("no", false)));
    auto const failing = [](byte_writer& out) -> bool {
        out.write("no", 2);
        throw std::runtime_error("no");
    };
    EXPECT_THROW(message.add_sized(failing), std::runtime_error);
    EXPECT_THROW(message.add(failing), std::runtime_error);
    EXPECT_TRUE(message.add_sized(text("d")));
    EXPECT_EQ(body_of(message.take()), number(3) + "abc" + number(1) + "d");
}

TEST(MessageWriter, ChangesANumberAtTheEnd) {
    message_writer message;
    message.body().write(number(1).data(), 8);
    message.body().write(number(2).data(), 8);
    message.change_number(8, 77);
    EXPECT_EQ(body_of(message.take()), number(1) + number(77));
}

TEST(SpareMemory, IsThatOfMessagesThatAreGone) {
    auto const spare = std::make_shared<spare_memory>();
    std::string const large(1 << 20, 'x');
    std::byte const* first = nullptr;
    {
        message_writer message(spare);
        message.add(text(large));
        auto const sent = message.take();
        EXPECT_EQ(body_of(sent), large);
        first = sent.bytes().data();
        message_writer meanwhile(spare);  // has memory of its own
        meanwhile.add(text("other"));
        EXPECT_EQ(body_of(meanwhile.take()), "other");
        EXPECT_EQ(body_of(sent), large);
    }
    std::vector<packet> next;
    for (int each = 0; each < 2; ++each) {
        message_writer message(spare);
        message.add(text("later"));
        next.push_back(message.take());
        EXPECT_EQ(body_of(next.back()), "later");
    }
    EXPECT_TRUE(next[0].bytes().data() == first || next[1].bytes().data() == first);
    spare->drop_unused();  // has been used
    next.clear();
    spare->drop_unused();
    EXPECT_TRUE(spare->take().bytes().empty());
}

}  // namespace
}  // namespace quartet::detail::packet_test
