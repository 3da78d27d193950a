/* DNS over UDP and TCP: server and client against each other, and both against raw sockets that
 * misbehave. Everything runs in one loop; a watchdog timer ends a test that hangs. */
#include "tests/unit/unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
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
static bool hung, stop_at_done, stop_at_gone;

__attribute__((format(printf, 1, 2))) static void
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
	log_open("test", "/dev/null", LOG_LVL_ERROR);
	loop = loop_new();
	watchdog = loop_timer_new(loop, bark, NULL);
	trace[0] = '\0';
	hung = stop_at_done = stop_at_gone = false;
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

/* The kernel's, but that other programs have so many of the next ports for UDP. */
static unsigned taken_for_udp;

int
bind(int fd, const struct sockaddr *to, socklen_t len)
{
	int type;
	socklen_t type_len = sizeof(type);
	if (taken_for_udp > 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
	    type == SOCK_DGRAM) {
		taken_for_udp--;
		errno = EADDRINUSE;
		return -1;
	}
	return (int)syscall(SYS_bind, fd, to, len);
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
static unsigned turn_calls, turn_max; /* of one turn of the loop */
static struct stream {
	uint8_t wire[64];
	size_t len;
	unsigned at;
} streams[16];
static unsigned stream_used;
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
	struct stream *stream = arg;
	if (stream->at == stream_count)
		return stream_result;
	stream->at++;
	stream_at++;
	if (++turn_calls > turn_max)
		turn_max = turn_calls;
	return (int)answer(buf, stream->wire, stream->len, stream_size);
}

static void
stream_done(void *arg, int result)
{
	stream_done_count++;
	say("done(%d) ", result);
	if (stop_at_done)
		loop_stop(loop);
}

