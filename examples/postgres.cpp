// A database: PostgreSQL by its own C library and ctx.ready, under any model. The first argument is the
// model, the second what the library takes for a connection: "host=/run/postgresql user=postgres".
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <libpq-fe.h>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [database]
class database {
public:
    static quartet::task<database> connect(quartet::context& ctx, std::string where) {
        database made(PQconnectStart(where.c_str()));
        for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(made.get())) {
            if (next == PGRES_POLLING_FAILED) made.fail();
            co_await ctx.ready(PQsocket(made.get()),
                               next == PGRES_POLLING_READING ? quartet::readable : quartet::writable);
        }
        PQsetnonblocking(made.get(), 1);
        co_return made;
    }

    // The first column of the rows.
    quartet::task<std::vector<std::string>> query(quartet::context& ctx, std::string sql) {
        bool ended = false;
        try {
            if (PQsendQuery(get(), sql.c_str()) == 0) fail();
            for (int left = PQflush(get()); left != 0; left = PQflush(get())) {
                if (left < 0) fail();
                co_await ctx.ready(PQsocket(get()), quartet::writable);
            }
            while (PQisBusy(get())) {
                co_await ctx.ready(PQsocket(get()), quartet::readable);
                if (PQconsumeInput(get()) == 0) fail();
            }
        } catch (quartet::cancelled const&) {
            ended = true;  // the server is told below: C++ has no co_await in a handler
        }
        if (ended) {
            co_await ctx.shielded(ctx.offload([this] { cancel(); }));
            throw quartet::cancelled();
        }
        co_return rows();
    }

private:
    explicit database(PGconn* connection) : connection_(connection, PQfinish) {
        if (!connection) throw std::bad_alloc();
    }
    PGconn* get() const { return connection_.get(); }
    [[noreturn]] void fail() const { throw std::runtime_error(PQerrorMessage(get())); }

    void cancel() const {
        std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> const right(PQgetCancel(get()), PQfreeCancel);
        char why[256];
        if (right) PQcancel(right.get(), why, sizeof why);
    }

    std::vector<std::string> rows() const {
        std::vector<std::string> values;
        while (PGresult* const part = PQgetResult(get())) {
            std::unique_ptr<PGresult, decltype(&PQclear)> const result(part, PQclear);
            if (PQresultStatus(part) == PGRES_FATAL_ERROR) fail();
            for (int row = 0; row < PQntuples(part); ++row)
                values.emplace_back(PQgetvalue(part, row, 0));
        }
        return values;
    }

    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};
// [/database]

// [queries]
quartet::task<long> add_up(quartet::context& ctx, std::string where, int first) {
    auto db = co_await database::connect(ctx, where);
    long sum = 0;
    for (int n = first; n < first + 100; ++n) {
        auto const rows = co_await db.query(ctx, "select " + std::to_string(n) + " * 2");
        sum += std::stol(rows.at(0));
    }
    co_return sum;
}
// [/queries]

quartet::task<std::string> lose(quartet::context& ctx, std::string where) {
    auto db = co_await database::connect(ctx, where);
    try {
        co_await db.query(ctx, "select pg_terminate_backend(pg_backend_pid())");
    } catch (std::runtime_error const&) {
        co_return "lost";
    }
    co_return "there";
}

// [limit]
quartet::task<std::string> lose_patience(quartet::context& ctx, std::string where) {
    auto db = co_await database::connect(ctx, where);
    std::string said = "has slept";
    try {
        co_await ctx.with_timeout(50ms, db.query(ctx, "select 'quartet', pg_sleep(600)"));
    } catch (quartet::timed_out const& late) {
        said = late.what();
    }
    auto other = co_await database::connect(ctx, where);
    for (;;) {  // until the server has heard of it
        auto const asleep = co_await other.query(
            ctx,
            "select 1 from pg_stat_activity where state = 'active' and query like '%''quartet'', pg_sleep%'"
            " and pid <> pg_backend_pid()");
        if (asleep.empty()) co_return said + ", and nobody sleeps";
        co_await ctx.sleep_for(10ms);
    }
}
// [/limit]

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: postgres MODEL CONNECTION\n";
        return 2;
    }
    std::string const where = argv[2];
    auto executor = quartet::make_executor(argv[1]);

    std::vector<std::pair<std::string, int>> parts;
    for (int first = 0; first < 1000; first += 100)
        parts.emplace_back(where, first);
    auto const sums = executor.starmap(add_up, parts);
    std::cout << "1000 queries: " << std::accumulate(sums.begin(), sums.end(), 0L) << '\n';
    std::cout << "the connection is " << executor.submit(lose, where).get() << '\n';
    std::cout << "the long query: " << executor.submit(lose_patience, where).get() << '\n';
}
