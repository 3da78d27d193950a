/*
 * ASK: see ask.h. An ask holds its types in order; `answered` counts those of which the ANSWER went
 * out, and whatever ends the ask sends the rest as unknown.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "transportd/observe/ask.h"
#include "transportd/observe/look.h"

#define QUERY_MAX 1024

struct ask {
	struct asker *asker;
	uint64_t id;
	char *server, *tsig;
	knot_dname_t *name;
	uint16_t *type;
	bool *done;
	unsigned types;
	uint32_t timeout;
	struct loop_timer *timer;
	bool running;
	/* A chosen server. */
	struct dnsio_addr addr;
	knot_tsig_key_t key;
	struct tsig_ctx ctx;
	struct dnsio_client *client;
	unsigned at; /* the type that is asked now */
	bool reused; /* this connection has brought an answer before */
	/* The resolver: one look-up for each type. */
	struct asked {
		struct ask *ask;
		struct lookup *lookup;
	} * asked;
	struct ask *next;
};

struct asker {
	struct loop *loop;
	struct outbox *outbox;
	const struct conf *conf;
	struct resolver **resolver;
	struct ask *first; /* oldest first */
	bool starting;     /* one that ends at once must not start the next from within */
	struct asker_counters counters;
};

static void start_queued(struct asker *asker);

struct asker *
asker_new(struct loop *loop, struct outbox *outbox, struct resolver **resolver)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	asker->loop = loop;
	asker->outbox = outbox;
	asker->resolver = resolver;
	return asker;
}

void
asker_reconf(struct asker *asker, const struct conf *conf)
{
	asker->conf = conf;
}

static void
ask_free(struct ask *ask)
{
	struct asker *asker = ask->asker;
	struct ask **at = &asker->first;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	if (ask->running)
		asker->counters.active--;
	else
		asker->counters.queued--;
	for (unsigned i = 0; i < ask->types; i++) {
		if (ask->asked[i].lookup != NULL)
			resolver_cancel(ask->asked[i].lookup);
	}
	dnsio_client_free(ask->client);
	tsig_clear(&ask->ctx);
	loop_timer_free(ask->timer);
	knot_tsig_key_deinit(&ask->key);
	knot_dname_free(ask->name, NULL);
	free(ask->server);
	free(ask->tsig);
	free(ask->type);
	free(ask->done);
	free(ask->asked);
	free(ask);
}

void
asker_free(struct asker *asker)
{
	if (asker == NULL)
		return;
	while (asker->first != NULL)
		ask_free(asker->first);
	free(asker);
}

static void
send_answer(struct ask *ask, unsigned i, const struct look *look)
{
	struct asker *asker = ask->asker;
	struct msig_msg msg = {.id = MSIG_MSG_ANSWER};
	struct msig_msg_ANSWER *a = &msg.u.ANSWER;
	char reason[sizeof(look->reason)];

	ask->done[i] = true;
	memcpy(reason, look->reason, sizeof(reason));
	a->id = ask->id;
	a->server = ask->server;
	a->name = ask->name;
	a->type = ask->type[i];
	a->status = (uint8_t)look->status;
	a->validation = (uint8_t)look->validation;
	a->rcode = look->rcode;
	a->aa = look->aa;
	a->time = loop_utc_ms();
	a->reason = reason;
	a->answer = (struct msig_blob){look->answer, (uint32_t)look->answer_len};
	a->authority = (struct msig_blob){look->authority, (uint32_t)look->authority_len};
	if (look->status == MSIG_SEEN_SET)
		asker->counters.seen++;
	else if (look->status == MSIG_SEEN_ABSENT)
		asker->counters.absent++;
	else
		asker->counters.unknown++;
	outbox_send(asker->outbox, &msg);
}

/* All that was not answered is unknown, and the ask is over. */
static void
end_unknown(struct ask *ask, const char *reason)
{
	struct asker *asker = ask->asker;
	struct look look = {.status = MSIG_SEEN_UNKNOWN};

	snprintf(look.reason, sizeof(look.reason), "%s", reason);
	for (unsigned i = 0; i < ask->types; i++) {
		if (!ask->done[i])
			send_answer(ask, i, &look);
	}
	ask_free(ask);
	start_queued(asker);
}

static void
timed_out(void *arg)
{
	end_unknown(arg, msig_strerror(MSIG_ETIMEOUT));
}

