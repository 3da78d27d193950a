/* DNS over UDP and TCP: server and client against each other, and both against raw sockets that
 * misbehave. Everything runs in one loop; a watchdog timer ends a test that hangs. */
#include "tests/unit/unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"

static struct loop *loop;
static struct loop_timer *watchdog;
static struct dnsio_server *server;
static struct dnsio_addr addr;
static char trace[4096];
static bool hung;

static void
say(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	size_t len = strlen(trace);
	vsnprintf(trace + len, sizeof(trace) - len, fmt, ap);
	va_end(ap);
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
	log_open("test", NULL, LOG_LVL_ERROR);
	loop = loop_new();
	watchdog = loop_timer_new(loop, bark, NULL);
	trace[0] = '\0';
	hung = false;
	server = NULL;
	return 0;
}

static int
teardown(void **state)
{
	dnsio_server_free(server);
	loop_timer_free(watchdog);
	loop_free(loop);
	return 0;
}

static void
run(void)
{
	loop_timer_set(watchdog, 10000);
	loop_run(loop);
	loop_timer_cancel(watchdog);
	if (hung)
		fail_msg("hangs; so far: %s", trace);
}

/* Runs the loop until a condition holds: raw sockets have no callbacks. */
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
	run();
	loop_timer_free(until_timer);
}

static void
listen_with(const struct dnsio_limits *limits, dnsio_handler handler)
{
	int err;
	struct dnsio_addr any;
	assert_int_equal(dnsio_addr_parse("127.0.0.1", 0, &any), 0);
	server = dnsio_listen(loop, &any, limits, handler, NULL, &err);
	assert_int_equal(err, 0);
	assert_non_null(server);
	addr = *dnsio_server_addr(server);
}

/* A query whose first label is name; the server looks at it. */
static size_t
query(uint8_t *wire, uint16_t id, const char *name)
{
	size_t len = strlen(name);
	memset(wire, 0, 12);
	knot_wire_set_id(wire, id);
	knot_wire_set_qdcount(wire, 1);
	wire[12] = (uint8_t)len;
	memcpy(wire + 13, name, len);
	memcpy(wire + 13 + len, "\0\0\x06\0\x01", 5);
	return 13 + len + 5;
}

static const char *
label(const uint8_t *wire)
{
	static char name[64];
	snprintf(name, sizeof(name), "%.*s", wire[12], (const char *)wire + 13);
	return name;
}

static size_t
answer(uint8_t *out, const uint8_t *wire, size_t len, size_t pad)
{
	memcpy(out, wire, len);
	knot_wire_set_qr(out);
	memset(out + len, 'x', pad);
	return len + pad;
}

/* The server's side: does what the first letter of the name says. */
static struct dnsio_request *kept[64];
static uint8_t kept_wire[64][64];
static size_t kept_len[64];
static unsigned kept_count;
static unsigned stream_count, stream_at, stream_done_count;
static int stream_result;
static size_t stream_size;
static uint8_t stream_wire[64];
static size_t stream_len;
static bool free_in_next;

static int
stream_next(void *arg, uint8_t *buf, size_t max)
{
	assert_int_equal(max, 65535);
	if (free_in_next) {
		dnsio_server_free(server);
		server = NULL;
		return 100;
	}
	if (stream_at == stream_count)
		return stream_result;
	stream_at++;
	return (int)answer(buf, stream_wire, stream_len, stream_size);
}

static void
stream_done(void *arg, int result)
{
	stream_done_count++;
	say("done(%d) ", result);
	if (arg != NULL)
		loop_stop(loop);
}

static void
gone(void *arg)
{
	say("gone ");
	if (arg != NULL)
		loop_stop(loop);
}

