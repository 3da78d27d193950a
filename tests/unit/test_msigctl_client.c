/*
 * The client of the control sockets against a server that misbehaves in every way it can.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "msigctl/client.h"
#include "msigctl/command.h"

static char dir[64];

static int
setup(void **state)
{
	strcpy(dir, "/tmp/msig-ctl.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
teardown(void **state)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/agentd.ctl", dir);
	unlink(path);
	return rmdir(dir);
}

static int
listener(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.80s/agentd.ctl", dir);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* A server for one connection in a child: reads a line, writes each part, waits for the end if
 * stay is set. want: what the line has to contain. */
static pid_t
serve(const char *want, const char *const *parts, bool stay)
{
	int fd = listener();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0) {
		close(fd);
		return pid;
	}
	int c = accept(fd, NULL, NULL);
	char line[4096] = "";
	size_t len = 0;
	while (len < sizeof(line) - 1 && strchr(line, '\n') == NULL) {
		ssize_t n = read(c, line + len, sizeof(line) - 1 - len);
		if (n <= 0) {
			_exit(2);
		}
		len += (size_t)n;
	}
	bool good = strstr(line, want) != NULL && line[len - 1] == '\n';
	for (; *parts != NULL; parts++) {
		size_t left = strlen(*parts);
		if (write(c, *parts, left) != (ssize_t)left) {
			_exit(3);
		}
		fsync(c);
	}
	if (stay) {
		while (read(c, line, sizeof(line)) > 0) {
		}
	}
	close(c);
	_exit(good ? 0 : 1);
}

static int
ask(unsigned timeout_ms, json_t **answer, char *err, size_t errlen)
{
	json_t *request = command_request("tracking", "Shop.Example");
	assert_non_null(request);
	int ret = client_ask(dir, "agentd", request, timeout_ms, answer, err, errlen);
	json_decref(request);
	return ret;
}

static void
reap(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *parts[4];
		int code;
		const char *text;
	} cases[] = {
	    {{"{\"ok\": true, \"x\": 1}\n"}, 0, ""},
	    {{"{\"ok\": tr", "ue, \"x\"", ": 1}\n"}, 0, ""},
	    {{"{\"ok\": true, \"x\": 1}\n{\"ok\": false}\n"}, 0, ""},
	    {{"{\"ok\": false, \"code\": 5, \"error\": \"on hold\"}\n"},
	     EXIT_DENIED,
	     "agentd: on hold"},
	    {{"{\"ok\": false, \"code\": 0}\n"}, EXIT_FAILED, "without a reason"},
	    {{"{\"ok\": false, \"code\": 4711, \"error\": \"x\"}\n"}, EXIT_FAILED, "agentd: x"},
	    {{"{\"ok\": false, \"code\": -1, \"error\": \"x\"}\n"}, EXIT_FAILED, "agentd: x"},
	    {{"{\"x\": 1}\n"}, EXIT_FAILED, "without \"ok\""},
	    {{"[true]\n"}, EXIT_FAILED, "without \"ok\""},
	    {{"{\"ok\": true, \"ok\": false}\n"}, EXIT_FAILED, "not JSON"},
	    {{"nonsense\n"}, EXIT_FAILED, "not JSON"},
	    {{"\n"}, EXIT_FAILED, "not JSON"},
	    {{"{\"ok\": true"}, EXIT_DOWN, "closed the connection"},
	    {{NULL}, EXIT_DOWN, "closed the connection"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer;
		char err[256] = "", path[128];
		pid_t pid = serve("{\"command\":\"tracking\",\"zone\":\"shop.example.\"}",
				  cases[i].parts, false);
		int ret = ask(5000, &answer, err, sizeof(err));
		if (ret != cases[i].code || strstr(err, cases[i].text) == NULL) {
			fail_msg("case %zu: %d '%s'", i, ret, err);
		}
		assert_true((ret == 0) == (answer != NULL));
		if (answer != NULL) {
			assert_int_equal(json_integer_value(json_object_get(answer, "x")), 1);
		}
		json_decref(answer);
		reap(pid);
		snprintf(path, sizeof(path), "%s/agentd.ctl", dir);
		unlink(path);
	}
}