/* A chosen server ------------------------------------------------------------------------------ */

static size_t
write_query(struct ask *ask, uint8_t *wire)
{
	uint16_t id = 0;
	size_t len;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return 0;
	len = look_query(id, ask->name, ask->type[ask->at], wire, QUERY_MAX);
	tsig_clear(&ask->ctx);
	if (len > 0 && ask->key.name != NULL &&
	    tsig_sign_request(&ask->ctx, &ask->key, wire, &len, QUERY_MAX) != 0)
		return 0;
	return len;
}

/* Parses and verifies one answer. An error has no answer that could be believed. */
static int
read_answer(struct ask *ask, const uint8_t *wire, size_t len, struct look *look)
{
	uint8_t *copy = xmemdup(wire, len);
	knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	int err = pkt != NULL ? knot_pkt_parse(pkt, KNOT_PF_NOCANON) : KNOT_ENOMEM;

	if (err == 0 && ask->key.name != NULL)
		err = tsig_verify_reply(&ask->ctx, pkt);
	if (err == 0 && ask->key.name != NULL)
		err = tsig_verify_end(&ask->ctx);
	if (err == 0)
		look_server(pkt, ask->name, ask->type[ask->at], look);
	knot_pkt_free(pkt);
	free(copy);
	return err;
}

static bool server_answered(void *arg, int result, const uint8_t *wire, size_t len);

/* The address from which the remote with that address wants to be asked, or NULL. */
const struct dnsio_addr *
ask_via(const struct conf *conf, const struct dnsio_addr *server)
{
	for (unsigned i = 0; i < conf->remotes; i++) {
		const struct conf_remote *remote = &conf->remote[i];

		for (unsigned j = 0; remote->via.len > 0 && j < remote->addresses; j++) {
			if (dnsio_addr_same_host(&remote->address[j], server))
				return &remote->via;
		}
	}
	return NULL;
}

static bool
connect_server(struct ask *ask)
{
	const struct dnsio_addr *via = ask_via(ask->asker->conf, &ask->addr);
	uint8_t wire[QUERY_MAX];
	size_t len = write_query(ask, wire);

	ask->reused = false;
	ask->client = len > 0 ? dnsio_query_tcp(ask->asker->loop, &ask->addr, via, wire, len,
						ask->timeout, server_answered, ask)
			      : NULL;
	return ask->client != NULL;
}

static bool
server_answered(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct ask *ask = arg;
	struct look look;
	uint8_t query[QUERY_MAX];
	size_t query_len;

	if (result != 0) {
		/* A server may close after each answer: the next question connects again. */
		bool again = ask->reused;

		ask->client = NULL;
		if (!again || !connect_server(ask))
			end_unknown(ask, msig_strerror(result));
		return false;
	}
	result = read_answer(ask, wire, len, &look);
	if (result != 0)
		look_failed(result, &look);
	send_answer(ask, ask->at, &look);
	look_clear(&look);
	if (++ask->at < ask->types) {
		ask->reused = true;
		query_len = write_query(ask, query);
		if (query_len > 0 && dnsio_query_again(ask->client, query, query_len) == 0)
			return true;
		ask->client = NULL; /* freed as we return */
		if (connect_server(ask))
			return false;
	}
	ask->client = NULL;
	end_unknown(ask, "the connection broke");
	return false;
}

static void
ask_server(struct ask *ask)
{
	const struct conf_key *key = NULL;
	knot_dname_storage_t name;
	char reason[300];

	if (dnsio_addr_parse(ask->server, 53, &ask->addr) != 0) {
		snprintf(reason, sizeof(reason), "no address: %.200s", ask->server);
		end_unknown(ask, reason);
		return;
	}
	if (ask->tsig[0] != '\0') {
		if (knot_dname_from_str(name, ask->tsig, sizeof(name)) != NULL) {
			knot_dname_to_lower(name);
			key = conf_key_find(ask->asker->conf, name);
		}
		/* Asking without the key would look like an answer to what was asked. */
		if (key == NULL || knot_tsig_key_copy(&ask->key, &key->tsig) != 0) {
			snprintf(reason, sizeof(reason), "no key %.200s is configured", ask->tsig);
			end_unknown(ask, reason);
			return;
		}
	}
	if (!connect_server(ask))
		end_unknown(ask, "cannot connect");
}

/* The resolver --------------------------------------------------------------------------------- */

