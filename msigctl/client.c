/*
 * The client's side of the control sockets. See client.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "msigctl/client.h"
#include "msigctl/command.h"

const char *const client_daemons[] = {"combinerd", "agentd", "transportd", "observe", "signerd",
				      NULL};

struct exchange {
	const char *daemon;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	uint64_t deadline;
	unsigned timeout_ms;
	char *err;
	size_t errlen;
};

static int fail(struct exchange *x, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct exchange *x, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(x->err, x->errlen, fmt, ap);
	va_end(ap);
	return code;
}

static uint64_t
mono_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
fail_errno(struct exchange *x, int error)
{
	switch (error) {
	case ENOENT:
		return fail(x, EXIT_DOWN, "%s does not run: there is no %s", x->daemon, x->path);
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return fail(x, EXIT_DOWN, "%s does not run: nobody answers at %s", x->daemon,
			    x->path);
	case EACCES:
	case EPERM:
		return fail(x, EXIT_DENIED,
			    "you may not use %s: its group may (see ls -l), or try as root",
			    x->path);
	default:
		return fail(x, EXIT_FAILED, "%s at %s: %s", x->daemon, x->path, strerror(error));
	}
}

/* 0 when the socket is ready, or an exit code. */
static int
ready(struct exchange *x, short events)
{
	for (;;) {
		uint64_t now = mono_ms();
		uint64_t left = x->deadline > now ? x->deadline - now : 0;
		struct pollfd p = {.fd = x->fd, .events = events};
		int n = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
		if (n > 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return fail_errno(x, errno);
		}
		if (n == 0 && left == 0) {
			return fail(x, EXIT_DOWN, "%s did not answer within %u.%u s (%s)",
				    x->daemon, x->timeout_ms / 1000, x->timeout_ms % 1000 / 100,
				    x->path);
		}
	}
}

static int
dial(struct exchange *x)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	memcpy(sun.sun_path, x->path, sizeof(sun.sun_path));
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (x->fd < 0) {
		return fail_errno(x, errno);
	}
	/* A full backlog of a Unix socket is EAGAIN, at once, and not a connection in progress. */
	while (connect(x->fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		if (errno != EAGAIN && errno != EINTR) {
			return fail_errno(x, errno);
		}
		if (mono_ms() >= x->deadline) {
			return fail(x, EXIT_DOWN, "%s is too busy to answer (%s)", x->daemon,
				    x->path);
		}
		(void)poll(NULL, 0, 20);
	}
	return 0;
}

static int
send_line(struct exchange *x, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	if (text == NULL) {
		return fail(x, EXIT_FAILED, "the request cannot be written as JSON");
	}
	size_t len = strlen(text), done = 0;
	text[len++] = '\n'; /* in place of the NUL */
	int ret = 0;
	while (ret == 0 && done < len) {
		ssize_t n = send(x->fd, text + done, len - done, MSG_NOSIGNAL);
		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			ret = ready(x, POLLOUT);
		} else if (errno != EINTR) {
			ret = fail_errno(x, errno);
		}
	}
	free(text);
	return ret;
}

/* Reads up to the first newline; *text is the caller's in every case. */
static int
read_line(struct exchange *x, char **text, size_t *len)
{
	size_t size = 0;
	for (;;) {
		if (*len == size) {
			size = size == 0 ? 4096 : 2 * size;
			char *more = realloc(*text, size);
			if (more == NULL) {
				return fail(x, EXIT_FAILED, "out of memory");
			}
			*text = more;
		}
		ssize_t n = recv(x->fd, *text + *len, size - *len, 0);
		if (n == 0) {
			return fail(x, EXIT_DOWN, "%s closed the connection without an answer",
				    x->daemon);
		}
		if (n < 0 && errno == EAGAIN) {
			int ret = ready(x, POLLIN);
			if (ret != 0) {
				return ret;
			}
			continue;
		}
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return fail_errno(x, errno);
		}
		char *end = memchr(*text + *len, '\n', (size_t)n);
		if (end != NULL) {
			*len = (size_t)(end - *text);
			return 0;
		}
		*len += (size_t)n;
		if (*len > CLIENT_MAX_ANSWER) {
			return fail(x, EXIT_FAILED, "the answer of %s is longer than %d MiB",
				    x->daemon, CLIENT_MAX_ANSWER >> 20);
		}
	}
}

/* {"ok": true, ...} stays; {"ok": false, ...} becomes its code and text. */
static int
judge(struct exchange *x, const json_t *answer)
{
	const json_t *ok = json_object_get(answer, "ok");
	if (!json_is_object(answer) || !json_is_boolean(ok)) {
		return fail(x, EXIT_FAILED, "%s gave an answer without \"ok\"", x->daemon);
	}
	if (json_is_true(ok)) {
		return 0;
	}
	const char *text = json_string_value(json_object_get(answer, "error"));
	json_int_t code = json_integer_value(json_object_get(answer, "code"));
	return fail(x, code > 0 && code < 256 ? (int)code : EXIT_FAILED, "%s: %s", x->daemon,
		    text != NULL ? text : "refused without a reason");
}

int
client_ask(const char *rundir, const char *daemon, const json_t *request, unsigned timeout_ms,
	   json_t **answer, char *err, size_t errlen)
{
	struct exchange x = {.daemon = daemon,
			     .fd = -1,
			     .deadline = mono_ms() + timeout_ms,
			     .timeout_ms = timeout_ms,
			     .err = err,
			     .errlen = errlen};
	char *text = NULL;
	size_t len = 0;
	*answer = NULL;
	int n = snprintf(x.path, sizeof(x.path), "%s/%s.ctl", rundir, daemon);
	if (n < 0 || (size_t)n >= sizeof(x.path)) {
		return fail(&x, EXIT_FAILED,
			    "%s/%s.ctl: longer than the %zu octets of a socket's name", rundir,
			    daemon, sizeof(x.path) - 1);
	}
	int ret = dial(&x);
	if (ret == 0) {
		ret = send_line(&x, request);
	}
	if (ret == 0) {
		ret = read_line(&x, &text, &len);
	}
	if (ret == 0) {
		json_error_t e;
		*answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
		ret = *answer != NULL
			  ? judge(&x, *answer)
			  : fail(&x, EXIT_FAILED, "%s gave an answer that is not JSON: %s at %d",
				 daemon, e.text, e.position);
	}
	if (ret != 0) {
		json_decref(*answer);
		*answer = NULL;
	}
	free(text);
	if (x.fd >= 0) {
		close(x.fd);
	}
	return ret;
}
