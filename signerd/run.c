#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libknot/errcode.h>
#include "libmsig/daemon/loop.h"
#include "libmsig/err.h"
#include "signerd/run.h"

#define NOT_STARTED 127

struct stream {
	int fd;
	char *buf;
	size_t len, max;
	bool full;
};

/* The child's side: what is not given is not had. Key files that the program makes are for the
 * group of the folder, too: the signer has to read them. */
static void
become(const char *const argv[], int out, int err, pid_t parent)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", home[] = "HOME=/",
		    lang[] = "LC_ALL=C";
	static char *const env[] = {path, home, lang, NULL};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(NOT_STARTED); /* it has ended before prctl() */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(0007);
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
	    close_range(3, ~0U, 0) != 0)
		_exit(NOT_STARTED);
	execve(argv[0], (char *const *)(uintptr_t)argv, env);
	dprintf(2, "%s\n", strerror(errno));
	_exit(NOT_STARTED);
}

/* False at its end. What does not fit is read and dropped. */
static bool
take(struct stream *s)
{
	char waste[4096];
	bool full = s->len == s->max;
	ssize_t n = full ? read(s->fd, waste, sizeof(waste))
			 : read(s->fd, s->buf + s->len, s->max - s->len);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (full && n > 0)
		s->full = true;
	if (!full)
		s->len += (size_t)n;
	return n > 0;
}

/* Reads both streams until their ends. */
static int
collect(struct stream *out, struct stream *err, uint64_t deadline)
{
	struct stream *at[] = {out, err};
	struct pollfd fds[] = {{out->fd, POLLIN, 0}, {err->fd, POLLIN, 0}};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		uint64_t now = loop_mono_ms();
		if (now >= deadline)
			return MSIG_ETIMEOUT;
		uint64_t left = deadline - now;
		if (poll(fds, 2, left > 1000 ? 1000 : (int)left) < 0 && errno != EINTR)
			return knot_map_errno();
		for (int i = 0; i < 2; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0 && !take(at[i]))
				fds[i].fd = -1;
		if (out->full)
			return MSIG_ESIZE;
	}
	return 0;
}

/* It may have closed its output and go on. */
static int
reap(pid_t pid, uint64_t deadline, int *status)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);
		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return knot_map_errno();
		if (loop_mono_ms() >= deadline)
			return MSIG_ETIMEOUT;
		poll(NULL, 0, 5);
	}
}

static void
tidy(char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			text[i] = ';';
		else if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
			text[i] = '?';
}

static int
attend(pid_t pid, int out, int err, uint64_t deadline, struct run_result *r)
{
	struct stream o = {.fd = out, .buf = r->out, .max = sizeof(r->out) - 1};
	struct stream e = {.fd = err, .buf = r->err, .max = sizeof(r->err) - 1};
	int status = 0, ret = collect(&o, &e, deadline);

	if (ret == 0)
		ret = reap(pid, deadline, &status);
	if (ret != 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	r->len = o.len;
	r->out[o.len] = '\0';
	tidy(r->err, e.len);
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (ret == MSIG_ETIMEOUT)
		snprintf(r->err, sizeof(r->err), "it did not end in time");
	else if (ret == MSIG_ESIZE)
		snprintf(r->err, sizeof(r->err), "it wrote more than %d octets", RUN_OUTPUT);
	else if (ret == 0 && r->status < 0)
		snprintf(r->err, sizeof(r->err), "it was ended by signal %d", WTERMSIG(status));
	return ret;
}

int
run_program(const char *const argv[], uint64_t deadline, struct run_result *r)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1}, ret;
	pid_t self = getpid(), pid;

	r->status = -1;
	r->len = 0;
	r->out[0] = r->err[0] = '\0';
	if (access(argv[0], X_OK) != 0) {
		ret = knot_map_errno();
		snprintf(r->err, sizeof(r->err), "%s", strerror(errno));
		return ret;
	}
	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		ret = knot_map_errno();
		snprintf(r->err, sizeof(r->err), "cannot be started: %s", strerror(errno));
		goto done;
	}
	if (pid == 0)
		become(argv, out[1], err[1], self);
	close(out[1]);
	close(err[1]);
	out[1] = err[1] = -1;
	ret = attend(pid, out[0], err[0], deadline, r);
done:
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (err[i] >= 0)
			close(err[i]);
	}
	return ret;
}
