// src/models/cluster/mpi_table.hpp
//
// What quartet needs of an MPI: the functions of a plug-in (src/mpi), which is built for one MPI and loaded
// at run time. In C, since nothing but numbers and bytes may pass between what was built at different times.
//
// All functions are for one thread. Where it says nothing else they return 0, or an error of that MPI.
#pragma once

#include <cstdint>

extern "C" {

/// One that is under way.
struct quartet_mpi_request {
    std::uint64_t bits;
};

struct quartet_mpi_arrival {
    std::uint64_t bytes;
    std::int32_t from;
    std::int32_t tag;
};

struct quartet_mpi_table {
    std::uint32_t version;        ///< quartet_mpi_version of its time
    char const* quartet_version;  ///< for which it was built

    /// MPI_Init_thread. Prints and ends the process where that MPI does so.
    std::int32_t (*start)();
    std::int32_t (*rank)();
    std::int32_t (*size)();
    /// The name and version of the MPI, in one line.
    void (*about)(char* text, std::uint64_t room);
    void (*describe)(std::int32_t error, char* text, std::uint64_t room);

    /// Each rank's `bytes` bytes to all, in the order of ranks. Waits for all.
    std::int32_t (*gather)(void const* mine, std::uint64_t bytes, void* all);

    /// Begins to send and to receive; 2^31 - 1 bytes at the most.
    std::int32_t (*send)(void const* bytes, std::uint64_t count, std::int32_t to, std::int32_t tag,
                         quartet_mpi_request* begun);
    std::int32_t (*receive)(void* bytes, std::uint64_t count, std::int32_t from, std::int32_t tag,
                            quartet_mpi_request* begun);

    /// Says of each request whether it is under way (0), done (1) or failed (-1), without waiting. One that
    /// is done or has failed is no more.
    std::int32_t (*test)(quartet_mpi_request* requests, std::uint64_t count, std::int8_t* states);

    /// Whether something has come, from whomever; what came first of a rank is told first, until it is
    /// received. May have to be asked a few times until it sees what is there.
    std::int32_t (*probe)(quartet_mpi_arrival* arrival, std::int32_t* found);

    /// MPI_Finalize.
    std::int32_t (*finish)();
    /// MPI_Abort: ends all ranks, as far as the launcher can.
    void (*abort)(std::int32_t code);
};

}  // extern "C"

namespace quartet::inline v0::detail {

inline constexpr std::uint32_t quartet_mpi_version = 1;

/// What a plug-in defines, and its name.
using quartet_mpi_function = quartet_mpi_table const*();
inline constexpr char const* quartet_mpi_symbol = "quartet_mpi";

}  // namespace quartet::inline v0::detail
