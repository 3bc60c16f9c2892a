// report/trace.hpp
//
// The tasks' records as a trace, for Perfetto and chrome://tracing. Pure function; any thread.
//
// A model is a process of the trace, a worker a track. What runs on a worker is a slice of its track; where
// tasks overlap, as on an event loop, slices are what ran between their waits, and each task as a whole is an
// asynchronous event beside the track: slices of one track may only nest, and Perfetto drops those that
// overlap (google/perfetto#4280). Memory and running tasks are counters. All models begin at 0.
//
// Source: the Trace Event Format, by Duffy and others, of Chromium's documents.
#pragma once

#include "measure/results/results.hpp"

#include <string>

namespace quartet::report {

/// A JSON object in which each event has a line of its own.
std::string to_trace(measure::results const& results);

}  // namespace quartet::report
