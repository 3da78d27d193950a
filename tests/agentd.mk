# Tests of agentd's shell.
if HAVE_CMOCKA
agentd_tests = \
	tests/unit/test_peer \
	tests/unit/test_discover \
	tests/unit/test_agent_look \
	tests/unit/test_signer \
	tests/unit/test_agent_store \
	tests/unit/test_agents
check_PROGRAMS += $(agentd_tests)
TESTS += $(agentd_tests)
agentd_test_libs = agentd/libagentd.la agentd/libcore.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(CMOCKA_LIBS) $(KNOT_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS)
tests_unit_test_peer_LDADD = $(agentd_test_libs)
tests_unit_test_discover_LDADD = $(agentd_test_libs)
tests_unit_test_signer_LDADD = $(agentd_test_libs)
tests_unit_test_agent_look_LDADD = $(agentd_test_libs)
EXTRA_DIST += tests/data/denial/nsec.zone tests/data/denial/nsec3.zone \
	tests/data/denial/optout.zone
tests_unit_test_agent_store_LDADD = $(agentd_test_libs)
tests_unit_test_agents_SOURCES = tests/unit/test_agents.c tests/unit/agentworld.c \
	tests/unit/agentworld.h
tests_unit_test_agents_LDADD = $(agentd_test_libs)
endif

agentd_system_tests = \
	tests/system/test_agentd_discovery.py \
	tests/system/test_agentd_hsync.py \
	tests/system/test_agentd_reload.py \
	tests/system/test_agentd_state.py
dist_check_SCRIPTS += $(agentd_system_tests)
TESTS += $(agentd_system_tests)
