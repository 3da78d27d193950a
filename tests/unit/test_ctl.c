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
    {"echo", false, run_echo}, {"act", true, run_act},    {"keep", false, run_keep},
    {"big", false, run_big},   {"free", false, run_free}, {NULL, false, NULL},
};

static int
setup(void **state)
{
	int err;
	log_open("test", "/dev/null", LOG_LVL_ERROR);
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
	snprintf(expected, sizeof(expected),
		 "{\"ok\":true,\"zone\":\"example.\",\"user\":\"uid %u (", (unsigned)getuid());
	const char *got = ask(fd, "{\"command\": \"echo\", \"zone\": \"example.\"}\n");
	assert_non_null(got);
	assert_memory_equal(got, expected, strlen(expected));
	assert_string_equal(ask(fd, "{\"command\": \"act\"}\n"), "{\"ok\":true}");
	close(fd);
}

static void
add_word(void *arg, json_t *answer)
{
	json_object_set_new(answer, "word", json_integer(7));
}

/* Every answer about a zone says it, whenever it comes, and no other one. */
static void
test_about_zones(void **state)
{
	int fd = dial();
	ctl_about_zones(ctl, add_word);
	assert_non_null(strstr(ask(fd, "{\"command\":\"echo\",\"zone\":\"z.\"}\n"), "\"word\":7"));
	assert_non_null(strstr(ask(fd, "{\"command\":\"act\",\"zone\":\"z.\"}\n"), "\"word\":7"));
	assert_string_equal(ask(fd, "{\"command\":\"act\"}\n"), "{\"ok\":true}");
	assert_null(strstr(ask(fd, "no json\n"), "word"));
	assert_non_null(
	    strstr(ask(fd, "{\"command\":\"nonsense\",\"zone\":\"z.\"}\n"), "\"word\":7"));
	close(fd);
}

/* The configuration's warnings stand behind those that an answer has itself. */
static void
test_warnings_add_up(void **state)
{
	char text[] = "lab times";
	char *const conf[] = {text};
	json_t *answer = json_pack("{s:[s]}", "warnings", "frozen");

	ctl_put_lab(answer, true, conf, 1);
	ctl_put_lab(answer, true, conf, 1); /* once */
	json_t *both = json_pack("{s:[s,s],s:b}", "warnings", "frozen", "lab times", "lab", 1);
	assert_true(json_equal(answer, both));
	json_decref(answer);
	json_decref(both);
}

/* An error answer with that code and that text in it. */
static void
expect_error(const char *got, int code, const char *text)
{
	assert_non_null(got);
	json_t *answer = json_loads(got, 0, NULL);
	assert_non_null(answer);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "code")), code);
	const char *error = json_string_value(json_object_get(answer, "error"));
	if (error == NULL || strstr(error, text) == NULL)
		fail_msg("expected %s, got %s", text, got);
	json_decref(answer);
}

static void
test_bad_requests(void **state)
{
	int fd = dial();
	expect_error(ask(fd, "{\"command\": \"nonsense\"}\n"), 2, "nonsense: no such command");
	expect_error(ask(fd, "{\"commande\": \"echo\"}\n"), 2, "names no command");
	expect_error(ask(fd, "{\"command\": 7}\n"), 2, "names no command");
	expect_error(ask(fd, "not json\n"), 2, "is not JSON");
	expect_error(ask(fd, "\n"), 2, "is not JSON");
	expect_error(ask(fd, "{\"command\": \"echo\"\n"), 2, "is not JSON");
	expect_error(ask(fd, "{\"command\": \"echo\", \"command\": \"act\"}\n"), 2, "is not JSON");
	expect_error(ask(fd, "[\"echo\"]\n"), 2, "is not a JSON object");
	expect_error(ask(fd, "{\"command\":\"echo\",\"zone\":[[[[[[[[1]]]]]]]]}\n"), 2,
		     "nested too deep");
	expect_error(ask(fd, "{\"command\":\"\xff\xfe\"}\n"), 2, "is not JSON");
	/* Brackets in a text do not nest. */
	assert_non_null(
	    strstr(ask(fd, "{\"command\":\"echo\",\"zone\":\"[[[[[[[[[\\\"[\"}\n"), "\"ok\":true"));
	close(fd);
}

static void
test_request_size(void **state)
{
	/* 64 KiB are a request, one more octet is not, and costs the connection. */
	char *request = malloc(70000);
	memset(request, ' ', 70000);
	memcpy(request, "{\"command\":\"act\"", 16);
	request[65534] = '}';
	request[65535] = '\n';
	request[65536] = '\0';
	int fd = dial();
	assert_string_equal(ask(fd, request), "{\"ok\":true}");
	request[65534] = ' ';
	request[65535] = '}';
	request[65536] = '\n';
	request[65537] = '\0';
	expect_error(ask(fd, request), 2, "larger than 65536 octets");
	assert_null(hear(fd));
	close(fd);
	free(request);
}