static void
test_large(void **state)
{
	size_t len = 5 << 20;
	char *large = malloc(len + 64);
	assert_non_null(large);
	int n = sprintf(large, "{\"ok\": true, \"x\": \"");
	memset(large + n, 'a', len);
	strcpy(large + n + len, "\"}\n");
	json_t *answer;
	char err[256] = "";
	pid_t pid = serve("tracking", (const char *[]){large, NULL}, false);
	assert_int_equal(ask(20000, &answer, err, sizeof(err)), 0);
	assert_int_equal(json_string_length(json_object_get(answer, "x")), len);
	json_decref(answer);
	free(large);
	reap(pid);
}

static void
test_silence(void **state)
{
	json_t *answer;
	char err[256] = "";
	pid_t pid = serve("tracking", (const char *[]){"{\"ok\": tr", NULL}, true);
	assert_int_equal(ask(200, &answer, err, sizeof(err)), EXIT_DOWN);
	assert_non_null(strstr(err, "did not answer within 0.2 s"));
	assert_null(answer);
	reap(pid);
}

static void
test_absent(void **state)
{
	json_t *answer;
	char err[512] = "", path[128];
	assert_int_equal(ask(1000, &answer, err, sizeof(err)), EXIT_DOWN);
	assert_non_null(strstr(err, "agentd does not run: there is no /tmp/msig-ctl."));

	/* A socket that a killed daemon left. */
	close(listener());
	assert_int_equal(ask(1000, &answer, err, sizeof(err)), EXIT_DOWN);
	assert_non_null(strstr(err, "nobody answers at"));

	/* Not ours to use. root may do everything, so there is nothing to see for it. */
	snprintf(path, sizeof(path), "%s/agentd.ctl", dir);
	chmod(path, 0);
	if (geteuid() != 0) {
		assert_int_equal(ask(1000, &answer, err, sizeof(err)), EXIT_DENIED);
	}

	char longdir[200];
	memset(longdir, 'x', sizeof(longdir) - 1);
	longdir[sizeof(longdir) - 1] = '\0';
	json_t *request = command_request("status", NULL);
	assert_int_equal(client_ask(longdir, "agentd", request, 100, &answer, err, sizeof(err)),
			 EXIT_FAILED);
	assert_non_null(strstr(err, "107 octets"));
	json_decref(request);
}

static void
test_request(void **state)
{
	json_t *r = command_request("why", "EXAMPLE");
	assert_string_equal(json_string_value(json_object_get(r, "zone")), "example.");
	json_decref(r);
	assert_null(command_request("why", "a..b"));
	assert_null(command_request("why", ""));
	r = command_request("status", NULL);
	assert_null(json_object_get(r, "zone"));
	json_decref(r);
}

static void
test_names(void **state)
{
	assert_string_equal(command_find("tracking")->name, "tracking");
	assert_string_equal(command_find("tr")->name, "tracking"); /* unambiguous */
	assert_null(command_find("re"));                           /* resume, reload */
	assert_null(command_find("p"));                            /* pause, peers */
	assert_null(command_find("nosuch"));
	assert_null(command_find(""));
}

/* ---- a long journal ----------------------------------------------------------------------------
 */

/* agentd with entries 1 to count, of which it gives as many as are asked for, up to 1000. */
static pid_t
serve_journal(long count)
{
	int fd = listener();
	pid_t pid = fork();
	assert_true(pid >= 0);
	while (pid == 0) {
		char line[1000] = "";
		int client = accept(fd, NULL, NULL);
		for (size_t n = 0; n + 1 < sizeof(line) && strchr(line, '\n') == NULL; n++) {
			if (read(client, line + n, 1) != 1) {
				_exit(1);
			}
		}
		json_t *request = json_loads(line, 0, NULL);
		long limit = json_integer_value(json_object_get(request, "limit"));
		long before = json_integer_value(json_object_get(request, "before"));
		FILE *out = fdopen(client, "w");
		long seq = before > 0 ? before - 1 : count;
		if (limit > 1000 || before == 1) { /* too many, or in vain */
			_exit(2);
		}
		fprintf(out, "{\"ok\": true, \"entries\": [");
		for (long i = 0; i < limit && seq > 0; i++, seq--) {
			fprintf(out, "%s{\"seq\": %ld, \"kind\": \"step\"}", i > 0 ? ", " : "",
				seq);
		}
		fprintf(out, "]}\n");
		fclose(out);
		json_decref(request);
	}
	close(fd);
	return pid;
}

