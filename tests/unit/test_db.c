/* State on disk: migration, transactions, and everything that must be refused. */
#include "config.h"
#include "tests/unit/unit.h"
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/log.h"

static char dir[64], path[96], logfile[96];
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

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_values),
	};
	(void)count;
	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