static void
test_order(void **state)
{
	/* Several at once: answered in order, one at a time. */
	int fd = dial();
	say(fd, "{\"command\":\"keep\"}\n{\"command\":\"echo\",\"zone\":1}\n{\"command\":\"echo\","
		"\"zone\":2}\n{\"command\":");
	int other = dial();
	assert_non_null(strstr(ask(other, "{\"command\":\"echo\",\"zone\":3}\n"), "\"zone\":3"));
	assert_non_null(kept);
	ctl_reply(kept, ctl_error(1, "waited for %s", "you"));
	expect_error(hear(fd), 1, "waited for you");
	assert_non_null(strstr(hear(fd), "\"zone\":1"));
	assert_non_null(strstr(hear(fd), "\"zone\":2"));
	assert_string_equal(ask(fd, "\"act\"}\n"), "{\"ok\":true}");
	close(fd);
	close(other);
}

static bool (*until_cond)(void);
static struct loop_timer *until_timer;

static void
until_check(void *arg)
{
	if (until_cond())
		loop_stop(loop);
	else
		loop_timer_set(until_timer, 1);
}

static void
run_until(bool (*cond)(void))
{
	until_cond = cond;
	until_timer = loop_timer_new(loop, until_check, NULL);
	loop_timer_set(until_timer, 0);
	loop_timer_set(watchdog, 10000);
	loop_run(loop);
	loop_timer_cancel(watchdog);
	loop_timer_free(until_timer);
	if (hung)
		fail_msg("hangs: kept %d gone %d", kept != NULL, gone_count);
}

static bool
is_kept(void)
{
	return kept != NULL;
}

static bool
is_gone(void)
{
	return gone_count > 0;
}

static void
test_gone(void **state)
{
	int fd = dial();
	say(fd, "{\"command\":\"keep\"}\n");
	run_until(is_kept);
	close(fd);
	run_until(is_gone);
	assert_int_equal(gone_count, 1);

	/* A client that only stops sending still waits ... */
	gone_count = 0;
	fd = dial();
	say(fd, "{\"command\":\"keep\"}\n{\"command\":\"echo\"}\n{\"cut");
	shutdown(fd, SHUT_WR);
	run_until(is_kept);
	int other = dial();
	ask(other, "{\"command\":\"act\"}\n");
	assert_int_equal(gone_count, 0);
	ctl_reply(kept, ctl_ok());
	kept = NULL;
	assert_string_equal(hear(fd), "{\"ok\":true}");
	assert_non_null(strstr(hear(fd), "\"user\""));
	assert_null(hear(fd)); /* the cut one is no request */
	close(fd);
	close(other);

	/* ... until it goes, too. */
	fd = dial();
	say(fd, "{\"command\":\"keep\"}\n");
	shutdown(fd, SHUT_WR);
	run_until(is_kept);
	close(fd);
	run_until(is_gone);

	/* And when the daemon stops. */
	gone_count = 0;
	fd = dial();
	say(fd, "{\"command\":\"keep\"}\n");
	run_until(is_kept);
	ctl_free(ctl);
	ctl = NULL;
	assert_int_equal(gone_count, 1);
	assert_null(hear(fd));
	assert_int_equal(access(path, F_OK), -1);
	close(fd);
}

static void
test_free_in_handler(void **state)
{
	int fd = dial();
	say(fd, "{\"command\":\"free\"}\n{\"command\":\"echo\"}\n");
	assert_null(hear(fd));
	assert_null(ctl);
	close(fd);
}

static void
test_big_answer(void **state)
{
	int fd = dial(), other = dial();
	say(fd, "{\"command\":\"big\"}\n");
	/* Nobody waits for the one that does not read. */
	assert_string_equal(ask(other, "{\"command\":\"act\"}\n"), "{\"ok\":true}");
	const char *got = hear(fd);
	assert_non_null(got);
	assert_int_equal(strlen(got), (4 << 20) - 1 + strlen("{\"ok\":true,\"text\":\"\"}"));
	close(fd);
	close(other);
}