/* As many entries as are asked for, in as many pages as they take, each once, oldest first. */
static void
test_journal_pages(void **state)
{
	static const struct {
		unsigned limit;
		size_t got;
		json_int_t first;
	} rows[] = {{0, 50, 2251},
		    {1000, 1000, 1301},
		    {1001, 1001, 1300},
		    {2300, 2300, 1},
		    {5000, 2300, 1}};
	char zone[] = "shop.example.", *argv[] = {zone};
	pid_t pid = serve_journal(2300);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *out = NULL;
		size_t len = 0;
		struct context ctx = {.rundir = dir, .json = true, .limit = rows[i].limit};
		ctx.text.out = open_memstream(&out, &len);
		assert_int_equal(command_run(&ctx, command_find("journal"), 1, argv), 0);
		fclose(ctx.text.out);
		json_t *answer = json_loads(out, 0, NULL);
		json_t *entries = json_object_get(answer, "entries");
		assert_int_equal(json_array_size(entries), rows[i].got);
		for (size_t k = 0; k < rows[i].got; k++) {
			json_t *seq = json_object_get(json_array_get(entries, k), "seq");
			assert_int_equal(json_integer_value(seq), rows[i].first + (json_int_t)k);
		}
		json_decref(answer);
		free(out);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- what a daemon warns of --------------------------------------------------------------------
 */

/* Both daemons, for any number of questions: every answer is fit for every command. */
#define WARNED                                                                                 \
	"{\"ok\": true, \"lab\": true, \"warnings\": [\"agent.margin is below 60s: for a lab " \
	"only\"],"                                                                             \
	" \"zone\": {\"zone\": \"shop.example.\", \"state\": \"in-sync\", \"process\": null}," \
	" \"process\": {\"name\": \"add-signer\"}, \"peers\": [{\"peer\": \"msa.p2.\"}]}\n"

static pid_t
serve_warned(const char *daemon)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.60s/%s.ctl", dir, daemon);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 5), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	while (pid == 0) {
		char c = 0;
		int client = accept(fd, NULL, NULL);
		while (c != '\n' && read(client, &c, 1) == 1) {
		}
		if (write(client, WARNED, strlen(WARNED)) < 0) {
			_exit(1);
		}
		close(client);
	}
	close(fd);
	return pid;
}

static void
end(pid_t pid, const char *daemon)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s.ctl", dir, daemon);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
}

/* What a command prints, on both outputs. */
static char *
output(const struct command *command, int argc, char **argv, const char *format, bool json)
{
	char *out = NULL;
	size_t len = 0;
	struct context ctx = {.rundir = dir, .json = json, .format = format, .yes = true};
	ctx.text.columns = 80;
	ctx.text.out = open_memstream(&out, &len);
	ctx.in = stdin;
	(void)command_run(&ctx, command, argc, argv);
	fclose(ctx.text.out);
	return out;
}

static void
warns(const struct command *command, int argc, char **argv, const char *format)
{
	for (int json = 0; json < 2; json++) {
		char *out = output(command, argc, argv, format, json != 0);
		const char *want = json != 0 ? "\"lab\": true" : "LAB PROFILE";
		if (strstr(out, want) == NULL || strstr(out, "agent.margin is below") == NULL) {
			fail_msg("%s%s: no %s: %s", command->name, json != 0 ? " --json" : "", want,
				 out);
		}
		free(out);
	}
}

