/*
 * Log lines of the daemons: standard error (the service manager adds the time) or a file.
 * Lines say what changed, why, and what comes next; warnings say what to do about it.
 */
#pragma once

#include <libknot/dname.h>

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* file NULL: standard error. With time, daemon and level in front, unless the journal adds them. */
int log_open(const char *daemon, const char *file, enum log_level level);
int log_reopen(void); /* SIGUSR1; on error the old file stays in use */
void log_level_set(enum log_level level);
enum log_level log_level_get(void);
/* "error", "warning", "info", "debug". KNOT_EINVAL for anything else. */
int log_level_parse(const char *text, enum log_level *level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "zone example.: ..." and "peer msa.p2.example.: ..." */
void log_zone(enum log_level level, const knot_dname_t *zone, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_peer(enum log_level level, const char *peer, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Only at start-up, out of memory, or on a broken invariant; never for input. */
void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* calloc, strdup, a copy of len octets: never NULL, out of memory ends in fatal(). */
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
void *xmemdup(const void *p, size_t len);
