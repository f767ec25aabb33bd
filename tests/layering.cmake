# The rooms' arrows. Included by tests/CMakeLists.txt. Needs no more than Python's standard library, so Debian's own Python comes before any other.
find_program(WAYMARK_PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(WAYMARK_PYTHON3 NAMES python3 REQUIRED)
add_test(NAME layering COMMAND ${WAYMARK_PYTHON3} ${CMAKE_SOURCE_DIR}/tests/layering_test.py ${CMAKE_SOURCE_DIR})
set_tests_properties(layering PROPERTIES TIMEOUT 60)
