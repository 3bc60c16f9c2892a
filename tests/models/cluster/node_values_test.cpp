// What a node keeps of broadcasts, and how its children find it.
#include "src/models/cluster/node_values.hpp"

#include "src/shm/memory_directory.hpp"

#include <quartet/broadcast.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::node_values_test {
namespace {

using detail::node_values;
using testing::HasSubstr;

std::span<std::byte const> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// What a view names that came from a machine where a process with this number is none of ours.
detail::shared_memory_name named(std::uint64_t id, std::size_t bytes) {
    return {.id = id, .bytes = bytes, .owner = 1, .descriptor = 1'000'000};
}

std::string text_of(detail::shared_memory_name const& name) {
    try {
        auto const* const found =
            static_cast<char const*>(detail::find_shared_memory(name, detail::memory_use::broadcast));
        return {found, name.bytes};
    } catch (std::exception const& error) {
        return error.what();
    }
}

/// A child that says what it finds whenever it is asked.
class older_child {
public:
    explicit older_child(detail::shared_memory_name const& name) {
        EXPECT_EQ(pipe(ask_.data()) + pipe(say_.data()), 0);
        child_ = fork();
        if (child_ != 0) return;
        close(ask_[1]);
        for (char unused = 0; read(ask_[0], &unused, 1) == 1;) {
            std::array<char, 200> told{};
            auto const text = text_of(name);
            std::memcpy(told.data(), text.data(), std::min(text.size(), told.size() - 1));
            if (write(say_[1], told.data(), told.size()) < 0) break;
        }
        _exit(0);
    }
    older_child(older_child const&) = delete;
    older_child& operator=(older_child const&) = delete;
    ~older_child() {
        close(ask_[1]);
        waitpid(child_, nullptr, 0);
        for (int const each : {ask_[0], say_[0], say_[1]})
            close(each);
    }

    std::string says() {
        std::array<char, 200> told{};
        if (write(ask_[1], "", 1) != 1 || read(say_[0], told.data(), told.size()) < 0) return "nothing";
        return told.data();
    }

private:
    std::array<int, 2> ask_{};
    std::array<int, 2> say_{};
    pid_t child_ = 0;
};

TEST(a_nodes_values, are_found_by_older_children_when_all_parts_have_come) {
    node_values values;
    auto const name = named(77, 6);
    older_child child(name);
    EXPECT_THAT(child.says(), HasSubstr("is gone"));
    values.take_part({.id = 77, .bytes = 6, .first = 0}, bytes_of("abc"));
    EXPECT_THAT(child.says(), HasSubstr("is gone"));
    values.take_part({.id = 77, .bytes = 6, .first = 3}, bytes_of("def"));
    EXPECT_EQ(child.says(), "abcdef");
    EXPECT_EQ(text_of(name), "abcdef");
    values.drop(77);
    EXPECT_THAT(child.says(), HasSubstr("the broadcast of this view is gone"));
    values.take_part({.id = 77, .bytes = 6, .first = 0}, bytes_of("ghijkl"));
    EXPECT_EQ(child.says(), "ghijkl");
    values.drop_all();
    EXPECT_THAT(text_of(name), HasSubstr("is gone"));
}

TEST(a_nodes_values, are_many) {
    node_values values;
    for (std::uint64_t id = 1; id <= 300; ++id)
        values.take_part({.id = id, .bytes = 1, .first = 0}, bytes_of("x"));
    EXPECT_EQ(text_of(named(300, 1)), "x");
    for (std::uint64_t id = 1; id <= 300; ++id)
        values.drop(id);
    values.take_part({.id = 1000, .bytes = 0, .first = 0}, {});
    EXPECT_EQ(text_of(named(1000, 0)), "");
}

TEST(a_nodes_values, that_find_no_memory_are_refused_to_who_asks) {
    node_values values;
    constexpr std::size_t too_much = std::size_t{1} << 62;
    constexpr std::size_t rest = too_much - 1;
    values.take_part({.id = 78, .bytes = too_much, .first = 0}, bytes_of("a"));
    // The other parts come all the same; here as one, of which nobody reads a byte.
    values.take_part({.id = 78, .bytes = too_much, .first = 1},
                     {reinterpret_cast<std::byte const*>(&values), rest});
    EXPECT_EQ(text_of(named(78, too_much)),
              "quartet: this machine had no memory for a broadcast of 4611686018427387904 bytes");
    values.drop(78);
    EXPECT_THAT(text_of(named(78, too_much)), HasSubstr("is gone"));
}

TEST(a_nodes_values, take_no_part_that_does_not_follow) {
    node_values values;
    values.take_part({.id = 79, .bytes = 6, .first = 0}, bytes_of("abc"));
    EXPECT_THROW(values.take_part({.id = 79, .bytes = 6, .first = 0}, bytes_of("abc")), std::runtime_error);
    EXPECT_THROW(values.take_part({.id = 79, .bytes = 7, .first = 3}, bytes_of("def")), std::runtime_error);
    EXPECT_THROW(values.take_part({.id = 79, .bytes = 6, .first = 3}, bytes_of("defg")), std::runtime_error);
}

}  // namespace
}  // namespace quartet::node_values_test
