/* Drivers and their programs, with a keymgr, a Knot and BIND's tools that are made up: what is
 * asked of them, and everything that they can answer wrongly. */
#include "config.h"
#include "tests/unit/unit.h"
#include <fcntl.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libknot/libknot.h>
#include <libknot/control/control.h>
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/loop.h"
#include "libmsig/err.h"
#include "signerd/door.h"
#include "signerd/driver.h"
#include "signerd/run.h"

#define ID1 "1111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222"
#define PUBLIC \
	"bEpL7MJfxKSr7sJf7GqOgDGeDV70iD5CbML8ZolSD8+FKjcuhrKXNE1U5ui5dYRd7pu2AN2i1N8WnjM6+H/3sw=="

static char dir[64], keymgr[100], sock[100];
static struct conf conf;
static struct job job;
static struct keys keys;
static struct run_result result;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
setup(void **state)
{
	static const knot_dname_t *zone = (const knot_dname_t *)"\4shop\7example";

	log_open("test", NULL, LOG_LVL_ERROR);
	strcpy(dir, "/tmp/msig-signerd.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(keymgr, sizeof(keymgr), "%s/keymgr", dir);
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	conf = (struct conf){.keymgr = keymgr, .knot_config = dir, .knot_socket = sock};
	job = (struct job){.conf = &conf, .zone = zone, .name = "shop.example."};
	job.deadline = loop_mono_ms() + 10000;
	return 0;
}

static int
teardown(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void
unlink_one(const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

/* A program of that body; it finds its files beside itself. */
static void
script(const char *body)
{
	char text[4000];
	snprintf(text, sizeof(text), "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 9\n%s\n", body);
	put("keymgr", text, 0755);
}

/* Programs ------------------------------------------------------------------------------------- */

static int
run(const char *a, const char *b, unsigned ms)
{
	const char *const argv[] = {keymgr, a, b, NULL};
	return run_program(argv, loop_mono_ms() + ms, &result);
}

static void
test_run(void **state)
{
	script("echo \"$1|$2\"; echo wrong >&2; exit 3");
	assert_int_equal(run("a b; c", "$HOME `id`", 5000), 0);
	assert_string_equal(result.out, "a b; c|$HOME `id`\n");
	assert_string_equal(result.err, "wrong");
	assert_int_equal(result.status, 3);
}

static void
test_run_environment(void **state)
{
	setenv("MSIG_SECRET", "secret", 1);
	script("env; umask; cat; ls /proc/self/fd | wc -l");
	assert_int_equal(run("", "", 5000), 0);
	assert_null(strstr(result.out, "MSIG_SECRET"));
	assert_non_null(strstr(result.out, "LC_ALL=C\n"));
	assert_non_null(strstr(result.out, "0007\n"));
	/* ls has its folder open, and three more. */
	assert_non_null(strstr(result.out, "\n4\n"));
}

static void
test_run_missing(void **state)
{
	assert_int_not_equal(run("", "", 5000), 0);
	assert_non_null(strstr(result.err, "No such file"));
	put("keymgr", "no program", 0644);
	assert_int_not_equal(run("", "", 5000), 0);
	assert_non_null(strstr(result.err, "Permission denied"));
	put("keymgr", "#!/nowhere/sh\n", 0755);
	assert_int_equal(run("", "", 5000), 0);
	assert_int_equal(result.status, 127);
	assert_non_null(strstr(result.err, "No such file"));
}

static void
test_run_hangs(void **state)
{
	uint64_t begun = loop_mono_ms();

	script("echo begun; exec sleep 60");
	assert_int_equal(run("", "", 300), MSIG_ETIMEOUT);
	assert_true(loop_mono_ms() - begun < 5000);
	/* Also one that has closed its output, and one whose child holds it open. */
	script("exec sleep 60 >/dev/null 2>&1");
	assert_int_equal(run("", "", 300), MSIG_ETIMEOUT);
	script("sleep 60 & exit 0");
	assert_int_equal(run("", "", 300), MSIG_ETIMEOUT);
	assert_true(loop_mono_ms() - begun < 9000);
}

static void
test_run_floods(void **state)
{
	script("exec yes");
	assert_int_equal(run("", "", 9000), MSIG_ESIZE);
	assert_non_null(strstr(result.err, "more than"));
	script("yes | head -c 200000 >&2; printf 'a\\033[2Jb\\nc\\n' >&2; exit 1");
	assert_int_equal(run("", "", 9000), 0);
	assert_int_equal(strlen(result.err), sizeof(result.err) - 1);
	script("printf 'a\\033[2Jb\\nc\\n' >&2; kill -9 $$");
	assert_int_equal(run("", "", 9000), 0);
	assert_int_equal(result.status, -1);
	assert_string_equal(result.err, "it was ended by signal 9");
	script("printf 'a\\033[2Jb\\nc\\n' >&2");
	assert_int_equal(run("", "", 9000), 0);
	assert_string_equal(result.err, "a?[2Jb;c");
}

/* A list that is wrong ------------------------------------------------------------------------- */

#define ENTRY(id, ksk, zsk, tag, alg, more)                                                      \
	"{\"zone\": \"shop.example.\", \"id\": \"" id "\", \"ksk\": " ksk ", \"zsk\": " zsk      \
	", \"tag\": " tag ", \"algorithm\": " alg ", \"size\": 256, \"public-only\": false, "    \
	"\"pre-active\": 0, \"publish\": 1, \"ready\": 0, \"active\": 1, \"retire-active\": 0, " \
	"\"retire\": 0, \"post-active\": 0, \"revoke\": 0" more "}"
#define GOOD ENTRY(ID1, "false", "true", "32272", "13", ", \"remove\": 0")
#define DNSKEY "shop.example. DNSKEY 256 3 13 " PUBLIC

static int
ask(uint8_t verb, uint8_t role, uint8_t algorithm, uint8_t state, const char *key)
{
	char copy[100];
	struct msig_msg_KEY m = {.zone = (knot_dname_t *)(uintptr_t)job.zone,
				 .verb = verb,
				 .role = role,
				 .algorithm = algorithm,
				 .state = state,
				 .key = copy};
	snprintf(copy, sizeof(copy), "%s", key);
	return driver_do(&driver_knot, &job, &m, &keys);
}

/* `keymgr ... list` prints one file, `dnskey` the other. */
static void
store(const char *list, const char *dnskey)
{
	put("list", list, 0644);
	put("dnskey", dnskey, 0644);
	script("echo \"$*\" >>said\nfor w; do case $w in list|dnskey) cat $w;; esac; done");
}

static void
test_list(void **state)
{
	store("[" GOOD "]", DNSKEY);
	job.settled = true;
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.at[0].id, ID1);
	assert_int_equal(keys.at[0].state, MSIG_KEY_STATE_ACTIVE);
	assert_int_equal(keys.at[0].role, MSIG_KEY_ROLE_ZSK);
	assert_int_equal(keys.at[0].len, 68);
	/* What is known of a key is not asked for again. */
	struct keys known = keys;
	job.known = &known;
	put("dnskey", "garbage", 0644);
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	/* No key at all, and one that somebody else has. */
	store("", "");
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_int_equal(keys.count, 0);
	store("[{\"public-only\": true}]", "");
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_int_equal(keys.count, 0);
}

static void
test_list_garbage(void **state)
{
	static const struct {
		const char *list, *dnskey, *why;
	} cases[] = {
	    {"garbage", DNSKEY, "no list in JSON"},
	    {"{}", DNSKEY, "no list in JSON"},
	    {"[" GOOD, DNSKEY, "no list in JSON"},
	    {"[" GOOD "] trailing", DNSKEY, "no list in JSON"},
	    {"[1]", DNSKEY, "entry 1"},
	    {"[" GOOD ", {}]", DNSKEY, "entry 2"},
	    {"[" ENTRY("../../etc/passwd", "false", "true", "32272", "13", ", \"remove\": 0") "]",
	     DNSKEY, "entry 1"},
	    {"[" ENTRY("-rf", "false", "true", "32272", "13", ", \"remove\": 0") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1 ID2, "false", "true", "32272", "13", ", \"remove\": 0") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1, "false", "false", "32272", "13", ", \"remove\": 0") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1, "0", "true", "32272", "13", ", \"remove\": 0") "]", DNSKEY, "entry 1"},
	    {"[" ENTRY(ID1, "false", "true", "70000", "13", ", \"remove\": 0") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1, "false", "true", "\"x\"", "13", ", \"remove\": 0") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1, "false", "true", "32272", "256", ", \"remove\": 0") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1, "false", "true", "32272", "13", "") "]", DNSKEY, "entry 1"},
	    {"[" ENTRY(ID1, "false", "true", "32272", "13", ", \"remove\": -1") "]", DNSKEY,
	     "entry 1"},
	    {"[" ENTRY(ID1, "false", "true", "32272", "13", ", \"remove\": 1, \"remove\": 0") "]",
	     DNSKEY, "no list in JSON"},
	    {"[" GOOD "]", "", "is not the DNSKEY"},
	    {"[" GOOD "]", "shop.example. DNSKEY 256 3 13", "is not the DNSKEY"},
	    {"[" GOOD "]", "shop.example. DNSKEY 256 3 13 !!!!", "is not the DNSKEY"},
	    {"[" GOOD "]", "shop.example. DNSKEY 257 3 13 " PUBLIC, "is not the DNSKEY"},
	    {"[" GOOD "]", "shop.example. DNSKEY 256 3 15 " PUBLIC, "is not the DNSKEY"},
	    {"[" GOOD "]", "shop.example. DNSKEY 256 4 13 " PUBLIC, "is not the DNSKEY"},
	    {"[" ENTRY(ID1, "false", "true", "32273", "13", ", \"remove\": 0") "]", DNSKEY,
	     "is not the DNSKEY"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		store(cases[i].list, cases[i].dnskey);
		int ret = ask(MSIG_KEY_VERB_LIST, 0, 0, 0, "");
		if (ret == 0 || strstr(job.why, cases[i].why) == NULL)
			fail_msg("case %zu: %d, %s", i, ret, job.why);
		assert_int_equal(keys.count, 0);
	}
}

