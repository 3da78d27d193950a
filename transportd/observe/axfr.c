/*
 * AXFR: see axfr.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "transportd/observe/axfr.h"

#define QUERY_MAX 1024

struct axfr {
	struct loop *loop;
	knot_dname_t *zone;
	knot_tsig_key_t key;
	struct tsig_ctx ctx;
	struct stream stream;
	struct dnsio_client *client;
	axfr_record record;
	axfr_done done;
	void *arg;
};

static void cannot(void *arg);

void
axfr_free(struct axfr *a)
{
	if (a == NULL)
		return;
	loop_later_cancel(a->loop, cannot, a);
	dnsio_client_free(a->client);
	tsig_clear(&a->ctx);
	stream_clear(&a->stream);
	knot_tsig_key_deinit(&a->key);
	knot_dname_free(a->zone, NULL);
	free(a);
}

static void
end(struct axfr *a, const char *reason)
{
	axfr_done done = a->done;
	void *arg = a->arg;

	a->client = NULL; /* ends with the callback that we are in */
	done(arg, reason == NULL ? &a->stream.work : NULL, reason);
	axfr_free(a);
}

static int
read_records(struct axfr *a, const knot_pkt_t *pkt)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < answer->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(answer, i);

		err = stream_record(&a->stream, rr);
		if (err == 0 && rr->type != KNOT_RRTYPE_SOA)
			err = a->record(a->arg, rr);
	}
	return err;
}

/* More is to come after true. */
static bool
read_message(struct axfr *a, knot_pkt_t *pkt, int err)
{
	uint16_t rcode = knot_pkt_ext_rcode(pkt);
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);

	if (rcode != KNOT_RCODE_NOERROR) {
		end(a, name != NULL ? name->name : "refused");
		return false;
	}
	if (err == 0 && a->key.name != NULL)
		err = tsig_verify_reply(&a->ctx, pkt);
	if (err == 0)
		err = read_records(a, pkt);
	if (err == 0 && a->stream.state != STREAM_DONE)
		return true;
	if (err == 0 && a->key.name != NULL)
		err = tsig_verify_end(&a->ctx);
	end(a, err != 0 ? msig_strerror(err) : NULL);
	return false;
}

static bool
on_message(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct axfr *a = arg;
	knot_pkt_t *pkt;
	uint8_t *copy;
	bool more;

	if (result != 0) {
		end(a, msig_strerror(result));
		return false;
	}
	copy = xmemdup(wire, len);
	pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	if (pkt == NULL)
		fatal("out of memory");
	more = read_message(a, pkt, knot_pkt_parse(pkt, KNOT_PF_NOCANON));
	knot_pkt_free(pkt);
	free(copy);
	return more;
}

/* 0 if it cannot be written. */
static size_t
write_query(struct axfr *a, uint8_t *wire, size_t max)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, QUERY_MAX / 2, NULL);
	uint16_t id;
	size_t len = 0;

	if (pkt == NULL || getrandom(&id, sizeof(id), 0) != sizeof(id))
		goto out;
	knot_pkt_clear(pkt);
	knot_wire_set_id(pkt->wire, id);
	if (knot_pkt_put_question(pkt, a->zone, KNOT_CLASS_IN, KNOT_RRTYPE_AXFR) != 0)
		goto out;
	memcpy(wire, pkt->wire, pkt->size);
	len = pkt->size;
	if (a->key.name != NULL && tsig_sign_request(&a->ctx, &a->key, wire, &len, max) != 0)
		len = 0;
out:
	knot_pkt_free(pkt);
	return len;
}

static void
cannot(void *arg)
{
	end(arg, "cannot connect");
}

struct axfr *
axfr_start(struct loop *loop, const knot_dname_t *zone, const struct dnsio_addr *server,
	   const struct dnsio_addr *via, const knot_tsig_key_t *key, axfr_record record,
	   axfr_done done, void *arg)
{
	struct axfr *a = xcalloc(1, sizeof(*a));
	uint8_t wire[QUERY_MAX];
	size_t len;

	a->loop = loop;
	a->zone = knot_dname_copy(zone, NULL);
	a->record = record;
	a->done = done;
	a->arg = arg;
	if (a->zone == NULL || (key->name != NULL && knot_tsig_key_copy(&a->key, key) != 0))
		fatal("out of memory");
	len = stream_begin(&a->stream, a->zone, NULL, loop_utc_ms() / 1000) == 0
		  ? write_query(a, wire, sizeof(wire))
		  : 0;
	if (len > 0)
		a->client = dnsio_query_tcp(loop, server, via, wire, len, AXFR_IDLE, on_message, a);
	if (a->client == NULL)
		loop_later(loop, cannot, a);
	return a;
}
