#include <quartet/spec.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace quartet::spec_test {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
    try {
        parse_spec(text);
    } catch (std::invalid_argument const& wrong) {
        return wrong.what();
    }
    return "not refused";
}

TEST(Spec, NamesEveryModel) {
    EXPECT_EQ(parse_spec("single"), (model_spec{.kind = model_kind::single}));
    EXPECT_EQ(parse_spec("threads:8"), (model_spec{.kind = model_kind::threads, .count = 8}));
    EXPECT_EQ(parse_spec("processes"), (model_spec{.kind = model_kind::processes}));
    EXPECT_EQ(parse_spec("cluster"), (model_spec{.kind = model_kind::processes, .cluster = true}));
    EXPECT_EQ(parse_spec("cluster:3+threads:8"),
              (model_spec{.kind = model_kind::threads, .count = 8, .cluster = true, .nodes = 3}));
    for (auto const* const text :
         {"cluster", "cluster:3", "cluster+processes:2", "cluster:2+async:50", "cluster+processes:2+async:9"})
        EXPECT_EQ(to_string(parse_spec(text)), text);
    EXPECT_EQ(parse_spec("async:each"), (model_spec{.kind = model_kind::async, .each = true}));
}

TEST(Spec, TextAndBackIsTheSame) {
    for (auto text :
         {"single", "threads", "threads:1", "threads:each", "processes:4", "processes:each", "async:1000",
          "async:each", "threads:2+async:7", "threads+async", "processes:2+async:each"})
        EXPECT_EQ(to_string(parse_spec(text)), text);
}

TEST(Spec, AnUnknownModelGetsTheNearestName) {
    EXPECT_THAT(refusal("thread:2"), HasSubstr("did you mean 'threads'?"));
    EXPECT_THAT(refusal("asinc"), HasSubstr("did you mean 'async'?"));
    EXPECT_THAT(refusal("quantum"), HasSubstr("the models are single, processes, threads, async"));
    EXPECT_THAT(refusal("quantum"), Not(HasSubstr("did you mean")));
    EXPECT_THAT(refusal(""), HasSubstr("unknown model ''"));
}

TEST(Spec, ACountIsANumberFromOneOrEach) {
    for (auto text : {"threads:", "threads:0", "threads:-1", "threads:2x", "threads: 2", "threads:all",
                      "threads:99999999999999999999"})
        EXPECT_THAT(refusal(text), HasSubstr("a number from 1 to 10000000, or 'each'")) << text;
    EXPECT_THAT(refusal("single:2"), HasSubstr("'single' takes no number"));
}

TEST(Spec, AnEventLoopMayBeInEachThreadOrProcess) {
    EXPECT_EQ(parse_spec("threads:2+async:7"),
              (model_spec{.kind = model_kind::threads, .count = 2, .loops = true, .in_flight = 7}));
    EXPECT_EQ(parse_spec("processes+async:each"),
              (model_spec{.kind = model_kind::processes, .loops = true, .all_in_flight = true}));
}

TEST(Spec, AnotherCompositionIsRefusedInASentence) {
    for (auto text : {"async:2+threads:2", "single+async", "threads:each+async", "threads:2+processes:2",
                      "threads:2+async:2+async:2", "async+async"})
        EXPECT_THAT(refusal(text), HasSubstr("what can be composed is threads:N+async:M")) << text;
    EXPECT_THAT(refusal("threads:2+asinc"), HasSubstr("did you mean 'async'?"));
    EXPECT_THAT(refusal("threads:2+"), HasSubstr("unknown model"));
    EXPECT_THAT(refusal("threads:2+async:0"), HasSubstr("a number from 1"));
}

}  // namespace
}  // namespace quartet::spec_test
