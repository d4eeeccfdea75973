# Writes the files of INPUTS as byte arrays into the C file OUTPUT: NAME_texts[] and NAME_ntexts,
# as HEADER declares them (see wire/interfaces_data.h).
# In CMake's own words, so that building needs no tool of one platform.
set(arrays "")
set(rows "")
set(number 0)
foreach(input IN LISTS INPUTS)
        file(READ ${input} hex HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
        string(REGEX REPLACE "(................................................................................)"
                "\\1\n\t" bytes "${bytes}")
        get_filename_component(file ${input} NAME)
        string(APPEND arrays "static const uint8_t text_${number}[] = { /* ${file} */\n\t${bytes}\n};\n\n")
        string(APPEND rows "\t{ \"${file}\", text_${number}, sizeof(text_${number}) },\n")
        math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

${arrays}const struct ${NAME}_text ${NAME}_texts[] = {
${rows}};

const size_t ${NAME}_ntexts = ${number};
")
