/* Our signature, that of others, and each sequence once. */
#include "tests/unit/unit.h"
#include <sys/stat.h>
#include <unistd.h>
#include "agentd/sig0key.h"
#include "libmsig/err.h"
#include "libmsig/name.h"

#define NOW UINT64_C(1764000000)

static char dir[64];
static char file[128];
static struct sig0key *ours;
static struct discover_result at;

static void
write_key(const char *path, mode_t mode)
{
	struct msig_sig0_key *key;
	knot_dname_storage_t name;
	char *pem;
	size_t len;
	FILE *f;

	assert_int_equal(msig_name_parse("ns.msa.p1.example.", name), 0);
	assert_int_equal(msig_sig0_key_generate(name, 15, &key), 0);
	assert_int_equal(msig_sig0_key_to_pem(key, &pem, &len), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(pem, 1, len, f), len);
	fclose(f);
	chmod(path, mode);
	free(pem);
	msig_sig0_key_free(key);
}

static int
setup(void **state)
{
	char err[300];
	const knot_rdata_t *rdata;

	strcpy(dir, "/tmp/msig-signer-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/key.pem", dir);
	write_key(file, 0600);
	ours = sig0key_load(file, "ns.msa.p1.example", err, sizeof(err));
	assert_non_null(ours);
	memset(&at, 0, sizeof(at));
	msig_name_parse("ns.msa.p1.example.", at.target);
	rdata = msig_sig0_key_rdata(sig0key_key(ours));
	memcpy(at.key[0].rdata, rdata->data, rdata->len);
	at.key[0].len = rdata->len;
	at.keys = 1;
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	sig0key_free(ours);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static size_t
message(uint8_t *wire)
{
	static const uint8_t query[] = {0x12, 0x34, 0x20, 0,   0,   1,   0,   0, 0,   0,
					0,    0,    4,    's', 'h', 'o', 'p', 7, 'e', 'x',
					'a',  'm',  'p',  'l', 'e', 0,   0,   6, 0,   1};

	memcpy(wire, query, sizeof(query));
	return sizeof(query);
}

static void
test_verify(void **state)
{
	uint8_t wire[1000];
	size_t len = message(wire);
	struct discover_result other = at;

	assert_int_equal(sig0key_verify(&at, wire, len, NULL, 0, NOW, NULL), MSIG_ENOSIG);
	assert_int_equal(sig0key_sign(ours, wire, &len, sizeof(wire), NULL, 0, NOW), 0);
	assert_int_equal(sig0key_verify(&at, wire, len, NULL, 0, NOW, NULL), 0);
	/* Another signer name, even with the same key: the validated URI binds name and identity.
	 */
	msig_name_parse("ns.msa.p3.example.", other.target);
	assert_int_equal(sig0key_verify(&other, wire, len, NULL, 0, NOW, NULL), MSIG_ESIGKEY);
	/* Another key under the right name. */
	other = at;
	other.key[0].rdata[10] ^= 1;
	assert_int_not_equal(sig0key_verify(&other, wire, len, NULL, 0, NOW, NULL), 0);
	/* Too late, too early. */
	assert_int_equal(sig0key_verify(&at, wire, len, NULL, 0, NOW + 301, NULL), MSIG_ESIGTIME);
	assert_int_equal(sig0key_verify(&at, wire, len, NULL, 0, NOW - 301, NULL), MSIG_ESIGTIME);
	/* One changed bit. */
	wire[14] ^= 1;
	assert_int_equal(sig0key_verify(&at, wire, len, NULL, 0, NOW, NULL), MSIG_EBADSIG);
}

/* A response is worth nothing for another request. */
static void
test_response(void **state)
{
	uint8_t request[1000], response[1000];
	size_t len = message(request), n;

	assert_int_equal(sig0key_sign(ours, request, &len, sizeof(request), NULL, 0, NOW), 0);
	n = message(response);
	response[2] |= 0x80;
	assert_int_equal(sig0key_sign(ours, response, &n, sizeof(response), request, len, NOW), 0);
	assert_int_equal(sig0key_verify(&at, response, n, request, len, NOW, NULL), 0);
	request[0] ^= 1;
	assert_int_equal(sig0key_verify(&at, response, n, request, len, NOW, NULL), MSIG_EBADSIG);
	assert_int_equal(sig0key_verify(&at, response, n, NULL, 0, NOW, NULL), MSIG_EBADSIG);
}

static void
test_files(void **state)
{
	char path[160], err[300];
	FILE *f;

	assert_null(sig0key_load("/nonexistent", "ns.p1.example.", err, sizeof(err)));
	assert_non_null(strstr(err, "/nonexistent"));
	assert_null(sig0key_load(file, "..", err, sizeof(err)));
	snprintf(path, sizeof(path), "%s/open.pem", dir);
	write_key(path, 0644);
	assert_null(sig0key_load(path, "ns.p1.example.", err, sizeof(err)));
	assert_non_null(strstr(err, "chmod"));
	snprintf(path, sizeof(path), "%s/link.pem", dir);
	assert_int_equal(symlink(file, path), 0);
	assert_null(sig0key_load(path, "ns.p1.example.", err, sizeof(err)));
	snprintf(path, sizeof(path), "%s/text.pem", dir);
	f = fopen(path, "w");
	fputs("nothing of the kind\n", f);
	fclose(f);
	chmod(path, 0600);
	assert_null(sig0key_load(path, "ns.p1.example.", err, sizeof(err)));
	assert_non_null(strstr(err, "no private key"));
}

static void
test_replay(void **state)
{
	struct replay r = {0};

	assert_false(replay_fresh(&r, 0));
	assert_true(replay_fresh(&r, 100));
	replay_mark(&r, 100);
	assert_false(replay_fresh(&r, 100));
	assert_true(replay_fresh(&r, 99)); /* overtaken on the way */
	replay_mark(&r, 99);
	assert_false(replay_fresh(&r, 99));
	assert_true(replay_fresh(&r, 101));
	replay_mark(&r, 102);
	assert_true(replay_fresh(&r, 101));
	assert_false(replay_fresh(&r, 100));
	replay_mark(&r, 102 + REPLAY_WINDOW);
	assert_false(replay_fresh(&r, 102)); /* too old to tell */
	assert_true(replay_fresh(&r, 103));
	replay_mark(&r, UINT64_MAX);
	assert_false(replay_fresh(&r, UINT64_MAX));
	assert_true(replay_fresh(&r, UINT64_MAX - 1));
	assert_false(replay_fresh(&r, 5));
}

/* In any order, each number is accepted once. */
static void
test_replay_random(void **state)
{
	struct replay r = {0};
	uint8_t taken[2000] = {0};
	unsigned seed = 1;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned seq = 1 + (i / 12 + (unsigned)rand_r(&seed) % 90) % 1999;
		if (replay_fresh(&r, seq)) {
			assert_int_equal(taken[seq], 0);
			taken[seq] = 1;
			replay_mark(&r, seq);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verify),        cmocka_unit_test(test_response),
	    cmocka_unit_test(test_files),         cmocka_unit_test(test_replay),
	    cmocka_unit_test(test_replay_random),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
