/*
 * Messages to peers: see outbound.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/peer/channel.h"
#include "transportd/peer/outbound.h"

struct job {
	struct outbound *out;
	uint64_t id;
	char *peer;
	uint8_t *wire;
	size_t len;
	struct dnsio_addr address[PEER_MAX_ADDRESSES];
	unsigned addresses, at; /* at: tried now */
	uint64_t deadline;      /* mono ms */
	uint64_t began;
	const struct channel *channel;
	void *delivery;           /* NULL: waits in the queue */
	struct loop_timer *timer; /* its place in the queue ends at the deadline, too */
	struct job *next;
};

struct outbound {
	struct loop *loop;
	struct outbox *outbox;
	struct peertable *table;
	struct job *first; /* oldest first */
	unsigned active, queued;
	bool starting; /* one that fails at once must not start the next from within */
};

static void next_address(struct job *job);

struct outbound *
outbound_new(struct loop *loop, struct outbox *outbox, struct peertable *table)
{
	struct outbound *out = xcalloc(1, sizeof(*out));

	out->loop = loop;
	out->outbox = outbox;
	out->table = table;
	return out;
}

static void
job_free(struct job *job)
{
	struct job **at = &job->out->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (job->delivery != NULL) {
		job->channel->cancel(job->delivery);
		job->out->active--;
	}
	loop_timer_free(job->timer);
	free(job->peer);
	free(job->wire);
	free(job);
}

void
outbound_free(struct outbound *out)
{
	if (out == NULL)
		return;
	while (out->first != NULL)
		job_free(out->first);
	free(out);
}

static void
report(struct outbound *out, uint64_t id, int result, const struct dnsio_addr *address,
       uint64_t rtt, const uint8_t *wire, size_t len)
{
	struct msig_msg msg = {.id = MSIG_MSG_SENT};
	char text[80] = "";

	if (address != NULL)
		dnsio_addr_str(address, text, sizeof(text));
	msg.u.SENT.id = id;
	msg.u.SENT.result = result;
	msg.u.SENT.address = text;
	msg.u.SENT.rtt_ms = (uint32_t)rtt;
	if (len > 0) {
		msg.u.SENT.response.data = xmemdup(wire, len);
		msg.u.SENT.response.len = (uint32_t)len;
	}
	outbox_send(out->outbox, &msg);
	free(msg.u.SENT.response.data);
}

/* Tells agentd when a peer that answered is silent, and the other way round. */
static void
reach(struct outbound *out, struct peer *peer, enum peer_reach now, const char *text)
{
	struct msig_msg msg = {.id = MSIG_MSG_PEER};
	char copy[160];

	if (peer->reach == now)
		return;
	peer->reach = now;
	snprintf(copy, sizeof(copy), "%s", text);
	log_peer(now == PEER_REACH_YES ? LOG_LVL_INFO : LOG_LVL_WARN, peer->id, "%s: %s",
		 now == PEER_REACH_YES ? "reachable" : "not reachable", text);
	msg.u.PEER.peer = peer->id;
	msg.u.PEER.reachable = now == PEER_REACH_YES;
	msg.u.PEER.text = copy;
	outbox_send(out->outbox, &msg);
}

static unsigned
active_to(const struct outbound *out, const char *peer)
{
	unsigned n = 0;

	for (const struct job *job = out->first; job != NULL; job = job->next) {
		if (job->delivery != NULL && strcasecmp(job->peer, peer) == 0)
			n++;
	}
	return n;
}

/* Starts what waited, as far as the limits allow. A start that fails ends its job: begin again. */
static void
start_queued(struct outbound *out)
{
	struct job *job = out->first;

	if (out->starting)
		return;
	out->starting = true;
	while (job != NULL && out->queued > 0 && out->active < OUTBOUND_ACTIVE) {
		if (job->delivery != NULL || active_to(out, job->peer) >= OUTBOUND_ACTIVE_PEER) {
			job = job->next;
			continue;
		}
		out->queued--;
		next_address(job);
		job = out->first;
	}
	out->starting = false;
}

static void
succeeded(struct job *job, const uint8_t *wire, size_t len)
{
	struct outbound *out = job->out;
	struct peer *peer = peer_find(out->table, job->peer);
	const struct dnsio_addr *address = &job->address[job->at];
	uint64_t rtt = loop_mono_ms() - job->began;
	char text[80];

	if (peer != NULL) {
		peer->answered++;
		peer->last_answered = loop_utc_ms();
		peer->good = *address;
		reach(out, peer, PEER_REACH_YES, dnsio_addr_str(address, text, sizeof(text)));
	}
	report(out, job->id, 0, address, rtt, wire, len);
	job_free(job);
	start_queued(out);
}

