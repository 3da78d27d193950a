# Tests of the build, the manual and the README.
build_tests = \
	tests/build/test_graphs.sh \
	tests/build/test_install.sh \
	tests/build/test_manual.sh \
	tests/build/test_readme.sh
dist_check_SCRIPTS += $(build_tests) tests/build/test_release.sh
TESTS += $(build_tests)
FULL_TESTS += tests/build/test_release.sh
EXTRA_DIST += tests/build/tap.sh

# The processes as pictures, from the tables that agentd works by.
noinst_PROGRAMS += tests/tools/drawgraphs
tests_tools_drawgraphs_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_tools_drawgraphs_LDADD = agentd/libagentd.la agentd/libcore.la msigctl/libctlclient.la \
	libmsig/libmsig.la $(JANSSON_LIBS) $(GNUTLS_LIBS) $(KNOT_LIBS)
processesdir = $(docdir)/processes
dist_processes_DATA = \
	doc/processes/add-signer.svg \
	doc/processes/add-signer.txt \
	doc/processes/algorithm-rollover.svg \
	doc/processes/algorithm-rollover.txt \
	doc/processes/ksk-rollover.svg \
	doc/processes/ksk-rollover.txt \
	doc/processes/ns-add.svg \
	doc/processes/ns-add.txt \
	doc/processes/ns-remove.svg \
	doc/processes/ns-remove.txt \
	doc/processes/remove-signer.svg \
	doc/processes/remove-signer.txt \
	doc/processes/zsk-rollover.svg \
	doc/processes/zsk-rollover.txt
graphs: tests/tools/drawgraphs
	./tests/tools/drawgraphs '$(srcdir)/doc/processes'
.PHONY: graphs
