#include "batch/inputs/combined_sources.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace quartet::batch {

namespace {

void append(std::vector<std::string>& fields, std::vector<std::string> more) {
    fields.insert(fields.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

std::vector<std::vector<std::string>> all_rows(input_source& source) {
    std::vector<std::vector<std::string>> rows;
    while (auto row = source.next())
        rows.push_back(std::move(*row));
    return rows;
}

}  // namespace

linked_sources::linked_sources(std::vector<std::unique_ptr<input_source>> sources,
                               std::vector<std::string> names)
    : sources_(std::move(sources)), names_(std::move(names)) {}

std::optional<std::vector<std::string>> linked_sources::next() {
    std::vector<std::string> fields;
    std::optional<std::size_t> ended;
    std::optional<std::size_t> longer;
    for (std::size_t source = 0; source < sources_.size(); ++source) {
        auto row = sources_[source]->next();
        (row ? longer : ended) = source;
        if (longer && ended) refuse(*ended, *longer);
        if (row) append(fields, std::move(*row));
    }
    if (ended) return std::nullopt;
    ++rows_;
    return fields;
}

void linked_sources::refuse(std::size_t ended, std::size_t longer) const {
    throw std::runtime_error(names_[ended] + " has " + std::to_string(rows_) +
                             (rows_ == 1 ? " row" : " rows") + " and " + names_[longer] +
                             " has more: linked inputs need equally many");
}

std::vector<std::string> linked_sources::columns() const {
    std::vector<std::string> names;
    for (auto const& source : sources_)
        append(names, source->columns());
    return names;
}

crossed_sources::crossed_sources(std::vector<std::unique_ptr<input_source>> sources)
    : first_(std::move(sources.at(0))), columns_(first_->columns()) {
    for (std::size_t other = 1; other < sources.size(); ++other) {
        append(columns_, sources[other]->columns());
        held_.push_back(all_rows(*sources[other]));
    }
    places_.resize(held_.size());
}

std::optional<std::vector<std::string>> crossed_sources::next() {
    if (std::any_of(held_.begin(), held_.end(), [](auto const& rows) { return rows.empty(); }))
        return std::nullopt;
    if (!of_first_) of_first_ = first_->next();
    if (!of_first_) return std::nullopt;
    row fields = *of_first_;
    for (std::size_t source = 0; source < held_.size(); ++source)
        append(fields, held_[source][places_[source]]);
    if (!step()) of_first_.reset();
    return fields;
}

// To the next combination, as an odometer counts; false if it is back at its begin.
bool crossed_sources::step() {
    for (std::size_t source = held_.size(); source-- > 0;) {
        if (++places_[source] < held_[source].size()) return true;
        places_[source] = 0;
    }
    return false;
}

}  // namespace quartet::batch
