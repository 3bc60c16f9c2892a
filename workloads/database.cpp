#include "workloads/database.hpp"

#include <libpq-fe.h>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace quartet {
namespace {

struct finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using connection_pointer = std::unique_ptr<PGconn, finish>;

struct clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using result_pointer = std::unique_ptr<PGresult, clear>;

/// libpq's texts have several lines, some of them indented.
std::string in_one_line(std::string_view text) {
    std::string line;
    for (char const each : text) {
        bool const is_blank = each == '\n' || each == '\t' || each == ' ';
        if (!is_blank)
            line += each;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (line.ends_with(' '))
        line.pop_back();
    return line;
}

[[noreturn]] void fail(PGconn* connection) {
    throw std::runtime_error(in_one_line(PQerrorMessage(connection)));
}

/// Without the statement, which the full text would repeat.
[[noreturn]] void fail(PGresult const* result) {
    auto const field = [&](int which) {
        char const* const text = PQresultErrorField(result, which);
        return std::string(text ? text : "");
    };
    auto const primary = field(PG_DIAG_MESSAGE_PRIMARY);
    if (primary.empty()) throw std::runtime_error(in_one_line(PQresultErrorMessage(result)));
    throw std::runtime_error(in_one_line(field(PG_DIAG_SEVERITY) + ": " + primary));
}

void add(query_answer& to, PGresult const* result) {
    to.rows += static_cast<std::size_t>(PQntuples(result));
    for (int row = 0; row < PQntuples(result); ++row) {
        for (int column = 0; column < PQnfields(result); ++column) {
            if (PQgetisnull(result, row, column)) {
                to.cells.emplace_back();
                continue;
            }
            auto const length = static_cast<std::size_t>(PQgetlength(result, row, column));
            to.cells.emplace_back(std::string(PQgetvalue(result, row, column), length));
        }
    }
}

/// Takes what a statement gave. Of a failed one too the rest of the answer would come, but nobody wants it.
void take(query_answer& into, PGresult const* result) {
    switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
            return add(into, result);
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            return;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            throw std::runtime_error("a statement must not be a COPY from or to its client");
        default:
            fail(result);
    }
}

}  // namespace

struct database::state {
    connection_pointer connection;

    PGconn* get() const noexcept { return connection.get(); }
};

database::database(std::unique_ptr<state> made) noexcept : state_(std::move(made)) {}
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;
database::~database() = default;

bool database::is_built() noexcept {
    return true;
}

bool database::understands(std::string const& url) {
    char* why = nullptr;
    auto* const options = PQconninfoParse(url.c_str(), &why);
    PQconninfoFree(options);
    PQfreemem(why);  // it may quote a part of a password
    return options != nullptr;
}

task<database> database::connect(context& ctx, std::string url) {
    auto made = std::make_unique<state>();
    made->connection.reset(PQconnectStart(url.c_str()));
    if (!made->get()) throw std::bad_alloc();
    if (PQstatus(made->get()) == CONNECTION_BAD) fail(made->get());
    // What the server only remarks would go to standard error.
    PQsetNoticeReceiver(
        made->get(), [](void*, PGresult const*) {}, nullptr);
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(made->get())) {
        if (next == PGRES_POLLING_FAILED) fail(made->get());
        co_await ctx.ready(PQsocket(made->get()), next == PGRES_POLLING_READING ? readable : writable);
    }
    if (PQsetnonblocking(made->get(), 1) != 0) fail(made->get());
    co_return database(std::move(made));
}

task<query_answer> database::query(context& ctx, std::string sql) {
    auto* const to = state_->get();
    if (PQsendQuery(to, sql.c_str()) == 0) fail(to);
    for (int left = PQflush(to); left != 0; left = PQflush(to)) {
        if (left < 0) fail(to);
        // A server that answers before it has read all may read no further until its answer is read.
        auto const holds = co_await ctx.ready(PQsocket(to), readable | writable);
        if ((holds & readable) && PQconsumeInput(to) == 0) fail(to);
    }
    query_answer answer;
    for (;;) {
        while (PQisBusy(to)) {
            co_await ctx.ready(PQsocket(to), readable);
            if (PQconsumeInput(to) == 0) fail(to);
        }
        result_pointer const result(PQgetResult(to));
        if (!result) co_return answer;
        take(answer, result.get());
    }
}

}  // namespace quartet
