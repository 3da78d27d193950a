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
 * i+1. A database of a newer version is refused (MSIG_EDBNEWER), a damaged one too (MSIG_EDB).
 * Mode 0600. */
int db_open(const char *path, const char *const *steps, int count, struct db **db);
void db_close(struct db *db);
const char *db_error(struct db *db); /* text of the last error */

int db_begin(struct db *db);
int db_commit(struct db *db); /* fsync; MSIG_EDISK when the disk is full: then roll back */
void db_rollback(struct db *db);

/* Prepared statements, kept by the database. sql must be a string literal: it is the key. */
struct db_stmt *db_stmt(struct db *db, const char *sql);
void db_bind_int(struct db_stmt *st, int n, int64_t value);
void db_bind_text(struct db_stmt *st, int n, const char *text); /* NULL allowed */
void db_bind_blob(struct db_stmt *st, int n, const void *data, size_t len);
int db_exec(struct db_stmt *st);            /* runs to the end, resets, clears */
int db_next(struct db_stmt *st);            /* 1 row, 0 end (and reset), negative error */
int64_t db_int(struct db_stmt *st, int col);
const char *db_text(struct db_stmt *st, int col);               /* lent until db_next */
const void *db_blob(struct db_stmt *st, int col, size_t *len);  /* lent until db_next */
