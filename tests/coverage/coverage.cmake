# -DCUSTOS_COVERAGE=ON (./dev coverage): the layers whose branches are counted, and nothing else, are built to
# count.  The counts go below build/coverage/data, apart for each user (where.c), since custosd and the tests
# are different ones.
#
# "Access" is what decides who may do what with whose data, wherever it lies.

option(CUSTOS_COVERAGE "Count the branches of some layers; needs gcc" OFF)
if(CUSTOS_COVERAGE)
        set(counted --coverage -fprofile-update=atomic -fprofile-abs-path)
        foreach(layer vault ledger backup privacy)
                target_compile_options(${layer} PRIVATE ${counted})
        endforeach()
        foreach(file policy/access.c policy/roles.c control/peer.c control/server.c control/session.c
                control/dispatch.c control/operator.c control/exchange_leaf.c control/mask.c
                control/concern.c control/approval.c control/caller.c store/access.c store/tx_access.c store/rule.c
                store/standing.c)
                get_filename_component(layer ${file} DIRECTORY)
                set_property(SOURCE ${CMAKE_SOURCE_DIR}/daemon/${file} TARGET_DIRECTORY ${layer}
                        APPEND PROPERTY COMPILE_OPTIONS ${counted})
        endforeach()
        set(coverage_data ${CMAKE_BINARY_DIR}/data)
        file(MAKE_DIRECTORY ${coverage_data})
        file(CHMOD ${coverage_data} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_WRITE
                GROUP_EXECUTE WORLD_READ WORLD_WRITE WORLD_EXECUTE)
        # custosd locks itself in: but not so that it could not write its counts
        target_compile_definitions(control PRIVATE CUSTOS_COVERAGE_DATA="${coverage_data}")
        # in all that links a counted layer
        add_library(coverage_where OBJECT ${CMAKE_CURRENT_LIST_DIR}/where.c)
        target_compile_definitions(coverage_where PRIVATE CUSTOS_COVERAGE_DATA="${coverage_data}")
        foreach(layer vault ledger backup privacy policy store)
                target_sources(${layer} INTERFACE $<TARGET_OBJECTS:coverage_where>)
                target_link_options(${layer} INTERFACE --coverage -Wl,--wrap=_exit)
        endforeach()
endif()
