#include "tests/unit/unit.h"
#include <sys/stat.h>
#include <unistd.h>
#include "agentd/zones.h"
#include "libmsig/buf.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "tests/unit/agentworld.h"

static knot_dname_t zone_name[] = "\4shop\7example";
static knot_dname_t side_name[] = "\4side\7example";

/* A frame on its way to an agent, or a request whose answer is still to come. */
struct packet {
	struct world *world;
	unsigned to;
	enum msig_actor sender;
	uint8_t *frame;
	size_t len;
};

struct request {
	struct request *next;
	unsigned from, to;
	bool bare; /* world_deliver: nobody waits for the answer */
	uint64_t send_id, received_id;
};

static struct request *requests;

static void
arrive(void *arg)
{
	struct packet *p = arg;
	struct msig_msg msg;

	assert_int_equal(msig_msg_decode(p->frame, p->len, p->sender, MSIG_ACTOR_AGENT, &msg), 0);
	if (p->world->at[p->to].up)
		agent_message(&p->world->at[p->to].agent, &msg);
	msig_msg_clear(&msg);
	p->world->posted--;
	free(p->frame);
	free(p);
}

static bool
all_arrived(struct world *world)
{
	return world->posted == 0;
}

static void
post(struct world *world, unsigned to, enum msig_actor sender, const struct msig_msg *msg)
{
	struct packet *p = calloc(1, sizeof(*p));

	p->world = world;
	p->to = to;
	p->sender = sender;
	assert_int_equal(msig_msg_encode(msg, &p->frame, &p->len), 0);
	world->posted++;
	loop_later(world->loop, arrive, p);
}

static void
receive(struct world *world, unsigned to, uint64_t id, uint8_t *wire, size_t len)
{
	struct world_agent *a = &world->at[to];
	char channel[] = "dns", source[] = "192.0.2.1@5399";
	struct msig_msg msg = {.id = MSIG_MSG_RECEIVED};

	free(a->last);
	a->last = malloc(len);
	memcpy(a->last, wire, len);
	a->last_len = len;
	msg.u.RECEIVED.id = id;
	msg.u.RECEIVED.channel = channel;
	msg.u.RECEIVED.source = source;
	msg.u.RECEIVED.message.data = wire;
	msg.u.RECEIVED.message.len = (uint32_t)len;
	post(world, to, MSIG_ACTOR_PEER, &msg);
}

static struct request *
request_new(struct world *world, unsigned from, unsigned to)
{
	struct request *r = calloc(1, sizeof(*r));

	r->from = from;
	r->to = to;
	r->received_id = ++world->at[to].next_id;
	r->next = requests;
	requests = r;
	return r;
}

void
world_deliver(struct world *world, unsigned to, const uint8_t *wire, size_t len)
{
	struct request *r = request_new(world, to, to);
	uint8_t *copy = malloc(len);

	memcpy(copy, wire, len);
	r->bare = true;
	receive(world, to, r->received_id, copy, len);
	free(copy);
}

void
world_claim(struct world *world, unsigned to, const char *identity, const knot_dname_t *zone)
{
	char peer[100], signer[] = "ns.x.example./1", source[] = "192.0.2.9@4711";
	struct msig_msg msg = {.id = MSIG_MSG_CLAIM};

	snprintf(peer, sizeof(peer), "%s", identity);
	msg.u.CLAIM.peer = peer;
	msg.u.CLAIM.zone = (knot_dname_t *)(uintptr_t)zone;
	msg.u.CLAIM.signer = signer;
	msg.u.CLAIM.source = source;
	post(world, to, MSIG_ACTOR_PEER, &msg);
}

static void
on_send(struct world *world, unsigned from, const struct msig_msg_SEND *msg)
{
	struct msig_peermsg request;
	struct msig_coding coding = agent_coding(&world->at[from].agent);

	if (msig_peermsg_parse(msg->message.data, msg->message.len, &coding, &request) == 0) {
		world->at[from].pulls += request.operation == MSIG_OP_PULL;
		msig_peermsg_clear(&request);
	}
	for (unsigned i = 0; i < world->count; i++) {
		uint8_t wire[70000];
		size_t len = msg->message.len;
		struct request *r;
		if (strcmp(world->at[i].identity, msg->peer) != 0 || !world->at[i].up)
			continue;
		memcpy(wire, msg->message.data, len);
		if (world->on_way != NULL && !world->on_way(world, i, wire, &len))
			return;
		r = request_new(world, from, i);
		r->send_id = msg->id;
		receive(world, i, r->received_id, wire, len);
	}
}

