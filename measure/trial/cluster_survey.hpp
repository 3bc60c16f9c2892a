// measure/trial/cluster_survey.hpp
//
// What the nodes of a cluster are, and what each of them sees of the root: asked once, before trials run
// there. In a process of its own, as trials are (trial_process.hpp). Plain values.
#pragma once

#include "measure/results/fields.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

struct survey_request {
    std::vector<std::string> specs;      ///< that are to run there
    std::vector<std::string> files;      ///< of the root, for which nodes look
    std::vector<std::string> addresses;  ///< of the root, that nodes try, in numbers
    std::uint64_t port = 0;              ///< where it listens at all of them; 0: nobody tries
    bool speeds = false;                 ///< nodes are asked how fast they compute
};

struct surveyed_node {
    std::string name;
    std::vector<std::uint64_t> seen;     ///< places of files that are there
    std::vector<std::uint64_t> reached;  ///< places of addresses that answer
    std::uint64_t processors = 0;        ///< that it may use
    std::vector<std::uint64_t> numbers;  ///< of processors that the kernel lets it run on
    std::string kernel;                  ///< its boot: nodes of one machine have the same
    std::uint64_t memory = 0;            ///< bytes that it may use
    std::uint64_t steps = 0;             ///< of computing that it does in a millisecond; 0: not asked

    void serialize(auto& archive) {
        archive(name, seen, reached, processors, numbers, kernel, memory, steps);
    }
};

struct survey_result {
    std::string error;                 ///< why a spec can't run, or there is no answer; empty if all is well
    std::vector<surveyed_node> nodes;  ///< this machine first
    std::string mpi;                   ///< its name and version; empty if this is no cluster
};

/// As trial_protocol.hpp has it for trials.
std::string line_of(survey_request const& request);
std::string line_of(survey_result const& result);
survey_result survey_result_of(std::string_view line);

/// Whether the first line that a trial's process is sent asks for a survey.
bool asks_for_survey(std::string_view line) noexcept;
survey_request survey_request_of(std::string_view line);

/// Opens an executor for each spec, and asks every node. From now on nodes ask these addresses without a
/// proxy. Some ten milliseconds, two seconds more for each address that does not answer. Throws nothing but
/// std::bad_alloc: errors are in the result.
survey_result survey_nodes(survey_request const& request);

/// The host of a URL, or an address, is asked without a proxy in this process and in those it starts. Before
/// there are other threads that look at the environment.
void ask_without_proxy(std::string_view host);

}  // namespace quartet::measure
