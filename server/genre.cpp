#include "server/genre.hpp"

#include "server/random.hpp"

#include <array>
#include <string_view>

namespace quartet {
namespace {

constexpr std::array<std::string_view, 40> moods = {
    "abrasive",    "acoustic", "ambient",    "ancient",       "atomic",    "baroque",    "bouncy",
    "brutal",      "chamber",  "cosmic",     "crunchy",       "deep",      "dreamy",     "dusty",
    "electric",    "epic",     "feral",      "fuzzy",         "glacial",   "gothic",     "haunted",
    "hazy",        "imperial", "industrial", "jagged",        "lazy",      "liquid",     "lo-fi",
    "lunar",       "melodic",  "minimal",    "neo-classical", "nocturnal", "orchestral", "progressive",
    "psychedelic", "radical",  "sleepy",     "symphonic",     "velvet"};

constexpr std::array<std::string_view, 40> places = {
    "alpine",  "andean",   "arctic",    "baltic",  "barnyard", "basement",    "bayou",    "beach",
    "bedroom", "canyon",   "cathedral", "cellar",  "coastal",  "desert",      "factory",  "forest",
    "garage",  "harbour",  "highland",  "island",  "jungle",   "kitchen",     "lakeside", "lighthouse",
    "meadow",  "midnight", "mountain",  "orbital", "prairie",  "railway",     "river",    "rooftop",
    "stadium", "steppe",   "suburban",  "swamp",   "tropical", "underground", "urban",    "village"};

constexpr std::array<std::string_view, 40> styles = {
    "ballad",   "ballet",  "bebop",   "blues",  "bluegrass", "boogie", "bossa-nova", "calypso",
    "chant",    "choir",   "country", "cumbia", "disco",     "drone",  "dub",        "fado",
    "flamenco", "folk",    "funk",    "fugue",  "gospel",    "grunge", "hip-hop",    "house",
    "jazz",     "klezmer", "lullaby", "march",  "mazurka",   "metal",  "opera",      "polka",
    "punk",     "ragtime", "reggae",  "salsa",  "shanty",    "swing",  "tango",      "waltz"};

}  // namespace

std::string genre(std::uint64_t n) {
    auto dice = server_detail::mix(n);  // neighbours in n share no words
    std::string result;
    result += moods[dice % moods.size()];
    dice /= moods.size();
    result += ' ';
    result += places[dice % places.size()];
    dice /= places.size();
    result += ' ';
    result += styles[dice % styles.size()];
    return result;
}

}  // namespace quartet