static void
on_reply(struct world *world, unsigned from, const struct msig_msg_REPLY *msg)
{
	struct request **at = &requests, *r;
	char address[] = "192.0.2.1@5399";
	struct msig_msg sent = {.id = MSIG_MSG_SENT};
	uint8_t wire[70000];
	size_t len = msg->message.len;

	while (*at != NULL && ((*at)->to != from || (*at)->received_id != msg->id))
		at = &(*at)->next;
	r = *at;
	if (r == NULL)
		return;
	*at = r->next;
	memcpy(wire, msg->message.data, len);
	world->at[from].last_rcode = len > 3 ? wire[3] & 15 : 0xff;
	struct msig_sig0_info info;
	world->at[from].last_signed = msig_sig0_peek(wire, len, &info) == 0;
	if (!r->bare && len > 0 &&
	    (world->on_back == NULL || world->on_back(world, r->from, wire, &len))) {
		sent.u.SENT.id = r->send_id;
		sent.u.SENT.address = address;
		sent.u.SENT.response.data = wire;
		sent.u.SENT.response.len = (uint32_t)len;
		post(world, r->from, MSIG_ACTOR_PEER, &sent);
	}
	free(r);
}

static void
put_record(struct msig_wr *wr, const struct msig_msg_ASK *msg, uint16_t type, const uint8_t *rdata,
	   size_t len)
{
	msig_wr_name(wr, msg->name);
	msig_wr_u16(wr, type);
	msig_wr_u16(wr, 1);
	msig_wr_u32(wr, 60);
	msig_wr_u16(wr, (uint16_t)len);
	msig_wr_bytes(wr, rdata, len);
}

/* The NS of the parent, nsNNN.example., and the addresses of each, 10.0.NNN.x. */
static void
put_parent(struct world *world, struct msig_wr *wr, const struct msig_msg_ASK *msg, uint16_t type,
	   const char *name)
{
	unsigned number = 0;
	char rest;

	if (type == 2 && world->broken_ns && strcmp(name, "example.") == 0)
		put_record(wr, msg, type, (const uint8_t *)"\77", 1);
	for (unsigned i = 0; type == 2 && i < world->parent_nses && strcmp(name, "example.") == 0;
	     i++) {
		uint8_t ns[] = "\5nsXXX\7example";
		ns[3] = (uint8_t)('0' + i / 100);
		ns[4] = (uint8_t)('0' + i / 10 % 10);
		ns[5] = (uint8_t)('0' + i % 10);
		put_record(wr, msg, type, ns, sizeof(ns));
	}
	for (unsigned i = 0; type == 1 && i < world->addresses &&
			     sscanf(name, "ns%3u.%c", &number, &rest) == 2 && rest == 'e';
	     i++) {
		uint8_t a[] = {10, 0, (uint8_t)number, (uint8_t)i};
		put_record(wr, msg, type, a, sizeof(a));
	}
}

/* URI, SVCB and KEY of the identities, and the parent; nothing else exists. */
static void
on_ask(struct world *world, unsigned from, const struct msig_msg_ASK *msg)
{
	char why[80], text[KNOT_DNAME_TXT_MAXLEN + 1];

	knot_dname_to_str(text, msg->name, sizeof(text));
	world->at[from].lookups += msg->type.at[0] == 256;
	for (unsigned t = 0; t < msg->type.count; t++) {
		struct msig_msg answer = {.id = MSIG_MSG_ANSWER};
		uint8_t room[20000], rdata[600];
		struct msig_wr wr;
		size_t len = 0;
		msig_wr_init(&wr, room, sizeof(room));
		for (unsigned i = 0; i < world->count && *msg->server == '\0'; i++) {
			struct world_agent *a = &world->at[i];
			char uri[200], target[200];
			snprintf(uri, sizeof(uri), "_dns._tcp.%s", a->identity);
			snprintf(target, sizeof(target), "ns.%s", a->identity);
			if (msg->type.at[t] == 256 && strcmp(text, uri) == 0) {
				len = 4 + (size_t)snprintf((char *)rdata + 4, sizeof(rdata) - 4,
							   "dns://ns.%s:5399/", a->identity);
				memset(rdata, 0, 4);
			} else if (msg->type.at[t] == 64 && strcmp(text, target) == 0) {
				static const uint8_t svcb[] = {0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1};
				memcpy(rdata, svcb, len = sizeof(svcb));
			} else if (msg->type.at[t] == 25 && strcmp(text, target) == 0 &&
				   a->agent.sig0key != NULL) {
				const knot_rdata_t *key =
				    msig_sig0_key_rdata(sig0key_key(a->agent.sig0key));
				memcpy(rdata, key->data, len = key->len);
				rdata[len - 1] ^= world->wrong_key;
			}
		}
		if (len > 0)
			put_record(&wr, msg, msg->type.at[t], rdata, len);
		else if (*msg->server == '\0')
			put_parent(world, &wr, msg, msg->type.at[t], text);
		answer.u.ANSWER.id = msg->id;
		answer.u.ANSWER.server = msg->server;
		answer.u.ANSWER.name = msg->name;
		answer.u.ANSWER.type = msg->type.at[t];
		answer.u.ANSWER.status = *msg->server != '\0' ? MSIG_SEEN_UNKNOWN
					 : wr.len > 0         ? MSIG_SEEN_SET
							      : MSIG_SEEN_ABSENT;
		answer.u.ANSWER.validation = (uint8_t)world->validation;
		answer.u.ANSWER.time = loop_utc_ms();
		snprintf(why, sizeof(why), "%s", world->why != NULL ? world->why : "");
		answer.u.ANSWER.reason = why;
		answer.u.ANSWER.answer.data = room;
		answer.u.ANSWER.answer.len = (uint32_t)wr.len;
		post(world, from, MSIG_ACTOR_OBSERVE, &answer);
	}
}

