/*
 * See door.h. A question comes with the socket that its answer goes to, so that questions of
 * several workers do not meet. Each is carried out by a process of its own.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libknot/errcode.h>
#include "libmsig/daemon/loop.h"
#include "libmsig/daemon/proc.h"
#include "libmsig/err.h"
#include "libmsig/name.h"
#include "signerd/door.h"

#define DOOR_FD 3    /* in the process behind it */
#define GRACE_MS 500 /* it keeps its own time; this is for one that does not */
#define GIVEN_MAX 2  /* descriptors that a message has room for: two are too many */

static int door = -1;

static const struct {
	const char *name, *option;
} words[DOOR_WORDS] = {
    [DOOR_LOADKEYS] = {"loadkeys", NULL},  [DOOR_SIGN] = {"sign", NULL},
    [DOOR_STATUS] = {"zonestatus", NULL},  [DOOR_SIGNING] = {"signing", "-list"},
    [DOOR_FORGET] = {"signing", "-clear"},
};

const char *
door_word_name(enum door_word word)
{
	return words[word].name;
}

bool
door_is_open(void)
{
	return door >= 0;
}

/* Starting rndc -------------------------------------------------------------------------------- */

/* A zone of BIND's in the configuration: named may have others, which are none of our business.
 * What rndc is given is one word of its command then; it puts them together to a line. */
static bool
is_ours(const struct conf *conf, const struct door_ask *ask)
{
	char name[MSIG_NAME_TEXT];

	for (unsigned i = 0; i < conf->zones; i++)
		if (conf->zone[i].signer_driver == CONF_DRIVER_BIND &&
		    strncmp(msig_name_text(conf->zone[i].name, name), ask->zone,
			    sizeof(ask->zone)) == 0)
			return true;
	return false;
}

static const char *
refuse(const struct conf *conf, const struct door_ask *ask)
{
	if (ask->word >= DOOR_WORDS || ask->zone[0] == '-')
		return "rndc is not asked that";
	if (!is_ours(conf, ask))
		return "this zone was not BIND's when signerd began: restart it";
	return NULL;
}

static int
start(const struct conf *conf, const struct door_ask *ask, struct run_result *result)
{
	const char *argv[8] = {conf->rndc}, *why = refuse(conf, ask);
	uint64_t latest = loop_mono_ms() + conf->signerd_timeout;
	char key[16];
	int n = 1;

	if (why != NULL) {
		result->status = -1;
		result->len = 0;
		result->out[0] = '\0';
		snprintf(result->err, sizeof(result->err), "%s", why);
		return MSIG_EVALUE;
	}
	if (conf->rndc_config != NULL) {
		argv[n++] = "-c";
		argv[n++] = conf->rndc_config;
	}
	argv[n++] = words[ask->word].name;
	if (words[ask->word].option != NULL)
		argv[n++] = words[ask->word].option;
	if (ask->word == DOOR_FORGET) {
		snprintf(key, sizeof(key), "%u/%u", ask->tag, ask->algorithm);
		argv[n++] = key;
	}
	argv[n++] = ask->zone;
	return run_program(argv, ask->deadline < latest ? ask->deadline : latest, result);
}

/* Behind the door ------------------------------------------------------------------------------ */

struct answer {
	int ret, status;
	size_t len;
	char err[sizeof(((struct run_result *)0)->err)];
	/* len octets of output follow */
};

static bool
write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void
carry_out(const struct conf *conf, const struct door_ask *ask, int to, pid_t parent)
{
	static struct run_result result; /* large */
	struct answer answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	signal(SIGCHLD, SIG_DFL); /* it waits for rndc */
	/* Nor does it wait for ever for somebody who does not read the answer. */
	alarm((unsigned)(conf->signerd_timeout / 1000) + 2);
	memset(&answer, 0, sizeof(answer));
	answer.ret = start(conf, ask, &result);
	answer.status = result.status;
	answer.len = result.len;
	memcpy(answer.err, result.err, sizeof(answer.err));
	_exit(write_all(to, &answer, sizeof(answer)) && write_all(to, result.out, result.len) ? 0
											      : 1);
}

/* The one descriptor of a message; all others are closed. */
static int
given(struct msghdr *msg)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(msg);
	int fd[GIVEN_MAX], n = 0;

	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		n = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	n = n < GIVEN_MAX ? n : GIVEN_MAX;
	if (n > 0)
		memcpy(fd, CMSG_DATA(head), (size_t)n * sizeof(int));
	if (n == 1)
		return fd[0];
	while (n > 0)
		close(fd[--n]);
	return -1;
}

