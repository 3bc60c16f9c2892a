#include "workloads/data/generate_csv.hpp"

#include "workloads/data/seeded_random.hpp"

#include <array>
#include <ostream>
#include <string_view>

namespace quartet {
namespace {

using word = std::string_view;

constexpr word header_line =
    "job,company,ssn,residence,current_location,blood_group,website,username,name,sex,address,mail,"
    "birthdate\n";

constexpr std::array<word, 24> female_names = {
    "Anna",    "Beatrice", "Carla",   "Deborah", "Emily", "Fiona", "Grace",  "Hannah",
    "Ingrid",  "Julia",    "Kerstin", "Laura",   "Maria", "Nora",  "Olga",   "Patricia",
    "Rebecca", "Sophia",   "Tamara",  "Ursula",  "Vera",  "Wendy", "Yvonne", "Zoë"};
constexpr std::array<word, 24> male_names = {"Adam",    "Brian",   "Charles", "Daniel", "Edward", "Frank",
                                             "Gary",    "Henry",   "Ivan",    "James",  "Kevin",  "Louis",
                                             "Michael", "Nathan",  "Oscar",   "Peter",  "Robert", "Steven",
                                             "Thomas",  "Umberto", "Victor",  "Walter", "Xavier", "Yuri"};
constexpr std::array<word, 32> surnames = {
    "Adams", "Bailey",    "Campbell", "Douglas", "Ellis",  "Fischer", "Garcia",   "Hoffman",
    "Ito",   "Jenkins",   "Kowalski", "Lopez",   "Meyer",  "Nguyen",  "O'Connor", "Petrov",
    "Quinn", "Rivera",    "Sheppard", "Tamura",  "Ueda",   "Vasquez", "Williams", "Xu",
    "Young", "Zimmerman", "Morrison", "Grimes",  "Larsen", "Muñoz",   "Hughes",   "Blackwell"};
constexpr std::array<word, 24> jobs = {"Accountant, chartered",
                                       "Administrator, local government",
                                       "Air traffic controller",
                                       "Archaeologist",
                                       "Biomedical scientist",
                                       "Careers adviser",
                                       "Chemist, analytical",
                                       "Civil Service fast streamer",
                                       "Designer, textile",
                                       "Engineer, electrical",
                                       "Film/video editor",
                                       "Geologist, wellsite",
                                       "Hydrographic surveyor",
                                       "Intelligence analyst",
                                       "Journalist, newspaper",
                                       "Librarian, public",
                                       "Musician",
                                       "Nurse, children's",
                                       "Operational researcher",
                                       "Psychologist, \"sport and exercise\"",
                                       "Quantity surveyor",
                                       "Solicitor, Scotland",
                                       "Teacher, primary school",
                                       "Writer"};
constexpr std::array<word, 16> streets = {
    "Maple Street", "Jenkins Crossing", "Oak Ridge Road", "Harbor View Drive",
    "Station Road", "Mill Lane",        "Park Avenue",    "Cedar Hollow",
    "Stanley Mews", "Rivera Springs",   "Church Walk",    "Sunset Boulevard",
    "North Shore",  "Valley Forge Way", "Elm Court",      "Tower Hill"};
constexpr std::array<word, 16> towns = {"East Angela",  "Port Nathan", "North Garyville", "Lake Susan",
                                        "Wrightmouth",  "South Emily", "New Robert",      "Kellyfurt",
                                        "Davidborough", "West Tamara", "Millerside",      "Lopezchester",
                                        "Huntershire",  "Ryanview",    "Port Zoë",        "Castillotown"};
constexpr std::array<word, 16> states = {"AL", "CA", "CO", "FL", "GA", "IL", "KS", "ME",
                                         "MN", "NH", "NY", "OR", "TX", "UT", "VA", "WA"};
constexpr std::array<word, 8> blood_groups = {"A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"};
constexpr std::array<word, 5> top_domains = {"com", "org", "net", "info", "biz"};
constexpr std::array<word, 4> mail_hosts = {"example.com", "example.org", "mail.example.net",
                                            "post.example.com"};

/// Appends records to a text. The order of the calls to random_ is part of what a seed means, so no two
/// are arguments of one call: their order would be the compiler's choice.
class profile_writer {
public:
    explicit profile_writer(std::uint64_t seed) : random_(seed) {}

