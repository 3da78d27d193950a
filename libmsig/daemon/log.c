/*
 * Log lines. One write() per line, so that lines of several processes in one file stay whole. What
 * came from a peer, a zone or a file may be part of a line: everything that is not printable ASCII
 * is escaped as \DDD, so that nothing can forge a second line or talk to a terminal.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <libknot/errcode.h>
#include "libmsig/daemon/log.h"

#define LINE 4096 /* longer lines are cut, and say so */

static struct {
	char *daemon;
	char *file;
	int fd;
	enum log_level level;
	bool stamp;   /* with time, daemon and level */
	bool journal; /* "<N>" in front: the journal takes the level from it */
} out = {.fd = STDERR_FILENO, .level = LOG_LVL_INFO};

static const struct {
	const char *name;
	int priority; /* of syslog */
} levels[] = {
    [LOG_LVL_ERROR] = {"error", 3},
    [LOG_LVL_WARN] = {"warning", 4},
    [LOG_LVL_INFO] = {"info", 6},
    [LOG_LVL_DEBUG] = {"debug", 7},
};

/* Standard error is the journal's when JOURNAL_STREAM names its device and inode. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	return stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static int
open_file(const char *file)
{
	int fd =
	    open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	return fd < 0 ? knot_map_errno() : fd;
}

int
log_open(const char *daemon, const char *file, enum log_level level)
{
	int fd = STDERR_FILENO;
	if (file != NULL) {
		fd = open_file(file);
		if (fd < 0)
			return fd;
	}
	char *new_daemon = xstrdup(daemon), *new_file = file != NULL ? xstrdup(file) : NULL;
	if (out.fd != STDERR_FILENO)
		close(out.fd);
	free(out.daemon);
	free(out.file);
	out.daemon = new_daemon;
	out.file = new_file;
	out.fd = fd;
	out.level = level;
	out.journal = file == NULL && is_journal(fd);
	out.stamp = file != NULL || !out.journal;
	return 0;
}

int
log_reopen(void)
{
	if (out.file == NULL)
		return 0;
	int fd = open_file(out.file);
	if (fd < 0)
		return fd; /* the old one stays */
	close(out.fd);
	out.fd = fd;
	return 0;
}

void
log_level_set(enum log_level level)
{
	out.level = level;
}

enum log_level
log_level_get(void)
{
	return out.level;
}

int
log_level_parse(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return KNOT_EINVAL;
}

static size_t
put_prefix(char *line, size_t max, enum log_level level)
{
	if (out.journal)
		return (size_t)snprintf(line, max, "<%d>", levels[level].priority);
	if (!out.stamp)
		return 0;
	struct timeval now;
	struct tm tm;
	char when[32] = "-";
	if (gettimeofday(&now, NULL) == 0 && gmtime_r(&now.tv_sec, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	return (size_t)snprintf(line, max, "%s.%03dZ %s[%d] %s: ", when, (int)(now.tv_usec / 1000),
				out.daemon != NULL ? out.daemon : "msig", (int)getpid(),
				levels[level].name);
}

/* Copies text into line as printable ASCII; returns the new length, at most max. */
static size_t
put_text(char *line, size_t len, size_t max, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		char piece[5] = {(char)c, '\0'};
		if (c < 0x20 || c > 0x7e)
			snprintf(piece, sizeof(piece), "\\%03u", c);
		size_t n = strlen(piece);
		if (len + n > max)
			break;
		memcpy(line + len, piece, n);
		len += n;
	}
	return len;
}

static void
write_all(const char *line, size_t len)
{
	int saved = errno;
	while (len > 0) {
		ssize_t n = write(out.fd, line, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* nobody to tell */
		line += n;
		len -= (size_t)n;
	}
	errno = saved;
}

static void emit(enum log_level level, const char *subject, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void
emit(enum log_level level, const char *subject, const char *fmt, va_list ap)
{
	static const char cut[] = "...";
	if (level > out.level)
		return;
	char text[LINE], line[LINE];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		snprintf(text, sizeof(text), "(this line could not be formatted)");
	const size_t max = sizeof(line) - sizeof(cut);
	size_t len = put_prefix(line, sizeof(line), level);
	if (subject != NULL)
		len = put_text(line, len, max, subject);
	size_t before = len;
	len = put_text(line, len, max, text);
	if (n >= (int)sizeof(text) || (len > before && len + 4 > max)) {
		memcpy(line + len, cut, sizeof(cut) - 1);
		len += sizeof(cut) - 1;
	}
	line[len++] = '\n';
	write_all(line, len);
}

#define EMIT(level, subject)                   \
	do {                                   \
		va_list ap;                    \
		va_start(ap, fmt);             \
		emit(level, subject, fmt, ap); \
		va_end(ap);                    \
	} while (0)

void
log_error(const char *fmt, ...)
{
	EMIT(LOG_LVL_ERROR, NULL);
}

void
log_warn(const char *fmt, ...)
{
	EMIT(LOG_LVL_WARN, NULL);
}

void
log_info(const char *fmt, ...)
{
	EMIT(LOG_LVL_INFO, NULL);
}

void
log_debug(const char *fmt, ...)
{
	EMIT(LOG_LVL_DEBUG, NULL);
}

void
log_zone(enum log_level level, const knot_dname_t *zone, const char *fmt, ...)
{
	knot_dname_txt_storage_t name;
	char subject[sizeof(name) + 8];
	if (zone == NULL || knot_dname_to_str(name, zone, sizeof(name)) == NULL)
		strcpy(name, "?");
	snprintf(subject, sizeof(subject), "zone %s: ", name);
	EMIT(level, subject);
}

void
log_peer(enum log_level level, const char *peer, const char *fmt, ...)
{
	char subject[sizeof(knot_dname_txt_storage_t) + 8];
	snprintf(subject, sizeof(subject), "peer %s: ", peer);
	EMIT(level, subject);
}

void
fatal(const char *fmt, ...)
{
	EMIT(LOG_LVL_ERROR, "fatal: ");
	exit(1);
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);
	if (p == NULL)
		fatal("out of memory");
	return p;
}

char *
xstrdup(const char *s)
{
	char *p = strdup(s);
	if (p == NULL)
		fatal("out of memory");
	return p;
}

void *
xmemdup(const void *p, size_t len)
{
	void *copy = xcalloc(1, len);
	if (len > 0)
		memcpy(copy, p, len);
	return copy;
}
