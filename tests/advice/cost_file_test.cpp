#include "src/advice/cost_file.hpp"

#include "src/advice/cluster_cost_file.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

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

// ---- Of clusters

std::vector<cluster_node> two_nodes() {
    return {{.name = "a", .cpus = 2}, {.name = "b", .cpus = 8, .speed = 0.5}};
}

kept_cluster some_cluster(std::string const& identity) {
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return {usual_cluster(two_nodes()), identity, now, 0.25};
}

TEST(cluster_costs_as_text, what_is_written_reads_back_equal) {
    auto const kept = some_cluster("these");
    auto const read = cluster_from_text(to_text(kept));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->costs, kept.costs);
    EXPECT_EQ(read->identity, kept.identity);
    EXPECT_EQ(read->measured, kept.measured);
    EXPECT_EQ(read->disturbed_share, 0.25);
    EXPECT_TRUE(read->disturbed());
}

TEST(cluster_costs_as_text, nothing_of_a_text_that_is_damaged) {
    auto const whole = to_text(some_cluster("these"));
    for (std::size_t length = 0; length + 1 < whole.size(); length += 7)
        EXPECT_FALSE(cluster_from_text(whole.substr(0, length))) << length;
    auto const with = [&](std::string const& what, std::string const& instead) {
        auto text = whole;
        return cluster_from_text(text.replace(text.find(what), what.size(), instead)).has_value();
    };
    EXPECT_TRUE(with("nodes 2", "nodes 2"));
    EXPECT_FALSE(with("nodes 2", "nodes 3")) << "of the third there is nothing";
    EXPECT_FALSE(with("nodes 2", "nodes 0"));
    EXPECT_FALSE(with("node1.cpus 8", "node1.cpus 0"));
    EXPECT_FALSE(with("node1.speed 0.5", "node1.speed 0"));
    EXPECT_FALSE(with("latency_seconds ", "latency_seconds x"));
}

TEST_F(cost_cache, keeps_each_cluster_by_itself) {
    auto const these = cluster_identity(two_nodes(), "Open MPI 4");
    auto others = two_nodes();
    others[1].cpus = 4;
    EXPECT_NE(cluster_identity(others, "Open MPI 4"), these);
    EXPECT_NE(cluster_identity(two_nodes(), "MPICH 4"), these);
    EXPECT_FALSE(load_cluster(these));
    std::filesystem::create_directories(cost_file_path().parent_path());
    std::ofstream(cluster_cost_path(these)) << to_text(some_cluster(these));
    ASSERT_TRUE(load_cluster(these));
    EXPECT_EQ(load_cluster(these)->costs.nodes, two_nodes());
    EXPECT_FALSE(load_cluster(cluster_identity(others, "Open MPI 4")));
    std::ofstream(cluster_cost_path(these)) << to_text(some_cluster("others that hash to the same"));
    EXPECT_FALSE(load_cluster(these));
}

TEST(cluster_identity, does_not_depend_on_the_order_behind_the_root) {
    std::vector<cluster_node> nodes{{.name = "root"}, {.name = "b"}, {.name = "c"}};
    auto const one = cluster_identity(nodes, "MPI");
    std::swap(nodes[1], nodes[2]);
    EXPECT_EQ(cluster_identity(nodes, "MPI"), one);
    std::swap(nodes[0], nodes[1]);
    EXPECT_NE(cluster_identity(nodes, "MPI"), one) << "another root";
}

}  // namespace
}  // namespace quartet::detail::cost_file_test