static void
handler(void *arg, struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	static uint8_t out[70000];
	switch (wire[13]) {
	case 'e': /* echo */
		dnsio_reply(req, out, answer(out, wire, len, 0));
		break;
	case 'b': /* big */
		dnsio_reply(req, out, answer(out, wire, len, 60000));
		break;
	case 'd':
		say("dropped ");
		dnsio_drop(req);
		break;
	case 'k': /* keep for later */
		memcpy(kept_wire[kept_count], wire, len);
		kept_len[kept_count] = len;
		kept[kept_count++] = req;
		dnsio_on_gone(req, gone, loop);
		break;
	case 's':
		memcpy(stream_wire, wire, len);
		stream_len = len;
		stream_at = 0;
		if (dnsio_stream(req, stream_next, stream_done, loop) != 0) {
			say("nostream ");
			dnsio_drop(req);
		}
		break;
	case 'f': /* free the server */
		dnsio_on_gone(req, gone, NULL);
		dnsio_server_free(server);
		server = NULL;
		break;
	case 'w':
		knot_wire_set_id(memcpy(out, wire, len), 4242);
		knot_wire_set_qr(out);
		dnsio_reply(req, out, len);
		break;
	case 'q': /* answers another question */
		answer(out, wire, len, 0);
		out[13] = 'r';
		dnsio_reply(req, out, len);
		break;
	case 'n': /* without question, NOERROR */
		answer(out, wire, len, 0);
		knot_wire_set_qdcount(out, 0);
		dnsio_reply(req, out, 12);
		break;
	case 'r': /* without question, REFUSED */
		answer(out, wire, len, 0);
		knot_wire_set_qdcount(out, 0);
		knot_wire_set_rcode(out, KNOT_RCODE_REFUSED);
		dnsio_reply(req, out, 12);
		break;
	default:
		fail_msg("asked for %s", label(wire));
	}
}

static bool want_more;

static bool
on_answer(void *arg, int result, const uint8_t *wire, size_t len)
{
	if (result != 0) {
		assert_null(wire);
		say("error(%d) ", result);
	} else {
		say("%s:%zu ", knot_wire_get_qdcount(wire) > 0 ? label(wire) : "-", len);
	}
	if (result != 0 || !want_more)
		loop_stop(loop);
	return want_more;
}

static struct dnsio_client *
ask(bool tcp, const char *name, unsigned timeout)
{
	uint8_t wire[512];
	size_t len = query(wire, 7, name);
	want_more = false;
	return (tcp ? dnsio_query_tcp : dnsio_query_udp)(loop, &addr, NULL, wire, len, timeout,
	                                                 on_answer, NULL);
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1@53"},   {"192.0.2.1@5301", "192.0.2.1@5301"},
	    {"2001:db8::1", "2001:db8::1@53"}, {"::1@65535", "::1@65535"},
	    {"", NULL},                        {"@53", NULL},
	    {"192.0.2.1@", NULL},              {"192.0.2.1@65536", NULL},
	    {"192.0.2.1@-1", NULL},            {"192.0.2.1@53 ", NULL},
	    {"192.0.2.256", NULL},             {"ns.example", NULL},
	    {"192.0.2.1@000053", NULL},        {"1.2.3", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dnsio_addr a;
		char buf[DNSIO_ADDR_TEXT];
		int ret = dnsio_addr_parse(cases[i].text, 53, &a);
		if ((ret == 0) != (cases[i].out != NULL))
			fail_msg("%s: %d", cases[i].text, ret);
		if (ret == 0)
			assert_string_equal(dnsio_addr_str(&a, buf, sizeof(buf)), cases[i].out);
	}
	struct dnsio_addr a, b, c;
	dnsio_addr_parse("192.0.2.1@1", 53, &a);
	dnsio_addr_parse("192.0.2.1@2", 53, &b);
	dnsio_addr_parse("192.0.2.2@1", 53, &c);
	assert_true(dnsio_addr_same_host(&a, &b));
	assert_false(dnsio_addr_same_host(&a, &c));
	dnsio_addr_parse("::1", 53, &c);
	assert_false(dnsio_addr_same_host(&a, &c));
	assert_true(dnsio_addr_same_host(&c, &c));
}