static void
test_list_fails(void **state)
{
	script("echo 'error: cannot open the database' >&2; exit 1");
	assert_int_not_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_non_null(strstr(job.why, "cannot open the database"));
	script("exit 1");
	assert_int_not_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_non_null(strstr(job.why, "does not say why"));
	unlink(keymgr);
	assert_int_not_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_non_null(strstr(job.why, "No such file"));
	script("exec sleep 60");
	job.deadline = loop_mono_ms() + 300;
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), MSIG_ETIMEOUT);
}

static void
test_list_many(void **state)
{
	char *text = calloc(1, 80 * 600), *at = text;

	at += sprintf(at, "[");
	for (int i = 0; i < KEYS_MAX + 1; i++)
		at += sprintf(at,
			      "%s{\"id\": \"%040d\", \"ksk\": false, \"zsk\": true, \"tag\": 1, "
			      "\"algorithm\": 13, \"pre-active\": 0, \"publish\": 0, \"ready\": 0, "
			      "\"active\": 0, \"retire-active\": 0, \"retire\": 0, "
			      "\"post-active\": 0, \"remove\": 1}",
			      i > 0 ? ", " : "", i);
	strcpy(at, "]");
	store(text, DNSKEY);
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), MSIG_ESIZE);
	free(text);
}

static void
test_zone_option(void **state)
{
	store("", "");
	strcpy(job.name, "-c.example.");
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), MSIG_EVALUE);
	assert_int_not_equal(access("said", F_OK), 0);
}

/* PowerDNS ------------------------------------------------------------------------------------- */

#define PDNS_KEY(id, role, flags, tag)                          \
	"ID = " id " (" role "), flags = " flags ", tag = " tag \
	", algo = 13, bits = 256\t  Active\t Published  ( ECDSAP256SHA256 ) \n"
#define PDNS_DNSKEY \
	"ZSK DNSKEY = shop.example. IN DNSKEY 256 3 13 " PUBLIC " ; ( ECDSAP256SHA256 )\n"