static void
test_too_many(void **state)
{
	int fds[33];
	for (int i = 0; i < 32; i++) {
		fds[i] = dial();
		assert_string_equal(ask(fds[i], "{\"command\":\"act\"}\n"), "{\"ok\":true}");
	}
	fds[32] = dial();
	expect_error(hear(fds[32]), 1, "too many clients");
	assert_null(hear(fds[32]));
	close(fds[32]);
	close(fds[0]);
	/* Noticed with the next event of that client. */
	assert_string_equal(ask(fds[1], "{\"command\":\"act\"}\n"), "{\"ok\":true}");
	fds[0] = dial();
	assert_string_equal(ask(fds[0], "{\"command\":\"act\"}\n"), "{\"ok\":true}");
	for (int i = 0; i < 32; i++)
		close(fds[i]);
}

/* Another user asks from a child; what it hears is its exit status: 0 ok, else the code. */
static int
ask_as(uid_t uid, gid_t gid, gid_t extra, const char *request)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		char buf[1024];
		struct sockaddr_un addr = {.sun_family = AF_UNIX};
		strcpy(addr.sun_path, path);
		if (setgroups(extra != (gid_t)-1, &extra) != 0 || setgid(gid) != 0 ||
		    setuid(uid) != 0)
			_exit(90);
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
			_exit(91);
		if (write(fd, request, strlen(request)) < 0)
			_exit(92);
		ssize_t n = read(fd, buf, sizeof(buf) - 1);
		buf[n > 0 ? n : 0] = '\0';
		const char *code = strstr(buf, "\"code\":");
		_exit(strstr(buf, "\"ok\":true") != NULL ? 0 : code != NULL ? atoi(code + 7) : 93);
	}
	int status = 0;
	loop_timer_set(watchdog, 10000);
	while (waitpid(child, &status, WNOHANG) == 0 && !hung) {
		struct loop_timer *tick = loop_timer_new(loop, (void (*)(void *))loop_stop, loop);
		loop_timer_set(tick, 1);
		loop_run(loop);
		loop_timer_free(tick);
	}
	loop_timer_cancel(watchdog);
	return WEXITSTATUS(status);
}

static void
test_permissions(void **state)
{
	int err;
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	if (geteuid() != 0) {
		skip();
		return;
	}
	chmod(dir, 0755);
	/* The file keeps strangers out. */
	assert_int_equal(ask_as(65534, 65534, (gid_t)-1, "{\"command\":\"echo\"}\n"), 91);
	/* Who gets in may ask, and not act. */
	chmod(path, 0666);
	assert_int_equal(ask_as(65534, 65534, (gid_t)-1, "{\"command\":\"echo\"}\n"), 0);
	assert_int_equal(ask_as(65534, 65534, (gid_t)-1, "{\"command\":\"act\"}\n"), 5);
	assert_int_equal(ask_as(65534, 65534, 4242, "{\"command\":\"act\"}\n"), 5);
	assert_int_equal(ask_as(0, 0, (gid_t)-1, "{\"command\":\"act\"}\n"), 0);
	/* The admin group, as the main one or another. */
	ctl_free(ctl);
	ctl = ctl_listen(loop, path, commands, 4242, NULL, &err);
	assert_non_null(ctl);
	chmod(path, 0666);
	assert_int_equal(ask_as(65534, 65534, 4242, "{\"command\":\"act\"}\n"), 0);
	assert_int_equal(ask_as(65534, 4242, (gid_t)-1, "{\"command\":\"act\"}\n"), 0);
	assert_int_equal(ask_as(65534, 65534, 4243, "{\"command\":\"act\"}\n"), 5);
}

static void
test_paths(void **state)
{
	int err;
	char longer[200];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_null(ctl_listen(loop, longer, commands, (gid_t)-1, NULL, &err));
	assert_true(err < 0);
	assert_null(ctl_listen(loop, "/nonexistent/x.ctl", commands, (gid_t)-1, NULL, &err));
	assert_true(err < 0);
	/* What a process left behind that was killed is replaced; a file that is no socket is not.
	 */
	struct ctl *second = ctl_listen(loop, path, commands, (gid_t)-1, NULL, &err);
	assert_non_null(second);
	int fd = dial();
	assert_string_equal(ask(fd, "{\"command\":\"act\"}\n"), "{\"ok\":true}");
	close(fd);
	ctl_free(second);
	FILE *f = fopen(path, "w");
	fclose(f);
	assert_null(ctl_listen(loop, path, commands, (gid_t)-1, NULL, &err));
}

static int
teardown_all(void **state)
{
	free(line);
	return 0;
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_commands),   T(test_bad_requests), T(test_request_size),
	    T(test_order),      T(test_gone),         T(test_free_in_handler),
	    T(test_big_answer), T(test_too_many),     T(test_permissions),
	    T(test_paths),      T(test_about_zones),  T(test_warnings_add_up),
	};
	return cmocka_run_group_tests_name("ctl", tests, NULL, teardown_all);
}
