#include <quartet/backend/services.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::services_test {
namespace {

/// Says when it ends.
template <char name>
struct named : service {
    explicit named(std::string& ends, int value = 0) : given(value), log(ends) {}
    ~named() override { log += name; }
    int given;
    std::string& log;
};

struct refused : service {
    refused() { throw std::runtime_error("refused"); }
};

TEST(services, are_one_of_each_type) {
    std::string ends;
    service_set<service> set;
    EXPECT_EQ(set.find<named<'a'>>(), nullptr);
    auto& first = set.use<named<'a'>>(ends, 1);
    auto& other = set.use<named<'b'>>(ends, 2);
    EXPECT_EQ(&set.use<named<'a'>>(ends, 3), &first);
    EXPECT_EQ(set.find<named<'b'>>(), &other);
    EXPECT_EQ(first.given, 1);
    EXPECT_EQ(ends, "");
}

TEST(services, end_in_the_reverse_order) {
    std::string ends;
    {
        service_set<service> set;
        set.use<named<'a'>>(ends);
        set.use<named<'b'>>(ends);
        set.use<named<'c'>>(ends);
    }
    EXPECT_EQ(ends, "cba");
}

TEST(services, may_end_and_be_made_again) {
    std::string ends;
    service_set<service> set;
    set.use<named<'a'>>(ends, 1);
    set.use<named<'b'>>(ends);
    set.drop<named<'a'>>();
    set.drop<named<'a'>>();
    EXPECT_EQ(ends, "a");
    EXPECT_EQ(set.find<named<'a'>>(), nullptr);
    EXPECT_EQ(set.use<named<'a'>>(ends, 2).given, 2);
}

TEST(services, that_refuse_are_not_there) {
    service_set<service> set;
    EXPECT_THROW(set.use<refused>(), std::runtime_error);
    EXPECT_EQ(set.find<refused>(), nullptr);
}

TEST(services, are_all_met_even_those_made_meanwhile) {
    std::string ends;
    service_set<service> set;
    set.use<named<'a'>>(ends);
    int met = 0;
    set.for_each([&](service&) {
        ++met;
        set.use<named<'b'>>(ends);
    });
    EXPECT_EQ(met, 2);
}

}  // namespace
}  // namespace quartet::services_test