#define PDNS_GOOD PDNS_KEY("2", "ZSK", "256", "32272") PDNS_DNSKEY

static int
ask_pdns(const char *text)
{
	char none[] = "";
	const struct msig_msg_KEY m = {
	    .zone = (knot_dname_t *)(uintptr_t)job.zone, .verb = MSIG_KEY_VERB_LIST, .key = none};

	put("list", text, 0644);
	script("echo \"$*\" >>said; cat list");
	conf.pdnsutil = conf.pdns_control = keymgr;
	conf.pdns_config = dir;
	job.settled = true;
	return driver_do(&driver_pdns, &job, &m, &keys);
}

static void
test_pdns(void **state)
{
	assert_int_equal(ask_pdns("This is a Native zone\nMetadata items: \n\tX-MSIG-KEY\t"
				  "2-32272:active\nkeys: \n" PDNS_GOOD),
			 0);
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.at[0].id, "2-32272");
	assert_int_equal(keys.at[0].role, MSIG_KEY_ROLE_ZSK);
	assert_int_equal(keys.at[0].state, MSIG_KEY_STATE_ACTIVE);
	/* What is noted counts only as far as it fits. */
	assert_int_equal(ask_pdns("\tX-MSIG-KEY\t2-32272:published\n" PDNS_GOOD), 0);
	assert_int_equal(keys.at[0].state, MSIG_KEY_STATE_PUBLISHED);
	assert_int_equal(ask_pdns("\tX-MSIG-KEY\t2-32272:removed\n" PDNS_GOOD), 0);
	assert_int_equal(keys.at[0].state, MSIG_KEY_STATE_ACTIVE);
	assert_int_equal(ask_pdns("\tX-MSIG-KEY\t2-32272:nonsense\n\tX-MSIG-KEY\t:\n" PDNS_GOOD),
			 0);
	assert_int_equal(keys.at[0].state, MSIG_KEY_STATE_ACTIVE);
	/* The last key of an algorithm is called CSK. */
	assert_int_equal(ask_pdns(PDNS_KEY("2", "CSK", "256", "32272") PDNS_DNSKEY), 0);
	assert_int_equal(keys.at[0].role, MSIG_KEY_ROLE_ZSK);
	assert_int_equal(ask_pdns("This is a Native zone\nNo keys for zone 'shop.example.'.\n"), 0);
	assert_int_equal(keys.count, 0);
}

static void
test_pdns_garbage(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
	    {"ID = \n", "not understood"},
	    {PDNS_KEY("x", "ZSK", "256", "32272") PDNS_DNSKEY, "not understood"},
	    {PDNS_KEY("2", "ZSK", "0", "32272") PDNS_DNSKEY, "not understood"},
	    {PDNS_KEY("2", "ZSK", "256", "70000") PDNS_DNSKEY, "not understood"},
	    {"ID = 2 (ZSK), flags = 256, tag = 32272, algo = 13, bits = 256\t  Maybe\t Published\n",
	     "not understood"},
	    {PDNS_KEY("2", "ZSK", "256", "32272"), "has no DNSKEY"},
	    {PDNS_KEY("2", "ZSK", "256", "32272") PDNS_GOOD, "has no DNSKEY"},
	    {PDNS_KEY("2", "ZSK", "256", "32273") PDNS_DNSKEY, "not the DNSKEY"},
	    {PDNS_KEY("2", "ZSK", "256",
		      "32272") "ZSK DNSKEY = shop.example. IN DNSKEY 256 3 13 !\n",
	     "not the DNSKEY"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int ret = ask_pdns(cases[i].text);
		if (ret == 0 || strstr(job.why, cases[i].why) == NULL)
			fail_msg("case %zu: %d, %s", i, ret, job.why);
		assert_int_equal(keys.count, 0);
	}
}

/* What is asked of keymgr ---------------------------------------------------------------------- */

/* With a newline in front: at the beginning of a line. */
static bool
was_said(const char *words)
{
	char path[100], line[2001] = "\n";
	bool found = false;

	snprintf(path, sizeof(path), "%s/said", dir);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line + 1, sizeof(line) - 1, f) != NULL)
		found |= strstr(line, words) != NULL;
	fclose(f);
	return found;
}

static void
said(const char *words)
{
	if (!was_said(words))
		fail_msg("it was never told: %s", words);
}

/* A store that does not do what it is told, and says that it did. */
static void
test_lies(void **state)
{
	store("[" GOOD "]", DNSKEY);
	assert_int_equal(ask(MSIG_KEY_VERB_MAKE, MSIG_KEY_ROLE_KSK, 15, 0, ""), MSIG_EDOUBT);
	said("shop.example. generate algorithm=15 ksk=yes zsk=no publish=");
	assert_int_equal(keys.count, 1);
	store("[" ENTRY(ID1, "false", "true", "32272", "13", ", \"remove\": 1") "]", DNSKEY);
	assert_int_equal(ask(MSIG_KEY_VERB_DISCARD, 0, 0, 0, ID1), MSIG_EDOUBT);
	said("shop.example. delete " ID1);
}

/* Somebody makes and makes: that comes to an end. */
static void
test_made_many(void **state)
{
	char *text = calloc(1, 80 * 200), *at = text;

	/* Of another algorithm than the one that is asked for. */
	at += sprintf(at, "[");
	for (int i = 0; i < 6; i++)
		at +=
		    sprintf(at,
			    "%s{\"id\": \"%040d\", \"ksk\": false, \"zsk\": true, \"tag\": 32272, "
			    "\"algorithm\": 13, \"pre-active\": 0, \"publish\": 0, \"ready\": 0, "
			    "\"active\": 0, \"retire-active\": 0, \"retire\": 0, "
			    "\"post-active\": 0, \"remove\": 0}",
			    i > 0 ? ", " : "", i);
	strcpy(at, "]");
	store(text, DNSKEY);
	free(text);
	assert_int_equal(ask(MSIG_KEY_VERB_MAKE, MSIG_KEY_ROLE_ZSK, 15, 0, ""), MSIG_ESIZE);
	assert_non_null(strstr(job.why, "discard"));
}

