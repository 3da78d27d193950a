/* The configuration: what is read, every way to be wrong, and what is printed. */
#include "config.h"
#include "tests/unit/unit.h"
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/conf_int.h"
#include "libmsig/daemon/log.h"

static char dir[64];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
setup(void **state)
{
	log_open("test", NULL, LOG_LVL_ERROR);
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-conf.XXXXXX")));
	return 0;
}

static int
teardown(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *
put(const char *name, const char *text)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0640);
	return path;
}

static char err[8192];

static struct conf *
load(const char *text)
{
	return conf_load(put("msig.conf", text), err, sizeof(err));
}

#define KEYS                                                                                       \
	"key:\n"                                                                                   \
	"  - id: owner-key.\n"                                                                     \
	"    algorithm: hmac-sha256\n"                                                             \
	"    secret: c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\n"
#define BASE                                                                                       \
	"server:\n"                                                                                \
	"    identity: MSA.p1.example\n" KEYS "remote:\n"                                          \
	"  - id: owner\n"                                                                          \
	"    address: [ 192.0.2.1@53, 192.0.2.9 ]\n"                                               \
	"    key: owner-key.\n"                                                                    \
	"  - id: signer\n"                                                                         \
	"    address: 127.0.0.1@5301\n"                                                            \
	"    key: owner-key\n"
#define ZONE                                                                                       \
	"zone:\n"                                                                                  \
	"  - domain: Shop.example.\n"                                                              \
	"    master: owner\n"                                                                      \
	"    signer: signer\n"                                                                     \
	"    ns: [ ns1.p1.example., ns2.p1.example ]\n"

static void
test_good(void **state)
{
	struct conf *conf = load(BASE ZONE "agent:\n    heartbeat-min: 3\n    margin: 2h\n");
	if (conf == NULL)
		fail_msg("%s", err);
	assert_string_equal(conf->identity, "msa.p1.example.");
	assert_string_equal(conf->sig0_name, "ns.msa.p1.example.");
	assert_int_equal(conf->dns_port, 53);
	assert_int_equal(conf->heartbeat_min, 3000);
	assert_int_equal(conf->margin, 7200000);
	assert_int_equal(conf->keys, 1);
	assert_int_equal(conf->key[0].tsig.algorithm, DNSSEC_TSIG_HMAC_SHA256);
	assert_int_equal(conf->key[0].tsig.secret.size, 24);
	assert_int_equal(conf->remotes, 2);
	assert_int_equal(conf->remote[0].addresses, 2);
	assert_ptr_equal(conf->remote[0].key, &conf->key[0]);
	assert_ptr_equal(conf->remote[1].key, &conf->key[0]);
	assert_int_equal(conf->zones, 1);
	assert_true(knot_dname_is_equal(conf->zone[0].name, (const uint8_t *)"\4shop\7example"));
	assert_int_equal(conf->zone[0].masters, 1);
	assert_ptr_equal(conf->zone[0].master[0], &conf->remote[0]);
	assert_ptr_equal(conf->zone[0].signer, &conf->remote[1]);
	assert_int_equal(conf->zone[0].nses, 2);
	assert_string_equal(conf->zone[0].ns[1], "ns2.p1.example.");
	assert_string_equal(conf->zone[0].signer_query, "127.0.0.1@5301");
	assert_int_equal(conf->zone[0].signer_records, CONF_RECORDS_FOREIGN);
	assert_int_equal(conf->combiner_listens, 1);
	assert_ptr_equal(conf_zone_find(conf, (const uint8_t *)"\4SHOP\7example"), &conf->zone[0]);
	assert_null(conf_zone_find(conf, (const uint8_t *)"\7example"));
	assert_int_equal(conf->warnings, 0);
	conf_free(conf);
	conf_free(NULL);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_good),
	};
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