    void append_record(std::string& out) {
        bool const female = random_.once_in(2);
        word const given = female ? random_.one_of(female_names) : random_.one_of(male_names);
        word const surname = random_.one_of(surnames);
        field(out, [&] { add(random_.one_of(jobs)); });
        field(out, [&] { add_company(); });
        field(out, [&] { add_ssn(); });
        field(out, [&] { add_address(); });
        field(out, [&] { add_location(); });
        field(out, [&] { add(random_.one_of(blood_groups)); });
        field(out, [&] { add_websites(); });
        std::uint64_t const user_number = random_.between(1, 999);
        field(out, [&] { add_user(given, surname, user_number); });
        field(out, [&] { add(given), add(" "), add(surname); });
        field(out, [&] { add(female ? "F" : "M"); });
        field(out, [&] { add_address(); });
        field(out, [&] { add_user(given, surname, user_number), add("@"), add(random_.one_of(mail_hosts)); });
        field(out, [&] { add_birthdate(); });
        out.back() = '\n';
    }

private:
    /// Appends what `fill` adds as one field, in quotes where it must be, and a comma.
    template <typename Fill>
    void field(std::string& out, Fill fill) {
        text_.clear();
        fill();
        if (text_.find_first_of(",\"\r\n") == text_.npos) {
            out += text_;
        } else {
            out += '"';
            for (char const c : text_)
                out.append(c == '"' ? 2 : 1, c);
            out += '"';
        }
        out += ',';
    }

    void add(word part) { text_ += part; }

    void add_digits(std::size_t count) {
        for (; count != 0; --count)
            text_ += static_cast<char>('0' + random_.between(0, 9));
    }

    void add_two_digits(std::uint64_t number) {
        text_ += static_cast<char>('0' + number / 10);
        text_ += static_cast<char>('0' + number % 10);
    }

    /// Letters of `part` as they may stand in a host or user name.
    void add_plain_lower(word part) {
        for (char const c : part) {
            if (c >= 'A' && c <= 'Z') text_ += static_cast<char>(c - 'A' + 'a');
            if (c >= 'a' && c <= 'z') text_ += c;
        }
    }

    void add_company() {
        word const founder = random_.one_of(surnames);
        word const partner = random_.one_of(surnames);
        std::uint64_t const form = random_.between(0, 9);
        add(founder);
        if (form < 3)
            add("-"), add(partner);
        else if (form < 5)
            add(", "), add(partner), add(" and Sons");
        else if (form < 7)
            add(" \""), add(partner), add("\" Group");
        else
            add(form < 9 ? " Ltd" : " Inc");
    }

    void add_ssn() {
        add_digits(3), add("-");
        add_digits(2), add("-");
        add_digits(4);
    }

    void add_address() {
        add_digits(random_.between(3, 5)), add(" ");
        add(random_.one_of(streets));
        if (random_.once_in(4)) add(" Apt. "), add_digits(3);
        add("\n");
        add(random_.one_of(towns)), add(", ");
        add(random_.one_of(states)), add(" ");
        add_digits(5);
    }

    void add_location() {
        add("(Decimal('"), add_coordinate(89), add("'), Decimal('"), add_coordinate(179), add("'))");
    }

    void add_coordinate(std::uint64_t limit) {
        if (random_.once_in(2)) add("-");
        add(std::to_string(random_.between(0, limit))), add(".");
        add_digits(5);
    }

    void add_websites() {
        std::uint64_t const count = random_.between(1, 4);
        add("[");
        for (std::uint64_t i = 0; i != count; ++i) {
            if (i != 0) add(", ");
            add(random_.once_in(2) ? "'http://www." : "'https://");
            add_plain_lower(random_.one_of(surnames));
            if (random_.once_in(3)) add("-"), add_plain_lower(random_.one_of(surnames));
            add("."), add(random_.one_of(top_domains)), add("/'");
        }
        add("]");
    }

    void add_user(word given, word surname, std::uint64_t number) {
        add_plain_lower(given), add_plain_lower(surname), add(std::to_string(number));
    }

    void add_birthdate() {
        add(std::to_string(random_.between(1920, 2010))), add("-");
        add_two_digits(random_.between(1, 12)), add("-");
        add_two_digits(random_.between(1, 28));
    }

    seeded_random random_;
    std::string text_;
};

}  // namespace

std::string generate_csv(std::size_t records, std::uint64_t seed) {
    std::string text(header_line);
    profile_writer writer(seed);
    for (; records != 0; --records)
        writer.append_record(text);
    return text;
}

void generate_csv(std::ostream& out, std::size_t records, std::uint64_t seed) {
    constexpr std::size_t piece = 256 * 1024;
    std::string text(header_line);
    profile_writer writer(seed);
    for (; records != 0 && out; --records) {
        writer.append_record(text);
        if (text.size() < piece) continue;
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        text.clear();
    }
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace quartet
