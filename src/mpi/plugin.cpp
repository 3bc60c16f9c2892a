// src/mpi/plugin.cpp
//
// MPI behind the table of src/models/cluster/mpi_table.hpp. Built once for each MPI, since no two agree on
// what a communicator or a request is.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1

#include "src/models/cluster/mpi_table.hpp"

#include <quartet/version.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mpi.h>
#include <unistd.h>
#include <vector>

namespace {

static_assert(sizeof(MPI_Request) <= sizeof(quartet_mpi_request));

MPI_Request request_of(quartet_mpi_request const& kept) {
    MPI_Request request{};
    std::memcpy(&request, &kept, sizeof request);
    return request;
}

void keep(MPI_Request request, quartet_mpi_request& kept) {
    std::memcpy(&kept, &request, sizeof request);
}

std::int32_t start() {
    int provided = 0;
    int const error = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    if (error != MPI_SUCCESS) return error;
    // The death of a rank is no end of the others.
    return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

std::int32_t rank() {
    int number = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &number);
    return number;
}

std::int32_t size() {
    int count = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    return count;
}

void about(char* text, std::uint64_t room) {
    char version[MPI_MAX_LIBRARY_VERSION_STRING] = {};
    int length = 0;
    MPI_Get_library_version(version, &length);
    // Open MPI says "Open MPI v4.1.4, package: …", MPICH "MPICH Version:\t4.0.2\nMPICH Release date:…".
    std::size_t const end = std::strcspn(version, ",\n");
    version[end] = '\0';
    std::replace(version, version + end, '\t', ' ');
    std::snprintf(text, static_cast<std::size_t>(room), "%s", version);
}

void describe(std::int32_t error, char* text, std::uint64_t room) {
    char said[MPI_MAX_ERROR_STRING] = {};
    int length = 0;
    if (MPI_Error_string(error, said, &length) != MPI_SUCCESS)
        std::snprintf(said, sizeof said, "error %d", error);
    said[std::strcspn(said, "\n")] = '\0';
    std::snprintf(text, static_cast<std::size_t>(room), "%s", said);
}

std::int32_t gather(void const* mine, std::uint64_t bytes, void* all) {
    int const count = static_cast<int>(bytes);
    return MPI_Allgather(mine, count, MPI_BYTE, all, count, MPI_BYTE, MPI_COMM_WORLD);
}

std::int32_t send(void const* bytes, std::uint64_t count, std::int32_t to, std::int32_t tag,
                  quartet_mpi_request* begun) {
    MPI_Request request = MPI_REQUEST_NULL;
    int const error = MPI_Isend(bytes, static_cast<int>(count), MPI_BYTE, to, tag, MPI_COMM_WORLD, &request);
    keep(request, *begun);
    return error;
}

std::int32_t receive(void* bytes, std::uint64_t count, std::int32_t from, std::int32_t tag,
                     quartet_mpi_request* begun) {
    MPI_Request request = MPI_REQUEST_NULL;
    int const error =
        MPI_Irecv(bytes, static_cast<int>(count), MPI_BYTE, from, tag, MPI_COMM_WORLD, &request);
    keep(request, *begun);
    return error;
}

std::int32_t test(quartet_mpi_request* requests, std::uint64_t count, std::int8_t* states) {
    static std::vector<MPI_Request> asked;
    static std::vector<MPI_Status> said;
    static std::vector<int> done;
    asked.clear();
    std::transform(requests, requests + count, std::back_inserter(asked), request_of);
    said.resize(asked.size());
    done.resize(asked.size());
    std::fill(states, states + count, std::int8_t{0});
    int ended = 0;
    int const error = MPI_Testsome(static_cast<int>(count), asked.data(), &ended, done.data(), said.data());
    if (error != MPI_SUCCESS && error != MPI_ERR_IN_STATUS) return error;
    for (int each = 0; each < ended && ended != MPI_UNDEFINED; ++each) {
        auto const which = static_cast<std::size_t>(each);
        bool const failed = error == MPI_ERR_IN_STATUS && said[which].MPI_ERROR != MPI_SUCCESS;
        states[done[which]] = failed ? -1 : 1;
    }
    for (std::uint64_t each = 0; each < count; ++each)
        keep(asked[each], requests[each]);
    return 0;
}

std::int32_t probe(quartet_mpi_arrival* arrival, std::int32_t* found) {
    int is_there = 0;
    MPI_Status status{};
    int const error = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &is_there, &status);
    *found = error == MPI_SUCCESS && is_there != 0;
    if (!*found) return error;
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    *arrival = {static_cast<std::uint64_t>(bytes), status.MPI_SOURCE, status.MPI_TAG};
    return 0;
}

#ifdef MPICH_VERSION
/// MPI_Finalize of MPICH 4.0 over UCX's TCP hangs more often than not, also in a program of five lines with
/// three ranks: one still wants to close its connections when the others have stopped to listen. What its
/// launcher, Hydra, has to know is that the rank has ended well, so it is told that, in its protocol (PMI 1).
/// False if the launcher is another.
bool tell_hydra() {
    char const* const number = std::getenv("PMI_FD");
    if (!number || std::getenv("SLURM_STEP_ID")) return false;
    int const launcher = std::atoi(number);
    constexpr char word[] = "cmd=finalize\n";
    if (write(launcher, word, sizeof word - 1) != static_cast<ssize_t>(sizeof word - 1)) return false;
    char answer[256];
    return read(launcher, answer, sizeof answer) > 0;
}
#else
bool tell_hydra() {
    return false;
}
#endif

std::int32_t finish() {
    MPI_Barrier(MPI_COMM_WORLD);  // nobody is to go while another waits for it
    return tell_hydra() ? 0 : MPI_Finalize();
}

void abort_all(std::int32_t code) {
    MPI_Abort(MPI_COMM_WORLD, code);
}

constexpr quartet_mpi_table table{.version = quartet::detail::quartet_mpi_version,
                                  .quartet_version = QUARTET_VERSION,
                                  .start = start,
                                  .rank = rank,
                                  .size = size,
                                  .about = about,
                                  .describe = describe,
                                  .gather = gather,
                                  .send = send,
                                  .receive = receive,
                                  .test = test,
                                  .probe = probe,
                                  .finish = finish,
                                  .abort = abort_all};

}  // namespace

extern "C" [[gnu::visibility("default")]] quartet_mpi_table const* quartet_mpi() {
    return &table;
}
