#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "signerd/worker.h"

#define GRACE_MS 5000 /* the worker keeps its own time; this is for one that does not */
#define ANSWER_MAX ((1 << 17) + 1)

struct worker {
	struct loop *loop;
	pid_t pid;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	uint8_t *answer; /* one octet: settled; then a frame */
	size_t len;
	worker_done done;
	void *arg;
};

/* The worker's side ---------------------------------------------------------------------------- */

static void
to_message(const struct job *job, const struct msig_msg_KEY *ask, int result, struct keys *keys,
	   struct msig_msg *msg)
{
	static char *id[KEYS_MAX];
	static uint16_t role[KEYS_MAX], state[KEYS_MAX];
	static struct msig_blob dnskey[KEYS_MAX];
	struct msig_msg_KEYS *m = &msg->u.KEYS;

	for (unsigned i = 0; i < keys->count; i++) {
		struct key *key = &keys->at[i];
		id[i] = key->id;
		role[i] = key->role;
		state[i] = key->state;
		dnskey[i] = (struct msig_blob){key->dnskey, key->len};
	}
	*msg = (struct msig_msg){.id = MSIG_MSG_KEYS};
	m->id = ask->id;
	m->zone = ask->zone;
	m->result = result;
	m->text = (char *)(uintptr_t)job->why;
	m->key.at = id;
	m->role.at = role;
	m->state.at = state;
	m->dnskey.at = dnskey;
	m->key.count = m->role.count = m->state.count = m->dnskey.count = (uint16_t)keys->count;
}

static void
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		data += n;
		len -= (size_t)n;
	}
}

static void
work(int fd, struct job *job, const struct driver *driver, const struct msig_msg_KEY *ask,
     pid_t parent)
{
	static struct keys keys;
	struct msig_msg msg;
	uint8_t *frame, settled;
	size_t len;
	int ret;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1); /* it has ended before prctl() */
	/* The loop's handlers write into a pipe that is the loop's. */
	for (int signo = 1; signo < 32; signo++)
		signal(signo, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	ret = driver_do(driver, job, ask, &keys);
	to_message(job, ask, ret, &keys, &msg);
	settled = job->settled;
	if (msig_msg_encode(&msg, &frame, &len) != 0)
		_exit(1);
	write_all(fd, &settled, 1);
	write_all(fd, frame, len);
	_exit(0);
}

/* signerd's side ------------------------------------------------------------------------------- */

void
worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	kill(-worker->pid, SIGKILL);
	kill(worker->pid, SIGKILL); /* it may not have a group of its own yet */
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	loop_io_free(worker->io);
	loop_timer_free(worker->timer);
	close(worker->fd);
	free(worker->answer);
	free(worker);
}

static void
finish(struct worker *w, const char *why)
{
	worker_done done = w->done;
	void *arg = w->arg;
	struct msig_msg msg;
	bool settled = w->len > 0 && w->answer[0] == 1, good = false;

	if (why == NULL)
		good = w->len > 1 && msig_msg_decode(w->answer + 1, w->len - 1, MSIG_ACTOR_SIGNER,
						     MSIG_ACTOR_AGENT, &msg) == 0;
	if (why == NULL && !good)
		why = "its process ended without an answer";
	worker_free(w);
	done(arg, good ? &msg : NULL, settled, why);
	if (good)
		msig_msg_clear(&msg);
}

static void
on_data(void *arg, int ready)
{
	struct worker *w = arg;
	ssize_t n = read(w->fd, w->answer + w->len, ANSWER_MAX - w->len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		w->len += (size_t)n;
	if (n <= 0)
		finish(w, NULL);
	else if (w->len == ANSWER_MAX)
		finish(w, "its answer is too long");
}

static void
on_time(void *arg)
{
	finish(arg, "it did not end in time");
}

struct worker *
worker_start(struct loop *loop, const struct conf *conf, const struct driver *driver,
	     const struct msig_msg_KEY *ask, const struct keys *known, bool settled, char *why,
	     size_t whylen, worker_done done, void *arg)
{
	struct job job = {.conf = conf,
			  .zone = ask->zone,
			  .known = known,
			  .settled = settled,
			  .deadline = loop_mono_ms() + conf->signerd_timeout};
	struct worker *w;
	pid_t self = getpid(), pid;
	int fds[2];

	(void)msig_name_text(ask->zone, job.name);

	if (pipe2(fds, O_CLOEXEC) != 0) {
		snprintf(why, whylen, "cannot be worked on: %s", strerror(errno));
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		work(fds[1], &job, driver, ask, self);
	close(fds[1]);
	if (pid < 0) {
		snprintf(why, whylen, "cannot be worked on: %s", strerror(errno));
		close(fds[0]);
		return NULL;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	w = xcalloc(1, sizeof(*w));
	w->loop = loop;
	w->pid = pid;
	w->fd = fds[0];
	w->answer = xcalloc(1, ANSWER_MAX);
	w->done = done;
	w->arg = arg;
	w->io = loop_io_new(loop, w->fd, LOOP_READ, on_data, w);
	w->timer = loop_timer_new(loop, on_time, w);
	loop_timer_set(w->timer, conf->signerd_timeout + GRACE_MS);
	return w;
}
