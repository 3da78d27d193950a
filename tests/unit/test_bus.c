/* The bus: two ends in one loop, thousands of messages, and what must not get through. */
#include "config.h"
#include "tests/unit/unit.h"
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zmq.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/log.h"

#define MANY 2000

static char dir[64], logfile[80];
static struct loop *loop;
static struct loop_timer *watchdog, *poll_timer;
static struct bus *agent, *peer;
static unsigned sent, got_peer, got_agent, got_other; /* other: than the text that ends it */
static uint64_t last;
static bool hung;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void
bark(void *arg)
{
	hung = true;
	loop_stop(loop);
}

static int
setup(void **state)
{
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-bus.XXXXXX")));
	snprintf(logfile, sizeof(logfile), "%s/log", dir);
	log_open("test", logfile, LOG_LVL_INFO);
	loop = loop_new();
	watchdog = loop_timer_new(loop, bark, NULL);
	agent = bus_new(loop, MSIG_ACTOR_AGENT, dir);
	peer = bus_new(loop, MSIG_ACTOR_PEER, dir);
	sent = got_peer = got_agent = got_other = 0;
	last = 0;
	hung = false;
	poll_timer = NULL;
	return 0;
}

static int
teardown(void **state)
{
	bus_free(agent);
	bus_free(peer);
	loop_timer_free(watchdog);
	loop_timer_free(poll_timer);
	loop_free(loop);
	log_open("test", NULL, LOG_LVL_INFO);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
run(void)
{
	loop_timer_set(watchdog, 10000);
	loop_run(loop);
	loop_timer_cancel(watchdog);
	if (hung)
		fail_msg("hangs: %u sent, %u at the peer, %u back", sent, got_peer, got_agent);
}

static void
open_both(void)
{
	assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(bus_bind(peer, MSIG_ACTOR_AGENT, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(bus_connect(agent, MSIG_ACTOR_PEER), 0);
	assert_int_equal(bus_connect(peer, MSIG_ACTOR_AGENT), 0);
}

static char empty[] = "";

/* agentd sends as fast as the queue takes, the peer answers each message at once. */
static void
send_more(void *arg)
{
	while (sent < MANY) {
		struct msig_msg msg = {.id = MSIG_MSG_REPLY};
		msg.u.REPLY.id = sent + 1;
		int ret = bus_send(agent, &msg);
		if (ret != 0) {
			assert_int_equal(ret, MSIG_ENOPEER);
			loop_timer_set(poll_timer, 1);
			return;
		}
		sent++;
	}
}

static unsigned owed;

static void
pay(void *arg)
{
	while (owed > 0) {
		struct msig_msg msg = {.id = MSIG_MSG_PEER, .u.PEER = {empty, 1, empty}};
		if (bus_send(peer, &msg) != 0) {
			loop_later(loop, pay, NULL);
			return;
		}
		owed--;
	}
}

static void
at_peer(void *arg, const struct msig_msg *msg)
{
	assert_int_equal(msg->id, MSIG_MSG_REPLY);
	assert_true(msg->u.REPLY.id == last + 1); /* in order, none missing */
	last = msg->u.REPLY.id;
	got_peer++;
	owed++;
	pay(NULL);
}

static void
at_agent(void *arg, const struct msig_msg *msg)
{
	if (++got_agent == MANY)
		loop_stop(loop);
}

static void
test_many(void **state)
{
	open_both();
	bus_on(peer, MSIG_MSG_REPLY, at_peer, NULL);
	bus_on(agent, MSIG_MSG_PEER, at_agent, NULL);
	poll_timer = loop_timer_new(loop, send_more, NULL);
	loop_timer_set(poll_timer, 0);
	run();
	assert_int_equal(got_peer, MANY);
	assert_int_equal(got_agent, MANY);
}

static void
test_nobody(void **state)
{
	struct msig_msg msg = {.id = MSIG_MSG_REPLY};
	assert_int_equal(bus_send(agent, &msg), MSIG_ENOPEER); /* not even connected */
	assert_int_equal(bus_connect(agent, MSIG_ACTOR_PEER), 0);
	assert_int_equal(bus_send(agent, &msg), MSIG_ENOPEER); /* nobody has bound */
}

static bool
logged(const char *text)
{
	static char buf[65536];
	int fd = open(logfile, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return strstr(buf, text) != NULL;
}

/* A raw PUSH socket to agentd, as if from transportd. */
static void *raw_ctx, *raw;

static void
raw_open(void)
{
	char url[128];
	int one = 1, zero = 0;
	raw_ctx = zmq_ctx_new();
	raw = zmq_socket(raw_ctx, ZMQ_PUSH);
	zmq_setsockopt(raw, ZMQ_IMMEDIATE, &one, sizeof(one));
	zmq_setsockopt(raw, ZMQ_LINGER, &zero, sizeof(zero));
	snprintf(url, sizeof(url), "ipc://%s/bus/agentd/transportd.ipc", dir);
	assert_int_equal(zmq_connect(raw, url), 0);
}

static void
raw_close(void)
{
	zmq_close(raw);
	zmq_ctx_term(raw_ctx);
}

static void
raw_send(const void *data, size_t len, int flags)
{
	int timeout = 5000;
	zmq_setsockopt(raw, ZMQ_SNDTIMEO, &timeout, sizeof(timeout));
	assert_int_equal(zmq_send(raw, data, len, flags), len);
}

static const char *stop_text;

static void
stop_at_text(void *arg, const struct msig_msg *msg)
{
	got_agent++;
	if (strcmp(msg->u.PEER.text, stop_text) == 0)
		loop_stop(loop);
	else
		got_other++;
}

static void
raw_message(const char *text)
{
	struct msig_msg msg = {.id = MSIG_MSG_PEER};
	char copy[64];
	uint8_t *frame;
	size_t len;
	snprintf(copy, sizeof(copy), "%s", text);
	msg.u.PEER.peer = empty;
	msg.u.PEER.text = copy;
	assert_int_equal(msig_msg_encode(&msg, &frame, &len), 0);
	raw_send(frame, len, 0);
	free(frame);
}

/* What is malformed, too large, in parts, of another sender, or of no use, is dropped with a
 * warning, and what comes behind it arrives. */
static void
test_dropped(void **state)
{
	assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1), 0);
	bus_on(agent, MSIG_MSG_PEER, stop_at_text, NULL);
	raw_open();
	for (int i = 0; i < 50; i++)
		raw_send("nonsense", 8, 0);
	raw_send("", 0, 0);
	raw_send("\1\5\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20,
		 0); /* ZONE, which combinerd may send */
	raw_send("\1\26\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 26,
		 0); /* SENT: no handler */
	struct msig_msg msg = {.id = MSIG_MSG_PEER, .u.PEER = {empty, 1, empty}};
	uint8_t *frame;
	size_t len;
	assert_int_equal(msig_msg_encode(&msg, &frame, &len), 0);
	raw_send(frame, len, ZMQ_SNDMORE);
	raw_send(frame, len, ZMQ_SNDMORE);
	raw_send(frame, len, 0);
	free(frame);
	stop_text = "last";
	raw_message("last");
	run();
	assert_int_equal(got_agent, 1);
	assert_true(
	    logged("bus: a message of transportd is dropped: value out of range (8 octets)"));
	/* Not one line for each. */
	FILE *f = fopen(logfile, "r");
	int lines = 0;
	for (int c; (c = getc(f)) != EOF;)
		lines += c == '\n';
	fclose(f);
	assert_in_range(lines, 1, 3);
	raw_close();
}

/* The message may be lost with the old connection. */
static void
raw_again(void *arg)
{
	raw_message("small");
	loop_timer_set(poll_timer, 1);
}

static void
test_too_large(void **state)
{
	assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1), 0);
	bus_on(agent, MSIG_MSG_PEER, stop_at_text, NULL);
	raw_open();
	char *big = calloc(1, (1 << 20) + 1);
	raw_send(big, (1 << 20) + 1, 0); /* costs the connection, ZeroMQ makes another */
	free(big);
	stop_text = "small";
	poll_timer = loop_timer_new(loop, raw_again, NULL);
	loop_timer_set(poll_timer, 1);
	run();
	assert_true(got_agent > 0);
	assert_false(logged("1048577 octets")); /* it did not get as far as the decoder */
	raw_close();
}

