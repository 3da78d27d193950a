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
static unsigned sent, got_peer, got_agent;
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
	sent = got_peer = got_agent = 0;
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

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_many),
	    T(test_nobody),
	};
	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
