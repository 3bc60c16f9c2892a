// server/router.hpp
//
// Which path answers what. Knows nothing of sockets, time or faults: a request in, a reply out. What the
// server has counted it reads for /stats.
//
// Not for use by several threads at once: pages are made when first asked for.
#pragma once

#include "server/counters.hpp"
#include "server/server.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace quartet::server_detail {

using request = boost::beast::http::request<boost::beast::http::string_body>;

struct reply {
    unsigned status = 200;
    std::string_view content_type = "text/plain";
    std::string fields;  ///< further header lines, each with its line break
    std::string_view body;
    std::shared_ptr<std::string const> owner;  ///< keeps the body's bytes; many replies share a page
    std::chrono::nanoseconds delay{0};         ///< asked for by the request, beyond the server's latency
    bool has_own_latency = false;              ///< not beyond it but instead
};

/// A reply whose body is the text and a line break.
reply text_reply(unsigned status, std::string text);

class router {
public:
    /// `counts` must outlive the router.
    router(server_options const& options, live_counters const& counts);

    /// Never fails: what it does not know it answers with 404 or 400 and a line that says why.
    reply answer(request const& asked);

private:
    struct call;
    struct route;
    static route const routes[];

    reply help(call const& asked);
    reply page(call const& asked);
    reply genre(call const& asked);
    reply status(call const& asked);
    reply redirect(call const& asked);
    reply echo(call const& asked);
    reply gzip(call const& asked);
    reply delay(call const& asked);
    reply after(call const& asked);
    reply stats(call const& asked);
    reply file(call const& asked);

    reply page_reply(std::size_t bytes);

    std::size_t page_bytes_;
    std::filesystem::path folder_;
    live_counters const& counts_;
    std::shared_ptr<std::string const> page_;  ///< the longest page asked for; the others are its beginnings
    std::shared_ptr<std::string const> gzipped_;
};

}  // namespace quartet::server_detail
