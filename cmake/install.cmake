# `cmake --install` gives the program, the library, its headers, and what find_package(quartet) reads.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/quartet)
install(TARGETS quartet quartet_main quartet_report quartet_measure quartet_batch quartet_server quartet_workload_data EXPORT quartet-targets)
install(TARGETS quartet_tool)
install(DIRECTORY include/quartet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES measure/results/results.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/quartet)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_BINARY_DIR}/cli/manual/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${CMAKE_BINARY_DIR}/cli/manual/quartet.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME quartet)
install(FILES ${CMAKE_BINARY_DIR}/cli/manual/_quartet DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${CMAKE_BINARY_DIR}/cli/manual/quartet.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(EXPORT quartet-targets NAMESPACE quartet:: DESTINATION ${package_dir})

configure_package_config_file(cmake/quartet-config.cmake.in ${CMAKE_BINARY_DIR}/quartet-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/quartet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/quartet-config.cmake ${CMAKE_BINARY_DIR}/quartet-config-version.cmake
        DESTINATION ${package_dir})
