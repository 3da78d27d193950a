/*
 * Requests of peers: see inbound.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/peer/inbound.h"

#define FAILURE_MAX 512

/* A request that agentd has. */
struct waiting {
	struct inbound *in;
	uint64_t id;
	const struct channel *channel;
	void *handle;
	struct loop_timer *timer;
	uint8_t failure[FAILURE_MAX]; /* what to answer if agentd does not */
	size_t failure_len;
	struct waiting *next;
};

struct inbound {
	struct loop *loop;
	struct outbox *outbox;
	const struct peertable *table;
	struct budget *budget;
	uint32_t rate_signer, timeout;
	uint16_t option_code;
	uint64_t next_id;
	uint64_t warned; /* mono ms, that agentd does not answer */
	struct waiting *first;
	unsigned count;
	struct bucket claim;
	uint64_t claims, claims_limited;
	uint64_t failed[CHEAP_CHECK_COUNT], passed, answered, timed_out, full;
};

struct inbound *
inbound_new(struct loop *loop, struct outbox *outbox, const struct peertable *table,
	    const struct conf *conf)
{
	struct inbound *in = xcalloc(1, sizeof(*in));

	in->loop = loop;
	in->outbox = outbox;
	in->table = table;
	in->budget = budget_new(INBOUND_SOURCES, conf->rate_source);
	/* An answer to a request of an earlier run must fit none of this one. */
	if (getrandom(&in->next_id, sizeof(in->next_id), 0) != sizeof(in->next_id))
		in->next_id = loop_utc_ms() << 20;
	in->next_id >>= 1; /* a number that JSON can hold */
	inbound_reconf(in, conf);
	return in;
}

void
inbound_reconf(struct inbound *in, const struct conf *conf)
{
	budget_rate(in->budget, conf->rate_source);
	in->rate_signer = conf->rate_signer;
	in->option_code = conf->option_code;
	in->timeout = conf->query_timeout;
}

static void
forget(struct waiting *w)
{
	struct waiting **at = &w->in->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->in->count--;
	loop_timer_free(w->timer);
	free(w);
}

void
inbound_free(struct inbound *in)
{
	if (in == NULL)
		return;
	while (in->first != NULL) {
		in->first->channel->drop(in->first->handle);
		forget(in->first);
	}
	budget_free(in->budget);
	free(in);
}

static void
waited_too_long(void *arg)
{
	struct waiting *w = arg;

	uint64_t now = loop_mono_ms();

	w->in->timed_out++;
	/* Who sends much must not fill the log. */
	if (w->in->warned == 0 || now - w->in->warned >= 10000) {
		log_warn(
		    "agentd did not answer a request within %u ms: SERVFAIL (%llu so far); is it "
		    "overloaded or stopped?",
		    w->in->timeout, (unsigned long long)w->in->timed_out);
		w->in->warned = now;
	}
	w->channel->reply(w->handle, w->failure, w->failure_len);
	forget(w);
}

/* agentd is not there, or has too much to do. */
static const struct cheap_verdict not_now = {
    .check = CHEAP_CHECK_COUNT,
    .rcode = KNOT_RCODE_SERVFAIL,
    .ede = KNOT_EDNS_EDE_NOT_READY,
    .text = "agent does not answer",
};

static const struct cheap_verdict too_many = {
    .check = CHEAP_CHECK_COUNT,
    .rcode = KNOT_RCODE_REFUSED,
    .ede = KNOT_EDNS_EDE_BLOCKED,
    .text = "too many requests wait",
};

static void
refuse(const struct cheap_query *q, const struct cheap_verdict *verdict,
       const struct channel *channel, void *handle)
{
	uint8_t answer[FAILURE_MAX];
	size_t len = cheap_answer(q, verdict, answer, sizeof(answer));

	if (len > 0)
		channel->reply(handle, answer, len);
	else
		channel->drop(handle);
}

static void
pass_on(struct inbound *in, const struct cheap_query *q, const struct channel *channel,
	void *handle)
{
	struct msig_msg msg = {.id = MSIG_MSG_RECEIVED};
	char source[80];
	struct waiting *w;

	if (in->count >= INBOUND_WAITING) {
		in->full++;
		refuse(q, &too_many, channel, handle);
		return;
	}
	msg.u.RECEIVED.id = in->next_id++;
	msg.u.RECEIVED.channel = xstrdup(channel->name);
	msg.u.RECEIVED.source = dnsio_addr_str(q->source, source, sizeof(source));
	msg.u.RECEIVED.message.data = xmemdup(q->wire, q->len);
	msg.u.RECEIVED.message.len = (uint32_t)q->len;
	outbox_send(in->outbox, &msg);
	in->passed++;
	q->peer->received++;
	q->peer->last_received = q->now;
	w = xcalloc(1, sizeof(*w));
	w->in = in;
	w->id = msg.u.RECEIVED.id;
	w->channel = channel;
	w->handle = handle;
	w->failure_len = cheap_answer(q, &not_now, w->failure, sizeof(w->failure));
	w->timer = loop_timer_new(in->loop, waited_too_long, w);
	loop_timer_set(w->timer, in->timeout);
	w->next = in->first;
	in->first = w;
	in->count++;
	free(msg.u.RECEIVED.message.data);
	free(msg.u.RECEIVED.channel);
}

