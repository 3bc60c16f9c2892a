// tests/file_main.cpp
//
// The main of the test programs. Each is built of several files, which share its headers and its linking, and
// CTest runs one file at a time:
//
//     PROGRAM                          runs every case, and understands what any GoogleTest program does
//     PROGRAM --file order_test.cpp    runs the cases of that file
//     PROGRAM --check a.cpp b.cpp…     runs none: fails where --file with each of these would leave one out
//
// A case belongs to the file where its TEST stands, as the compiler says it: there is no list of names to
// keep.
#include "tests/chosen_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int usage_error = 2;

std::vector<testing::TestInfo const*> all_cases() {
    std::vector<testing::TestInfo const*> cases;
    auto const& program = *testing::UnitTest::GetInstance();
    for (int suite = 0; suite < program.total_test_suite_count(); ++suite) {
        auto const& of_suite = *program.GetTestSuite(suite);
        for (int n = 0; n < of_suite.total_test_count(); ++n)
            cases.push_back(of_suite.GetTestInfo(n));
    }
    return cases;
}

std::string full_name(testing::TestInfo const& each) {
    return std::string(each.test_suite_name()) + "." + each.name();
}

std::string file_of(testing::TestInfo const& each) {
    std::string_view const path = each.file();
    return std::string(path.substr(path.find_last_of('/') + 1));
}

/// Nobody's choice: neither of the filter nor of another shard.
bool is_left_out(testing::TestInfo const& each) {
    return !each.is_reportable() && !each.is_in_another_shard();
}

/// Runs the cases of `file`, and fails if there is none or one was not reached.
int run_file(std::string const& file) {
    if (testing::GTEST_FLAG(filter) != "*") {
        std::cerr << "--file and --gtest_filter (or GTEST_FILTER) exclude each other: give one\n";
        return usage_error;
    }
    std::vector<testing::TestInfo const*> chosen;
    std::string filter;
    for (auto const* each : all_cases()) {
        if (file_of(*each) != file) continue;
        chosen.push_back(each);
        filter += full_name(*each) + ":";
    }
    if (chosen.empty()) {
        std::cerr << file << ": this program has no case of that file\n";
        return usage_error;
    }
    testing::GTEST_FLAG(filter) = filter;
    if (int const result = RUN_ALL_TESTS(); result != 0 || testing::GTEST_FLAG(list_tests)) return result;
    for (auto const* each : chosen) {
        if (!is_left_out(*each)) continue;
        std::cerr << full_name(*each) << " of " << file << " was left out\n";
        return 1;
    }
    return 0;
}

/// 0 if each case is in one of `files`, under a name of its own, and each file has cases.
int check(std::set<std::string> const& files) {
    int result = 0;
    auto const wrong = [&result](std::string const& what) {
        std::cerr << what << '\n';
        result = 1;
    };
    std::set<std::string> names;
    std::map<std::string, int> cases;
    for (auto const* each : all_cases()) {
        auto const file = file_of(*each);
        ++cases[file];
        if (!files.contains(file))
            wrong(full_name(*each) + " is in " + file + ", which no test of CTest runs");
        if (!names.insert(full_name(*each)).second)
            wrong(full_name(*each) + " is in " + file + " and in another file: give it another name");
    }
    for (auto const& file : files) {
        if (!cases.contains(file)) wrong(file + " has no case");
    }
    for (auto const& [file, count] : cases)
        std::cout << file << ": " << count << '\n';
    return result;
}

}  // namespace

int main(int count, char** words) {
    std::vector<std::string_view> const all(words, words + count);
    if (auto const at = std::ranges::find(all, "--file"); std::distance(at, all.end()) > 1)
        quartet::test::chosen_file = at[1];
    testing::InitGoogleMock(&count, words);
    std::vector<std::string> const rest(words + 1, words + count);
    if (rest.empty()) return RUN_ALL_TESTS();
    if (rest[0] == "--file" && rest.size() == 2) return run_file(rest[1]);
    if (rest[0] == "--check" && rest.size() > 1) return check({rest.begin() + 1, rest.end()});
    std::cerr << "usage: " << words[0] << " [--file FILE.cpp | --check FILE.cpp…] [--gtest_…]\n";
    return usage_error;
}
