// Nothing: its target holds the precompiled headers of the library's tests (CMakeLists.txt).
