#include "src/base/modules.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>

namespace quartet::detail::modules_test {
namespace {

using testing::HasSubstr;

int of_the_program() {
    return 1;
}
int data_of_the_program = 2;

/// What a command prints.
std::string printed_by(std::string const& command) {
    std::unique_ptr<FILE, decltype(&pclose)> const output(popen(command.c_str(), "r"), &pclose);
    std::string text;
    for (int byte = 0; (byte = std::fgetc(output.get())) != EOF;)
        text += static_cast<char>(byte);
    return text;
}

TEST(Modules, BeginWithTheProgram) {
    auto const modules = loaded_modules();
    ASSERT_FALSE(modules.empty());
    EXPECT_TRUE(modules[0].is_program);
    EXPECT_EQ(modules[0].path, std::filesystem::read_symlink("/proc/self/exe"));
    for (auto const& each : std::span(modules).subspan(1))
        EXPECT_FALSE(each.is_program);
}

TEST(Modules, HaveTheBuildIdOfTheirFile) {
    auto const modules = loaded_modules();
    ASSERT_FALSE(modules[0].build_id.empty());
    EXPECT_THAT(printed_by("readelf -n '" + modules[0].path + "'"),
                HasSubstr(" " + modules[0].build_id + "\n"));
    EXPECT_EQ(identity_of(modules[0]), "build id " + modules[0].build_id);
}

TEST(Modules, AreFoundByAddressesOfTheirCodeAndData) {
    auto const modules = loaded_modules();
    auto const code = place_of(modules, reinterpret_cast<void const*>(&of_the_program));
    ASSERT_TRUE(code.has_value());
    EXPECT_TRUE(code->module->is_program);
    EXPECT_TRUE(code->module->segment_at(code->offset)->executable);
    EXPECT_FALSE(code->module->segment_at(code->offset)->writable);

    auto const data = place_of(modules, &data_of_the_program);
    ASSERT_TRUE(data.has_value());
    EXPECT_TRUE(data->module->is_program);
    EXPECT_TRUE(data->module->segment_at(data->offset)->writable);
    EXPECT_FALSE(data->module->segment_at(data->offset)->executable);

    auto const of_a_library = place_of(modules, dlsym(RTLD_DEFAULT, "_ZNKSt9exception4whatEv"));
    ASSERT_TRUE(of_a_library.has_value());
    EXPECT_THAT(of_a_library->module->path, HasSubstr("libstdc++.so"));
    EXPECT_FALSE(of_a_library->module->is_program);
}

TEST(Modules, DoNotHoldWhatIsOnTheHeap) {
    auto const number = std::make_unique<int>(1);
    EXPECT_FALSE(place_of(loaded_modules(), number.get()).has_value());
    EXPECT_FALSE(place_of(loaded_modules(), nullptr).has_value());
}

constexpr char const* offset_file = "QUARTET_TEST_OFFSET_FILE";

TEST(Modules, HaveTheSameOffsetsInEveryRun) {
    auto const modules = loaded_modules();
    auto const here = place_of(modules, reinterpret_cast<void const*>(&of_the_program));
    ASSERT_TRUE(here.has_value());
    if (char const* const asked = std::getenv(offset_file)) {
        std::ofstream(asked) << here->offset;
        return;
    }
    auto const file =
        fmt::format("{}/quartet-offset-{}", std::filesystem::temp_directory_path().native(), getpid());
    auto const again =
        fmt::format("{}='{}' '{}' --gtest_filter=Modules.HaveTheSameOffsetsInEveryRun >'{}.out'", offset_file,
                    file, modules[0].path, file);
    for (int run = 0; run < 3; ++run) {
        ASSERT_EQ(std::system(again.c_str()), 0);
        std::uintptr_t there = 0;
        std::ifstream(file) >> there;
        EXPECT_EQ(there, here->offset);
        std::filesystem::remove(file);
        std::filesystem::remove(file + ".out");
    }
}

TEST(Modules, ThatHaveNoFileAreNotIdentifiedByIt) {
    loaded_module gone;
    gone.path = "/nowhere/libgone.so";
    try {
        identity_of(gone);
        FAIL() << "it was identified";
    } catch (std::system_error const& error) {
        EXPECT_STREQ(error.what(), "quartet: cannot read '/nowhere/libgone.so': No such file or directory");
    }
}

}  // namespace
}  // namespace quartet::detail::modules_test
