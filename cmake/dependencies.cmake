# Everything quartet needs, all of it from the distribution. The installed package looks for the same
# list (cmake/quartet-config.cmake.in).
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(PkgConfig REQUIRED)
pkg_check_modules(liburing REQUIRED IMPORTED_TARGET liburing>=2.3)
pkg_check_modules(gmp REQUIRED IMPORTED_TARGET gmp)
pkg_check_modules(duktape IMPORTED_TARGET duktape)  # for pictures; report/CMakeLists.txt does without
pkg_check_modules(libpq IMPORTED_TARGET libpq)  # for the workload query; workloads/CMakeLists.txt does without
