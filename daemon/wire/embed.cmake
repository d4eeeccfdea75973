# Writes the files of INPUTS as byte arrays into the C file OUTPUT (see interfaces_data.h).
# In CMake's own words, so that building needs no tool of one platform.
set(arrays "")
set(rows "")
set(number 0)
foreach(input IN LISTS INPUTS)
        file(READ ${input} hex HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
        string(REGEX REPLACE "(................................................................................)"
                "\\1\n\t" bytes "${bytes}")
        get_filename_component(name ${input} NAME)
        string(APPEND arrays "static const uint8_t text_${number}[] = { /* ${name} */\n\t${bytes}\n};\n\n")
        string(APPEND rows "\t{ \"${name}\", text_${number}, sizeof(text_${number}) },\n")
        math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"wire/interfaces_data.h\"

${arrays}const struct interfaces_text interfaces_texts[] = {
${rows}};

const size_t interfaces_ntexts = ${number};
")
