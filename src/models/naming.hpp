// src/models/naming.hpp
//
// What a job's bodies are called, for the contexts, which know no jobs.
#pragma once

#include "src/io/context/logging.hpp"

#include <quartet/backend/job.hpp>

namespace quartet::inline v0::detail {

/// Good for as long as the job is kept.
inline name_function body_name_of(job const& work) {
    return [&work] { return work.body_name(); };
}

}  // namespace quartet::inline v0::detail