static int
from_agent(void *arg, const struct msig_msg *msg)
{
	struct world_agent *a = arg;
	struct world *world = a->conf.identity != NULL ? (struct world *)a->agent.proc : NULL;
	unsigned number;
	struct msig_msg answer = {0};
	char none[] = "";

	number = (unsigned)(a - world->at);
	switch (msg->id) {
	case MSIG_MSG_SEND:
		on_send(world, number, &msg->u.SEND);
		break;
	case MSIG_MSG_PEER_SET:
		a->told_zones = msg->u.PEER_SET.zone.count;
		a->told_keys = msg->u.PEER_SET.key.count;
		break;
	case MSIG_MSG_REPLY:
		on_reply(world, number, &msg->u.REPLY);
		break;
	case MSIG_MSG_ASK:
		on_ask(world, number, &msg->u.ASK);
		break;
	case MSIG_MSG_APPLY:
		a->applied++;
		answer.id = MSIG_MSG_APPLIED;
		answer.u.APPLIED.id = msg->u.APPLY.id;
		answer.u.APPLIED.zone = msg->u.APPLY.zone;
		answer.u.APPLIED.text = none;
		post(world, number, MSIG_ACTOR_COMBINER, &answer);
		break;
	case MSIG_MSG_SHOW:
		answer.id = MSIG_MSG_OVERLAY;
		answer.u.OVERLAY.id = msg->u.SHOW.id;
		answer.u.OVERLAY.zone = msg->u.SHOW.zone;
		answer.u.OVERLAY.state = MSIG_ZONE_PLAIN;
		post(world, number, MSIG_ACTOR_COMBINER, &answer);
		break;
	case MSIG_MSG_KEY:
		return world->on_key != NULL ? world->on_key(world, number, &msg->u.KEY)
					     : MSIG_ENOPEER;
	default:
		break;
	}
	return 0;
}

void
world_keys(struct world *world, unsigned to, const struct msig_msg *keys)
{
	post(world, to, MSIG_ACTOR_SIGNER, keys);
	assert_true(world_until(world, all_arrived, 10000));
	world_run(world, 1);
}

