#include "tests/batch/batch_kinds.hpp"

#include <algorithm>
#include <stdexcept>

namespace quartet::batch::simulated {
namespace {

job one(resource where, double seconds, double gigabytes = 0.01) {
    return {{{{where, seconds}}}, 1, gigabytes};
}

job two(phase first, phase second, double gigabytes = 0.01) {
    return {{{first, second}}, 2, gigabytes};
}

auto computing(double seconds, double variation) {
    return [=](chance& of, double) { return one(resource::processors, of.around(seconds, variation)); };
}

auto waiting(double seconds, double variation) {
    return [=](chance& of, double) { return one(resource::waiting, of.around(seconds, variation)); };
}

auto at(resource where, double seconds, double variation) {
    return [=](chance& of, double) { return one(where, of.around(seconds, variation)); };
}

auto in_turn(resource first, double seconds, resource second, double further, double variation) {
    return [=](chance& of, double) {
        return two({first, of.around(seconds, variation)}, {second, of.around(further, variation)});
    };
}

auto with_memory(resource where, double seconds, double variation, double gigabytes) {
    return [=](chance& of, double) {
        return one(where, of.around(seconds, variation), of.around(gigabytes, 0.05));
    };
}

void add_computing(std::vector<kind>& kinds) {
    kinds.push_back({"compute 2 ms", 12000, {.processors = 2}, computing(0.002, 0.2)});
    kinds.push_back({"compute 20 ms", 3000, {.processors = 2}, computing(0.02, 0.2)});
    kinds.push_back({"compute 100 ms", 1000, {.processors = 4}, computing(0.1, 0.3)});
    kinds.push_back({"compute 1 s", 400, {.processors = 16}, computing(1, 0.3)});
    kinds.push_back({"compute 8 s", 40, {.processors = 4}, computing(8, 0.2)});
    kinds.push_back({"compute, unequal", 600, {.processors = 4}, computing(0.2, 1.5)});
    kinds.push_back(
        {"compute, crowded", 800, {.processors = 8, .contention = 0.3, .crowd = 4}, computing(0.1, 0.2)});
}

void add_waiting(std::vector<kind>& kinds) {
    kinds.push_back({"wait 5 ms", 12000, {.processors = 4}, waiting(0.005, 0.2)});
    kinds.push_back({"wait 100 ms", 8000, {.processors = 4}, waiting(0.1, 0.2)});
    kinds.push_back({"wait 1 s", 2000, {.processors = 4}, waiting(1, 0.2)});
    kinds.push_back({"wait 10 s", 200, {.processors = 4}, waiting(10, 0.1)});
    kinds.push_back({"wait, unequal", 4000, {.processors = 2}, waiting(0.3, 1.5)});
}

void add_mixed(std::vector<kind>& kinds) {
    kinds.push_back({"half and half",
                     1600,
                     {.processors = 4},
                     in_turn(resource::waiting, 0.025, resource::processors, 0.025, 0.3)});
    kinds.push_back({"a tenth computes",
                     1500,
                     {.processors = 2},
                     in_turn(resource::waiting, 0.18, resource::processors, 0.02, 0.3)});
    kinds.push_back({"fetch, then compute",
                     100,
                     {.processors = 4},
                     in_turn(resource::waiting, 2, resource::processors, 1, 0.2)});
    kinds.push_back({"read, then compute",
                     800,
                     {.processors = 4, .disk = {2, 0.1}},
                     in_turn(resource::disk, 0.03, resource::processors, 0.1, 0.2)});
}

void add_shared(std::vector<kind>& kinds) {
    kinds.push_back({"disk for 1", 300, {.processors = 4, .disk = {1, 0.15}}, at(resource::disk, 0.08, 0.2)});
    kinds.push_back({"disk for 4", 1500, {.processors = 4, .disk = {4, 0.1}}, at(resource::disk, 0.05, 0.2)});
    kinds.push_back(
        {"disk for 16", 6000, {.processors = 2, .disk = {16, 0.02}}, at(resource::disk, 0.04, 0.3)});
    kinds.push_back({"disk, long", 24, {.processors = 4, .disk = {4, 0.1}}, at(resource::disk, 5, 0.2)});
    kinds.push_back({"memory for 5",
                     200,
                     {.processors = 8, .gigabytes = 16},
                     with_memory(resource::processors, 0.6, 0.2, 2.8)});
    kinds.push_back({"memory for 20",
                     800,
                     {.processors = 4, .gigabytes = 16},
                     with_memory(resource::waiting, 0.5, 0.2, 0.72)});
    kinds.push_back(
        {"lock", 1500, {.processors = 8}, in_turn(resource::waiting, 0.03, resource::lock, 0.012, 0.3)});
    kinds.push_back({"lock, fought for",
                     1500,
                     {.processors = 8, .lock = {1, 0.06}},
                     in_turn(resource::waiting, 0.06, resource::lock, 0.012, 0.3)});
}

void add_servers(std::vector<kind>& kinds) {
    kinds.push_back(
        {"server for 8", 1600, {.processors = 4, .server = {8, 0}}, at(resource::server, 0.1, 0.3)});
    kinds.push_back(
        {"server for 20", 2500, {.processors = 2, .server = {20, 0.03}}, at(resource::server, 0.2, 0.3)});
    kinds.push_back(
        {"server for 64", 12000, {.processors = 4, .server = {64, 0.01}}, at(resource::server, 0.1, 0.5)});
    kinds.push_back({"server, uneven",
                     2500,
                     {.processors = 4, .server = {16, 0.03}, .swing = 0.3},
                     at(resource::server, 0.15, 0.8)});
    kinds.push_back({"20 a second",
                     400,
                     {.processors = 4, .server_rate = 20, .server_burst = 20},
                     at(resource::server, 0.005, 0.2)});
    kinds.push_back({"20 a second, slow",
                     400,
                     {.processors = 4, .server_rate = 20, .server_burst = 5},
                     at(resource::server, 1, 0.2)});
}

void add_changing(std::vector<kind>& kinds) {
    kinds.push_back({"wait, later compute", 1600, {.processors = 4}, [](chance& of, double part) {
                         return one(part < 0.7 ? resource::waiting : resource::processors,
                                    of.around(0.1, 0.3));
                     }});
    kinds.push_back({"compute, later wait", 2500, {.processors = 4}, [](chance& of, double part) {
                         return one(part < 0.15 ? resource::processors : resource::waiting,
                                    of.around(0.2, 0.3));
                     }});
    kinds.push_back({"short and long", 1200, {.processors = 4}, [](chance& of, double) {
                         double const mean = of.uniform() < 0.9 ? 0.05 : 1.0;
                         return one(resource::processors, of.around(mean, 0.3));
                     }});
}

}  // namespace

std::vector<kind> const& all_kinds() {
    static std::vector<kind> const kinds = [] {
        std::vector<kind> all;
        add_computing(all);
        add_waiting(all);
        add_mixed(all);
        add_shared(all);
        add_servers(all);
        add_changing(all);
        return all;
    }();
    return kinds;
}

kind const& kind_named(std::string const& name) {
    auto const found = std::ranges::find(all_kinds(), name, &kind::name);
    if (found == all_kinds().end()) throw std::out_of_range(name);
    return *found;
}

}  // namespace quartet::batch::simulated
