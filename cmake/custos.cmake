# How this project builds: the warnings, the hardening, and two words for everything else.
#
#   cu_layer(NAME SOURCES a.c b.c LINKS base PkgConfig::SODIUM)   a layer of daemon/, as a static library
#   cu_test(LAYER test_x.c LINKS crypto [DATA dir])               one cmocka program for one source file
#
# A layer's headers are reached as "layer/file.h", through a directory that holds a link to this
# one layer and is handed on only by target_link_libraries: an #include of a layer that is not
# linked does not compile.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(CUSTOS_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(CUSTOS_TESTS "Build the tests" ON)
option(CUSTOS_FUZZ "Build the targets of tests/fuzz as fuzzers; needs clang" OFF)

find_package(PkgConfig REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(NETTLE REQUIRED IMPORTED_TARGET nettle>=3.8)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml>=0.7)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd>=1.5)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive>=3.6)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)
if(CUSTOS_TESTS)
        pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1)
endif()
pkg_check_modules(SYSTEMD IMPORTED_TARGET libsystemd>=252) # optional
find_package(Threads REQUIRED)
find_program(MSGFMT msgfmt REQUIRED) # of gettext: po/ is built into the programs

add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
        -Wvla -Wformat=2 -Wcast-qual -Wimplicit-fallthrough -Wno-missing-field-initializers
        $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> -Werror -fno-common -fstack-protector-strong
        $<$<CONFIG:Debug>:-DCUSTOS_CHECK_REPLIES>)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)

if(CUSTOS_SANITIZE)
        add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                -fno-omit-frame-pointer)
        add_link_options(-fsanitize=address,undefined)
else()
        add_compile_options($<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
endif()

if(CUSTOS_FUZZ)
        add_compile_options(-fsanitize=fuzzer-no-link -DCUSTOS_FUZZ)
endif()

function(cu_layer name)
        cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
        set(doors ${CMAKE_BINARY_DIR}/include/${name})
        file(MAKE_DIRECTORY ${doors})
        file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${doors}/${name} SYMBOLIC)
        add_library(${name} STATIC ${arg_SOURCES})
        target_compile_options(${name} PRIVATE -Wconversion)
        target_include_directories(${name} PUBLIC ${doors})
        target_link_libraries(${name} PUBLIC ${arg_LINKS})
endfunction()

# Builds texts into a layer: writes OUTPUT, a C file with the bytes of INPUTS, as HEADER has them.
function(cu_embed name)
        cmake_parse_arguments(arg "" "OUTPUT;HEADER" "INPUTS" ${ARGN})
        add_custom_command(OUTPUT ${arg_OUTPUT}
                COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DOUTPUT=${arg_OUTPUT} -DHEADER=${arg_HEADER}
                        "-DINPUTS=${arg_INPUTS}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
                DEPENDS ${arg_INPUTS} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
                VERBATIM)
endfunction()

function(cu_test label source)
        cmake_parse_arguments(arg "" "DATA" "LINKS" ${ARGN})
        get_filename_component(name ${source} NAME_WE)
        add_executable(${name} ${source})
        target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support)
        target_link_libraries(${name} PRIVATE ${arg_LINKS} PkgConfig::CMOCKA)
        if(arg_DATA)
                set(arg_DATA ${CMAKE_SOURCE_DIR}/${arg_DATA})
        endif()
        add_test(NAME ${name} COMMAND ${name} ${arg_DATA} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 900)
endfunction()