static void
test_where(void **state)
{
	char db[] = "/nowhere/db";

	store("", "");
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	char words[200];
	snprintf(words, sizeof(words), "-c %s -j shop.example. list", dir);
	said(words);
	conf.knot_confdb = db;
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	said("-C /nowhere/db -j shop.example. list");
	conf.knot_confdb = NULL;
	conf.knot_kasp = db;
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	said("-D /nowhere/db -j shop.example. list");
}

/* Knot ----------------------------------------------------------------------------------------- */

/* A Knot that answers commands on its socket: with an error, or not at all. */
struct knot {
	pthread_t thread;
	knot_ctl_t *ctl;
	const char *error;
	bool silent;
	int commands;
	bool stop;
};

static void *
serve(void *arg)
{
	struct knot *k = arg;

	while (!k->stop) {
		knot_ctl_type_t type;
		knot_ctl_data_t data;
		if (knot_ctl_accept(k->ctl) != KNOT_EOK)
			continue;
		while (knot_ctl_receive(k->ctl, &type, &data) == KNOT_EOK) {
			if (type != KNOT_CTL_TYPE_BLOCK)
				continue;
			k->commands++;
			if (k->silent)
				break;
			knot_ctl_data_t out = {[KNOT_CTL_IDX_ERROR] = k->error};
			if (k->error != NULL)
				knot_ctl_send(k->ctl, KNOT_CTL_TYPE_DATA, &out);
			knot_ctl_send(k->ctl, KNOT_CTL_TYPE_BLOCK, NULL);
			break;
		}
		while (k->silent && !k->stop)
			usleep(10000);
		knot_ctl_close(k->ctl);
	}
	return NULL;
}

static void
knot_start(struct knot *k)
{
	k->ctl = knot_ctl_alloc();
	knot_ctl_set_timeout(k->ctl, 300);
	assert_int_equal(knot_ctl_bind(k->ctl, sock), KNOT_EOK);
	assert_int_equal(pthread_create(&k->thread, NULL, serve, k), 0);
}

static void
knot_stop(struct knot *k)
{
	k->stop = true;
	pthread_join(k->thread, NULL);
	knot_ctl_unbind(k->ctl);
	knot_ctl_free(k->ctl);
}

static void
test_knot_refuses(void **state)
{
	struct knot k = {.error = "missing active KSK or ZSK"};

	store("[" ENTRY(ID1, "true", "true", "32273", "13", ", \"remove\": 0") "]",
	      "shop.example. DNSKEY 257 3 13 " PUBLIC);
	knot_start(&k);
	assert_int_equal(ask(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_RETIRED, ID1), MSIG_EREFUSED);
	assert_non_null(strstr(job.why, "missing active KSK or ZSK; taken back"));
	assert_int_equal(keys.at[0].state, MSIG_KEY_STATE_ACTIVE);
	said("set " ID1 " pre_active=0 publish=1 ready=0 active=1 retire_active=0 retire=0 "
	     "post_active=0 remove=0");
	/* The list is had although it may not be in force. */
	job.settled = false;
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_non_null(strstr(job.why, "missing active KSK or ZSK"));
	assert_false(job.settled);
	knot_stop(&k);
	assert_true(k.commands >= 1);
}

