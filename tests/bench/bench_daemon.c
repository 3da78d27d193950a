/*
 * What the common part of the daemons costs: messages over the bus, questions and transfers over
 * loopback, commits. Client and server share one thread and one loop here, so a figure holds both.
 */
#include "config.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <libknot/packet/wire.h>
#include "libmsig/err.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"

static char dir[64];
static struct loop *loop;
static uint64_t start_ms;

static void
must(int ret, const char *what)
{
	if (ret != 0) {
		fprintf(stderr, "%s: %s\n", what, msig_strerror(ret));
		exit(1);
	}
}

static void
begin(void)
{
	start_ms = loop_mono_ms();
}

static void
result(const char *what, double amount, const char *unit)
{
	uint64_t ms = loop_mono_ms() - start_ms;
	printf("%-48s %12.0f %s\n", what, amount * 1000 / (double)(ms > 0 ? ms : 1), unit);
}

/* The bus. --------------------------------------------------------------------------------- */

#define MESSAGES 200000

static struct bus *agent, *peer;
static unsigned sent, got;
static struct loop_timer *again;
static uint8_t body[512];

static void
send_more(void *arg)
{
	while (sent < MESSAGES) {
		struct msig_msg msg = {.id = MSIG_MSG_REPLY};
		msg.u.REPLY.id = sent;
		msg.u.REPLY.message = (struct msig_blob){body, sizeof(body)};
		if (bus_send(agent, &msg) != 0) {
			loop_timer_set(again, 0);
			return;
		}
		sent++;
	}
}

static void
on_reply(void *arg, const struct msig_msg *msg)
{
	if (++got == MESSAGES)
		loop_stop(loop);
}

static void
bench_bus(void)
{
	agent = bus_new(loop, MSIG_ACTOR_AGENT, dir);
	peer = bus_new(loop, MSIG_ACTOR_PEER, dir);
	must(bus_bind(peer, MSIG_ACTOR_AGENT, (uid_t)-1, (gid_t)-1), "bus");
	must(bus_connect(agent, MSIG_ACTOR_PEER), "bus");
	bus_on(peer, MSIG_MSG_REPLY, on_reply, NULL);
	again = loop_timer_new(loop, send_more, NULL);
	begin();
	send_more(NULL);
	loop_run(loop);
	result("bus: messages of 512 octets, one way", MESSAGES, "/s");
	loop_timer_free(again);
	bus_free(agent);
	bus_free(peer);
}

/* DNS. ------------------------------------------------------------------------------------- */

#define QUERIES 100000
#define TRANSFER 20000 /* messages */

static struct dnsio_server *server;
static struct dnsio_addr addr;
static unsigned asked, answered, streamed;
static uint64_t octets;

static size_t
question(uint8_t *wire, bool transfer)
{
	static const uint8_t tail[] = "\4shop\7example\0\0\6\0\1";
	memset(wire, 0, 12);
	knot_wire_set_id(wire, 1);
	knot_wire_set_qdcount(wire, 1);
	memcpy(wire + 12, tail, sizeof(tail) - 1);
	if (transfer)
		wire[12 + sizeof(tail) - 1 - 3] = 252;
	return 12 + sizeof(tail) - 1;
}

static int
next(void *arg, uint8_t *buf, size_t max)
{
	if (streamed++ == TRANSFER)
		return 0;
	size_t len = question(buf, true);
	knot_wire_set_qr(buf);
	return (int)(len + 16000);
}

static void
done(void *arg, int ret)
{
	must(ret, "transfer");
}

static void
handle(void *arg, struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	uint8_t out[512];
	if (wire[len - 3] == 252) {
		dnsio_stream(req, next, done, NULL);
		return;
	}
	memcpy(out, wire, len);
	knot_wire_set_qr(out);
	dnsio_reply(req, out, len);
}

static bool on_answer(void *arg, int ret, const uint8_t *wire, size_t len);

