/* The control socket, spoken to by raw sockets in the same loop. */
#include "config.h"
#include "tests/unit/unit.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/log.h"

static char dir[64], path[96];
static struct loop *loop;
static struct loop_timer *watchdog, *poll_timer;
static struct ctl *ctl;
static struct ctl_request *kept;
static int gone_count;
static bool hung;

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

static void
bark(void *arg)
{
	hung = true;
	loop_stop(loop);
}

static json_t *
run_echo(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *answer = ctl_ok();
	json_object_set(answer, "zone", json_object_get(request, "zone"));
	json_object_set_new(answer, "user", json_string(ctl_user(req)));
	return answer;
}

static json_t *
run_act(void *arg, struct ctl_request *req, const json_t *request)
{
	ctl_reply(req, ctl_ok());
	return NULL;
}

static void
on_gone(void *arg)
{
	gone_count++;
	kept = NULL;
}

static json_t *
run_keep(void *arg, struct ctl_request *req, const json_t *request)
{
	kept = req;
	ctl_on_gone(req, on_gone, NULL);
	return NULL;
}

static json_t *
run_big(void *arg, struct ctl_request *req, const json_t *request)
{
	char *text = calloc(1, 4 << 20);
	memset(text, 'x', (4 << 20) - 1);
	json_t *answer = ctl_ok();
	json_object_set_new(answer, "text", json_string(text));
	free(text);
	return answer;
}

static json_t *
run_free(void *arg, struct ctl_request *req, const json_t *request)
{
	ctl_free(ctl);
	ctl = NULL;
	return ctl_ok();
}

static const struct ctl_command commands[] = {
    {"echo", false, run_echo}, {"act", true, run_act},   {"keep", false, run_keep},
    {"big", false, run_big},   {"free", false, run_free}, {NULL, false, NULL},
};

static int
setup(void **state)
{
	int err;
	log_open("test", NULL, LOG_LVL_ERROR);
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-ctl.XXXXXX")));
	snprintf(path, sizeof(path), "%s/testd.ctl", dir);
	loop = loop_new();
	watchdog = loop_timer_new(loop, bark, NULL);
	ctl = ctl_listen(loop, path, commands, (gid_t)-1, NULL, &err);
	assert_non_null(ctl);
	kept = NULL;
	gone_count = 0;
	hung = false;
	return 0;
}

static int
teardown(void **state)
{
	ctl_free(ctl);
	loop_timer_free(watchdog);
	loop_free(loop);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int
dial(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	strcpy(addr.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Runs the loop until a whole line came (returned), or the end (NULL). */
static int line_fd;
static char *line;
static size_t line_len;
static bool line_end;

static void
read_line(void *arg)
{
	for (;;) {
		char c;
		ssize_t n = recv(line_fd, &c, 1, 0);
		if (n == 1 && c != '\n') {
			line[line_len++] = c;
			continue;
		}
		line_end = n == 0 || (n < 0 && errno != EAGAIN);
		if (n == 1 || line_end)
			loop_stop(loop);
		else
			loop_timer_set(poll_timer, 1);
		return;
	}
}

static const char *
hear(int fd)
{
	line_fd = fd;
	line = realloc(line, 8 << 20);
	line_len = 0;
	poll_timer = loop_timer_new(loop, read_line, NULL);
	loop_timer_set(poll_timer, 0);
	loop_timer_set(watchdog, 10000);
	loop_run(loop);
	loop_timer_cancel(watchdog);
	loop_timer_free(poll_timer);
	if (hung)
		fail_msg("hangs");
	line[line_len] = '\0';
	return line_end ? NULL : line;
}

static const char *
ask(int fd, const char *request)
{
	say(fd, request);
	return hear(fd);
}

static void
test_commands(void **state)
{
	int fd = dial();
	char expected[256];
	snprintf(expected, sizeof(expected), "{\"ok\":true,\"zone\":\"example.\",\"user\":\"uid %u (",
	         (unsigned)getuid());
	const char *got = ask(fd, "{\"command\": \"echo\", \"zone\": \"example.\"}\n");
	assert_non_null(got);
	assert_memory_equal(got, expected, strlen(expected));
	assert_string_equal(ask(fd, "{\"command\": \"act\"}\n"), "{\"ok\":true}");
	close(fd);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_commands),
	};
	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
