#include "src/advice/cost_file.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace quartet::detail::cost_file_test {
namespace {

using namespace std::chrono_literals;

kept_costs some(std::string const& identity, std::chrono::system_clock::duration age) {
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() - age);
    return {usual_costs(3), identity, now};
}

/// A cache of the test's own.
class cost_cache : public testing::Test {
protected:
    cost_cache()
        : folder_(std::filesystem::temp_directory_path() / ("quartet-costs-" + std::to_string(::getpid()))) {
        ::setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
    }
    ~cost_cache() override { std::filesystem::remove_all(folder_); }

    void keep(std::string const& text) const {
        std::filesystem::create_directories(cost_file_path().parent_path());
        std::ofstream(cost_file_path()) << text;
    }

private:
    std::filesystem::path folder_;
};

TEST_F(cost_cache, what_is_written_reads_back_equal) {
    auto const kept = some("this, that", 0s);
    auto const read = costs_from_text(to_text(kept));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->costs, kept.costs);
    EXPECT_EQ(read->identity, kept.identity);
    EXPECT_EQ(read->measured, kept.measured);
}

TEST_F(cost_cache, gives_the_costs_of_this_machine) {
    EXPECT_FALSE(load_costs()) << "there are none yet";
    keep(to_text(some(machine_identity(), 1h)));
    ASSERT_TRUE(load_costs());
    EXPECT_EQ(load_costs()->costs, usual_costs(3));
}

TEST_F(cost_cache, gives_them_however_old_and_however_disturbed_and_says_so) {
    auto kept = some(machine_identity(), 400 * 24h);
    kept.disturbed_share = 0.5;
    keep(to_text(kept));
    ASSERT_TRUE(load_costs());
    EXPECT_EQ(load_costs()->measured, kept.measured);
    EXPECT_EQ(load_costs()->disturbed_share, 0.5);
    EXPECT_TRUE(load_costs()->disturbed());
}

TEST_F(cost_cache, gives_none_of_another_machine_and_none_of_the_future) {
    keep(to_text(some("another", 1h)));
    EXPECT_FALSE(load_costs());
    keep(to_text(some(machine_identity(), -48h)));
    EXPECT_FALSE(load_costs()) << "of the future";
}

kept_costs disturbed_by(double share, std::chrono::system_clock::duration age = 0s) {
    auto made = some("this", age);
    made.disturbed_share = share;
    return made;
}

TEST(is_better, what_was_disturbed_less_or_too_little_to_matter) {
    EXPECT_TRUE(is_better(disturbed_by(0.2), disturbed_by(0.4, 1h)));
    EXPECT_FALSE(is_better(disturbed_by(0.4), disturbed_by(0.2, 1h))) << "a worse one";
    EXPECT_FALSE(is_better(disturbed_by(0.4), disturbed_by(0, 29 * 24h)));
    EXPECT_TRUE(is_better(disturbed_by(0.04), disturbed_by(0, 1h))) << "both are good, and this is newer";
    EXPECT_TRUE(is_better(disturbed_by(0.4), disturbed_by(0, 31 * 24h))) << "that is old";
}

TEST_F(cost_cache, gives_none_of_a_file_that_is_damaged) {
    auto const whole = to_text(some(machine_identity(), 1h));
    for (std::size_t length = 0; length + 1 < whole.size(); length += 7)
        EXPECT_FALSE(costs_from_text(whole.substr(0, length))) << length;
    auto wrong = whole;
    wrong.replace(wrong.find("efficiency ") + 11, 3, "abc");
    EXPECT_FALSE(costs_from_text(wrong));
    wrong = whole;
    wrong.replace(wrong.find("cpus ") + 5, 1, "0");
    EXPECT_FALSE(costs_from_text(wrong));
}

}  // namespace
}  // namespace quartet::detail::cost_file_test
