# One target holds the warnings and the sanitizers. It is linked PRIVATE everywhere, so nothing of it
# reaches the users of the library.
add_library(quartet_flags INTERFACE)
target_compile_options(quartet_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_UNITY_BUILD)
    # A source that is included looks like a header to g++'s warning, and its names are in sight of those after it.
    target_compile_options(quartet_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>
                           $<$<CXX_COMPILER_ID:Clang>:-Wno-shadow>)
endif()
# The library of g++ 12 uses in its stable_sort what it calls deprecated.
target_compile_options(quartet_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
if(QUARTET_WERROR)
    target_compile_options(quartet_flags INTERFACE -Werror)
endif()
if(QUARTET_SANITIZE)
    # With its own checks in between, g++ no longer sees that a std::variant is initialized. A null pointer that
    # is followed ends the program under AddressSanitizer too; the checks for it and for the types behind virtual
    # calls took a quarter of the compile time.
    target_compile_options(quartet_flags INTERFACE -fsanitize=${QUARTET_SANITIZE} -fno-sanitize=null,vptr
                           -fno-omit-frame-pointer
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(quartet_flags INTERFACE -fsanitize=${QUARTET_SANITIZE})
    target_compile_definitions(quartet_flags INTERFACE QUARTET_SANITIZED)
    if(QUARTET_SANITIZE MATCHES thread)
        # ThreadSanitizer does not model the fences of Asio's fenced_block; without them Asio uses
        # the ordinary atomics that it does model.
        target_compile_definitions(quartet_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK QUARTET_SANITIZED_THREAD)
        target_compile_options(quartet_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    endif()
endif()

# Who develops links many programs, often. Whatever linker is faster than the default and is here will do; none is needed.
if(QUARTET_FAST_LINKER)
    foreach(linker IN ITEMS mold lld gold)
        find_program(QUARTET_LINKER_${linker} NAMES ld.${linker})
        if(QUARTET_LINKER_${linker})
            message(STATUS "quartet: links by ${linker}")
            add_link_options(-fuse-ld=${linker})
            break()
        endif()
    endforeach()
endif()