static void
test_knot_silent(void **state)
{
	struct knot k = {.silent = true};
	uint64_t begun = loop_mono_ms();

	store("[" GOOD "]", DNSKEY);
	knot_start(&k);
	job.settled = false;
	job.deadline = loop_mono_ms() + 700;
	assert_int_equal(ask(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_true(loop_mono_ms() - begun < 5000);
	assert_int_not_equal(strlen(job.why), 0);
	assert_false(job.settled);
	knot_stop(&k);
}

/* BIND ----------------------------------------------------------------------------------------- */

#define BIND_ID "013+32272"
#define BIND_KEY "Kshop.example.+" BIND_ID ".key"
#define BIND_PRIVATE "Kshop.example.+" BIND_ID ".private"
#define BIND_DNSKEY                                                         \
	"; a comment\nshop.example. 300 IN DNSKEY 256 3 13 "                \
	"bEpL7MJfxKSr7sJf7GqOgDGeDV70iD5CbML8ZolSD8+FKjcuhrKXNE1U 5ui5dYRd" \
	"7pu2AN2i1N8WnjM6+H/3sw==\n"
#define BIND_ACTIVE "Publish: 1\nActivate: 1\n"
/* The three programs in one. Times stand in .private files as they are printed; rndc's answers in
 * status and signing. */
#define BIND_PROGRAMS                                                                     \
	"echo \"$*\" >>said\n"                                                            \
	"name() { case $1 in -Ppub) echo Publish;; -Psync) echo SYNC Publish;; "          \
	"-Dsync) echo SYNC Delete;; -Pds) echo DS Publish;; -A) echo Activate;; "         \
	"-I) echo Inactive;; -D) echo Delete;; -P) echo Publish;; esac; }\n"              \
	"for last; do :; done\n"                                                          \
	"case $1 in\n"                                                                    \
	"-p) for n in Publish Activate Inactive Delete 'SYNC Publish' 'SYNC Delete' 'DS " \
	"Publish'; "                                                                      \
	"do grep \"^$n: \" \"$last\" || echo \"$n: UNSET\"; done;;\n"                     \
	"-P) : >\"$last\"; while [ $# -gt 1 ]; do n=$1; shift; "                          \
	"case $1 in sync|ds) n=$n$1; shift;; esac; "                                      \
	"[ \"$1\" = none ] || echo \"$(name \"$n\"): 5\" >>\"$last\"; shift; done;;\n"    \
	"loadkeys|sign) [ ! -e refuse ] || { echo refused >&2; exit 1; };;\n"             \
	"zonestatus) cat status;;\n"                                                      \
	"signing) cat signing;;\n"                                                        \
	"esac"
#define BIND_LOOKED "name: shop.example\nnext key event: Thu, 31 Dec 2037 23:59:59 GMT\n"

static int
ask_bind(uint8_t verb, uint8_t role, uint8_t algorithm, uint8_t state, const char *key)
{
	char copy[100];
	struct msig_msg_KEY m = {.zone = (knot_dname_t *)(uintptr_t)job.zone,
				 .verb = verb,
				 .role = role,
				 .algorithm = algorithm,
				 .state = state,
				 .key = copy};
	snprintf(copy, sizeof(copy), "%s", key);
	return driver_do(&driver_bind, &job, &m, &keys);
}

static struct conf_zone bind_zone = {.name = (uint8_t[]){"\4shop\7example"},
				     .signer_driver = CONF_DRIVER_BIND};

static void
bind_store(const char *times, const char *dnskey)
{
	conf.zone = &bind_zone;
	conf.zones = 1;
	conf.signerd_timeout = 60000;
	conf.bind_keys = dir;
	conf.dnssec_keygen = conf.dnssec_settime = conf.rndc = keymgr;
	put(BIND_PRIVATE, times, 0600);
	put(BIND_KEY, dnskey, 0644);
	put("status", BIND_LOOKED, 0644);
	put("signing", "Done signing with key 32272/ECDSAP256SHA256\n", 0644);
	script(BIND_PROGRAMS);
	job.settled = true;
}

/* Which times make which state. */
static void
test_bind_states(void **state)
{
	static const struct {
		const char *times;
		uint8_t zsk, csk;
	} cases[] = {
#define S(name) MSIG_KEY_STATE_##name
	    {"", S(MADE), S(MADE)},
	    {"Publish: 4102444799\n", S(MADE), S(MADE)},
	    {"Publish: 1\n", S(PUBLISHED), S(PUBLISHED)},
	    {"Activate: 1\n", S(ACTIVE), S(PUBLISHED)},
	    {BIND_ACTIVE, S(ACTIVE), S(PUBLISHED)},
	    {BIND_ACTIVE "DS Publish: 1\n", S(PUBLISHED), S(PUBLISHED)},
	    {BIND_ACTIVE "Inactive: 1\n", S(RETIRED), S(PUBLISHED)},
	    {BIND_ACTIVE "Inactive: 4102444799\n", S(ACTIVE), S(PUBLISHED)},
	    {BIND_ACTIVE "Inactive: 1\nDelete: 1\n", S(REMOVED), S(REMOVED)},
	    {BIND_ACTIVE "SYNC Publish: 1\n", S(ACTIVE), S(ACTIVE)},
	    {BIND_ACTIVE "SYNC Publish: 1\nDS Publish: 1\n", S(PUBLISHED), S(READY)},
	    {BIND_ACTIVE "SYNC Publish: 1\nSYNC Delete: 1\n", S(ACTIVE), S(RETIRED)},
	    {BIND_ACTIVE "SYNC Publish: 1\nSYNC Delete: 1\nDS Publish: 1\n", S(PUBLISHED),
	     S(ACTIVE)},
	    {BIND_ACTIVE "SYNC Delete: 1\n", S(ACTIVE), S(PUBLISHED)},
#undef S
	};
	static const char sep[] = "shop.example. IN DNSKEY 257 3 13 " PUBLIC "\n";

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bind_store(cases[i].times, BIND_DNSKEY);
		assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
		assert_int_equal(keys.count, 1);
		assert_string_equal(keys.at[0].id, BIND_ID);
		assert_int_equal(keys.at[0].role, MSIG_KEY_ROLE_ZSK);
		assert_int_equal(keys.at[0].len, 68);
		if (keys.at[0].state != cases[i].zsk)
			fail_msg("case %zu, ZSK: %u", i, keys.at[0].state);
		unlink_one(BIND_PRIVATE);
		put("Kshop.example.+013+32273.private", cases[i].times, 0600);
		put("Kshop.example.+013+32273.key", sep, 0644);
		assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
		assert_int_equal(keys.at[0].role, MSIG_KEY_ROLE_CSK);
		if (keys.at[0].state != cases[i].csk)
			fail_msg("case %zu, CSK: %u", i, keys.at[0].state);
		unlink_one("Kshop.example.+013+32273.private");
	}
}

static void
test_bind_garbage(void **state)
{
	static const struct {
		const char *times, *dnskey, *why;
	} cases[] = {
	    {"Publish: never\n", BIND_DNSKEY, "not understood"},
	    {"Publish: -1\n", BIND_DNSKEY, "not understood"},
	    {"Publish: \n", BIND_DNSKEY, "not understood"},
	    {"Publish: 1 2\n", BIND_DNSKEY, "not understood"},
	    {"", "", "has no DNSKEY"},
	    {"", "shop.example. IN DNSKEY 256 3\n", "has no DNSKEY"},
	    {"", "shop.example. IN DNSKEY 256 3 13 !!!!\n", "not the DNSKEY"},
	    {"", "shop.example. IN DNSKEY 0 3 13 " PUBLIC "\n", "not the DNSKEY"},
	    {"", "shop.example. IN DNSKEY 384 3 13 " PUBLIC "\n", "not the DNSKEY"},
	    {"", "shop.example. IN DNSKEY 257 3 13 " PUBLIC "\n", "not the DNSKEY"},
	    {"", "shop.example. IN DNSKEY 256 3 15 " PUBLIC "\n", "not the DNSKEY"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bind_store(cases[i].times, cases[i].dnskey);
		int ret = ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, "");
		if (ret == 0 || strstr(job.why, cases[i].why) == NULL)
			fail_msg("case %zu: %d, %s", i, ret, job.why);
		assert_int_equal(keys.count, 0);
	}
	bind_store("", BIND_DNSKEY);
	unlink_one(BIND_KEY);
	assert_int_not_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	/* No time at all, and one that is not there. */
	bind_store("", BIND_DNSKEY);
	script("exit 0");
	assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), MSIG_EVALUE);
	assert_non_null(strstr(job.why, "not all times"));
	/* What is not a key of this zone. */
	bind_store("", BIND_DNSKEY);
	unlink_one(BIND_PRIVATE);
	put("Kshop.example.+013+3227x.private", "", 0600);
	put("Kshop.example.+13+32272.private", "", 0600);
	put("Kshop.example.+013+99999.private", "", 0600);
	put("Kshop.example.+000+32272.private", "", 0600);
	put("Kother.example.+013+32272.private", "", 0600);
	put(".private", "", 0600);
	assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_int_equal(keys.count, 0);
	conf.bind_keys = sock;
	assert_int_not_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_non_null(strstr(job.why, "No such file"));
}

