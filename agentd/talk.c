#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/peers.h"
#include "agentd/talk.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

/* transportd tries every address in turn within the time it is given; ours only counts when it is
 * gone. */
#define GRACE_MS 2000

struct request {
	struct request *next;
	struct agent *agent;
	uint64_t id;
	uint16_t msgid;
	uint8_t operation;
	char *peer;
	knot_dname_storage_t zone;
	uint8_t *wire; /* as signed: the response is bound to it */
	size_t len;
	struct loop_timer *timer;
	int failure;
	talk_done done;
};

struct talk {
	struct request *requests;
	uint64_t last;
};

struct talk *
talk_new(struct agent *agent)
{
	struct talk *talk = xcalloc(1, sizeof(*talk));

	talk->last = loop_utc_ms() << 20;
	return talk;
}

static void
request_free(struct request *r)
{
	struct request **at = &r->agent->talk->requests;

	while (*at != NULL && *at != r) {
		at = &(*at)->next;
	}
	if (*at == r) {
		*at = r->next;
	}
	loop_timer_free(r->timer);
	free(r->peer);
	free(r->wire);
	free(r);
}

void
talk_free(struct talk *talk)
{
	if (talk == NULL) {
		return;
	}
	while (talk->requests != NULL) {
		request_free(talk->requests);
	}
	free(talk);
}

/* Ends the request; the callback comes last because it may do anything. */
static void
finish(struct request *r, int result, const struct msig_peermsg *response, const uint8_t *wire,
       size_t len)
{
	struct contact *contact = peers_find(r->agent, r->peer);
	talk_done done = r->done;
	knot_dname_storage_t zone;

	memcpy(zone, r->zone, sizeof(zone));
	request_free(r);
	if (done != NULL && contact != NULL) {
		done(contact, zone, result, response, wire, len);
	}
}

static void
timed_out(void *arg)
{
	struct request *r = arg;

	finish(r, r->failure, NULL, NULL, 0);
}

static int
compose(struct agent *agent, struct request *r, const struct msig_option *option,
	const struct msig_apex *apex, const struct msig_change *change)
{
	struct msig_coding coding = agent_coding(agent);
	struct msig_peermsg msg;
	struct msig_option opt = *option;
	uint64_t sequence = store_sequence(agent->store);
	size_t max = 65535, len = max - msig_sig0_size(sig0key_key(agent->sig0key));
	int ret;

	if (sequence == 0) {
		return MSIG_EDISK;
	}
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, sequence);
	if ((opt.has & MSIG_HAS(GENERATION)) == 0) { /* nothing of a zone's statement in it */
		memcpy(opt.generation, store_generation(agent->store), sizeof(opt.generation));
		opt.has |= MSIG_HAS(GENERATION);
	}
	r->msgid = (uint16_t)(sequence ^ sequence >> 16);
	ret = change != NULL ? msig_peermsg_execute(&msg, r->msgid, &opt, change)
			     : msig_peermsg_request(&msg, r->msgid, &opt, apex);
	if (ret != 0) {
		return ret;
	}
	r->wire = xcalloc(1, max);
	ret = msig_peermsg_compose(&msg, &coding, r->wire, &len);
	msig_peermsg_clear(&msg);
	if (ret == 0) {
		ret =
		    sig0key_sign(agent->sig0key, r->wire, &len, max, NULL, 0, loop_utc_ms() / 1000);
	}
	r->len = len;
	return ret;
}

static void
start(struct agent *agent, struct contact *contact, const struct msig_option *option,
      const struct msig_apex *apex, const struct msig_change *change, talk_done done)
{
	struct request *r = xcalloc(1, sizeof(*r));
	struct msig_msg msg = {.id = MSIG_MSG_SEND};
	uint32_t timeout = agent->conf->query_timeout;
	int ret;

	r->agent = agent;
	r->id = ++agent->talk->last;
	r->peer = xstrdup(contact->peer->identity);
	memcpy(r->zone, option->zone, sizeof(r->zone));
	r->operation = option->operation;
	r->done = done;
	r->timer = loop_timer_new(agent->loop, timed_out, r);
	r->next = agent->talk->requests;
	agent->talk->requests = r;

	ret = compose(agent, r, option, apex, change);
	if (ret == 0) {
		msg.u.SEND.id = r->id;
		msg.u.SEND.peer = r->peer;
		msg.u.SEND.timeout_ms = timeout;
		msg.u.SEND.message.data = r->wire;
		msg.u.SEND.message.len = (uint32_t)r->len;
		ret = agent_send(agent, &msg);
	}
	r->failure = ret != 0 ? ret : MSIG_ETIMEOUT;
	loop_timer_set(r->timer, ret != 0 ? 0 : (uint64_t)timeout * 2 + GRACE_MS);
}

