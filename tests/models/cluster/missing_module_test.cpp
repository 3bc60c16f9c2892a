// Whether a node has the libraries that a body's code lies in.

#include "src/models/cluster/travelling_code.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace quartet::missing_module_test {
namespace {

using namespace detail;

hello_message const node{.name = "qb",
                         .program = {"program", "build id 1"},
                         .libraries = {{"libc.so.6", "build id 2"}, {"libown.so", ""}}};

module_name const* missing(std::vector<module_name> const& needed) {
    return missing_module(needed, node);
}

TEST(a_missing_library, is_none_that_the_node_has) {
    EXPECT_EQ(missing({}), nullptr);
    EXPECT_EQ(missing({{"program", "build id 1"}, {"libc.so.6", "build id 2"}}), nullptr);
    EXPECT_EQ(missing({{"libc-2.36.so", "build id 2"}}), nullptr) << "names may differ";
}

TEST(a_missing_library, is_one_that_is_there_in_another_build) {
    std::vector<module_name> const needed{{"program", "build id 1"}, {"libc.so.6", "build id 3"}};
    EXPECT_EQ(missing_module(needed, node), &needed[1]);
}

TEST(a_missing_library, is_not_known_to_be_one_without_an_identity) {
    EXPECT_EQ(missing({{"libown.so", "SHA-256 4"}}), nullptr);
    EXPECT_NE(missing({{"libother.so", "SHA-256 4"}}), nullptr);
}

TEST(loaded_libraries, are_those_of_this_process) {
    auto const code = loaded_modules();
    auto const libraries = libraries_among(code);
    EXPECT_THAT(libraries, testing::Contains(testing::Field(&module_name::path, "libc.so.6")));
    hello_message const here{.program = name_of_module(code.front()), .libraries = libraries};
    std::vector<module_name> all;
    for (auto const& each : code)
        all.push_back(name_of_module(each));
    EXPECT_EQ(missing_module(all, here), nullptr);
}

}  // namespace
}  // namespace quartet::missing_module_test
