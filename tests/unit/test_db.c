/* State on disk: migration, transactions, and everything that must be refused. */
#include "config.h"
#include "tests/unit/unit.h"
#include <fcntl.h>
#include <signal.h>
#include <ftw.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/log.h"

static char dir[64], path[192], logfile[96];
static const char *const steps[] = {
    "CREATE TABLE zone (name TEXT PRIMARY KEY, serial INTEGER NOT NULL, data BLOB) STRICT",
    "CREATE TABLE rr (zone TEXT NOT NULL REFERENCES zone(name), text TEXT) STRICT;"
    "INSERT INTO zone VALUES ('made.by.step.2.', 2, NULL)",
};

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

static int
setup(void **state)
{
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-db.XXXXXX")));
	snprintf(path, sizeof(path), "%s/state.db", dir);
	snprintf(logfile, sizeof(logfile), "%s/log", dir);
	log_open("test", logfile, LOG_LVL_INFO);
	return 0;
}

static int
teardown(void **state)
{
	log_open("test", NULL, LOG_LVL_INFO);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct db *
open_db(int count)
{
	struct db *db;
	assert_int_equal(db_open(path, steps, count, &db), 0);
	return db;
}

static int
insert(struct db *db, const char *name, int64_t serial)
{
	struct db_stmt *st = db_stmt(db, "INSERT INTO zone VALUES (?, ?, ?)");
	db_bind_text(st, 1, name);
	db_bind_int(st, 2, serial);
	db_bind_blob(st, 3, "\0\1\2", 3);
	return db_exec(st);
}

static int64_t
count(struct db *db)
{
	struct db_stmt *st = db_stmt(db, "SELECT count(*) FROM zone");
	assert_int_equal(db_next(st), 1);
	int64_t n = db_int(st, 0);
	assert_int_equal(db_next(st), 0);
	return n;
}

static void
test_values(void **state)
{
	struct db *db = open_db(2);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(insert(db, "a.", INT64_MIN), 0);
	assert_int_equal(insert(db, "b.", INT64_MAX), 0);
	assert_int_equal(db_commit(db), 0);
	db_close(db);
	db = open_db(2);
	struct db_stmt *st = db_stmt(db, "SELECT name, serial, data FROM zone ORDER BY name");
	assert_int_equal(db_next(st), 1);
	size_t len;
	assert_string_equal(db_text(st, 0), "a.");
	assert_true(db_int(st, 1) == INT64_MIN);
	assert_memory_equal(db_blob(st, 2, &len), "\0\1\2", 3);
	assert_int_equal(len, 3);
	assert_int_equal(db_next(st), 1);
	assert_true(db_int(st, 1) == INT64_MAX);
	assert_int_equal(db_next(st), 1);
	assert_string_equal(db_text(st, 0), "made.by.step.2.");
	assert_null(db_blob(st, 2, &len));
	assert_int_equal(len, 0);
	assert_int_equal(db_next(st), 0);
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	db_close(db);
	db_close(NULL);
}

static int
try_open(int steps_known)
{
	struct db *db = NULL;
	int ret = db_open(path, steps, steps_known, &db);
	assert_true((ret == 0) == (db != NULL));
	db_close(db);
	return ret;
}

static bool
logged(const char *text)
{
	static char buf[65536];
	int fd = open(logfile, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return strstr(buf, text) != NULL;
}

static void
test_migration(void **state)
{
	struct db *db = open_db(1);
	assert_int_equal(insert(db, "old.", 1), 0);
	db_close(db);
	db = open_db(2);
	assert_int_equal(count(db), 2);
	db_close(db);
	db = open_db(2);
	assert_int_equal(count(db), 2); /* not once more */
	db_close(db);
	assert_int_equal(try_open(1), MSIG_EDBNEWER);
	assert_true(logged("has version 2, this program knows versions up to 1"));
	/* The refused one was not touched. */
	assert_int_equal(try_open(2), 0);

	/* A step that fails undoes those before it. */
	const char *const bad[] = {steps[0], steps[1],
				   "CREATE TABLE third (x); INSERT INTO none VALUES (1)"};
	struct db *none = NULL;
	assert_int_equal(db_open(path, bad, 3, &none), MSIG_EDB);
	assert_null(none);
	const char *const good[] = {steps[0], steps[1], "CREATE TABLE third (y)"};
	assert_int_equal(db_open(path, good, 3, &db), 0);
	assert_int_equal(db_exec(db_stmt(db, "SELECT y FROM third")), 0);
	db_close(db);
}

static void
test_not_ours(void **state)
{
	/* No database at all. */
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("This is not a database. ", f);
	fclose(f);
	assert_int_equal(try_open(2), MSIG_EDB);
	unlink(path);
	/* Somebody else's. */
	static const char *const other[] = {"CREATE TABLE x (y); PRAGMA user_version = 1"};
	struct db *db;
	assert_int_equal(db_open(path, other, 1, &db), 0);
	assert_int_equal(db_exec(db_stmt(db, "PRAGMA application_id = 1")), 0);
	db_close(db);
	assert_int_equal(try_open(2), MSIG_EDB);
	assert_true(logged("is not a database of msig"));
	unlink(path);
	/* A folder that is not there, a symbolic link. */
	char saved[192];
	strcpy(saved, path);
	snprintf(path, sizeof(path), "%s/none/state.db", dir);
	assert_true(try_open(2) < 0);
	snprintf(path, sizeof(path), "%s/link.db", dir);
	assert_int_equal(symlink(saved, path), 0);
	assert_true(try_open(2) < 0);
}

/* Damage in the middle is found when it is opened, not when it is needed. */
static void
test_damaged(void **state)
{
	struct db *db = open_db(2);
	assert_int_equal(db_begin(db), 0);
	for (int i = 0; i < 2000; i++) {
		char name[64];
		snprintf(name, sizeof(name), "zone-number-%d.example.", i);
		insert(db, name, i);
	}
	assert_int_equal(db_commit(db), 0);
	db_close(db);
	int fd = open(path, O_RDWR);
	char noise[4096];
	memset(noise, 0xa5, sizeof(noise));
	assert_int_equal(pwrite(fd, noise, sizeof(noise), 4096 * 9), sizeof(noise));
	close(fd);
	assert_int_equal(try_open(2), MSIG_EDB);
}

static void
test_transactions(void **state)
{
	struct db *db = open_db(2);
	assert_int_equal(db_begin(db), 0);
	insert(db, "a.", 1);
	db_rollback(db);
	assert_int_equal(count(db), 1);
	db_rollback(db); /* harmless */

	/* An error that nobody looked at keeps the whole from being committed. */
	assert_int_equal(db_begin(db), 0);
	insert(db, "a.", 1);
	assert_int_equal(insert(db, "a.", 2), MSIG_EDUP);
	insert(db, "b.", 3);
	assert_int_equal(db_commit(db), MSIG_EDUP);
	assert_non_null(strstr(db_error(db), "UNIQUE"));
	assert_int_equal(count(db), 1);

	/* And does not reach into the next one. */
	assert_int_equal(db_begin(db), 0);
	insert(db, "a.", 1);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(count(db), 2);

	/* Foreign keys and strict types count. */
	struct db_stmt *st = db_stmt(db, "INSERT INTO rr VALUES (?, ?)");
	db_bind_text(st, 1, "nowhere.");
	db_bind_text(st, 2, NULL);
	assert_int_equal(db_exec(st), MSIG_EDUP);
	st = db_stmt(db, "INSERT INTO zone (name, serial) VALUES ('c.', ?)");
	db_bind_text(st, 1, "not a number");
	assert_int_equal(db_exec(st), MSIG_EDUP);

	/* A statement that cannot be prepared. */
	st = db_stmt(db, "SELECT nothing FROM nowhere");
	db_bind_int(st, 1, 1);
	db_bind_text(st, 1, "x");
	db_bind_blob(st, 1, "x", 1);
	assert_int_equal(db_next(st), MSIG_EDB);
	assert_int_equal(db_exec(st), MSIG_EDB);
	db_done(st);
	/* A value out of place. */
	st = db_stmt(db, "SELECT ?");
	db_bind_int(st, 2, 1);
	assert_true(db_exec(st) < 0);

	/* Reading is given up half way; the rest does not suffer. */
	st = db_stmt(db, "SELECT name FROM zone");
	assert_int_equal(db_next(st), 1);
	db_done(st);
	st = db_stmt(db, "SELECT name FROM zone");
	assert_int_equal(db_next(st), 1);
	assert_int_equal(db_begin(db), 0);
	insert(db, "x.", 9);
	assert_int_equal(db_changes(db), 1);
	assert_true(db_last_id(db) > 0);
	db_rollback(db);
	assert_int_equal(count(db), 2);
	/* An empty blob is not NULL. */
	st = db_stmt(db, "SELECT ? IS NULL, length(?)");
	db_bind_blob(st, 1, NULL, 0);
	db_bind_blob(st, 2, NULL, 0);
	assert_int_equal(db_next(st), 1);
	assert_int_equal(db_int(st, 0), 0);
	assert_int_equal(db_int(st, 1), 0);
	db_close(db);
}

/* What was committed survives kill -9, what was not does not. */
static void
test_killed(void **state)
{
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct db *db;
		if (db_open(path, steps, 2, &db) != 0 || db_begin(db) != 0 ||
		    insert(db, "kept.", 1) != 0 || db_commit(db) != 0 || db_begin(db) != 0 ||
		    insert(db, "lost.", 1) != 0 || write(pipes[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	char c;
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	/* One writer: a second one is told at once, and not kept waiting. */
	struct db *db = open_db(2);
	assert_int_equal(db_begin(db), MSIG_ELOCKED);
	kill(child, SIGKILL);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(insert(db, "lost.", 2), 0);
	assert_int_equal(insert(db, "kept.", 2), MSIG_EDUP);
	db_rollback(db);
	db_close(db);
	close(pipes[0]);
}

static int
fill_up(struct db *db)
{
	static char data[100000];
	int ret = 0;
	for (int i = 0; i < 1000 && ret == 0; i++) {
		char name[32];
		snprintf(name, sizeof(name), "big%d.", i);
		ret = db_begin(db);
		assert_int_equal(ret, 0);
		struct db_stmt *st = db_stmt(db, "INSERT INTO zone VALUES (?, 1, ?)");
		db_bind_text(st, 1, name);
		db_bind_blob(st, 2, data, sizeof(data));
		db_exec(st); /* commit tells */
		ret = db_commit(db);
	}
	return ret;
}

/* A full database: the change is refused, the rest goes on, and there can be room again. */
static void
test_full(void **state)
{
	struct db *db = open_db(2);
	assert_int_equal(db_exec(db_stmt(db, "PRAGMA max_page_count = 100")), 0);
	assert_int_equal(fill_up(db), MSIG_EDISK);
	int64_t before = count(db);
	assert_true(before > 1);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_exec(db_stmt(db, "DELETE FROM zone WHERE name LIKE 'big%'")), 0);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(insert(db, "a.", 1), 0);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(count(db), 2);
	db_close(db);
}

/* The same with a disk that is really full, where we may mount one. */
static void
test_full_disk(void **state)
{
	char mounted[96];
	snprintf(mounted, sizeof(mounted), "%s/disk", dir);
	assert_int_equal(mkdir(mounted, 0700), 0);
	if (mount("tmpfs", mounted, "tmpfs", 0, "size=1m") != 0) {
		skip();
		return;
	}
	snprintf(path, sizeof(path), "%s/state.db", mounted);
	struct db *db = open_db(2);
	int ret = fill_up(db);
	int64_t zones = count(db);
	assert_true(db_error(db)[0] != '\0');
	assert_int_equal(db_begin(db), 0);
	db_rollback(db);
	db_close(db);
	if (ret == MSIG_EDISK) {
		db = open_db(2);
		assert_int_equal(count(db), zones); /* exactly what was acknowledged */
		db_close(db);
	}
	umount(mounted);
	assert_int_equal(ret, MSIG_EDISK);
	assert_true(zones > 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_values),       T(test_migration), T(test_not_ours), T(test_damaged),
	    T(test_transactions), T(test_killed),    T(test_full),     T(test_full_disk),
	};
	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