static void
test_restart(void **state)
{
	/* The receiver goes and comes back: what is sent then arrives. */
	struct msig_msg msg = {.id = MSIG_MSG_PEER, .u.PEER = {empty, 1, empty}};
	stop_text = "";
	bus_on(agent, MSIG_MSG_PEER, stop_at_text, NULL);
	open_both();
	for (int i = 0; i < 2; i++) {
		uint64_t until = loop_mono_ms() + 10000;
		int ret;
		while ((ret = bus_send(peer, &msg)) == MSIG_ENOPEER && loop_mono_ms() < until)
			usleep(500); /* the other end is in a thread of ZeroMQ */
		assert_int_equal(ret, 0);
		run();
		assert_int_equal(got_agent, i + 1);
		bus_free(agent);
		agent = NULL;
		if (i == 1)
			break;
		while (bus_send(peer, &msg) == 0 && loop_mono_ms() < until)
			usleep(500);
		assert_int_equal(bus_send(peer, &msg), MSIG_ENOPEER);
		agent = bus_new(loop, MSIG_ACTOR_AGENT, dir);
		assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1), 0);
		bus_on(agent, MSIG_MSG_PEER, stop_at_text, NULL);
	}
}

static void
free_agent(void *arg, const struct msig_msg *msg)
{
	bus_free(agent);
	agent = NULL;
	loop_stop(loop);
}