static void
ask(bool tcp)
{
	uint8_t wire[64];
	size_t len = question(wire, false);
	(tcp ? dnsio_query_tcp : dnsio_query_udp)(loop, &addr, NULL, wire, len, 5000, on_answer,
	                                          tcp ? loop : NULL);
	asked++;
}

static bool
on_answer(void *arg, int ret, const uint8_t *wire, size_t len)
{
	must(ret, "query");
	if (++answered == QUERIES)
		loop_stop(loop);
	else if (asked < QUERIES)
		ask(arg != NULL);
	return false;
}

static bool
on_transfer(void *arg, int ret, const uint8_t *wire, size_t len)
{
	must(ret, "transfer");
	octets += len;
	if (++answered < TRANSFER)
		return true;
	loop_stop(loop);
	return false;
}

static void
bench_dns(void)
{
	int err;
	must(dnsio_addr_parse("127.0.0.1@0", 0, &addr), "address");
	server = dnsio_listen(loop, &addr, NULL, handle, NULL, &err);
	must(err, "listen");
	addr = *dnsio_server_addr(server);
	for (int tcp = 0; tcp < 2; tcp++) {
		asked = answered = 0;
		begin();
		for (int i = 0; i < 32; i++)
			ask(tcp);
		loop_run(loop);
		result(tcp ? "dnsio: questions over TCP, a connection each"
		           : "dnsio: questions over UDP",
		       QUERIES, "/s");
	}
	uint8_t wire[64];
	size_t len = question(wire, true);
	answered = streamed = 0;
	octets = 0;
	begin();
	dnsio_query_tcp(loop, &addr, NULL, wire, len, 5000, on_transfer, NULL);
	loop_run(loop);
	result("dnsio: a transfer in messages of 16 KiB", (double)octets / 1e6, "MB/s");
	dnsio_server_free(server);
}

/* The database. ---------------------------------------------------------------------------- */

#define COMMITS 2000

static void
bench_db(void)
{
	static const char *const steps[] = {"CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB) STRICT"};
	char path[128];
	struct db *db;
	snprintf(path, sizeof(path), "%s/bench.db", dir);
	must(db_open(path, steps, 1, &db), "database");
	begin();
	for (int i = 0; i < COMMITS; i++) {
		must(db_begin(db), "begin");
		struct db_stmt *st = db_stmt(db, "INSERT INTO t VALUES (?, ?)");
		db_bind_int(st, 1, i);
		db_bind_blob(st, 2, body, sizeof(body));
		db_exec(st);
		must(db_commit(db), "commit");
	}
	result("db: commits of one row, fsync each", COMMITS, "/s");
	db_close(db);
}

/* The configuration. ----------------------------------------------------------------------- */

#define ZONES 20000

static void
bench_conf(void)
{
	char path[128], err[512];
	snprintf(path, sizeof(path), "%s/msig.conf", dir);
	FILE *f = fopen(path, "w");
	if (f == NULL)
		exit(1);
	fputs("server:\n    identity: a.\nremote:\n  - id: r\n    address: 192.0.2.1\n"
	      "    insecure: on\nzone:\n",
	      f);
	for (int i = 0; i < ZONES; i++)
		fprintf(f, "  - domain: z%d.example.\n    master: r\n    signer: r\n", i);
	fclose(f);
	begin();
	struct conf *conf = conf_load(path, err, sizeof(err));
	if (conf == NULL) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	result("conf: zones read and checked", ZONES, "/s");
	conf_free(conf);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int
main(void)
{
	if (mkdtemp(strcpy(dir, "/tmp/msig-bench.XXXXXX")) == NULL)
		return 1;
	log_open("bench", NULL, LOG_LVL_WARN);
	loop = loop_new();
	bench_bus();
	bench_dns();
	bench_db();
	bench_conf();
	loop_free(loop);
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		printf("%-48s %12.0f MB\n", "largest memory", (double)usage.ru_maxrss / 1024);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