/* Every command that shows a zone or acts on one says that its times are those of a lab. A command
 * that is not here is a mistake. */
static void
test_lab_is_loud(void **state)
{
#define NO_ZONE 0 /* it knows of none */
	static const struct {
		const char *name;
		int argc;
		const char *argv[3];
	} rows[] = {
	    {"overview", 0, {"", NULL}},
	    {"status", 0, {"", NULL}},
	    {"tracking", 1, {"shop.example."}},
	    {"keys", 1, {"shop.example."}},
	    {"why", 1, {"shop.example."}},
	    {"wait", 1, {"shop.example."}},
	    {"doctor", 1, {"shop.example."}},
	    {"graph", 1, {"shop.example."}},
	    {"plan", 1, {"shop.example."}},
	    {"peers", 0, {"", NULL}},
	    {"merge", 1, {"shop.example."}},
	    {"journal", 1, {"shop.example."}},
	    {"pause", 1, {"shop.example."}},
	    {"resume", 1, {"shop.example."}},
	    {"abort", 1, {"shop.example."}},
	    {"roll", 2, {"shop.example.", "zsk"}},
	    {"cancel", 1, {"shop.example."}},
	    {"force-remove", 2, {"shop.example.", "msa.p2."}},
	    {"approve", 1, {"shop.example."}},
	    {"step", 2, {"shop.example.", "on"}},
	    {"refresh", 1, {"shop.example."}},
	    {"retransfer", 1, {"shop.example."}},
	    {"notify", 1, {"shop.example."}},
	    {"accept", 2, {"shop.example.", "signed"}},
	    {"withdraw", 2, {"shop.example.", "msa.p2."}},
	    {"reload", NO_ZONE, {NULL}},
	    {"hsync", 1, {"shop.example."}},
	    {"identity", NO_ZONE, {NULL}},
	};
	pid_t agentd = serve_warned("agentd"), combinerd = serve_warned("combinerd");

	size_t at = 0;
	for (const struct command *c = commands; c->name != NULL; c++, at++) {
		if (at == sizeof(rows) / sizeof(rows[0]) || strcmp(rows[at].name, c->name) != 0) {
			fail_msg("%s: does it show a zone? It has no row here", c->name);
		}
		if (rows[at].argv[0] != NULL) {
			warns(c, rows[at].argc, (char **)(uintptr_t)rows[at].argv, NULL);
		}
	}
	char name[] = "shop.example.", *zone[] = {name};
	for (const char *const *f = (const char *const[]){"dot", "svg", NULL}; *f != NULL; f++) {
		warns(command_find("graph"), 1, zone, *f);
	}
	end(agentd, "agentd");
	end(combinerd, "combinerd");
}

/* ---- force-remove ------------------------------------------------------------------------------
 */

#define PROVIDERS                                                                                \
	"[{\"provider\": \"msa.p2.\", \"member\": true, \"has\": [\"keys\", \"cds\", \"ns\"]}, " \
	"{\"provider\": \"msa.p3.\", \"member\": false, \"has\": [\"keys\"]}, "                  \
	"{\"provider\": \"msa.p4.\", \"member\": false, \"has\": [\"ns\"]}, "                    \
	"{\"provider\": \"msa.p5.\", \"member\": false, \"has\": []}]"
#define TRACKING(is_signed)                                                                        \
	"{\"ok\": true, \"zone\": {\"zone\": \"shop.example.\", \"is_signed\": " is_signed         \
	", \"providers\": " PROVIDERS                                                              \
	"}, \"places\": [{\"server\": \"192.0.2.4@53\", \"provider\": "                            \
	"\"msa.p4.\", \"named\": true}, {\"server\": \"192.0.2.14@53\", \"provider\": "            \
	"\"msa.p4.\", "                                                                            \
	"\"named\": false}, {\"server\": \"192.0.2.2@53\", \"provider\": \"msa.p2.\", \"named\": " \
	"true}]}\n"

