#include "src/io/http/content_decoder.hpp"

#include "src/io/http/http_failure.hpp"
#include "src/io/http/http_text.hpp"

#include <fmt/format.h>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t most_layers = 4;

}  // namespace

void content_decoder::clear() noexcept {
    layers_.clear();
    unknown_.clear();
}

void content_decoder::add(std::string_view codings) {
    for_each_listed(codings, [this](std::string_view name) {
        if (same_name(name, "identity") || same_name(name, "none")) return;
        bool const is_gzip = same_name(name, "gzip") || same_name(name, "x-gzip");
        if (layers_.size() == most_layers || (!is_gzip && !same_name(name, "deflate"))) {
            unknown_ = name;
        } else {
            layers_.push_back(
                std::make_unique<inflater>(is_gzip ? inflater::coding::gzip : inflater::coding::deflate));
        }
    });
}

void content_decoder::write(std::string_view data, std::size_t most_bytes, taker const& take) {
    if (!unknown_.empty())
        throw http_failure{fetch_error::kind::reply,
                           fmt::format("the reply comes in the coding '{}', but only {} were asked for",
                                       unknown_, accepted)};
    write_through(layers_.size(), data, most_bytes, take);
}

/// Through this many layers, of which the last was put on last.
void content_decoder::write_through(std::size_t layers, std::string_view data, std::size_t most_bytes,
                                    taker const& take) {
    if (layers == 0) return take(data);
    inflater& outermost = *layers_[layers - 1];
    for (;;) {
        auto const piece = outermost.next(data);
        // What is only on its way to the next layer takes no memory, but time.
        if (outermost.produced() > most_bytes)
            throw http_failure{fetch_error::kind::reply,
                               fmt::format("the reply is longer than {} bytes", most_bytes)};
        if (!piece.empty()) write_through(layers - 1, piece, most_bytes, take);
        if (data.empty() && piece.size() < inflater::room) return;
    }
}

void content_decoder::end() const {
    for (auto const& each : layers_)
        each->end();
}

}  // namespace quartet::inline v0::detail