static void
test_echo(void **state)
{
	listen_with(NULL, handler);
	ask(false, "echo", 1000);
	run();
	ask(true, "echo", 1000);
	run();
	assert_string_equal(trace, "echo:22 echo:22 ");
}

static void
test_refused(void **state)
{
	/* Nobody listens; told later, and once. */
	listen_with(NULL, handler);
	dnsio_server_free(server);
	server = NULL;
	ask(true, "echo", 1000);
	assert_string_equal(trace, "");
	run();
	ask(false, "echo", 1000);
	run();
	char expected[64];
	snprintf(expected, sizeof(expected), "error(%d) error(%d) ", KNOT_ECONNREFUSED,
	         KNOT_ECONNREFUSED);
	assert_string_equal(trace, expected);
	/* Freed before it was told. */
	dnsio_client_free(ask(true, "echo", 1000));
	dnsio_client_free(NULL);
	/* A query that cannot be one. */
	dnsio_query_tcp(loop, &addr, NULL, (const uint8_t *)"x", 1, 1000, on_answer, NULL);
	run();
	/* An address of the source that is not ours. */
	struct dnsio_addr other;
	uint8_t wire[64];
	dnsio_addr_parse("192.0.2.77", 0, &other);
	dnsio_query_tcp(loop, &addr, &other, wire, query(wire, 1, "e"), 1000, on_answer, NULL);
	run();
	snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
	         "error(%d) error(%d) ", KNOT_EINVAL, KNOT_EADDRNOTAVAIL);
	assert_string_equal(trace, expected);
}

static void
test_timeout(void **state)
{
	listen_with(NULL, handler);
	ask(false, "drop", 5);
	run();
	ask(true, "drop", 5);
	run();
	char expected[128];
	snprintf(expected, sizeof(expected), "dropped error(%d) dropped error(%d) ", MSIG_ETIMEOUT,
	         MSIG_ETIMEOUT);
	assert_string_equal(trace, expected);
}

static void
test_source_address(void **state)
{
	listen_with(NULL, handler);
	struct dnsio_addr from;
	uint8_t wire[64];
	dnsio_addr_parse("127.53.0.9", 0, &from);
	kept_count = 0;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct dnsio_client *client =
		    (tcp ? dnsio_query_tcp : dnsio_query_udp)(loop, &addr, &from, wire,
		                                              query(wire, 1, "keep"), 10, on_answer, NULL);
		assert_non_null(client);
		run();
		assert_int_equal(kept_count, tcp + 1);
		assert_true(dnsio_addr_same_host(dnsio_source(kept[tcp]), &from));
		assert_int_equal(dnsio_is_tcp(kept[tcp]), tcp);
		if (!tcp)
			dnsio_drop(kept[tcp]);
	}
	dnsio_drop(kept[1]);
}

/* Answers that do not belong to the query: ignored over UDP, the end over TCP. */
static void
test_foreign_answers(void **state)
{
	static const char *names[] = {"wrongid", "question", "noquestion"};
	listen_with(NULL, handler);
	for (size_t i = 0; i < 3; i++) {
		char expected[32];
		trace[0] = '\0';
		ask(true, names[i], 1000);
		run();
		snprintf(expected, sizeof(expected), "error(%d) ", KNOT_EMALF);
		assert_string_equal(trace, expected);
		trace[0] = '\0';
		ask(false, names[i], 10);
		run();
		snprintf(expected, sizeof(expected), "error(%d) ", MSIG_ETIMEOUT);
		assert_string_equal(trace, expected);
	}
	trace[0] = '\0';
	ask(true, "refused", 1000);
	run();
	assert_string_equal(trace, "-:12 ");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_addresses), T(test_echo),           T(test_refused),
	    T(test_timeout),   T(test_source_address), T(test_foreign_answers),
	};
	(void)run_until;
	return cmocka_run_group_tests_name("dnsio", tests, NULL, NULL);
}
