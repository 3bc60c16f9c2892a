// batch/inputs/combined_sources.hpp
//
// Several sources as one, whose rows have the fields of all.
#pragma once

#include "batch/inputs/input_source.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace quartet::batch {

/// Row by row: the first with the first, the second with the second. All must have equally many: where one
/// ends before another, next() throws std::runtime_error, as rows that were paired with the wrong one would
/// not be seen. `names` says what each is called there.
class linked_sources final : public input_source {
public:
    linked_sources(std::vector<std::unique_ptr<input_source>> sources, std::vector<std::string> names);
    std::optional<std::vector<std::string>> next() override;
    std::vector<std::string> columns() const override;

private:
    [[noreturn]] void refuse(std::size_t ended, std::size_t longer) const;

    std::vector<std::unique_ptr<input_source>> sources_;
    std::vector<std::string> names_;
    std::size_t rows_ = 0;
};

/// Every combination; the last source varies fastest. The first is read as its rows are needed, and may be
/// without end; the others are read, and held in memory, when this is made.
class crossed_sources final : public input_source {
public:
    explicit crossed_sources(std::vector<std::unique_ptr<input_source>> sources);
    std::optional<std::vector<std::string>> next() override;
    std::vector<std::string> columns() const override { return columns_; }

private:
    using row = std::vector<std::string>;

    bool step();

    std::unique_ptr<input_source> first_;
    std::optional<row> of_first_;
    std::vector<std::vector<row>> held_;
    std::vector<std::size_t> places_;  // in held_, of the combination that is next
    row columns_;
};

}  // namespace quartet::batch
