/* What agentd must not forget: over restarts, without a disk, and after a newer version. */
#include "tests/unit/unit.h"
#include <sys/resource.h>
#include <unistd.h>
#include <signal.h>
#include "agentd/sig0key.h"
#include "agentd/store.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/loop.h"
#include "libmsig/err.h"

static char dir[64];
static struct store *store;
static const knot_dname_t *zone = (const knot_dname_t *)"\4shop\7example";
static const knot_dname_t *other = (const knot_dname_t *)"\3shy\7example";

static void
reopen(bool want_fresh)
{
	bool fresh;

	store_close(store);
	store = NULL;
	assert_int_equal(store_open(dir, &store, &fresh), 0);
	assert_int_equal(fresh, want_fresh);
}

static int
setup(void **state)
{
	log_open("test", "/dev/null", LOG_LVL_DEBUG);
	strcpy(dir, "/tmp/msig-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	reopen(true);
	return 0;
}

static int
teardown(void **state)
{
	char command[100];

	store_close(store);
	store = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void
test_generation(void **state)
{
	uint8_t first[STORE_GENERATION];
	char path[100];

	memcpy(first, store_generation(store), sizeof(first));
	reopen(false);
	assert_memory_equal(first, store_generation(store), sizeof(first));
	/* A lost database is another generation. */
	store_close(store);
	store = NULL;
	snprintf(path, sizeof(path), "%s/agentd.db", dir);
	assert_int_equal(unlink(path), 0);
	reopen(true);
	assert_memory_not_equal(first, store_generation(store), sizeof(first));
}

static void
test_sequence(void **state)
{
	uint64_t last = store_sequence(store);
	char path[100];

	assert_true(last >= UINT64_C(1600000000000000));
	for (int i = 0; i < 3000; i++) {
		uint64_t next = store_sequence(store);
		assert_true(next > last);
		last = next;
	}
	reopen(false);
	assert_true(store_sequence(store) > last);
	last = store_sequence(store);
	/* Not even a lost database says a number again. */
	store_close(store);
	store = NULL;
	snprintf(path, sizeof(path), "%s/agentd.db", dir);
	unlink(path);
	while (loop_utc_ms() * 1000 <= last) {
	}
	reopen(true);
	assert_true(store_sequence(store) > last);
}

/* A clock that was years ahead and went back: others would not take what follows from it. */
static void
test_sequence_ahead(void **state)
{
	uint64_t now = loop_utc_ms() * 1000, ahead = now + 2 * SEQUENCE_AHEAD, next;

	assert_int_equal(store_meta_set(store, "sequence", &ahead, sizeof(ahead)), 0);
	reopen(false);
	next = store_sequence(store);
	assert_in_range(next, now, now + SEQUENCE_AHEAD);
	assert_true(store_sequence(store) > next);
	/* A little ahead is another matter: it may have been taken. */
	ahead = loop_utc_ms() * 1000 + SEQUENCE_AHEAD / 2;
	assert_int_equal(store_meta_set(store, "sequence", &ahead, sizeof(ahead)), 0);
	reopen(false);
	assert_true(store_sequence(store) >= ahead);
}

/* Numbers reserved in a transaction that was rolled back are not used without a new reservation. */
static void
test_sequence_rollback(void **state)
{
	uint64_t last, reserved;
	uint8_t *value;
	size_t len;

	assert_int_equal(store_begin(store), 0);
	last = store_sequence(store);
	store_rollback(store);
	assert_true(store_sequence(store) > last);
	last = store_sequence(store);
	assert_int_equal(store_meta_get(store, "sequence", &value, &len), 0);
	memcpy(&reserved, value, sizeof(reserved));
	free(value);
	assert_true(reserved > last); /* on the disk, so that a restart does not say it again */
	reopen(false);
	assert_true(store_sequence(store) > last);
}

static void
test_replay(void **state)
{
	struct replay r;

	assert_int_equal(store_replay_get(store, "msa.p2.example.", &r), 0);
	assert_int_equal(r.high, 0);
	replay_mark(&r, 77);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_replay_set(store, "msa.p2.example.", &r), 0);
	assert_int_equal(store_commit(store), 0);
	reopen(false);
	assert_int_equal(store_replay_get(store, "msa.p2.example.", &r), 0);
	assert_false(replay_fresh(&r, 77));
	assert_true(replay_fresh(&r, 78));
	assert_int_equal(store_replay_get(store, "msa.p3.example.", &r), 0);
	assert_true(replay_fresh(&r, 77)); /* each sender has its own */
}

/* Of the zone: provider, numbers, and how long the message is. */
static void
stored_statements(const knot_dname_t *of, char *seen)
{
	static const char *const none[2] = {"", ""};
	char path[100];
	struct db_stmt *st;
	struct db *db;

	snprintf(path, sizeof(path), "%s/agentd.db", dir);
	assert_int_equal(db_open(path, none, 2, &db), 0);
	st = db_stmt(db, "SELECT provider, epoch, counter, length(message) FROM statement"
			 " WHERE zone = ? ORDER BY provider");
	db_bind_blob(st, 1, of, knot_dname_size(of));
	while (db_next(st) > 0)
		sprintf(seen + strlen(seen), "%s %llu.%llu %lld;", db_text(st, 0),
			(unsigned long long)db_int(st, 1), (unsigned long long)db_int(st, 2),
			(long long)db_int(st, 3));
	db_close(db);
}

static void
test_statements(void **state)
{
	char a[] = "msa.p1.example.", b[] = "msa.p2.example.", seen[200] = "";
	uint8_t message[300] = {1, 2, 3};
	struct store_statement s = {a, 1, 2, 3, message, 10};

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_statement_set(store, zone, &s), 0);
	s.provider = b;
	s.counter = UINT64_MAX; /* survives the signed integers of the database */
	assert_int_equal(store_statement_set(store, zone, &s), 0);
	s.len = 300;
	s.epoch = 2;
	assert_int_equal(store_statement_set(store, zone, &s), 0); /* replaces */
	assert_int_equal(store_commit(store), 0);
	reopen(false);
	stored_statements(zone, seen);
	assert_string_equal(seen,
			    "msa.p1.example. 1.2 10;msa.p2.example. 2.18446744073709551615 300;");
	seen[0] = '\0';
	stored_statements(other, seen);
	assert_string_equal(seen, "");
}