/* HELLO of a peer whose keys agentd does not have yet. Whether it really is that peer is not known;
 * agentd may look it up sooner, and strangers must not keep it busy with that. */
static void
tell_claim(struct inbound *in, struct cheap_query *q)
{
	struct msig_msg msg = {.id = MSIG_MSG_CLAIM};
	char source[80], name[KNOT_DNAME_TXT_MAXLEN + 1], signer[sizeof(name) + 8];

	if (!bucket_take(&q->from->claims, INBOUND_CLAIMS_SOURCE, q->now_mono) ||
	    !bucket_take(&in->claim, INBOUND_CLAIMS, q->now_mono) ||
	    knot_dname_to_str(name, q->sig.signer, sizeof(name)) == NULL) {
		in->claims_limited++;
		return;
	}
	snprintf(signer, sizeof(signer), "%s/%u", name, q->sig.tag);
	msg.u.CLAIM.peer = q->claimed->id;
	msg.u.CLAIM.zone = q->option.zone;
	msg.u.CLAIM.signer = signer;
	msg.u.CLAIM.source = dnsio_addr_str(q->source, source, sizeof(source));
	outbox_send(in->outbox, &msg);
	in->claims++;
}

void
inbound_request(struct inbound *in, const struct channel *channel, void *handle,
		const struct dnsio_addr *source, bool tcp, const uint8_t *wire, size_t len)
{
	struct cheap_query q = {
	    .wire = wire,
	    .len = len,
	    .tcp = tcp,
	    .source = source,
	    .now = loop_utc_ms(),
	    .now_mono = loop_mono_ms(),
	    .window = MSIG_SIG0_WINDOW,
	    .rate_signer = in->rate_signer,
	    .option_code = in->option_code,
	    .table = in->table,
	    .budget = in->budget,
	};
	struct cheap_verdict verdict;
	char from[80];

	if (cheap_run(&q, &verdict)) {
		pass_on(in, &q, channel, handle);
	} else {
		in->failed[verdict.check]++;
		if (q.claimed != NULL)
			tell_claim(in, &q);
		log_debug("%s: a message of %zu octets fails at '%s': %s",
			  dnsio_addr_str(source, from, sizeof(from)), len,
			  cheap_name(verdict.check), verdict.text);
		refuse(&q, &verdict, channel, handle);
	}
	cheap_clear(&q);
}

void
inbound_gone(struct inbound *in, void *handle)
{
	for (struct waiting *w = in->first; w != NULL; w = w->next) {
		if (w->handle == handle) {
			forget(w);
			return;
		}
	}
}

void
inbound_reply(struct inbound *in, const struct msig_msg_REPLY *reply)
{
	struct waiting *w = in->first;

	while (w != NULL && w->id != reply->id)
		w = w->next;
	if (w == NULL) {
		log_debug("agentd answers a request that nobody waits for any more");
		return;
	}
	if (reply->message.len >= KNOT_WIRE_HEADER_SIZE && reply->message.len <= DNSIO_MAX_MSG) {
		in->answered++;
		w->channel->reply(w->handle, reply->message.data, reply->message.len);
	} else {
		w->channel->drop(w->handle);
	}
	forget(w);
}

unsigned
inbound_waiting(const struct inbound *in)
{
	return in->count;
}

static void
add_source(void *arg, const struct budget_source *source)
{
	json_t *list = arg;
	char text[80], *at;

	if (json_array_size(list) >= 100)
		return;
	dnsio_addr_str(&source->addr, text, sizeof(text));
	at = strrchr(text, '@');
	if (at != NULL)
		*at = '\0';
	json_array_append_new(list, json_pack("{s:s s:s s:I s:I s:I}", "source", text, "protocol",
					      source->tcp ? "tcp" : "udp", "passed",
					      (json_int_t)source->passed, "failed",
					      (json_int_t)source->failed, "limited",
					      (json_int_t)source->limited));
}

json_t *
inbound_counters(struct inbound *in)
{
	json_t *checks = json_object(), *sources = json_array();

	for (unsigned i = 0; i < CHEAP_CHECK_COUNT; i++)
		json_object_set_new(checks, cheap_name((enum cheap_check)i),
				    json_integer((json_int_t)in->failed[i]));
	budget_each(in->budget, add_source, sources);
	return json_pack("{s:i s:I s:I s:I s:I s:I s:I s:o s:o}", "waiting", (int)in->count,
			 "claims", (json_int_t)in->claims, "claims-limited",
			 (json_int_t)in->claims_limited, "passed", (json_int_t)in->passed,
			 "answered", (json_int_t)in->answered, "timed-out",
			 (json_int_t)in->timed_out, "full", (json_int_t)in->full, "failed", checks,
			 "sources", sources);
}
