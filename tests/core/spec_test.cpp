#include <quartet/spec.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace quartet {
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
    EXPECT_EQ(parse_spec("async:each"), (model_spec{.kind = model_kind::async, .each = true}));
}

TEST(Spec, TextAndBackIsTheSame) {
    for (auto text : {"single", "threads", "threads:1", "threads:each", "processes:4", "processes:each",
                      "async:1000", "async:each"})
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

TEST(Spec, ACompositionIsRefusedInASentence) {
    EXPECT_THAT(refusal("processes:2+async:10"), HasSubstr("each by itself"));
}

}  // namespace
}  // namespace quartet