static void
collect(void *arg, const struct store_entry *e)
{
	char *seen = arg;

	sprintf(seen + strlen(seen), "%s/%s/%s;", e->zone != NULL ? "zone" : "-", e->kind, e->text);
}

static void
test_journal(void **state)
{
	struct store_entry e = {.time = 5, .zone = zone, .actor = "a", .kind = "step", .text = "1"};
	char seen[200] = "";

	assert_int_equal(store_journal_add(store, &e), 0);
	e.zone = NULL;
	e.kind = "peer";
	e.text = "2";
	assert_int_equal(store_journal_add(store, &e), 0);
	e.zone = other;
	e.text = "3";
	assert_int_equal(store_journal_add(store, &e), 0);
	assert_int_equal(store_journal(store, NULL, 0, 10, collect, seen), 0);
	assert_string_equal(seen, "zone/peer/3;-/peer/2;zone/step/1;");
	seen[0] = '\0';
	assert_int_equal(store_journal(store, zone, 0, 10, collect, seen), 0);
	assert_string_equal(seen, "zone/step/1;");
	seen[0] = '\0';
	assert_int_equal(store_journal(store, NULL, 3, 1, collect, seen), 0);
	assert_string_equal(seen, "-/peer/2;");
}

static void
fill_journal(unsigned entries)
{
	static const uint8_t evidence[900];
	struct store_entry e = {.zone = zone,
				.actor = "a",
				.kind = "message",
				.text = "\xc3\xa4", /* two octets, one letter */
				.evidence = evidence,
				.evidence_len = sizeof(evidence)};

	assert_int_equal(store_begin(store), 0);
	for (e.time = 1; e.time <= entries; e.time++)
		assert_int_equal(store_journal_add(store, &e), 0);
	assert_int_equal(store_commit(store), 0);
}

static void
count_entry(void *arg, const struct store_entry *e)
{
	unsigned *count = arg;

	count[0]++;
	count[1] = (unsigned)e->time; /* in the end of the oldest */
}

static unsigned
entries(unsigned *oldest)
{
	unsigned count[2] = {0, 0};

	assert_int_equal(store_journal(store, NULL, 0, 100000, count_entry, count), 0);
	*oldest = count[1];
	return count[0];
}

/* How much is taken is known without counting it again and again. */
static void
test_journal_usage(void **state)
{
	struct store_entry e = {.actor = "a", .kind = "step", .text = "1234567890"};

	assert_int_equal(store_journal_usage(store), 0);
	fill_journal(3);
	assert_int_equal(store_journal_usage(store), 3 * 1002);
	assert_int_equal(store_journal_add(store, &e), 0);
	assert_int_equal(store_journal_usage(store), 3 * 1002 + 110);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_journal_add(store, &e), 0);
	assert_int_equal(store_journal_usage(store), 3 * 1002 + 220);
	store_rollback(store);
	assert_int_equal(store_journal_usage(store), 3 * 1002 + 110);
	assert_int_equal(store_begin(store), 0);
	store_rollback(store);
	reopen(false);
	assert_int_equal(store_journal_usage(store), 3 * 1002 + 110);
}

