#include "measure/results/records.hpp"

#include <algorithm>
#include <string>

namespace quartet::measure {

json::json_pointer pointer_to(std::string_view field_name) {
    std::string path = '/' + std::string(field_name);
    std::ranges::replace(path, '.', '/');
    return json::json_pointer(path);
}

void refuse_at(json::json_pointer const& place, std::invalid_argument const& fault) {
    std::string const what = fault.what();
    throw std::invalid_argument(place.to_string() + (what.starts_with('/') ? "" : ": ") + what);
}

}  // namespace quartet::measure