/* The file of a second ZSK that is published, beside the one that is active. */
#define BIND_PUBLIC2 \
	"oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA=="
#define BIND_ID2 "013+34505"

static void
bind_pair(void)
{
	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	put("Kshop.example.+" BIND_ID2 ".private", "Publish: 1\n", 0600);
	put("Kshop.example.+" BIND_ID2 ".key",
	    "shop.example. IN DNSKEY 256 3 13 " BIND_PUBLIC2 "\n", 0644);
}

static uint8_t
bind_state(const char *id)
{
	for (unsigned i = 0; i < keys.count; i++)
		if (strcmp(keys.at[i].id, id) == 0)
			return keys.at[i].state;
	return 0;
}

/* A key is active when named has signed everything with it, not when it was told to. */
static void
test_bind_active(void **state)
{
	bind_pair();
	put("signing", "Signing with key 34505/ECDSAP256SHA256\n", 0644);
	job.deadline = loop_mono_ms() + 2500;
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, BIND_ID2),
			 MSIG_ETIMEOUT);
	assert_non_null(strstr(job.why, "signing the whole zone"));
	said("sign shop.example.");
	job.deadline = loop_mono_ms() + 10000;
	assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_int_equal(bind_state(BIND_ID2), MSIG_KEY_STATE_PUBLISHED);
	/* It goes on with what it began. */
	unlink_one("said");
	put("signing", "Done signing with key 34505/ECDSAP256SHA256\n", 0644);
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, BIND_ID2), 0);
	assert_int_equal(bind_state(BIND_ID2), MSIG_KEY_STATE_ACTIVE);
	assert_false(was_said("\nsign shop.example."));
	/* While it signs it may list nothing. */
	bind_pair();
	put("signing", "", 0644);
	job.deadline = loop_mono_ms() + 2500;
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, BIND_ID2),
			 MSIG_ETIMEOUT);
	job.deadline = loop_mono_ms() + 10000;
	/* Nor does what it did with the key once count. */
	bind_pair();
	put("signing", "Done signing with key 34505/ECDSAP256SHA256\n", 0644);
	job.deadline = loop_mono_ms() + 2500;
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, BIND_ID2),
			 MSIG_ETIMEOUT);
	said("signing -clear 34505/13 shop.example.");
	assert_non_null(strstr(job.why, "earlier use"));
}

static void
test_bind_refuses(void **state)
{
	bind_pair();
	put("refuse", "", 0644);
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_REMOVED, BIND_ID2),
			 MSIG_EREFUSED);
	assert_non_null(strstr(job.why, "loadkeys: refused"));
	assert_non_null(strstr(job.why, "taken back"));
	assert_int_equal(bind_state(BIND_ID2), MSIG_KEY_STATE_PUBLISHED);
	unlink_one("refuse");
	/* Told is not done. */
	put("status", "next key event: Thu, 01 Jan 2015 00:00:00 GMT\n", 0644);
	job.deadline = loop_mono_ms() + 2500;
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_REMOVED, BIND_ID2),
			 MSIG_ETIMEOUT);
	job.deadline = loop_mono_ms() + 10000;
	static const uint8_t never[] = {MSIG_KEY_STATE_SIGNING, MSIG_KEY_STATE_POST,
					MSIG_KEY_STATE_MADE};
	for (size_t i = 0; i < sizeof(never); i++)
		assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, never[i], BIND_ID2),
				 MSIG_EREFUSED);
	assert_int_equal(ask_bind(MSIG_KEY_VERB_MAKE, MSIG_KEY_ROLE_ZSK, 15, 0, ""), MSIG_EREFUSED);
	assert_non_null(strstr(job.why, "join again"));
	assert_false(was_said("\n-q "));
}

/* A crash between two files leaves what asking again completes: who was ready is active last. */
static void
test_bind_order(void **state)
{
	const char *files[] = {"Kshop.example.+013+32273", "Kshop.example.+013+34506"};
	const char *const ids[] = {"013+32273", "013+34506"};
	static const char *const public[] = {PUBLIC, BIND_PUBLIC2};
	char name[100], text[400];

	for (int self = 0; self < 2; self++) {
		bind_store("", BIND_DNSKEY);
		unlink_one(BIND_PRIVATE);
		for (int i = 0; i < 2; i++) {
			snprintf(name, sizeof(name), "%s.key", files[i]);
			snprintf(text, sizeof(text), "shop.example. IN DNSKEY 257 3 13 %s\n",
				 public[i]);
			put(name, text, 0644);
			snprintf(name, sizeof(name), "%s.private", files[i]);
			put(name,
			    i == self ? BIND_ACTIVE "SYNC Publish: 1\nDS Publish: 1\n"
				      : BIND_ACTIVE
				"SYNC Publish: 1\nSYNC Delete: 1\nDS Publish: 1\n",
			    0600);
		}
		snprintf(text, sizeof(text), "Done signing with key %s/ECDSAP256SHA256\n",
			 ids[self] + 4);
		put("signing", text, 0644);
		assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
		assert_int_equal(bind_state(ids[self]), MSIG_KEY_STATE_READY);
		assert_int_equal(bind_state(ids[!self]), MSIG_KEY_STATE_ACTIVE);
		/* The first one is written and the second one is not, and so it ends. */
		script("case $1 in -P) [ ! -e once ] || exit 1; touch once;; esac\n" BIND_PROGRAMS);
		assert_int_not_equal(
		    ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, ids[self]), 0);
		unlink_one("once");
		script(BIND_PROGRAMS);
		assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
		assert_int_equal(bind_state(ids[self]), MSIG_KEY_STATE_READY);
		assert_int_equal(
		    ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, ids[self]), 0);
		assert_int_equal(bind_state(ids[self]), MSIG_KEY_STATE_ACTIVE);
		assert_int_equal(bind_state(ids[!self]), MSIG_KEY_STATE_RETIRED);
	}
	strcpy(job.name, "-c.example.");
	assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), MSIG_EVALUE);
}

