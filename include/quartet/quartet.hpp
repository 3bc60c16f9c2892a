// include/quartet/quartet.hpp
//
// All that a program needs to run bodies: include this one. Workloads, the fake (quartet/fake.hpp) and what
// new models are made of (quartet/backend/) have headers of their own.
#pragma once

#include <quartet/broadcast.hpp>
#include <quartet/channel.hpp>
#include <quartet/codec.hpp>
#include <quartet/context.hpp>
#include <quartet/cpus.hpp>
#include <quartet/executor.hpp>
#include <quartet/futures.hpp>
#include <quartet/nested.hpp>
#include <quartet/outcome.hpp>
#include <quartet/process.hpp>
#include <quartet/rate_limiter.hpp>
#include <quartet/readiness.hpp>
#include <quartet/shared_array.hpp>
#include <quartet/socket.hpp>
#include <quartet/spec.hpp>
#include <quartet/structured.hpp>
#include <quartet/sync.hpp>
#include <quartet/task.hpp>
#include <quartet/task_group.hpp>
#include <quartet/task_local.hpp>
#include <quartet/task_recorder.hpp>
#include <quartet/tls.hpp>
#include <quartet/workload/advice.hpp>
