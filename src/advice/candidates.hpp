// src/advice/candidates.hpp
//
// What advice chooses from: the models, and of each the numbers to try. Pure functions; any thread.
#pragma once

#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <cstddef>
#include <vector>

namespace quartet::inline v0::detail {

/// A model without its numbers.
struct family {
    model_kind kind;
    bool loops;
    bool cluster;

    friend bool operator==(family const&, family const&) = default;
};

// The simplest first: what a reader has to know to understand a program that uses it.
inline constexpr family families[] = {
    {model_kind::single, false, false},   {model_kind::threads, false, false},
    {model_kind::async, false, false},    {model_kind::processes, false, false},
    {model_kind::threads, true, false},   {model_kind::processes, true, false},
    {model_kind::threads, false, true},   {model_kind::async, false, true},
    {model_kind::processes, false, true}, {model_kind::processes, true, true}};

family family_of(model_spec const& spec);

/// Its place among the families.
std::size_t simplicity(model_spec const& spec);

/// With the numbers to try; of a cluster's none if there is none, or if it has one node.
std::vector<model_spec> specs_of(family const& which, work_shape const& work, machine_costs const& costs,
                                 advice_limits const& limits);

}  // namespace quartet::inline v0::detail
