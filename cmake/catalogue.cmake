# Makes the .mo file OUTPUT of the .po file INPUT, with MSGFMT.  What xgettext writes as "%<PRId64>"
# libintl would put together at run time; here it is what inttypes.h of this platform says (LONG: l or ll).
file(READ ${INPUT} text)
string(REGEX REPLACE "<PRI([diux])64>" "${LONG}\\1" text "${text}")
string(REGEX REPLACE "<PRI([diux])32>" "\\1" text "${text}")
file(WRITE ${OUTPUT}.po "${text}")
execute_process(COMMAND ${MSGFMT} --check --no-hash --endianness=little -o ${OUTPUT} ${OUTPUT}.po
        COMMAND_ERROR_IS_FATAL ANY)