/* What is made is taken over by its name, and nothing is written over. */
static void
test_bind_make(void **state)
{
	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	script("echo \"$*\" >>said\ncase $1 in -p) for n in Publish Activate Inactive Delete "
	       "'SYNC Publish' 'SYNC Delete' 'DS Publish'; do echo \"$n: 1\"; done;;\n"
	       "-q) while [ $1 != -K ]; do shift; done; cd \"$2\"; cat ../made; "
	       "touch \"$(cat ../made).key\" \"$(cat ../made).private\"; true;; esac");
	static const struct {
		const char *made;
		int ret;
	} cases[] = {
	    {"Kshop.example.+" BIND_ID, MSIG_EDOUBT},
	    {"Kother.example.+" BIND_ID, MSIG_EVALUE},
	    {"nowhere/Kshop.example.+013+00001", MSIG_EVALUE},
	    {"", MSIG_EVALUE},
	    {"Kshop.example.+13+1", MSIG_EVALUE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put("made", cases[i].made, 0644);
		assert_int_equal(ask_bind(MSIG_KEY_VERB_MAKE, MSIG_KEY_ROLE_ZSK, 13, 0, ""),
				 cases[i].ret);
		assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
		assert_int_equal(keys.count, 1);
	}
	said("-q -a 13 -P none -A none -K ");
}

/* What a dnssec-policy has left of a key counts together with its times: it goes when those change,
 * and with the key; that of another key stays. */
static void
test_bind_state_file(void **state)
{
	char path[2][200];

	bind_pair();
	for (int i = 0; i < 2; i++) {
		const char *id = i == 0 ? BIND_ID : BIND_ID2;
		snprintf(path[i], sizeof(path[i]), "Kshop.example.+%s.state", id);
		put(path[i], "; This is the state of key\n", 0644);
		snprintf(path[i], sizeof(path[i]), "%s/Kshop.example.+%s.state", dir, id);
	}
	assert_int_equal(ask_bind(MSIG_KEY_VERB_LIST, 0, 0, 0, ""), 0);
	assert_int_equal(access(path[1], F_OK), 0);
	assert_int_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_REMOVED, BIND_ID2), 0);
	assert_int_not_equal(access(path[1], F_OK), 0);
	put("Kshop.example.+" BIND_ID2 ".state", "; This is the state of key\n", 0644);
	assert_int_equal(ask_bind(MSIG_KEY_VERB_DISCARD, 0, 0, 0, BIND_ID2), 0);
	assert_int_not_equal(access(path[1], F_OK), 0);
	assert_int_equal(access(path[0], F_OK), 0);
	/* One that cannot be taken away: the times stay, too. */
	bind_pair();
	assert_int_equal(mkdir(path[1], 0700), 0);
	assert_int_not_equal(ask_bind(MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_REMOVED, BIND_ID2),
			     0);
	assert_non_null(strstr(job.why, ".state"));
	assert_int_equal(bind_state(BIND_ID2), MSIG_KEY_STATE_PUBLISHED);
}

static int
door_socket(void)
{
	for (int fd = 3; fd < 256; fd++) {
		int type;
		socklen_t len = sizeof(type);
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

/* In the place of the one of an earlier test. */
static void
new_door(void)
{
	close(door_socket());
	assert_int_equal(door_open(&conf), 0);
}

/* Behind the door the same is done, and nothing else. */
static void
test_bind_door(void **state)
{
	struct door_ask ask = {.word = DOOR_STATUS, .deadline = loop_mono_ms() + 5000};
	char config[] = "/nowhere/rndc.conf";

	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	conf.rndc_config = config;
	conf.signerd_timeout = 1500;
	conf.zones = 0;
	script("echo \"$*\"; echo wrong >&2; exit 3");
	assert_int_equal(door_open(&conf), 0);
	assert_false(door_is_open()); /* no zone of BIND's */
	conf.zones = 1;
	assert_int_equal(door_open(&conf), 0);
	assert_true(door_is_open());
	snprintf(ask.zone, sizeof(ask.zone), "shop.example.");
	assert_int_equal(door_ask(&conf, &ask, &result), 0);
	assert_int_equal(result.status, 3);
	assert_string_equal(result.err, "wrong");
	assert_string_equal(result.out, "-c /nowhere/rndc.conf zonestatus shop.example.\n");
	ask.word = DOOR_FORGET;
	ask.tag = 4711;
	ask.algorithm = 13;
	assert_int_equal(door_ask(&conf, &ask, &result), 0);
	assert_string_equal(result.out,
			    "-c /nowhere/rndc.conf signing -clear 4711/13 shop.example.\n");
	script("exec sleep 60");
	ask.deadline = loop_mono_ms() + 300;
	assert_int_equal(door_ask(&conf, &ask, &result), MSIG_ETIMEOUT);
	/* No longer than it is configured, whatever is asked for. */
	ask.deadline = loop_mono_ms() + 30000;
	assert_int_equal(door_ask(&conf, &ask, &result), MSIG_ETIMEOUT);
	assert_true(loop_mono_ms() + 20000 < ask.deadline);
	script("exec yes");
	assert_int_equal(door_ask(&conf, &ask, &result), MSIG_ESIZE);
	/* What rndc starts with is filtered, too. */
	script("grep Seccomp: /proc/self/status");
	assert_int_equal(door_ask(&conf, &ask, &result), 0);
	assert_string_equal(result.out, "Seccomp:\t2\n");
}

/* What comes to the door: who asks is not trusted. */
static void
test_bind_door_refuses(void **state)
{
	static const struct {
		uint8_t word;
		const char *zone;
	} cases[] = {
	    {DOOR_WORDS, "shop.example."},
	    {255, "shop.example."},
	    {DOOR_SIGN, ""},
	    {DOOR_SIGN, "-s"},
	    {DOOR_SIGN, "other.example."},
	    {DOOR_SIGN, "example."},
	    {DOOR_SIGN, "shop.example"},
	    {DOOR_SIGN, "shop.example. IN other"},
	    {DOOR_SIGN, " shop.example."},
	    {DOOR_SIGN, "SHOP.example."},
	    {DOOR_SIGN, "-c.example."},
	    {DOOR_SIGN, "knot.example."},
	};
	struct conf_zone zones[] = {
	    bind_zone,
	    {.name = (uint8_t[]){"\4knot\7example"}, .signer_driver = CONF_DRIVER_KNOT},
	    {.name = (uint8_t[]){"\2-c\7example"}, .signer_driver = CONF_DRIVER_BIND}};
	struct door_ask ask = {.deadline = loop_mono_ms() + 60000};

	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	conf.zone = zones;
	conf.zones = 3;
	script("echo \"$*\" >>said");
	put("said", "", 0644);
	new_door();
	/* The other side has its own configuration, of the moment that it began. */
	zones[1].signer_driver = CONF_DRIVER_BIND;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ask.word = cases[i].word;
		memset(ask.zone, 0, sizeof(ask.zone));
		snprintf(ask.zone, sizeof(ask.zone), "%s", cases[i].zone);
		if (door_ask(&conf, &ask, &result) != MSIG_EVALUE)
			fail_msg("case %zu: %s", i, result.err);
	}
	assert_string_equal(result.err, "this zone was not BIND's when signerd began: restart it");
	ask.word = DOOR_SIGN;
	memset(ask.zone, 'x', sizeof(ask.zone));
	assert_int_equal(door_ask(&conf, &ask, &result), MSIG_EVALUE);
	assert_false(was_said(""));
}

/* Sends so much of a question with so many descriptors; whether there is an answer to the first.
 * All have to be closed on the other side in the end. */
static bool
gets_answer(size_t len, int count)
{
	static struct {
		struct door_ask ask;
		char more[10];
	} sent = {.ask = {.word = DOOR_STATUS, .zone = "shop.example."}};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct iovec iov = {&sent, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[8][2], to[8];
	bool got = false;
	char octet;

	sent.ask.deadline = loop_mono_ms() + 5000;
	for (int i = 0; i < count; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds[i]), 0);
		to[i] = fds[i][1];
	}
	if (count > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(&control.head), to, (size_t)count * sizeof(int));
	}
	assert_int_equal(sendmsg(door_socket(), &msg, MSG_NOSIGNAL), len);
	for (int i = 0; i < count; i++) {
		struct pollfd p = {.fd = fds[i][0], .events = POLLIN};
		close(fds[i][1]);
		do
			assert_int_equal(poll(&p, 1, 5000), 1);
		while (read(fds[i][0], &octet, 1) > 0 && (got |= i == 0, true));
		close(fds[i][0]);
	}
	return got;
}