/* agentd of one zone, for any number of questions: it refuses the plan of whoever it does not know,
 * and takes every other word. */
static pid_t
serve_group(bool is_signed)
{
	int fd = listener();
	pid_t pid = fork();
	assert_true(pid >= 0);
	while (pid == 0) {
		char line[4096] = "", plan[600];
		size_t len = 0;
		int c = accept(fd, NULL, NULL);
		while (len < sizeof(line) - 1 && strchr(line, '\n') == NULL &&
		       read(c, line + len, 1) == 1) {
			len++;
		}
		const char *process =
		    strstr(line, "remove-signer") != NULL ? "remove-signer" : "ns-remove";
		snprintf(plan, sizeof(plan),
			 "{\"ok\": true, \"zone\": {\"zone\": \"shop.example.\"}, \"plan\": "
			 "{\"process\": \"%s\"}}\n",
			 process);
		const char *answer =
		    strstr(line, "\"tracking\"") != NULL
			? (is_signed ? TRACKING("true") : TRACKING("false"))
		    : strstr(line, "\"plan\"") == NULL
			? "{\"ok\": true, \"zone\": {\"zone\": \"shop.example.\"}}\n"
		    : strstr(line, "msa.p9.") != NULL || !is_signed
			? "{\"ok\": false, \"code\": 2, \"error\": \"refused\"}\n"
			: plan;
		if (write(c, answer, strlen(answer)) < 0) {
			_exit(1);
		}
		close(c);
	}
	close(fd);
	return pid;
}

/* What is shown of a provider, and whether it is taken out: with the plan that takes it out, and of
 * whom there is none, what is known. */
static void
test_force_remove(void **state)
{
	static const struct {
		bool is_signed;
		const char *provider;
		int code;
		const char *text, *not ;
	} rows[] = {
	    {true, "msa.p2.", EXIT_DONE, "remove-signer", "In the zone"},
	    {true, "MSA.p4", EXIT_DONE, "ns-remove", "In the zone"},
	    {true, "msa.p3.", EXIT_DONE, "remove-signer", "In the zone"},
	    {true, "msa.p4.", EXIT_DONE, "ns-remove", "In the zone"},
	    {true, "msa.p5.", EXIT_DONE, "nothing of it", "registrant"},
	    {true, "msa.p9.", EXIT_USAGE, "", "takes"},
	    {false, "msa.p4.", EXIT_DONE, "its name servers (192.0.2.4@53)", "192.0.2.14"},
	    {false, "msa.p4.", EXIT_DONE, "nobody signs this zone", "DS"},
	    {false, "msa.p4.", EXIT_DONE, "registrant", "its name servers (192.0.2.2"},
	    {false, "msa.p5.", EXIT_DONE, "nothing of it", "192.0.2."},
	    {false, "msa.p9.", EXIT_USAGE, "", "takes"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char zone[] = "shop.example.", provider[20], *out = NULL;
		char *argv[] = {zone, provider};
		size_t len = 0;
		pid_t agentd = serve_group(rows[i].is_signed);
		struct context ctx = {.rundir = dir, .yes = true, .in = stdin};
		ctx.text.columns = 200;
		ctx.text.out = open_memstream(&out, &len);
		snprintf(provider, sizeof(provider), "%s", rows[i].provider);
		int ret = command_run(&ctx, command_find("force-remove"), 2, argv);
		fclose(ctx.text.out);
		end(agentd, "agentd");
		if (ret != rows[i].code || strstr(out, rows[i].text) == NULL ||
		    strstr(out, rows[i].not ) != NULL) {
			fail_msg("row %zu: %d %s", i, ret, out);
		}
		assert_true(ret != EXIT_DONE || strstr(out, "whatever HSYNC says") != NULL);
		free(out);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_answers),     T(test_large),        T(test_silence),
	    T(test_absent),      T(test_request),      T(test_names),
	    T(test_lab_is_loud), T(test_force_remove), T(test_journal_pages),
	};
	return cmocka_run_group_tests_name("msigctl_client", tests, NULL, NULL);
}
