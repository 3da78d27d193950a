/*
 * State on disk: sqlite in WAL mode with synchronous=FULL. The only file that includes sqlite3.h.
 * A change is durable when db_commit() returned 0. Never hold a transaction across I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_stmt;

/* Opens or makes the database and migrates it forward: steps[i] is SQL that brings version i to
 * i+1, all steps in one transaction. A database of a newer version is refused (MSIG_EDBNEWER), a
 * damaged one too (MSIG_EDB), and one on a network file system. Mode 0600. The reason is logged. */
int db_open(const char *path, const char *const *steps, int count, struct db **db);
void db_close(struct db *db);
const char *db_error(struct db *db); /* text of the last error */

/* An error of any statement sticks to its transaction: db_commit() then rolls back and returns it.
 * So errors between begin and commit need not be looked at one by one. */
int db_begin(struct db *db);
int db_commit(struct db *db); /* fsync; MSIG_EDISK when the disk is full. 0, or rolled back */
void db_rollback(struct db *db); /* harmless without a transaction */

/* Prepared statements, kept by the database. sql must be a string literal: it is the key. The same
 * statement must not be asked for again while its rows are read. */
struct db_stmt *db_stmt(struct db *db, const char *sql);
void db_bind_int(struct db_stmt *st, int n, int64_t value);
void db_bind_text(struct db_stmt *st, int n, const char *text); /* NULL allowed */
void db_bind_blob(struct db_stmt *st, int n, const void *data, size_t len);
/* Both: MSIG_EDUP for a violated constraint, MSIG_EDISK, or MSIG_EDB. */
int db_exec(struct db_stmt *st); /* runs to the end, resets, clears */
int db_next(struct db_stmt *st); /* 1 row, 0 end (and reset), negative error (and reset) */
void db_done(struct db_stmt *st); /* no more rows are wanted */
int64_t db_int(struct db_stmt *st, int col);
const char *db_text(struct db_stmt *st, int col);               /* lent until db_next */
const void *db_blob(struct db_stmt *st, int col, size_t *len);  /* lent until db_next */
int64_t db_changes(struct db *db); /* rows of the last INSERT, UPDATE, DELETE */
int64_t db_last_id(struct db *db); /* rowid of the last INSERT */