static void
looked_up(void *arg, const knot_pkt_t *pkt, uint16_t rcode, enum msig_validation validation,
	  const char *why)
{
	struct asked *asked = arg;
	struct ask *ask = asked->ask;
	unsigned i = (unsigned)(asked - ask->asked);
	struct look look;

	asked->lookup = NULL;
	look_validated(pkt, rcode, validation, why, ask->type[i], &look);
	send_answer(ask, i, &look);
	look_clear(&look);
	for (i = 0; i < ask->types; i++) {
		if (!ask->done[i])
			return;
	}
	end_unknown(ask, "");
}

static void
ask_resolver(struct ask *ask)
{
	struct look look;

	for (unsigned i = 0; i < ask->types; i++) {
		if (ask->done[i])
			continue;
		ask->asked[i].ask = ask;
		if (*ask->asker->resolver != NULL)
			ask->asked[i].lookup =
			    resolver_ask(*ask->asker->resolver, ask->name, ask->type[i], looked_up,
					 &ask->asked[i]);
		if (ask->asked[i].lookup == NULL) {
			look_failed(KNOT_EINVAL, &look);
			send_answer(ask, i, &look);
		}
	}
	for (unsigned i = 0; i < ask->types; i++) {
		if (!ask->done[i])
			return;
	}
	end_unknown(ask, "");
}

void
asker_resolver_gone(struct asker *asker)
{
	for (struct ask *ask = asker->first; ask != NULL; ask = ask->next) {
		for (unsigned i = 0; i < ask->types; i++) {
			if (ask->asked[i].lookup != NULL)
				resolver_cancel(ask->asked[i].lookup);
			ask->asked[i].lookup = NULL;
		}
	}
}

static bool
waits_for_resolver(const struct ask *ask)
{
	for (unsigned i = 0; i < ask->types; i++) {
		if (!ask->done[i] && ask->asked[i].lookup == NULL)
			return ask->running && ask->server[0] == '\0';
	}
	return false;
}

void
asker_resolver_back(struct asker *asker)
{
	struct ask *ask = asker->first;

	while (ask != NULL) {
		if (waits_for_resolver(ask)) {
			ask_resolver(ask);
			ask = asker->first; /* it may be gone, and others with it */
		} else {
			ask = ask->next;
		}
	}
}

/* Both ----------------------------------------------------------------------------------------- */

static void
start_queued(struct asker *asker)
{
	struct ask *ask = asker->first;

	if (asker->starting)
		return;
	asker->starting = true;
	while (ask != NULL && asker->counters.queued > 0 && asker->counters.active < ASK_ACTIVE) {
		if (ask->running) {
			ask = ask->next;
			continue;
		}
		ask->running = true;
		asker->counters.queued--;
		asker->counters.active++;
		if (ask->server[0] != '\0')
			ask_server(ask);
		else
			ask_resolver(ask);
		ask = asker->first; /* it may be gone */
	}
	asker->starting = false;
}

void
ask_begin(struct asker *asker, const struct msig_msg_ASK *msg)
{
	struct ask *ask, **at = &asker->first;

	if (msg->type.count == 0)
		return;
	ask = xcalloc(1, sizeof(*ask));
	ask->asker = asker;
	ask->id = msg->id;
	ask->server = xstrdup(msg->server);
	ask->tsig = xstrdup(msg->tsig);
	ask->name = knot_dname_copy(msg->name, NULL);
	if (ask->name == NULL)
		fatal("out of memory");
	ask->types = msg->type.count;
	ask->type = xmemdup(msg->type.at, ask->types * sizeof(*ask->type));
	ask->done = xcalloc(ask->types, sizeof(*ask->done));
	ask->asked = xcalloc(ask->types, sizeof(*ask->asked));
	ask->timeout = msg->timeout_ms > 0 ? msg->timeout_ms : ASK_TIMEOUT;
	while (*at != NULL)
		at = &(*at)->next;
	*at = ask;
	asker->counters.asks++;
	asker->counters.queued++;
	if (asker->counters.queued > ASK_QUEUED) {
		end_unknown(ask, "too many questions wait");
		return;
	}
	ask->timer = loop_timer_new(asker->loop, timed_out, ask);
	loop_timer_set(ask->timer, ask->timeout);
	start_queued(asker);
}

void
asker_count(const struct asker *asker, struct asker_counters *counters)
{
	*counters = asker->counters;
}
