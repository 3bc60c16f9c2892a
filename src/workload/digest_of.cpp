// Digests of failures and the beginnings of texts: what needs no type of a result.

#include <quartet/detail/workload/digest_of.hpp>

#include <span>

namespace quartet::inline v0 {
namespace {

std::string first_bytes(std::string_view text, std::size_t most) {
    return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "...";
}

}  // namespace

task_digest detail::digest_of_failure(failure const& why) {
    checksum sum;
    sum.add_bytes(std::as_bytes(std::span(why.message)));
    constexpr std::size_t most = 500;  // a reason is read, a value only compared
    return {.value = sum.value(), .failed = true, .text = first_bytes(why.message, most)};
}

std::string detail::beginning_of(std::string_view text) {
    return first_bytes(text, 60);
}

}  // namespace quartet::inline v0
