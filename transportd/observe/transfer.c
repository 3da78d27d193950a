/*
 * See transfer.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "transportd/observe/transfer.h"

#define QUERY_MAX 1024

void
transfer_clear(struct transfer *t)
{
	dnsio_client_free(t->client);
	t->client = NULL;
	tsig_clear(&t->ctx);
	stream_clear(&t->stream);
}

static int
read_records(struct transfer *t, const knot_pkt_t *pkt)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < answer->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(answer, i);

		err = stream_record(&t->stream, rr);
		if (err == 0 && t->record != NULL && rr->type != KNOT_RRTYPE_SOA)
			err = t->record(t->arg, rr);
	}
	if (err == 0 && t->first)
		stream_message_end(&t->stream);
	t->first = false;
	return err;
}

/* More is to come after true. */
static bool
read_message(struct transfer *t, knot_pkt_t *pkt, struct transfer_end *end)
{
	bool keyed = t->key->name != NULL;

	end->rcode = knot_pkt_ext_rcode(pkt);
	if (end->error == 0 && keyed) {
		end->error = tsig_verify_reply(&t->ctx, pkt);
		end->theirs = end->error == 0;
	}
	if (end->rcode != KNOT_RCODE_NOERROR)
		return false;
	if (end->error == 0)
		end->error = read_records(t, pkt);
	if (end->error == 0 && t->stream.state != STREAM_DONE)
		return true;
	if (end->error == 0 && keyed) {
		end->error = tsig_verify_end(&t->ctx);
		end->theirs = end->error == 0;
	}
	return false;
}

static bool
on_message(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct transfer *t = arg;
	struct transfer_end end = {.error = result, .theirs = result == 0};
	bool more = false;

	if (result == 0) {
		uint8_t *copy = xmemdup(wire, len);
		knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);

		if (pkt == NULL)
			fatal("out of memory");
		end.error = knot_pkt_parse(pkt, KNOT_PF_NOCANON);
		more = read_message(t, pkt, &end);
		knot_pkt_free(pkt);
		free(copy);
	}
	if (!more) {
		t->client = NULL; /* ends with the callback that we are in */
		t->done(t->arg, &end);
	}
	return more;
}

/* 0 if it cannot be written. */
static size_t
write_query(struct transfer *t, const struct transfer_ask *ask, uint8_t *wire, size_t max)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, QUERY_MAX / 2, NULL);
	uint16_t id, type = ask->have == NULL ? KNOT_RRTYPE_AXFR : KNOT_RRTYPE_IXFR;
	size_t len = 0;

	if (pkt == NULL || getrandom(&id, sizeof(id), 0) != sizeof(id))
		goto out;
	knot_pkt_clear(pkt);
	knot_wire_set_id(pkt->wire, id);
	if (knot_pkt_put_question(pkt, ask->zone, KNOT_CLASS_IN, type) != 0 ||
	    knot_pkt_begin(pkt, KNOT_AUTHORITY) != 0)
		goto out;
	if (ask->have != NULL && knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, ask->have->soa, 0) != 0)
		goto out;
	memcpy(wire, pkt->wire, pkt->size);
	len = pkt->size;
	if (ask->key->name != NULL && tsig_sign_request(&t->ctx, ask->key, wire, &len, max) != 0)
		len = 0;
out:
	knot_pkt_free(pkt);
	return len;
}

int
transfer_begin(struct transfer *t, const struct transfer_ask *ask, transfer_record record,
	       transfer_done done, void *arg)
{
	uint8_t wire[QUERY_MAX];
	size_t len;
	int err = stream_begin(&t->stream, ask->zone, ask->have, loop_utc_ms() / 1000);

	if (err != 0)
		return err;
	t->key = ask->key;
	t->first = true;
	t->record = record;
	t->done = done;
	t->arg = arg;
	len = write_query(t, ask, wire, sizeof(wire));
	if (len == 0)
		return MSIG_EVALUE;
	t->client =
	    dnsio_query_tcp(ask->loop, ask->server, ask->via, wire, len, ask->idle, on_message, t);
	return 0;
}

const char *
transfer_reason(const struct transfer_end *end, char *buf, size_t len)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, end->rcode);

	if (end->rcode != KNOT_RCODE_NOERROR)
		snprintf(buf, len, "%s%s", name != NULL ? name->name : "refused",
			 end->theirs ? "" : ", and not signed with the key");
	else
		snprintf(buf, len, "%s", msig_strerror(end->error));
	return buf;
}