static void
test_free_in_handler(void **state)
{
	assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1), 0);
	bus_on(agent, MSIG_MSG_PEER, free_agent, NULL);
	raw_open();
	raw_message("1");
	raw_message("2");
	run();
	assert_null(agent);
	raw_close();
}

/* Another user's process sends a well-formed message: nobody hears it. */
static void
test_wrong_user(void **state)
{
	if (geteuid() != 0) {
		skip();
		return;
	}
	char path[128];
	chmod(dir, 0755);
	assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, 12345, (gid_t)-1), 0);
	/* Let the file system not be what keeps it out. */
	snprintf(path, sizeof(path), "%s/bus", dir);
	chmod(path, 0755);
	snprintf(path, sizeof(path), "%s/bus/agentd", dir);
	chmod(path, 0755);
	snprintf(path, sizeof(path), "%s/bus/agentd/transportd.ipc", dir);
	chmod(path, 0666);
	bus_on(agent, MSIG_MSG_PEER, stop_at_text, NULL);
	static const uid_t uids[] = {65534, 12345};
	stop_text = "12345";
	pid_t child[2];
	for (int i = 0; i < 2; i++) {
		fflush(NULL);
		child[i] = fork();
		if (child[i] == 0) {
			char text[16];
			snprintf(text, sizeof(text), "%u", (unsigned)uids[i]);
			if (setgid(uids[i]) != 0 || setuid(uids[i]) != 0)
				_exit(1);
			raw_open();
			int timeout = 1000;
			struct msig_msg msg = {.id = MSIG_MSG_PEER, .u.PEER = {empty, 1, text}};
			uint8_t *frame;
			size_t len;
			zmq_setsockopt(raw, ZMQ_SNDTIMEO, &timeout, sizeof(timeout));
			msig_msg_encode(&msg, &frame, &len);
			/* Over and over: a message that is taken for sent may be lost. */
			for (int n = 0; n < 20; n++) {
				zmq_send(raw, frame, len, 0);
				usleep(5000);
			}
			_exit(0);
		}
		int status;
		if (i == 0)
			assert_int_equal(waitpid(child[i], &status, 0), child[i]);
	}
	run();
	assert_int_equal(got_other, 0);
	int status;
	assert_int_equal(waitpid(child[1], &status, 0), child[1]);
}

static void
test_paths(void **state)
{
	char longer[120], path[160];
	struct stat st;
	memset(longer, 'x', sizeof(longer) - 1);
	memcpy(longer, "/tmp/", 5);
	longer[sizeof(longer) - 1] = '\0';
	struct bus *bus = bus_new(loop, MSIG_ACTOR_AGENT, longer);
	assert_int_equal(bus_bind(bus, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1), MSIG_ESIZE);
	assert_int_equal(bus_connect(bus, MSIG_ACTOR_PEER), MSIG_ESIZE);
	assert_true(logged("choose a shorter server.rundir"));
	bus_free(bus);
	bus_free(NULL);
	bus = bus_new(loop, MSIG_ACTOR_AGENT, "/nonexistent");
	assert_true(bus_bind(bus, MSIG_ACTOR_PEER, (uid_t)-1, (gid_t)-1) < 0);
	bus_free(bus);

	/* Modes, and a folder that somebody else made. */
	assert_int_equal(bus_bind(agent, MSIG_ACTOR_PEER, (uid_t)-1, getgid()), 0);
	snprintf(path, sizeof(path), "%s/bus/agentd", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	snprintf(path, sizeof(path), "%s/bus/agentd/transportd.ipc", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	snprintf(path, sizeof(path), "%s/bus/transportd", dir);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(bus_bind(peer, MSIG_ACTOR_AGENT, (uid_t)-1, (gid_t)-1), MSIG_EREFUSED);
	unlink(path);
	if (geteuid() == 0) {
		assert_int_equal(mkdir(path, 0777), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(bus_bind(peer, MSIG_ACTOR_AGENT, (uid_t)-1, (gid_t)-1),
				 MSIG_EREFUSED);
		assert_true(logged("is not a folder of ours"));
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_many),    T(test_nobody),     T(test_dropped),         T(test_too_large),
	    T(test_restart), T(test_wrong_user), T(test_free_in_handler), T(test_paths),
	};
	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