static void
test_bind_door_messages(void **state)
{
	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	new_door();
	assert_true(gets_answer(sizeof(struct door_ask), 1));
	assert_false(gets_answer(1, 1));
	assert_false(gets_answer(sizeof(struct door_ask) - 1, 1));
	assert_false(gets_answer(sizeof(struct door_ask) + 1, 1));
	assert_false(gets_answer(sizeof(struct door_ask), 0));
	assert_false(gets_answer(sizeof(struct door_ask), 2));
	assert_false(gets_answer(sizeof(struct door_ask), 3));
	assert_false(gets_answer(sizeof(struct door_ask), 8));
	assert_true(gets_answer(sizeof(struct door_ask), 1));
}

/* One who does not read the answer holds up nothing for ever. */
static void
test_bind_door_unread(void **state)
{
	struct door_ask ask = {.word = DOOR_STATUS, .zone = "shop.example."};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&ask, sizeof(ask)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct pollfd p = {0};
	int fds[2];

	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	conf.signerd_timeout = 500;
	new_door();
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(fds[1], "full", 4) == 4)
		;
	fcntl(fds[1], F_SETFL, 0);
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fds[1], sizeof(int));
	ask.deadline = loop_mono_ms() + 500;
	assert_int_equal(sendmsg(door_socket(), &msg, MSG_NOSIGNAL), sizeof(ask));
	close(fds[1]);
	p.fd = fds[0];
	assert_int_equal(poll(&p, 1, 300), 0); /* it waits to write */
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true((p.revents & POLLHUP) != 0);
	close(fds[0]);
}

/* As an ordinary user: 0 if the one behind the door cannot be taken over by us, who are its parent.
 */
static int
takes_over(void)
{
	const struct door_ask ask = {.word = DOOR_WORDS, .deadline = loop_mono_ms() + 5000};
	char path[64], text[64] = "";
	int pid;

	if (geteuid() == 0 &&
	    (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534)))
		return 2;
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (door_open(&conf) != 0 || door_ask(&conf, &ask, &result) != MSIG_EVALUE)
		return 3;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	FILE *f = fopen(path, "r");
	if (f == NULL || fgets(text, sizeof(text), f) == NULL || sscanf(text, "%d", &pid) != 1)
		return 4;
	return ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 && errno == EPERM ? 0 : 1;
}

static void
test_bind_door_alone(void **state)
{
	int status;

	bind_store(BIND_ACTIVE, BIND_DNSKEY);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(takes_over());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_run),
	    T(test_run_environment),
	    T(test_run_missing),
	    T(test_run_hangs),
	    T(test_run_floods),
	    T(test_list),
	    T(test_list_garbage),
	    T(test_list_fails),
	    T(test_list_many),
	    T(test_zone_option),
	    T(test_lies),
	    T(test_where),
	    T(test_knot_refuses),
	    T(test_knot_silent),
	    T(test_pdns),
	    T(test_pdns_garbage),
	    T(test_made_many),
	    T(test_bind_states),
	    T(test_bind_garbage),
	    T(test_bind_active),
	    T(test_bind_refuses),
	    T(test_bind_make),
	    T(test_bind_order),
	    T(test_bind_state_file),
	    /* It stays open. */
	    T(test_bind_door),
	    T(test_bind_door_refuses),
	    T(test_bind_door_messages),
	    T(test_bind_door_unread),
	    T(test_bind_door_alone),
	};
	return cmocka_run_group_tests_name("signerd", tests, NULL, NULL);
}
