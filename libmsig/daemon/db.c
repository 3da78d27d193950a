/*
 * State on disk. Errors inside a transaction stick to it: whatever a caller overlooks, a
 * transaction of which a part failed is rolled back by db_commit(), which says why.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sqlite3.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/log.h"

#define APPLICATION_ID 0x6d736967 /* "msig" */
#define VALUE_MAX (64 << 20)      /* octets of one value */

struct db_stmt {
	struct db_stmt *next;
	struct db *db;
	const char *sql;
	sqlite3_stmt *st; /* NULL: it could not be prepared */
	int error;        /* of preparing or binding */
};

struct db {
	sqlite3 *sqlite;
	char *path;
	struct db_stmt *stmts;
	bool in_tx;   /* sqlite may have ended it on its own, after an error */
	int tx_error; /* the first one in this transaction */
	bool broken;  /* what is on disk is in doubt: nothing is written any more */
	char text[512];
};

/* The error code of a result; its text is kept. */
static int
fail(struct db *db, int result)
{
	int ret = MSIG_EDB, primary = result & 0xff;
	switch (primary) {
	case SQLITE_FULL:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		ret = MSIG_EDISK;
		break;
	case SQLITE_CONSTRAINT:
		ret = MSIG_EDUP;
		break;
	case SQLITE_NOMEM:
		ret = KNOT_ENOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		ret = MSIG_ELOCKED;
		break;
	}
	snprintf(db->text, sizeof(db->text), "%s: %s (%d)", db->path,
		 db->sqlite != NULL ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(result), result);
	/* After a failed fsync the kernel forgets what it could not write: trying again would
	 * succeed and prove nothing. */
	if (result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC ||
	    primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
		if (!db->broken)
			log_error("%s: nothing is written any more; look at the disk and restart",
				  db->text);
		db->broken = true;
	}
	if (db->in_tx && db->tx_error == 0)
		db->tx_error = ret;
	return ret;
}

const char *
db_error(struct db *db)
{
	return db->text;
}

static int
exec(struct db *db, const char *sql)
{
	int result = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
	return result == SQLITE_OK ? 0 : fail(db, result);
}

/* The first column of the first row as number or text; sql is a PRAGMA. */
static int
ask_int(struct db *db, const char *sql, int64_t *value)
{
	struct db_stmt *st = db_stmt(db, sql);
	int ret = db_next(st);
	if (ret == 1) {
		*value = db_int(st, 0);
		db_stmt(db, sql); /* reset */
	}
	return ret < 0 ? ret : ret == 1 ? 0 : MSIG_EDB;
}

static int
expect_text(struct db *db, const char *sql, const char *expected)
{
	struct db_stmt *st = db_stmt(db, sql);
	int ret = db_next(st);
	if (ret < 0)
		return ret;
	const char *text = ret == 1 ? db_text(st, 0) : "nothing";
	if (text != NULL && strcmp(text, expected) == 0)
		ret = 0;
	else
		ret = MSIG_EDB;
	if (ret != 0)
		snprintf(db->text, sizeof(db->text), "%s: %s says: %.300s", db->path, sql,
			 text != NULL ? text : "nothing");
	db_stmt(db, sql);
	return ret;
}

/* Opening. ------------------------------------------------------------------------------------ */

/* On these, locks and fsync are not what sqlite takes them for. */
static bool
on_network(const char *path)
{
	static const unsigned long kinds[] = {0x6969 /* NFS */, 0xff534d42 /* CIFS */,
					      0xfe534d42 /* SMB2 */, 0x517b /* SMB */};
	struct statfs fs;
	if (statfs(path, &fs) != 0)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (((unsigned long)fs.f_type & 0xffffffff) == kinds[i])
			return true;
	}
	return false;
}

/* Makes it with the right mode; -wal and -shm take the same. */
static int
make_file(struct db *db)
{
	int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		snprintf(db->text, sizeof(db->text), "%s: %s", db->path, strerror(errno));
		return errno == ENOSPC || errno == EDQUOT || errno == EROFS ? MSIG_EDISK
									    : knot_map_errno();
	}
	int ret = fchmod(fd, 0600) == 0 ? 0 : knot_map_errno();
	close(fd);
	if (ret == 0 && on_network(db->path)) {
		snprintf(db->text, sizeof(db->text), "%s: is on a network file system", db->path);
		ret = MSIG_EDB;
	}
	return ret;
}

static int
migrate(struct db *db, const char *const *steps, int count)
{
	int64_t version = 0, id = 0;
	int ret = ask_int(db, "PRAGMA user_version", &version);
	if (ret == 0)
		ret = ask_int(db, "PRAGMA application_id", &id);
	if (ret != 0)
		return ret;
	if (version > 0 && id != APPLICATION_ID) {
		snprintf(db->text, sizeof(db->text), "%s: is not a database of msig", db->path);
		return MSIG_EDB;
	}
	if (version > count) {
		snprintf(db->text, sizeof(db->text),
			 "%s: has version %lld, this program knows versions up to %d: it was "
			 "written by a "
			 "newer one",
			 db->path, (long long)version, count);
		return MSIG_EDBNEWER;
	}
	if (version == count && id == APPLICATION_ID)
		return 0;
	ret = db_begin(db);
	for (int i = (int)version; i < count && ret == 0; i++)
		ret = exec(db, steps[i]);
	char mark[128];
	snprintf(mark, sizeof(mark), "PRAGMA user_version = %d; PRAGMA application_id = %d", count,
		 APPLICATION_ID);
	if (ret == 0)
		ret = exec(db, mark);
	if (ret == 0)
		ret = db_commit(db);
	else
		db_rollback(db);
	return ret;
}