void
talk_send(struct agent *agent, struct contact *contact, const struct msig_option *option,
	  const struct msig_apex *apex, talk_done done)
{
	start(agent, contact, option, apex, NULL, done);
}

void
talk_execute(struct agent *agent, struct contact *contact, const struct msig_option *option,
	     const struct msig_change *change)
{
	start(agent, contact, option, NULL, change, NULL);
}

/* Nothing of the response counts before its signature does. */
static int
check(struct agent *agent, const struct request *r, const struct msig_msg_SENT *sent,
      struct msig_peermsg *response)
{
	struct msig_coding coding = agent_coding(agent);
	struct contact *contact = peers_find(agent, r->peer);
	int64_t skew = 0;
	int ret;

	if (contact == NULL || !contact->found) {
		return MSIG_ENOPEER;
	}
	ret = sig0key_verify(&contact->at, sent->response.data, sent->response.len, r->wire, r->len,
			     loop_utc_ms() / 1000, &skew);
	if (ret != 0) {
		if (ret == MSIG_EBADSIG || ret == MSIG_ESIGKEY) {
			peers_suspect(agent, contact, msig_strerror(ret));
		}
		return ret;
	}
	ret = msig_peermsg_parse(sent->response.data, sent->response.len, &coding, response);
	if (ret != 0) {
		return ret;
	}
	if (!response->response || response->id != r->msgid ||
	    !msig_name_eq(response->zone, r->zone) || !response->has_option ||
	    response->operation != r->operation ||
	    !msig_name_eq(response->option.identity, contact->name)) {
		msig_peermsg_clear(response);
		return MSIG_EVALUE;
	}
	peers_clock(contact, skew);
	snprintf(contact->address, sizeof(contact->address), "%s", sent->address);
	contact->rtt_ms = sent->rtt_ms;
	return 0;
}

/* What an unsigned response says counts for nothing, but helps a person. */
static const char *
unsigned_words(struct agent *agent, const struct msig_msg_SENT *sent, char *buf, size_t len)
{
	struct msig_coding coding = agent_coding(agent);
	struct msig_peermsg response;
	const knot_lookup_t *name;

	buf[0] = '\0';
	if (msig_peermsg_parse(sent->response.data, sent->response.len, &coding, &response) != 0) {
		return buf;
	}
	name = knot_lookup_by_id(knot_rcode_names, response.rcode);
	snprintf(buf, len, "; it says %s%s%.60s", name != NULL ? name->name : "an error",
		 response.has_ede ? ": " : "", response.has_ede ? response.ede_text : "");
	msig_peermsg_clear(&response);
	return buf;
}

void
talk_sent(struct agent *agent, const struct msig_msg_SENT *sent)
{
	struct request *r = agent->talk->requests;
	struct msig_peermsg response;
	int ret = sent->result;
	char said[100];

	while (r != NULL && r->id != sent->id) {
		r = r->next;
	}
	if (r == NULL) {
		return;
	}
	if (ret != 0) {
		finish(r, ret, NULL, NULL, 0);
		return;
	}
	ret = check(agent, r, sent, &response);
	if (ret != 0) {
		log_peer(LOG_LVL_INFO, r->peer, "response to %s from %s not accepted: %s%s",
			 msig_op_name(r->operation), sent->address, msig_strerror(ret),
			 unsigned_words(agent, sent, said, sizeof(said)));
		finish(r, ret, NULL, NULL, 0);
		return;
	}
	finish(r, 0, &response, sent->response.data, sent->response.len);
	msig_peermsg_clear(&response);
}
