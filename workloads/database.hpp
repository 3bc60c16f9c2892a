// workloads/database.hpp
//
// A connection to a PostgreSQL server by its own library, libpq, and context::ready: under every model the
// same code. Where quartet was built without libpq there is none to be had (no_database.cpp).
#pragma once

#include <quartet/context.hpp>
#include <quartet/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quartet {

/// What the statements of a query gave.
struct query_answer {
    std::size_t rows = 0;
    std::vector<std::optional<std::string>> cells{};  ///< row by row, as text; nothing is a null
};

class database {
public:
    /// Whether there are any.
    static bool is_built() noexcept;

    /// Whether libpq can read the URI.
    static bool understands(std::string const& url);

    /// Throws std::runtime_error with libpq's words in one line. libpq looks up names by itself, and its
    /// thread waits meanwhile.
    static task<database> connect(context& ctx, std::string url);

    database(database&&) noexcept;
    database& operator=(database&&) noexcept;

    /// Ends the connection, and with it a statement that is under way, as soon as the server notices.
    ~database();

    /// Runs statements, separated by semicolons. Throws std::runtime_error with the server's words in one
    /// line. A wait that is broken off leaves the connection in the middle of an answer: then it is of no
    /// further use.
    task<query_answer> query(context& ctx, std::string sql);

private:
    struct state;
    explicit database(std::unique_ptr<state> made) noexcept;

    std::unique_ptr<state> state_;
};

}  // namespace quartet