static int
set_up(struct db *db, const char *const *steps, int count)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int result = sqlite3_open_v2(db->path, &db->sqlite, flags, NULL);
	if (result != SQLITE_OK)
		return fail(db, result);
	sqlite3_extended_result_codes(db->sqlite, 1);
	sqlite3_busy_timeout(db->sqlite, 0); /* we are the one writer */
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, 0);
	int ret = exec(db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
	if (ret == 0)
		ret = expect_text(db, "PRAGMA quick_check(1)", "ok");
	if (ret == 0)
		ret = expect_text(db, "PRAGMA journal_mode = WAL", "wal");
	if (ret == 0)
		ret = exec(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
	if (ret == 0)
		ret = migrate(db, steps, count);
	return ret;
}

int
db_open(const char *path, const char *const *steps, int count, struct db **out)
{
	struct db *db = xcalloc(1, sizeof(*db));
	*out = NULL;
	db->path = xstrdup(path);
	int ret = make_file(db);
	if (ret == 0)
		ret = set_up(db, steps, count);
	if (ret != 0) {
		log_error("%s", db->text);
		db_close(db);
		return ret;
	}
	*out = db;
	return 0;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	while (db->stmts != NULL) {
		struct db_stmt *next = db->stmts->next;
		sqlite3_finalize(db->stmts->st);
		free(db->stmts);
		db->stmts = next;
	}
	sqlite3_close_v2(db->sqlite);
	free(db->path);
	free(db);
}

/* Transactions. ------------------------------------------------------------------------------- */

int
db_begin(struct db *db)
{
	if (db->broken)
		return MSIG_EDISK;
	db->tx_error = 0;
	int ret = exec(db, "BEGIN IMMEDIATE");
	db->in_tx = ret == 0;
	return ret;
}

int
db_commit(struct db *db)
{
	int ret = db->tx_error;
	if (ret == 0)
		ret = exec(db, "COMMIT");
	if (ret != 0) {
		char text[sizeof(db->text)];
		memcpy(text, db->text, sizeof(text));
		db_rollback(db);
		memcpy(db->text, text, sizeof(text));
	}
	db->in_tx = false;
	db->tx_error = 0;
	return ret;
}

void
db_rollback(struct db *db)
{
	/* An error may have rolled back already. Open reads would keep it from doing so. */
	for (struct db_stmt *st = db->stmts; st != NULL; st = st->next)
		sqlite3_reset(st->st);
	if (!sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	db->in_tx = false;
	db->tx_error = 0;
}

/* Statements. --------------------------------------------------------------------------------- */

struct db_stmt *
db_stmt(struct db *db, const char *sql)
{
	struct db_stmt *st = db->stmts;
	while (st != NULL && st->sql != sql)
		st = st->next;
	if (st == NULL) {
		st = xcalloc(1, sizeof(*st));
		st->db = db;
		st->sql = sql;
		st->next = db->stmts;
		db->stmts = st;
	}
	if (st->st != NULL) {
		sqlite3_reset(st->st);
		sqlite3_clear_bindings(st->st);
		st->error = 0;
		return st;
	}
	int result =
	    sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->st, NULL);
	st->error = result == SQLITE_OK ? 0 : fail(db, result);
	if (st->error == MSIG_EDB)
		log_error("%s in: %s", db->text, sql);
	return st;
}

static void
bound(struct db_stmt *st, int result)
{
	if (result != SQLITE_OK && st->error == 0)
		st->error = fail(st->db, result);
}

void
db_bind_int(struct db_stmt *st, int n, int64_t value)
{
	if (st->st != NULL)
		bound(st, sqlite3_bind_int64(st->st, n, value));
}

void
db_bind_text(struct db_stmt *st, int n, const char *text)
{
	if (st->st != NULL && text != NULL)
		bound(st, sqlite3_bind_text(st->st, n, text, -1, SQLITE_TRANSIENT));
	else if (st->st != NULL)
		bound(st, sqlite3_bind_null(st->st, n));
}

void
db_bind_blob(struct db_stmt *st, int n, const void *data, size_t len)
{
	/* Without an address sqlite would bind NULL, which is not an empty blob. */
	if (st->st != NULL)
		bound(st,
		      sqlite3_bind_blob64(st->st, n, len > 0 ? data : "", len, SQLITE_TRANSIENT));
}

int
db_next(struct db_stmt *st)
{
	if (st->error != 0)
		return st->error;
	if (st->db->broken && !sqlite3_stmt_readonly(st->st))
		return MSIG_EDISK;
	int result = sqlite3_step(st->st);
	if (result == SQLITE_ROW)
		return 1;
	int ret = result == SQLITE_DONE ? 0 : fail(st->db, result);
	sqlite3_reset(st->st);
	return ret;
}

int
db_exec(struct db_stmt *st)
{
	int ret;
	while ((ret = db_next(st)) == 1)
		;
	if (st->st != NULL)
		sqlite3_clear_bindings(st->st);
	return ret;
}

void
db_done(struct db_stmt *st)
{
	if (st->st != NULL)
		sqlite3_reset(st->st);
}

int64_t
db_int(struct db_stmt *st, int col)
{
	return sqlite3_column_int64(st->st, col);
}

const char *
db_text(struct db_stmt *st, int col)
{
	return (const char *)sqlite3_column_text(st->st, col);
}

const void *
db_blob(struct db_stmt *st, int col, size_t *len)
{
	const void *data = sqlite3_column_blob(st->st, col);
	*len = (size_t)sqlite3_column_bytes(st->st, col);
	return data;
}

int64_t
db_changes(struct db *db)
{
	return sqlite3_changes64(db->sqlite);
}

int64_t
db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->sqlite);
}