static void
failed(struct job *job, int result)
{
	struct outbound *out = job->out;
	struct peer *peer = peer_find(out->table, job->peer);
	const struct dnsio_addr *address = job->addresses > 0 ? &job->address[job->at] : NULL;
	char text[160], addr[80] = "no address known";

	if (address != NULL)
		dnsio_addr_str(address, addr, sizeof(addr));
	if (peer != NULL) {
		peer->failed++;
		snprintf(text, sizeof(text), "none of %u addresses answers, last %s: %s",
			 job->addresses, addr, msig_strerror(result));
		reach(out, peer, PEER_REACH_NO, text);
	}
	report(out, job->id, result, address, loop_mono_ms() - job->began, NULL, 0);
	job_free(job);
	start_queued(out);
}

static void
delivered(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct job *job = arg;

	job->delivery = NULL;
	job->out->active--;
	if (result == 0) {
		succeeded(job, wire, len);
		return;
	}
	log_peer(LOG_LVL_DEBUG, job->peer, "address %u of %u: %s", job->at + 1, job->addresses,
		 msig_strerror(result));
	if (job->at + 1 < job->addresses && loop_mono_ms() < job->deadline) {
		job->at++;
		next_address(job);
	} else {
		failed(job, result);
	}
}

/* Begins with job->at, or a later one if that cannot even begin. May end the job. */
static void
next_address(struct job *job)
{
	for (;; job->at++) {
		uint64_t now = loop_mono_ms(), left, share;

		if (job->at >= job->addresses || now >= job->deadline) {
			if (job->at >= job->addresses && job->at > 0)
				job->at--;
			failed(job, now >= job->deadline ? MSIG_ETIMEOUT : KNOT_NET_ECONNECT);
			return;
		}
		left = job->deadline - now;
		share = left / (job->addresses - job->at);
		if (share < OUTBOUND_TRY)
			share = left < OUTBOUND_TRY ? left : OUTBOUND_TRY;
		job->delivery =
		    job->channel->send(job->out->loop, &job->address[job->at], job->wire, job->len,
				       (unsigned)share, delivered, job);
		if (job->delivery != NULL) {
			job->out->active++;
			return;
		}
	}
}

static void
too_late(void *arg)
{
	struct job *job = arg;

	if (job->delivery == NULL)
		job->out->queued--;
	failed(job, MSIG_ETIMEOUT);
}

/* The order in which they are tried: the one that answered last, then as agentd named them. */
static void
order(struct job *job, const struct peer *peer)
{
	for (unsigned i = 0; i < peer->addresses; i++) {
		const struct dnsio_addr *a = &peer->address[i];
		bool good = a->len == peer->good.len && memcmp(&a->ss, &peer->good.ss, a->len) == 0;

		if (good)
			memmove(&job->address[1], &job->address[0],
				job->addresses * sizeof(job->address[0]));
		job->address[good ? 0 : job->addresses] = *a;
		job->addresses++;
	}
}

void
outbound_send(struct outbound *out, const struct msig_msg_SEND *send)
{
	struct peer *peer = peer_find(out->table, send->peer);
	struct job *job, **at = &out->first;
	uint32_t timeout = send->timeout_ms > 0 ? send->timeout_ms : OUTBOUND_TIMEOUT;

	if (peer == NULL || send->message.len < KNOT_WIRE_HEADER_SIZE ||
	    send->message.len > DNSIO_MAX_MSG) {
		report(out, send->id, peer == NULL ? MSIG_ENOPEER : KNOT_EMALF, NULL, 0, NULL, 0);
		return;
	}
	if (out->queued >= OUTBOUND_QUEUED) {
		report(out, send->id, KNOT_ELIMIT, NULL, 0, NULL, 0);
		return;
	}
	peer->sent++;
	job = xcalloc(1, sizeof(*job));
	job->out = out;
	job->id = send->id;
	job->peer = xstrdup(send->peer);
	job->wire = xmemdup(send->message.data, send->message.len);
	job->len = send->message.len;
	job->channel = &channel_dns;
	job->began = loop_mono_ms();
	job->deadline = job->began + timeout;
	order(job, peer);
	job->timer = loop_timer_new(out->loop, too_late, job);
	loop_timer_set(job->timer, timeout + 50);
	while (*at != NULL)
		at = &(*at)->next;
	*at = job;
	out->queued++;
	start_queued(out);
}

void
outbound_forget(struct outbound *out, const char *peer)
{
	struct job *job = out->first;

	while (job != NULL) {
		if (peer[0] != '\0' && strcasecmp(job->peer, peer) != 0) {
			job = job->next;
			continue;
		}
		if (job->delivery == NULL)
			out->queued--;
		report(out, job->id, MSIG_ENOPEER, NULL, 0, NULL, 0);
		job_free(job);
		job = out->first;
	}
	start_queued(out);
}

unsigned
outbound_active(const struct outbound *out)
{
	return out->active;
}

unsigned
outbound_queued(const struct outbound *out)
{
	return out->queued;
}
