// Specs of models: any text is one, which is the same when it is written and read again, or is refused in a
// sentence of one line.
#include "tests/fuzz/require.hpp"

#include <quartet/spec.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

using quartet::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    try {
        auto const spec = quartet::parse_spec(text);
        auto const written = to_string(spec);
        require(quartet::parse_spec(written) == spec, "a spec that is written is read as it was");
        require(!spec.count || *spec.count > 0, "nobody asks for no workers");
        require(!spec.in_flight || (*spec.in_flight > 0 && spec.loops), "bodies in flight are a loop's");
    } catch (std::invalid_argument const& wrong) {
        std::string_view const why = wrong.what();
        require(!why.empty(), "a refusal says why");
    }
    return 0;
}
