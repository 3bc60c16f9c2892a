// include/quartet/workload/workload.hpp
//
// A workload: something that `quartet run` can run under every model, measure and check. The seven tests
// are written with this header, and so is yours:
//
//     #include <quartet/workload/workload.hpp>
//
//     double body(double x) { … }
//
//     static quartet::registration const mine{{
//         .name = "mine",
//         .help = "what it does, in a line",
//         .parameters = {quartet::integer("count", 1000, 1, 1'000'000, "how many tasks")},
//         .run = [](quartet::workload_run& run) { run.checksum(run.map(body, inputs(run.get<int>("count"))));
//         },
//     }};
//
//     QUARTET_MAIN()
//
// Linked with quartet::main this is a program with the whole command line of `quartet` (run, list, clean).
#pragma once

#include <quartet/workload/checksum.hpp>
#include <quartet/workload/main.hpp>
#include <quartet/workload/parameter.hpp>
#include <quartet/workload/registry.hpp>
#include <quartet/workload/run.hpp>
#include <quartet/workload/task_digest.hpp>
#include <quartet/workload/task_order.hpp>