static void
gone(void *arg)
{
	say("gone ");
	if (stop_at_gone)
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
		dnsio_on_gone(req, gone, NULL);
		break;
	case 's':
		memcpy(streams[stream_used].wire, wire, len);
		streams[stream_used].len = len;
		streams[stream_used].at = 0;
		if (dnsio_stream(req, stream_next, stream_done, &streams[stream_used++]) != 0) {
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
	    {"192.0.2.1", "192.0.2.1@53"},
	    {"192.0.2.1@5301", "192.0.2.1@5301"},
	    {"2001:db8::1", "2001:db8::1@53"},
	    {"::1@65535", "::1@65535"},
	    {"", NULL},
	    {"@53", NULL},
	    {"192.0.2.1@", NULL},
	    {"192.0.2.1@65536", NULL},
	    {"192.0.2.1@-1", NULL},
	    {"192.0.2.1@53 ", NULL},
	    {"192.0.2.256", NULL},
	    {"ns.example", NULL},
	    {"192.0.2.1@000053", NULL},
	    {"1.2.3", NULL},
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

/* TCP has no way to a group of hosts, so that the system says what it says without IPv6. */
static void
test_no_route(void **state)
{
	static const char *const groups[] = {"224.0.0.1", "ff0e::1"};
	char expected[64] = "";

	for (size_t i = 0; i < 2; i++) {
		uint8_t wire[64];
		struct dnsio_addr group;
		size_t len = strlen(expected);
		dnsio_addr_parse(groups[i], 53, &group);
		dnsio_query_tcp(loop, &group, NULL, wire, query(wire, 1, "e"), 1000, on_answer,
				NULL);
		run();
		snprintf(expected + len, sizeof(expected) - len, "error(%d) ", MSIG_ENOROUTE);
		assert_string_equal(trace, expected);
	}
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
		struct dnsio_client *client = (tcp ? dnsio_query_tcp : dnsio_query_udp)(
		    loop, &addr, &from, wire, query(wire, 1, "keep"), 10, on_answer, NULL);
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

/* Transfers. ---------------------------------------------------------------------------------- */

static void
stream_of(unsigned count, size_t size, int result)
{
	stream_count = count;
	stream_size = size;
	stream_result = result;
	stream_done_count = stream_at = stream_used = 0;
	free_in_next = false;
}

static unsigned messages;
static size_t octets;

static bool
count_answers(void *arg, int result, const uint8_t *wire, size_t len)
{
	if (result != 0) {
		say("error(%d) ", result);
		loop_stop(loop);
		return false;
	}
	messages++;
	octets += len;
	if (arg != NULL && messages == *(unsigned *)arg) {
		say("all ");
		loop_stop(loop);
		return false;
	}
	return true;
}

static void
transfer(unsigned *expected)
{
	uint8_t wire[64];
	messages = 0;
	octets = 0;
	dnsio_query_tcp(loop, &addr, NULL, wire, query(wire, 3, "stream"), 2000, count_answers,
			expected);
	run();
}

static void
test_stream(void **state)
{
	listen_with(NULL, handler);
	unsigned expected = 300;
	stream_of(300, 20000, 0);
	transfer(&expected);
	assert_int_equal(messages, 300);
	assert_int_equal(octets, 300 * 20024);
	assert_int_equal(stream_done_count, 1);
	assert_non_null(strstr(trace, "done(0) "));
	/* An empty one, and one of the largest messages. */
	trace[0] = '\0';
	stream_of(0, 0, 0);
	uint8_t wire[64];
	struct dnsio_client *client = dnsio_query_tcp(
	    loop, &addr, NULL, wire, query(wire, 3, "stream"), 2000, count_answers, NULL);
	stop_at_done = true;
	run();
	stop_at_done = false;
	assert_string_equal(trace, "done(0) ");
	dnsio_client_free(client);
	stream_of(3, 65535 - 24, 0);
	expected = 3;
	transfer(&expected);
	assert_int_equal(octets, 3 * 65535);
}

static void
test_stream_error(void **state)
{
	char expected[64];
	listen_with(NULL, handler);
	stream_of(2, 100, MSIG_EDISK);
	transfer(NULL);
	assert_int_equal(stream_done_count, 1);
	snprintf(expected, sizeof(expected), "done(%d) ", MSIG_EDISK);
	assert_non_null(strstr(trace, expected));
	/* Not over UDP: the request is still there, and the handler drops it. */
	trace[0] = '\0';
	ask(false, "stream", 10);
	run();
	assert_memory_equal(trace, "nostream error", 14);
}

static void
test_stream_frees_server(void **state)
{
	listen_with(NULL, handler);
	stream_of(2, 100, 0);
	free_in_next = true;
	transfer(NULL);
	assert_int_equal(stream_done_count, 1);
	assert_null(server);
}

/* Raw clients. -------------------------------------------------------------------------------- */

static int
dial_from(const char *source, int rcvbuf)
{
	struct dnsio_addr from;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	if (rcvbuf > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (source != NULL) {
		dnsio_addr_parse(source, 0, &from);
		assert_int_equal(bind(fd, (struct sockaddr *)&from.ss, from.len), 0);
	}
	assert_int_equal(connect(fd, (struct sockaddr *)&addr.ss, addr.len), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int
dial(void)
{
	return dial_from(NULL, 0);
}

static void
put(int fd, uint16_t id, const char *name)
{
	uint8_t buf[64];
	size_t len = query(buf + 2, id, name);
	buf[0] = 0;
	buf[1] = (uint8_t)len;
	assert_int_equal(send(fd, buf, len + 2, MSG_NOSIGNAL), len + 2);
}

/* What a raw socket has heard: ids in order, "end" or "reset". */
static int raw;
static uint8_t raw_buf[1 << 20];
static size_t raw_len;
static unsigned raw_messages, raw_want;
static bool raw_over;

static bool
raw_poll(void)
{
	for (;;) {
		ssize_t n = recv(raw, raw_buf + raw_len, sizeof(raw_buf) - raw_len, 0);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n <= 0) {
			say(n == 0 ? "end " : "reset ");
			raw_over = true;
			return true;
		}
		raw_len += (size_t)n;
		while (raw_len >= 2 && raw_len >= 2u + (raw_buf[0] << 8 | raw_buf[1])) {
			size_t len = 2u + (raw_buf[0] << 8 | raw_buf[1]);
			say("%u ", knot_wire_get_id(raw_buf + 2));
			memmove(raw_buf, raw_buf + len, raw_len - len);
			raw_len -= len;
			raw_messages++;
		}
	}
	return raw_messages >= raw_want;
}

static const char *
hear(int fd, unsigned count)
{
	raw = fd;
	raw_len = 0;
	raw_messages = 0;
	raw_want = count;
	raw_over = false;
	trace[0] = '\0';
	run_until(raw_poll);
	return trace;
}

static unsigned kept_want;

static bool
kept_poll(void)
{
	return kept_count >= kept_want;
}

static void
wait_kept(unsigned count)
{
	kept_want = count;
	run_until(kept_poll);
	assert_int_equal(kept_count, count);
}

static void
reply_kept(unsigned i)
{
	uint8_t out[128];
	dnsio_reply(kept[i], out, answer(out, kept_wire[i], kept_len[i], 0));
}

static void
test_out_of_order(void **state)
{
	listen_with(NULL, handler);
	kept_count = 0;
	int fd = dial();
	put(fd, 1, "keep");
	put(fd, 2, "keep");
	put(fd, 3, "echo");
	assert_string_equal(hear(fd, 1), "3 ");
	wait_kept(2);
	reply_kept(1);
	reply_kept(0);
	assert_string_equal(hear(fd, 2), "2 1 ");
	close(fd);
}

static void
test_pipeline_limit(void **state)
{
	struct dnsio_limits limits = {.pipeline = 3};
	listen_with(&limits, handler);
	kept_count = 0;
	int fd = dial();
	for (uint16_t i = 0; i < 7; i++)
		put(fd, i, "keep");
	put(fd, 99, "echo"); /* shows that everything before it was read */
	wait_kept(3);
	/* Nothing more is handled until one is answered; a round of the loop proves little, a busy
	 * neighbour proves that rounds went by. */
	int other = dial();
	put(other, 50, "echo");
	hear(other, 1);
	put(other, 51, "echo");
	hear(other, 1);
	assert_int_equal(kept_count, 3);
	reply_kept(2);
	wait_kept(4);
	reply_kept(0);
	reply_kept(1);
	wait_kept(6);
	for (unsigned i = 3; i < 6; i++)
		reply_kept(i);
	wait_kept(7);
	reply_kept(6);
	assert_string_equal(hear(fd, 8), "2 0 1 3 4 5 99 6 ");
	close(fd);
	close(other);
}

static void
test_half_close(void **state)
{
	listen_with(NULL, handler);
	kept_count = 0;
	int fd = dial();
	put(fd, 1, "keep");
	put(fd, 2, "echo");
	shutdown(fd, SHUT_WR);
	wait_kept(1);
	assert_string_equal(hear(fd, 1), "2 ");
	reply_kept(0);
	assert_string_equal(hear(fd, 2), "1 end ");
	close(fd);
}

static void
reset(int fd)
{
	struct linger now = {1, 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void
test_gone(void **state)
{
	listen_with(NULL, handler);
	kept_count = 0;
	int fd = dial();
	put(fd, 1, "keep");
	wait_kept(1);
	trace[0] = '\0';
	reset(fd);
	stop_at_gone = true;
	run();
	stop_at_gone = false;
	assert_string_equal(trace, "gone "); /* and the request must not be touched again */

	/* The same when the server goes, over TCP and UDP. */
	fd = dial();
	put(fd, 1, "keep");
	put(fd, 2, "keep");
	wait_kept(3);
	ask(false, "keep", 1);
	run();
	trace[0] = '\0';
	assert_int_equal(kept_count, 4);
	dnsio_server_free(server);
	server = NULL;
	assert_string_equal(trace, "gone gone gone ");
	assert_string_equal(hear(fd, 99), "end ");
	close(fd);
}

static void
test_handler_frees_server(void **state)
{
	listen_with(NULL, handler);
	int fd = dial();
	put(fd, 1, "free");
	put(fd, 2, "echo");
	const char *heard = hear(fd, 99);
	assert_true(strcmp(heard, "gone end ") == 0 || strcmp(heard, "gone reset ") == 0);
	assert_null(server);
	close(fd);
	listen_with(NULL, handler);
	ask(false, "free", 20);
	run();
	assert_null(server);
}

/* A reader that takes nothing: little waits in memory, and it loses its connection in time. */
static void
test_slow_reader(void **state)
{
	struct dnsio_limits limits = {.write_ms = 60};
	listen_with(&limits, handler);
	stream_of(100000, 60000, 0);
	trace[0] = '\0';
	int fd = dial_from(NULL, 4096);
	put(fd, 1, "stream");
	stop_at_done = true;
	run();
	char expected[64];
	snprintf(expected, sizeof(expected), "done(%d) ", MSIG_ETIMEOUT);
	assert_string_equal(trace, expected);
	/* What the system's own buffers took, and 256 KiB. */
	assert_in_range(stream_at, 1, 300);
	assert_int_equal(stream_done_count, 1);
	close(fd);
}

static void
turn(void *arg)
{
	turn_calls = 0;
	loop_later(loop, turn, NULL);
}

/* Others have their turn while a fast reader, in another process, takes a large zone. */
static void
test_stream_is_fair(void **state)
{
	listen_with(NULL, handler);
	stream_of(5000, 60000, 0);
	fflush(NULL);
	int fd = dial();
	pid_t child = fork();
	if (child == 0) {
		static char sink[1 << 20];
		fcntl(fd, F_SETFL, 0);
		while (recv(fd, sink, sizeof(sink), 0) > 0)
			;
		_exit(0);
	}
	put(fd, 1, "stream");
	turn_max = 0;
	loop_later(loop, turn, NULL);
	stop_at_done = true;
	run();
	loop_later_cancel(loop, turn, NULL);
	assert_int_equal(stream_at, 5000);
	assert_in_range(turn_max, 1, 64);
	shutdown(fd, SHUT_RDWR);
	close(fd);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Two transfers asked for at once come one after the other, whole. */
static void
test_two_streams(void **state)
{
	listen_with(NULL, handler);
	stream_of(3, 10, 0);
	int fd = dial();
	put(fd, 7, "stream");
	put(fd, 8, "stream");
	assert_string_equal(hear(fd, 6), "done(0) done(0) 7 7 7 8 8 8 ");
	close(fd);
}

static void
test_idle(void **state)
{
	struct dnsio_limits limits = {.idle_ms = 40};
	listen_with(&limits, handler);
	int quiet = dial(), slow = dial();
	uint64_t start = loop_mono_ms();
	assert_int_equal(send(slow, "\0\x20x", 3, 0), 3); /* a message that never ends */
	assert_string_equal(hear(quiet, 1), "end ");
	assert_in_range(loop_mono_ms() - start, 35, 5000);
	hear(slow, 1);
	assert_true(raw_over);
	close(quiet);
	close(slow);
	/* Who waits for an answer is not idle. */
	kept_count = 0;
	int fd = dial();
	put(fd, 1, "keep");
	wait_kept(1);
	quiet = dial();
	assert_string_equal(hear(quiet, 1), "end "); /* later than the other could have ended */
	reply_kept(0);
	assert_string_equal(hear(fd, 1), "1 ");
	close(fd);
	close(quiet);
}

/* Messages keep a connection open, answered or not, for longer than a quiet one. */
static int more_fd;
static struct loop_timer *more_timer;

static void
send_more(void *arg)
{
	put(more_fd, 1, "drop");
	loop_timer_set(more_timer, 100);
}

static void
test_not_idle(void **state)
{
	struct dnsio_limits limits = {.idle_ms = 800};
	listen_with(&limits, handler);
	more_fd = dial();
	int quiet = dial();
	more_timer = loop_timer_new(loop, send_more, NULL);
	loop_timer_set(more_timer, 0);
	assert_non_null(strstr(hear(quiet, 1), "end "));
	loop_timer_free(more_timer);
	put(more_fd, 2, "echo");
	hear(more_fd, 1);
	assert_false(raw_over);
	close(more_fd);
	close(quiet);
}

static void
test_bad_messages(void **state)
{
	static const struct {
		const char *what;
		size_t len;
		const char *octets;
	} cases[] = {
	    {"too short", 5, "\0\3abc"},
	    {"no header", 2, "\0\0"},
	    {"an answer", 14, "\0\14\0\1\x80\0\0\0\0\0\0\0\0\0"},
	    {"too large", 2, "\4\1"},
	};
	struct dnsio_limits limits = {.max_query = 1024};
	listen_with(&limits, handler);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = dial();
		assert_int_equal(send(fd, cases[i].octets, cases[i].len, 0), cases[i].len);
		hear(fd, 1);
		if (!raw_over)
			fail_msg("%s: %s", cases[i].what, trace);
		close(fd);
		/* Over UDP nothing happens. */
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (connect(fd, (struct sockaddr *)&addr.ss, addr.len) == 0 && cases[i].len > 2)
			assert_true(send(fd, cases[i].octets + 2, cases[i].len - 2, 0) >= 0);
		assert_true(send(fd, "", 0, 0) >= 0);
		close(fd);
		trace[0] = '\0';
		ask(false, "echo", 1000); /* the server lives */
		run();
		assert_string_equal(trace, "echo:22 ");
	}
}

static void
test_connection_limit(void **state)
{
	struct dnsio_limits limits = {.connections = 2, .per_source = 2};
	listen_with(&limits, handler);
	kept_count = 0;
	/* The longest idle one makes room. */
	int a = dial(), b = dial_from("127.53.0.2", 0);
	put(a, 1, "echo");
	hear(a, 1);
	put(b, 2, "echo");
	hear(b, 1);
	put(a, 3, "echo");
	hear(a, 1);
	struct loop_timer *tick = loop_timer_new(loop, bark, NULL);
	loop_timer_set(tick, 3);
	loop_run(loop);
	loop_timer_free(tick);
	hung = false;
	put(a, 3, "keep");
	wait_kept(1);
	int c = dial_from("127.53.0.3", 0);
	put(c, 4, "keep");
	assert_string_equal(hear(b, 1), "end ");
	wait_kept(2);
	/* Nobody is idle: the next one waits until somebody leaves. */
	int d = dial_from("127.53.0.4", 0);
	put(d, 5, "echo");
	put(a, 6, "echo");
	assert_string_equal(hear(a, 1), "6 ");
	assert_int_equal(kept_count, 2);
	shutdown(c, SHUT_WR);
	reply_kept(1);
	assert_string_equal(hear(c, 2), "4 end ");
	assert_string_equal(hear(d, 1), "5 ");
	reply_kept(0);
	close(a);
	close(b);
	close(c);
	close(d);
}

static void
test_source_limit(void **state)
{
	struct dnsio_limits limits = {.connections = 10, .per_source = 2};
	listen_with(&limits, handler);
	int a = dial_from("127.53.0.2", 0), b = dial_from("127.53.0.2", 0),
	    c = dial_from("127.53.0.2", 0), d = dial_from("127.53.0.3", 0);
	hear(c, 1);
	assert_true(raw_over);
	put(a, 1, "echo");
	put(b, 2, "echo");
	put(d, 4, "echo");
	assert_string_equal(hear(a, 1), "1 ");
	assert_string_equal(hear(b, 1), "2 ");
	assert_string_equal(hear(d, 1), "4 ");
	close(a);
	close(b);
	close(c);
	close(d);
}

static uint64_t
cpu_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Without descriptors the listening socket stays readable: that must not cost any time. */
static void
test_no_descriptors(void **state)
{
	struct rlimit old, low;
	listen_with(NULL, handler);
	int fd = dial();
	put(fd, 1, "keep"); /* served first, and not idle */
	kept_count = 0;
	wait_kept(1);
	int waiting = dial();
	put(waiting, 2, "echo");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)waiting + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	struct loop_timer *tick = loop_timer_new(loop, bark, NULL);
	uint64_t before = cpu_ms();
	loop_timer_set(tick, 150);
	loop_run(loop);
	uint64_t spent = cpu_ms() - before;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	hung = false;
	loop_timer_free(tick);
	assert_in_range(spent, 0, 75);
	assert_string_equal(hear(waiting, 1), "2 ");
	reply_kept(0);
	close(fd);
	close(waiting);
}

/* UDP: an answer leaves from the address that was asked. */
static void
test_wildcard(void **state)
{
	int err;
	struct dnsio_addr any;
	dnsio_addr_parse("0.0.0.0", 0, &any);
	server = dnsio_listen(loop, &any, NULL, handler, NULL, &err);
	assert_int_equal(err, 0);
	addr = *dnsio_server_addr(server);
	((struct sockaddr_in *)&addr.ss)->sin_addr.s_addr = htonl(0x7f350907); /* 127.53.9.7 */
	ask(false, "echo", 1000);
	run();
	assert_string_equal(trace, "echo:22 ");
	dnsio_server_free(server);
	dnsio_addr_parse("::1", 0, &any);
	server = dnsio_listen(loop, &any, NULL, handler, NULL, &err);
	if (server == NULL)
		return; /* no IPv6 on this machine */
	addr = *dnsio_server_addr(server);
	trace[0] = '\0';
	ask(false, "echo", 1000);
	run();
	ask(true, "echo", 1000);
	run();
	assert_string_equal(trace, "echo:22 echo:22 ");
	assert_null(dnsio_listen(loop, &addr, NULL, handler, NULL, &err));
	assert_int_equal(err, KNOT_EADDRINUSE);
}

/* Port 0: one that both have; a port that was given: that one or none. */
static void
test_free_port(void **state)
{
	int err;
	struct dnsio_addr any;
	dnsio_addr_parse("127.0.0.1", 0, &any);
	taken_for_udp = 3;
	server = dnsio_listen(loop, &any, NULL, handler, NULL, &err);
	assert_int_equal(err, 0);
	assert_int_equal(taken_for_udp, 0);
	addr = *dnsio_server_addr(server);
	for (int tcp = 0; tcp < 2; tcp++) {
		ask(tcp != 0, "echo", 1000);
		run();
	}
	assert_string_equal(trace, "echo:22 echo:22 ");
	dnsio_server_free(server);
	server = NULL;
	const struct dnsio_addr *wish[] = {&addr, &any};
	int next = dup(STDIN_FILENO);
	close(next);
	for (int i = 0; i < 2; i++) {
		taken_for_udp = 100;
		assert_null(dnsio_listen(loop, wish[i], NULL, handler, NULL, &err));
		assert_int_equal(err, KNOT_EADDRINUSE);
		assert_in_range(taken_for_udp, i == 0 ? 99 : 1, i == 0 ? 99 : 98);
		taken_for_udp = 0;
		assert_int_equal(dup(STDIN_FILENO), next); /* every socket is closed */
		close(next);
	}
}

/* Clients against servers that misbehave. ----------------------------------------------------- */

static int raw_server;

static void
raw_listen(void)
{
	dnsio_addr_parse("127.0.0.1@0", 0, &addr);
	raw_server = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(raw_server, (struct sockaddr *)&addr.ss, addr.len), 0);
	assert_int_equal(listen(raw_server, 5), 0);
	assert_int_equal(getsockname(raw_server, (struct sockaddr *)&addr.ss, &addr.len), 0);
}

static struct loop_timer *drip_timer;
static uint8_t drip_wire[256];
static size_t drip_len, drip_at, drip_end;
static int drip_fd;

static void
drip(void *arg)
{
	if (drip_at == drip_end) {
		close(drip_fd);
		return;
	}
	assert_int_equal(send(drip_fd, drip_wire + drip_at++, 1, MSG_NOSIGNAL), 1);
	loop_timer_set(drip_timer, 0);
}

static void
drip_answer(size_t end)
{
	uint8_t got[256];
	ask(true, "drip", 2000);
	drip_fd = accept(raw_server, NULL, NULL);
	size_t len = query(got, 7, "drip");
	len = answer(drip_wire + 2, got, len, 10);
	drip_wire[0] = 0;
	drip_wire[1] = (uint8_t)len;
	drip_len = len + 2;
	drip_at = 0;
	drip_end = end > 0 ? end : drip_len;
	drip_timer = loop_timer_new(loop, drip, NULL);
	loop_timer_set(drip_timer, 1);
	run();
	loop_timer_free(drip_timer);
	if (end == 0)
		close(drip_fd);
}

static void
test_dripping_server(void **state)
{
	char expected[64];
	raw_listen();
	drip_answer(0);
	drip_answer(20);
	snprintf(expected, sizeof(expected), "drip:32 error(%d) ", KNOT_ECONNRESET);
	assert_string_equal(trace, expected);
	close(raw_server);
}

static struct dnsio_client *asked;
static int asked_step;

static bool
ask_twice(void *arg, int result, const uint8_t *wire, size_t len)
{
	uint8_t next[64];
	assert_int_equal(result, 0);
	say("%s ", label(wire));
	if (asked_step++ == 0) {
		assert_int_equal(dnsio_query_again(asked, next, query(next, 8, "echo2")), 0);
		return true;
	}
	if (arg != NULL)
		dnsio_client_free(asked);
	loop_stop(loop);
	return arg != NULL; /* freed already: what is returned does not count */
}

static void
test_query_again(void **state)
{
	uint8_t wire[64];
	size_t len = query(wire, 7, "echo1");
	listen_with(NULL, handler);
	for (int freeing = 0; freeing < 2; freeing++) {
		asked_step = 0;
		asked = dnsio_query_tcp(loop, &addr, NULL, wire, len, 1000, ask_twice,
					freeing ? loop : NULL);
		assert_int_equal(dnsio_query_again(asked, wire, len), KNOT_ENOTSUP); /* not now */
		run();
	}
	assert_string_equal(trace, "echo1 echo2 echo1 echo2 ");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_addresses),
	    T(test_echo),
	    T(test_refused),
	    T(test_no_route),
	    T(test_timeout),
	    T(test_source_address),
	    T(test_foreign_answers),
	    T(test_stream),
	    T(test_stream_error),
	    T(test_stream_frees_server),
	    T(test_out_of_order),
	    T(test_pipeline_limit),
	    T(test_half_close),
	    T(test_gone),
	    T(test_handler_frees_server),
	    T(test_slow_reader),
	    T(test_stream_is_fair),
	    T(test_two_streams),
	    T(test_idle),
	    T(test_not_idle),
	    T(test_bad_messages),
	    T(test_connection_limit),
	    T(test_source_limit),
	    T(test_no_descriptors),
	    T(test_wildcard),
	    T(test_free_port),
	    T(test_dripping_server),
	    T(test_query_again),
	};
	return cmocka_run_group_tests_name("dnsio", tests, NULL, NULL);
}
