// In place of database.cpp where quartet is built without libpq.
#include "workloads/database.hpp"

#include <stdexcept>

namespace quartet {
namespace {

[[noreturn]] void refuse() {
    throw std::logic_error("quartet was built without libpq");
}

}  // namespace

struct database::state {};

database::database(std::unique_ptr<state> made) noexcept : state_(std::move(made)) {}
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;
database::~database() = default;

bool database::is_built() noexcept {
    return false;
}

bool database::understands(std::string const&) {
    return true;
}

task<database> database::connect(context&, std::string) {
    refuse();
}

task<query_answer> database::query(context&, std::string) {
    refuse();
}

}  // namespace quartet