/* A question and where its answer goes, or -1. */
static int
take(int fd, struct door_ask *ask, bool *gone)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(GIVEN_MAX * sizeof(int))];
	} control;
	struct iovec iov = {ask, sizeof(*ask)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	int to = n >= 0 ? given(&msg) : -1;

	*gone = n == 0 || (n < 0 && errno != EINTR);
	if (to >= 0 && (n != (ssize_t)sizeof(*ask) || (msg.msg_flags & MSG_TRUNC) != 0)) {
		close(to);
		to = -1;
	}
	return to;
}

static void
serve(const struct conf *conf, pid_t parent)
{
	struct door_ask ask;
	sigset_t none;
	bool gone = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	/* signerd is of the same user: it shall not get at the network by taking this one over. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		_exit(1);
	int ret = proc_deny_serving();
	if (ret != 0 && ret != KNOT_ENOTSUP)
		_exit(1);
	/* The loop's handlers write into a pipe that is the loop's. */
	for (int signo = 1; signo < 32; signo++)
		signal(signo, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* nobody waits for those that answer */
	signal(SIGHUP, SIG_IGN);  /* what is sent to a group of processes is for signerd */
	signal(SIGINT, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	while (!gone) {
		int to = take(DOOR_FD, &ask, &gone);
		if (to < 0)
			continue;
		pid_t self = getpid();
		if (fork() == 0)
			carry_out(conf, &ask, to, self);
		close(to);
	}
	_exit(0);
}

int
door_open(const struct conf *conf)
{
	int fds[2];
	pid_t self = getpid(), pid;
	bool needed = false;

	for (unsigned i = 0; i < conf->zones; i++)
		needed |= conf->zone[i].signer_driver == CONF_DRIVER_BIND;
	if (!needed)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return knot_map_errno();
	pid = fork();
	if (pid == 0) {
		if (dup2(fds[1], DOOR_FD) < 0 || close_range(DOOR_FD + 1, ~0U, 0) != 0)
			_exit(1);
		serve(conf, self);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return knot_map_errno();
	}
	door = fds[0];
	return 0;
}

/* Before the door ------------------------------------------------------------------------------ */

static bool
hand_over(const struct door_ask *ask, int to)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {(void *)(uintptr_t)ask, sizeof(*ask)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &to, sizeof(to));
	return sendmsg(door, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(*ask);
}

static bool
read_all(int fd, void *data, size_t len, uint64_t deadline)
{
	char *at = data;

	while (len > 0) {
		uint64_t now = loop_mono_ms(), left = now < deadline ? deadline - now : 0;
		const struct timeval wait = {.tv_sec = (time_t)(left / 1000),
					     .tv_usec = (suseconds_t)(left % 1000 * 1000)};
		if (left == 0)
			return false;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		ssize_t n = read(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static int
receive(int fd, uint64_t deadline, struct run_result *result)
{
	struct answer answer;

	if (!read_all(fd, &answer, sizeof(answer), deadline) || answer.len >= sizeof(result->out) ||
	    !read_all(fd, result->out, answer.len, deadline)) {
		bool late = loop_mono_ms() >= deadline;
		snprintf(result->err, sizeof(result->err), "%s",
			 late ? "it did not end in time"
			      : "the process that starts it has gone: restart signerd");
		return late ? MSIG_ETIMEOUT : KNOT_ERROR;
	}
	result->status = answer.status;
	result->len = answer.len;
	result->out[answer.len] = '\0';
	memcpy(result->err, answer.err, sizeof(result->err));
	result->err[sizeof(result->err) - 1] = '\0';
	return answer.ret;
}

int
door_ask(const struct conf *conf, const struct door_ask *ask, struct run_result *result)
{
	int fds[2], ret;

	if (door < 0)
		return start(conf, ask, result);
	result->status = -1;
	result->len = 0;
	result->out[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
		snprintf(result->err, sizeof(result->err), "%s", strerror(errno));
		return knot_map_errno();
	}
	bool sent = hand_over(ask, fds[1]);
	close(fds[1]);
	if (sent) {
		ret = receive(fds[0], ask->deadline + GRACE_MS, result);
	} else {
		ret = KNOT_ERROR;
		snprintf(result->err, sizeof(result->err),
			 "the process that starts it has gone: restart signerd");
	}
	close(fds[0]);
	return ret;
}
