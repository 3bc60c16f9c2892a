// SQL statements over connections to a PostgreSQL server: a task connects, and asks one statement after the
// other. Unless it is told another one, the statement waits in the server for a while and gives rows that are
// known beforehand.

#include "server/postgres_process.hpp"
#include "workloads/database.hpp"
#include "workloads/in_time.hpp"

#include <quartet/outcome.hpp>
#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quartet {
namespace {

struct asking {
    std::uint64_t number = 0;
    std::string url;
    std::string sql;  ///< empty: a statement whose answer is known
    std::uint64_t statements = 0;
    std::uint64_t rows = 0;
    double delay_seconds = 0;
    double timeout_seconds = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, url, sql, statements, rows, delay_seconds, timeout_seconds);
    }
};

/// What came, of all statements.
struct answers {
    std::uint64_t rows;
    std::uint64_t checksum;
};

/// The first number that a statement asks for; each has its own, so that an answer to another one is noticed.
std::uint64_t first_of(asking const& wanted, std::uint64_t statement) {
    return (wanted.number * wanted.statements + statement) % 1'000'000;
}

std::string statement_of(asking const& wanted, std::uint64_t statement) {
    if (!wanted.sql.empty()) return wanted.sql;
    auto const first = first_of(wanted, statement);
    return fmt::format(
        "select n, n * n from pg_sleep({:.6f}), generate_series({}::bigint, {}::bigint) as n order by n",
        wanted.delay_seconds, first, first + wanted.rows - 1);
}

void require_known(asking const& wanted, std::uint64_t statement, query_answer const& got) {
    auto const wrong = [&](std::string const& what) {
        throw std::runtime_error(fmt::format("answer {} is wrong: {}", statement + 1, what));
    };
    if (got.rows != wanted.rows || got.cells.size() != 2 * got.rows)
        wrong(fmt::format("{} rows, not {}", got.rows, wanted.rows));
    for (std::uint64_t row = 0; row < got.rows; ++row) {
        auto const n = first_of(wanted, statement) + row;
        if (got.cells[2 * row] != std::to_string(n) || got.cells[2 * row + 1] != std::to_string(n * n))
            wrong(fmt::format("row {} is not {} and its square", row + 1, n));
    }
}

void add(checksum& sum, query_answer const& got) {
    sum.add(std::uint64_t{got.rows});
    for (auto const& cell : got.cells) {
        sum.add(std::uint64_t{cell.has_value()});
        if (cell) sum.add(*cell);
    }
}

task<answers> ask(context& ctx, asking const& wanted) {
    auto server = co_await database::connect(ctx, wanted.url);
    answers all{0, 0};
    checksum sum;
    for (std::uint64_t statement = 0; statement < wanted.statements; ++statement) {
        auto const got = co_await server.query(ctx, statement_of(wanted, statement));
        if (wanted.sql.empty()) require_known(wanted, statement, got);
        all.rows += got.rows;
        add(sum, got);
    }
    all.checksum = sum.value();
    co_return all;
}

task<answers> ask_in_time(context& ctx, asking wanted) {
    co_return co_await in_time(ctx, wanted.timeout_seconds, ask(ctx, wanted));
}

/// A server of this run's own.
class own_postgres final : public workload_server {
public:
    explicit own_postgres(postgres_options const& options) : process_(options) {}
    std::string address() const override { return process_.url(); }
    pid_t process() const override { return process_.id(); }

private:
    postgres_process process_;
};

bool asks_own_server(parameter_values const& values) {
    return std::get<std::string>(values.at("url")).empty();
}

/// Each task has a connection, and while the server still ends one the next task may have begun.
std::size_t most_connections(parameter_values const& values) {
    constexpr std::size_t for_others = 10;
    return 2 * static_cast<std::size_t>(std::get<std::int64_t>(values.at("count"))) + for_others;
}

std::unique_ptr<workload_server> start_server(parameter_values const& values, server_setting const& with) {
    if (!asks_own_server(values)) return nullptr;
    if (with.address != server_setting().address)
        throw std::invalid_argument(
            "query: other machines don't get to quartet's own PostgreSQL; name one that they do get to: "
            "--set "
            "query.url=postgresql://USER@HOST/DATABASE");
    try {
        return std::make_unique<own_postgres>(postgres_options{.folder = with.make_folder(),
                                                               .connections = most_connections(values),
                                                               .stop_descriptor = with.stop_descriptor});
    } catch (postgres_given_up const&) {
        throw cancelled();
    }
}

std::string lacks(parameter_values const& values) {
    if (!database::is_built())
        return "this quartet was built without libpq; install its package, libpq-dev, and build it again";
    if (asks_own_server(values) && postgres_programs().empty())
        return "PostgreSQL is not installed; its package is postgresql, or name a server by --set "
               "query.url=postgresql://USER@HOST/DATABASE";
    return {};
}

// Says nothing of what it was given: it may hold a password.
void check(parameter_values const& values) {
    auto const& url = std::get<std::string>(values.at("url"));
    if (url.empty()) return;
    if (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))
        throw std::invalid_argument(
            "query.url is no URI of PostgreSQL, such as postgresql://USER@HOST:5432/DATABASE");
    if (url.find("password=") != url.npos)
        throw std::invalid_argument(
            "query.url has a password among its options, and results keep these; put it before the @ "
            "(USER:PASSWORD@HOST), where they leave it out, or in PGPASSWORD");
    if (!database::understands(url))
        throw std::invalid_argument(
            "query.url can't be read by libpq; the form is "
            "postgresql://USER@HOST:5432/DATABASE?OPTION=VALUE, "
            "with %40 and the like for signs that separate its parts");
}

void run(workload_run& run) {
    auto const url = run.get<std::string>("url");
    asking wanted{.number = 0,
                  .url = url.empty() ? run.server_url() : url,
                  .sql = run.get<std::string>("sql"),
                  .statements = run.get<std::uint64_t>("statements"),
                  .rows = run.get<std::uint64_t>("rows"),
                  .delay_seconds = run.get<double>("delay"),
                  .timeout_seconds = run.get<double>("timeout")};
    std::vector<asking> all;
    for (auto const count = run.get<std::uint64_t>("count"); wanted.number < count; ++wanted.number)
        all.push_back(wanted);
    auto const given = run.map(ask_in_time, all);
    run.checksum(given);
    if (!wanted.sql.empty()) return;
    for (auto const& each : given)
        run.expect(!each || each->rows == wanted.statements * wanted.rows, "an answer is missing");
}

registration const query_workload{{
    .name = "query",
    .help = "asks a PostgreSQL server, each task over a connection of its own",
    .parameters =
        {integer("count", 100, 1, 10'000, "how many tasks"),
         integer("statements", 10, 1, 1'000'000, "how many of each, one after the other"),
         integer("rows", 100, 1, 1'000'000, "that a statement gives"),
         number("delay", 0.001, 0, 60, "seconds that the server waits in a statement"),
         text("sql", "", "another statement, without `rows` and `delay`; its answer must always be the same"),
         text("url", "",
              "a URI of libpq's, such as postgresql://USER@HOST/DATABASE; empty: a server of quartet's own, "
              "if PostgreSQL is installed"),
         number("timeout", 15, 0.001, 86400, "seconds that one task may take")},
    .workers = {.threads = 20, .async = 20},  // as pools of connections are; a server allows 100 by default
    .only_by_name = true,
    .start_server = start_server,
    .lacks = lacks,
    .check = check,
    .run = run,
}};

}  // namespace
}  // namespace quartet