static void
test_prune_by_age(void **state)
{
	struct store_prune p = {.before = 600, .usage = UINT64_MAX};
	unsigned oldest, rounds = 0;

	fill_journal(1000);
	while (store_journal_prune(store, &p) == 1)
		rounds++;
	assert_int_equal(rounds, 2); /* small transactions: 599 in three */
	assert_int_equal(entries(&oldest), 401);
	assert_int_equal(oldest, 600);
	assert_int_equal(store_journal_usage(store), 401 * 1002);
	assert_int_equal(store_journal_prune(store, &p), 0);
	assert_int_equal(entries(&oldest), 401);
}

static void
test_prune_by_usage(void **state)
{
	struct store_prune p = {.before = 0, .usage = 100 * 1002};
	unsigned oldest;

	fill_journal(1000);
	while (store_journal_prune(store, &p) == 1) {
	}
	assert_int_equal(entries(&oldest), 100);
	assert_int_equal(oldest, 901);
	p.usage--;
	assert_int_equal(store_journal_prune(store, &p), 0);
	assert_int_equal(entries(&oldest), 99);
	assert_int_equal(store_journal_usage(store), 99 * 1002);
	reopen(false);
	assert_int_equal(store_journal_usage(store), 99 * 1002);
}

static bool
keep_first(void *arg, const knot_dname_t *of, uint64_t time)
{
	assert_true(knot_dname_is_equal(of, zone));
	return time <= *(const uint64_t *)arg;
}

/* What stays does not keep what is behind it. */
static void
test_prune_keeps(void **state)
{
	uint64_t first = 300;
	struct store_prune p = {
	    .before = 600, .usage = UINT64_MAX, .keep = keep_first, .arg = &first};
	unsigned oldest, rounds = 0;

	fill_journal(1000);
	while (store_journal_prune(store, &p) == 1)
		rounds++;
	assert_int_equal(rounds, 2);
	assert_int_equal(entries(&oldest), 701);
	assert_int_equal(oldest, 1);
	first = 0; /* the process has ended */
	while (store_journal_prune(store, &p) == 1) {
	}
	assert_int_equal(entries(&oldest), 401);
}

/* What was not committed never was. */
static void
test_rollback(void **state)
{
	uint8_t *blob;
	size_t len;

	assert_int_equal(store_begin(store), 0);
	assert_true(store_in_transaction(store));
	assert_int_equal(store_zone_set(store, zone, "abc", 3), 0);
	store_rollback(store);
	assert_false(store_in_transaction(store));
	assert_int_equal(store_zone_get(store, zone, &blob, &len), MSIG_EMISSING);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_zone_set(store, zone, "abc", 3), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_zone_get(store, zone, &blob, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(blob, "abc", 3);
	free(blob);
}

static void
test_newer(void **state)
{
	/* Far more versions than this one knows. */
	static const char *const steps[] = {
	    "CREATE TABLE a(b)", "CREATE TABLE c(d)", "CREATE TABLE e(f)", "CREATE TABLE g(h)",
	    "CREATE TABLE i(j)", "CREATE TABLE k(l)", "CREATE TABLE m(n)", "CREATE TABLE o(p)"};
	struct db *db;
	char path[100];
	bool fresh;
	struct store *s = NULL;

	store_close(store);
	store = NULL;
	snprintf(path, sizeof(path), "%s/agentd.db", dir);
	unlink(path);
	assert_int_equal(db_open(path, steps, 8, &db), 0);
	db_close(db);
	assert_int_equal(store_open(dir, &s, &fresh), MSIG_EDBNEWER);
	assert_null(s);
}

/* The disk is full: the change is refused, what was there stays, and later it goes on. */
static void
test_full_disk(void **state)
{
	struct rlimit limit, none;
	static uint8_t big[400000];
	uint8_t *blob;
	size_t len;
	int ret;

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_zone_set(store, zone, "old", 3), 0);
	assert_int_equal(store_commit(store), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
	limit = none;
	limit.rlim_cur = 200000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ret = store_begin(store);
	if (ret == 0)
		ret = store_zone_set(store, zone, big, sizeof(big));
	if (ret == 0)
		ret = store_commit(store);
	else
		store_rollback(store);
	assert_int_not_equal(ret, 0);
	assert_true(store_broken(store));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(store_zone_get(store, zone, &blob, &len), 0);
	assert_int_equal(len, 3);
	free(blob);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_zone_set(store, zone, big, sizeof(big)), 0);
	assert_int_equal(store_commit(store), 0);
	assert_false(store_broken(store));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_generation),
	    T(test_sequence),
	    T(test_sequence_rollback),
	    T(test_sequence_ahead),
	    T(test_replay),
	    T(test_statements),
	    T(test_journal),
	    T(test_rollback),
	    T(test_newer),
	    cmocka_unit_test_setup_teardown(test_journal_usage, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_prune_by_age, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_prune_by_usage, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_prune_keeps, setup, teardown),
	    T(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