static void
write_key(const char *path, const char *identity)
{
	char target[100], *pem;
	struct msig_sig0_key *key;
	knot_dname_storage_t name;
	size_t len;
	FILE *f;

	snprintf(target, sizeof(target), "ns.%s", identity);
	assert_int_equal(msig_name_parse(target, name), 0);
	assert_int_equal(msig_sig0_key_generate(name, 15, &key), 0);
	assert_int_equal(msig_sig0_key_to_pem(key, &pem, &len), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(pem, 1, len, f);
	fclose(f);
	chmod(path, 0600);
	free(pem);
	msig_sig0_key_free(key);
}

void
world_open(struct world *world, unsigned agents)
{
	log_open("test", "/dev/null", LOG_LVL_DEBUG);
	if (getenv("MSIG_TEST_LOG") != NULL)
		log_open("test", NULL, LOG_LVL_DEBUG);
	memset(world, 0, sizeof(*world));
	world->loop = loop_new();
	world->count = agents;
	world->validation = MSIG_VALIDATION_SECURE;
	strcpy(world->dir, "/tmp/msig-world-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	for (unsigned i = 0; i < agents; i++) {
		struct world_agent *a = &world->at[i];
		struct conf *c = &a->conf;
		snprintf(a->identity, sizeof(a->identity), "msa.p%u.example.", i + 1);
		snprintf(a->ns_name, sizeof(a->ns_name), "ns1.p%u.example.", i + 1);
		snprintf(a->storage, sizeof(a->storage), "%s/p%u", world->dir, i + 1);
		snprintf(a->key, sizeof(a->key), "%s/p%u.pem", world->dir, i + 1);
		assert_int_equal(mkdir(a->storage, 0700), 0);
		write_key(a->key, a->identity);
		c->identity = a->identity;
		c->storage = a->storage;
		c->sig0_key = a->key;
		c->dns_port = 53;
		c->hsync_type = 65282;
		c->option_code = 65010;
		c->heartbeat_min = 50;
		c->heartbeat_max = 200;
		c->hello_retry = 50;
		c->query_timeout = 200;
		c->poll = 1000;
		c->cache_floor = 30000;
		c->journal_max_age = 86400;
		c->journal_max_usage = 1048576;
		c->lab = true;
		c->zone = a->zone;
		c->zones = 2;
		a->ns[0] = a->ns_name;
		for (unsigned z = 0; z < WORLD_ZONES; z++) {
			char text[40];
			snprintf(text, sizeof(text), "z%u.example.", z);
			a->zone[z].name = z == 0   ? knot_dname_copy(zone_name, NULL)
					  : z == 1 ? knot_dname_copy(side_name, NULL)
						   : knot_dname_from_str_alloc(text);
			a->zone[z].ns = a->ns;
			a->zone[z].nses = 1;
			a->zone[z].is_signed = true;
			a->zone[z].parent_cds = true;
			a->zone[z].signer_query = strdup("127.0.0.1@53");
		}
	}
	for (unsigned i = 0; i < agents; i++)
		world_start(world, i);
}

void
world_start(struct world *world, unsigned number)
{
	struct world_agent *a = &world->at[number];
	char err[400] = "";

	memset(&a->agent, 0, sizeof(a->agent));
	a->agent.loop = world->loop;
	a->agent.conf = &a->conf;
	a->agent.proc = (struct proc *)world; /* only handed back to from_agent */
	a->agent.send = from_agent;
	a->agent.send_arg = a;
	if (agent_start(&a->agent, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	a->up = true;
}

void
world_stop(struct world *world, unsigned number)
{
	world->at[number].up = false;
	agent_stop(&world->at[number].agent);
}

void
world_close(struct world *world)
{
	char command[100];

	for (unsigned i = 0; i < world->count; i++) {
		if (world->at[i].up)
			world_stop(world, i);
	}
	world_run(world, 1); /* what is still on its way */
	while (requests != NULL) {
		struct request *r = requests;
		requests = r->next;
		free(r);
	}
	for (unsigned i = 0; i < world->count; i++) {
		free(world->at[i].last);
		for (unsigned z = 0; z < WORLD_ZONES; z++) {
			free(world->at[i].zone[z].signer_query);
			knot_dname_free(world->at[i].zone[z].name, NULL);
		}
	}
	loop_free(world->loop);
	snprintf(command, sizeof(command), "rm -rf %s", world->dir);
	assert_int_equal(system(command), 0);
}

static void
hsync(struct world *world, unsigned number, const knot_dname_t *name, unsigned on, uint32_t serial)
{
	struct zone *zone = zones_find(&world->at[number].agent, name);
	struct view_hsync h = {.status = MSIG_SEEN_SET, .serial = serial};

	h.time = (int64_t)loop_utc_ms();
	for (unsigned i = 0; i < world->count; i++) {
		if ((on >> i & 1) == 0)
			continue;
		strcpy(h.entry[h.count].identity, world->at[i].identity);
		h.entry[h.count].on = h.entry[h.count].sign = h.entry[h.count].agent = true;
		h.count++;
	}
	memset(h.digest, (int)on, sizeof(h.digest));
	view_on_hsync(zone->view, &h);
	zones_mark(zone);
}

void
world_hsync(struct world *world, unsigned number, unsigned on, uint32_t serial)
{
	hsync(world, number, zone_name, on, serial);
}

void
world_hsync_zone(struct world *world, unsigned number, unsigned zone, unsigned on)
{
	hsync(world, number, world->at[number].zone[zone].name, on, 1);
}

void
world_hsync_side(struct world *world, unsigned number, unsigned on)
{
	hsync(world, number, side_name, on, 1);
}

struct until {
	struct world *world;
	bool (*cond)(struct world *world);
	uint64_t deadline;
	bool met;
	struct loop_timer *timer;
};

static void
look(void *arg)
{
	struct until *u = arg;

	u->met = u->cond != NULL && u->cond(u->world);
	if (u->met || loop_mono_ms() >= u->deadline)
		loop_stop(u->world->loop);
	else
		loop_timer_set(u->timer, 5);
}

bool
world_until(struct world *world, bool (*cond)(struct world *world), unsigned timeout_ms)
{
	struct until u = {world, cond, loop_mono_ms() + timeout_ms, false, NULL};

	u.timer = loop_timer_new(world->loop, look, &u);
	loop_timer_set(u.timer, 0);
	loop_run(world->loop);
	loop_timer_free(u.timer);
	return u.met;
}

void
world_run(struct world *world, unsigned ms)
{
	(void)world_until(world, NULL, ms);
}
