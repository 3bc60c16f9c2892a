#include "src/base/modules.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

namespace quartet::detail {
namespace {

TEST(WithoutBuildId, AProgramIsKnownByItsBytes) {
    auto const modules = loaded_modules();
    EXPECT_EQ(modules[0].build_id, "");
    std::unique_ptr<FILE, decltype(&pclose)> const output(
        popen(("sha256sum '" + modules[0].path + "'").c_str(), "r"), &pclose);
    std::string sum(64, ' ');
    ASSERT_EQ(std::fread(sum.data(), 1, sum.size(), output.get()), sum.size());
    EXPECT_EQ(identity_of(modules[0]), "SHA-256 " + sum);
}

}  // namespace
}  // namespace quartet::detail
