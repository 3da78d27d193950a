#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/patch.h"
#include "libmsig/daemon/log.h"
#include "libmsig/key.h"

#define TYPE_PRIVATE 65534 /* BIND notes there how far it is with signing */
#define CLASS_NONE 254
#define COUNT_AT 8 /* of records in the update section */

bool
patch_counts(const knot_dname_t *apex, const struct rr *rr)
{
	switch (rr->type) {
	case KNOT_RRTYPE_RRSIG:
	case KNOT_RRTYPE_NSEC:
	case KNOT_RRTYPE_NSEC3:
		return false;
	case KNOT_RRTYPE_NSEC3PARAM:
	case KNOT_RRTYPE_ZONEMD:
	case TYPE_PRIVATE:
		return !knot_dname_is_equal(rr->owner, apex);
	default:
		return true;
	}
}

/* Records, one behind the other. */
struct lines {
	struct rr_buf buf;
};

static void
line_put(struct lines *lines, const struct rr *rr, bool add)
{
	size_t at = lines->buf.len + knot_dname_size(rr->owner);

	if (add) {
		rr_put(&lines->buf, rr);
		return;
	}
	struct rr gone = *rr;
	gone.ttl = 0;
	rr_put(&lines->buf, &gone);
	knot_wire_write_u16(lines->buf.data + at + 2, CLASS_NONE);
}

/* Messages that grow. */
struct chunks {
	const knot_dname_t *zone;
	struct rr_buf *at;
	size_t count;
	size_t boundary; /* of the last message, where a name ends */
	unsigned since;  /* records behind it */
};

static struct rr_buf *
chunk_new(struct chunks *chunks)
{
	uint8_t head[KNOT_WIRE_HEADER_SIZE] = {0}, tail[4];
	struct rr_buf *more = realloc(chunks->at, (chunks->count + 1) * sizeof(*more));

	if (more == NULL)
		fatal("out of memory");
	chunks->at = more;
	struct rr_buf *buf = &more[chunks->count++];
	memset(buf, 0, sizeof(*buf));
	knot_wire_set_opcode(head, KNOT_OPCODE_UPDATE);
	knot_wire_set_qdcount(head, 1);
	rr_buf_add(buf, head, sizeof(head));
	rr_buf_add(buf, chunks->zone, knot_dname_size(chunks->zone));
	knot_wire_write_u16(tail, KNOT_RRTYPE_SOA);
	knot_wire_write_u16(tail + 2, KNOT_CLASS_IN);
	rr_buf_add(buf, tail, sizeof(tail));
	chunks->boundary = buf->len;
	chunks->since = 0;
	return buf;
}

static void
count_add(struct rr_buf *buf, int more)
{
	uint16_t count = knot_wire_read_u16(buf->data + COUNT_AT);
	knot_wire_write_u16(buf->data + COUNT_AT, (uint16_t)(count + more));
}

/* The next message; what the last one has of the present name goes with it, if there is more in
 * it. */
static struct rr_buf *
chunk_next(struct chunks *chunks)
{
	size_t boundary = chunks->boundary;
	unsigned since = chunks->since;
	struct rr_buf *next = chunk_new(chunks), *last = next - 1;

	if (knot_wire_read_u16(last->data + COUNT_AT) == since)
		return next;
	rr_buf_add(next, last->data + boundary, last->len - boundary);
	count_add(next, (int)since);
	count_add(last, -(int)since);
	last->len = boundary;
	chunks->since = since;
	return next;
}

static size_t
line_len(const uint8_t *line)
{
	size_t owner = knot_dname_size(line);
	return owner + 10 + knot_wire_read_u16(line + owner + 8);
}

static void
chunk_put(struct chunks *chunks, const struct lines *lines)
{
	struct rr_buf *buf = chunks->count > 0 ? &chunks->at[chunks->count - 1] : NULL;

	for (size_t at = 0, len; at < lines->buf.len; at += len) {
		len = line_len(lines->buf.data + at);
		if (buf == NULL)
			buf = chunk_new(chunks);
		while (buf->len + len > PATCH_MESSAGE &&
		       knot_wire_read_u16(buf->data + COUNT_AT) > 0)
			buf = chunk_next(chunks);
		rr_buf_add(buf, lines->buf.data + at, len);
		count_add(buf, 1);
		chunks->since++;
	}
}

/* The name ends: what follows may go into another message. */
static void
chunk_boundary(struct chunks *chunks)
{
	if (chunks->count == 0)
		return;
	chunks->boundary = chunks->at[chunks->count - 1].len;
	chunks->since = 0;
}

/* Making it ------------------------------------------------------------------------------------ */

struct maker {
	const struct patch_input *in;
	struct patch *patch;
	const knot_dname_t *apex;
	struct chunks early, middle, late;
	struct lines gone, come; /* of the present name */
	knot_dname_storage_t name;
	bool has_name;
};

static void
note(struct maker *m, const struct rr *rr, bool add)
{
	knot_dname_txt_storage_t name;
	char type[16];

	++*(add ? &m->patch->added : &m->patch->removed);
	if (m->patch->first[0] != '\0' ||
	    knot_dname_to_str(name, rr->owner, sizeof(name)) == NULL ||
	    knot_rrtype_to_string(rr->type, type, sizeof(type)) < 0)
		return;
	snprintf(m->patch->first, sizeof(m->patch->first), "%.80s %s %s", name, type,
		 add ? "is missing or differs" : "is too much");
}

static void
line(struct maker *m, const knot_dname_t *owner, uint16_t type, uint32_t ttl,
     const knot_rdata_t *rdata, bool add)
{
	struct rr rr = {owner, type, ttl, rdata};

	line_put(add ? &m->come : &m->gone, &rr, add);
	note(m, &rr, add);
}

/* The records of a name are complete. */
static void
name_end(struct maker *m)
{
	bool apex = m->has_name && knot_dname_is_equal(m->name, m->apex);
	struct chunks *to = apex ? &m->middle : m->come.buf.len > 0 ? &m->early : &m->late;

	chunk_put(to, &m->gone);
	chunk_put(to, &m->come);
	chunk_boundary(to);
	m->gone.buf.len = m->come.buf.len = 0;
	m->has_name = false;
}

/* What is compared record by record at the apex. */
static bool
is_shared(uint16_t type)
{
	return type == KNOT_RRTYPE_SOA || msig_apex_is_type(type);
}

/* Everything but the RRsets that are shared. */
static void
make_body(struct maker *m)
{
	struct store_diff *diff = version_diff(m->in->from, m->in->to);
	struct rr rr;
	bool added;

	while (store_diff_next(diff, &added, &rr)) {
		bool apex = knot_dname_is_equal(rr.owner, m->apex);
		if (!patch_counts(m->apex, &rr) || (apex && is_shared(rr.type)))
			continue;
		if (m->has_name && !knot_dname_is_equal(m->name, rr.owner))
			name_end(m);
		if (!m->has_name) {
			m->has_name = knot_dname_store(m->name, rr.owner) > 0;
		}
		line(m, rr.owner, rr.type, rr.ttl, rr.rdata, added);
	}
	store_diff_free(diff);
	name_end(m);
}

/* The record behind rr, or the first one for NULL; NULL at the end. */
static const knot_rdata_t *
set_next(const knot_rdataset_t *set, const knot_rdata_t *rr)
{
	if (set == NULL || set->count == 0)
		return NULL;
	if (rr == NULL)
		return set->rdata;
	const uint8_t *next = (const uint8_t *)rr + knot_rdata_size(rr->len);
	return next < (const uint8_t *)set->rdata + set->size ? (const knot_rdata_t *)next : NULL;
}

#define SET_EACH(set, rr) for (const knot_rdata_t *rr = NULL; (rr = set_next(set, rr)) != NULL;)

static bool
set_has(const knot_rdataset_t *set, uint16_t type, const knot_rdata_t *rdata)
{
	SET_EACH(set, rr)
	{
		if (rr_same(type, rr, rdata))
			return true;
	}
	return false;
}

/* An RRset that the merged zone is the only authority of. */
static void
make_set(struct maker *m, uint16_t type)
{
	uint32_t has_ttl = 0, ttl = 0;
	const knot_rdataset_t *has = version_apex(m->in->apex, type, &has_ttl);
	const knot_rdataset_t *want = version_apex(m->in->to, type, &ttl);

	SET_EACH(want, rr)
	{
		if (has_ttl != ttl || !set_has(has, type, rr))
			line(m, m->apex, type, ttl, rr, true);
	}
	SET_EACH(has, rr)
	{
		if (!set_has(want, type, rr))
			line(m, m->apex, type, has_ttl, rr, false);
	}
}

/* A DNSKEY record that the overlay has from our own agent: whether it is there is the signer's
 * affair. */
static bool
is_ours(const struct maker *m, const knot_rdata_t *rdata)
{
	const struct overlay *overlay = m->in->overlay;

	for (size_t i = 0; m->in->identity != NULL && i < overlay->count; i++) {
		const struct overlay_rr *rr = &overlay->at[i];
		if (rr->type == KNOT_RRTYPE_DNSKEY && strcmp(rr->origin, m->in->identity) == 0 &&
		    knot_rdata_cmp(rr->rdata, rdata) == 0)
			return true;
	}
	return false;
}

/* Whether this DNSKEY, in the signer's zone and not pushed, is of its own for certain. */
static bool
signs_there(const struct maker *m, const knot_rdata_t *dnskey)
{
	uint16_t tag = msig_key_tag(dnskey);

	for (size_t i = 0; i < m->in->signers; i++)
		if (m->in->signer[i] == tag)
			return true;
	return false;
}

/* Whether CDS or CDNSKEY name a key that the signer has and that was not pushed. */
static bool
names_own_key(const struct maker *m, uint16_t type, const knot_rdata_t *rdata)
{
	const knot_rdataset_t *keys = version_apex(m->in->apex, KNOT_RRTYPE_DNSKEY, NULL);

	SET_EACH(keys, key)
	{
		bool same = type == KNOT_RRTYPE_CDS ? msig_key_matches_ds(m->apex, key, rdata)
						    : knot_rdata_cmp(key, rdata) == 0;
		if (same && !pushed_has(&m->patch->pushed, KNOT_RRTYPE_DNSKEY, key))
			return true;
	}
	return false;
}

/* It is there already, and was not pushed: another provider's that somebody else put there, or what
 * was pushed before our memory was lost? */
static bool
adopted(const struct maker *m, uint16_t type, const knot_rdata_t *rdata)
{
	if (!m->in->adopt)
		return false;
	return type == KNOT_RRTYPE_DNSKEY ? !signs_there(m, rdata) : !names_own_key(m, type, rdata);
}

/* An RRset that has records of the signer's own as well: they are left alone, and their TTL is that
 * of all. */
static void
make_keys(struct maker *m, uint16_t type)
{
	uint32_t ttl = 0;
	const knot_rdataset_t *want = version_apex(m->in->to, type, &ttl);
	const knot_rdataset_t *has = version_apex(m->in->apex, type, &ttl);
	struct pushed *pushed = &m->patch->pushed;

	SET_EACH(want, rr)
	{
		if (type == KNOT_RRTYPE_DNSKEY && is_ours(m, rr))
			continue;
		bool there = set_has(has, type, rr);
		if (!there || adopted(m, type, rr))
			pushed_add(pushed, type, rr);
		if (!there)
			line(m, m->apex, type, ttl, rr, true);
		if (!there && type == KNOT_RRTYPE_DNSKEY)
			m->patch->lacks_key = true;
	}
	SET_EACH(has, rr)
	{
		if (pushed_has(m->in->pushed, type, rr) && !set_has(want, type, rr))
			line(m, m->apex, type, ttl, rr, false);
	}
}

/* The owner's SOA but for the serial. A server takes it only with a serial ahead of its own. */
static void
make_soa(struct maker *m)
{
	static struct rr_room room;
	knot_rdata_t *soa = rr_room_rdata(&room);
	uint32_t has_ttl = 0, ttl = 0;
	const knot_rdataset_t *has = version_apex(m->in->apex, KNOT_RRTYPE_SOA, &has_ttl);
	const knot_rdataset_t *want = version_apex(m->in->to, KNOT_RRTYPE_SOA, &ttl);

	if (has == NULL || want == NULL || !rr_soa_valid(has->rdata))
		return;
	uint32_t serial = rr_soa_serial(has->rdata);
	knot_rdata_init(soa, want->rdata->len, want->rdata->data);
	knot_wire_write_u32(soa->data + soa->len - 20, serial);
	if (has_ttl == ttl && rr_same(KNOT_RRTYPE_SOA, has->rdata, soa))
		return;
	/* each message before this one counts it up */
	serial += (uint32_t)(m->early.count + m->middle.count) + 1;
	knot_wire_write_u32(soa->data + soa->len - 20, serial);
	line(m, m->apex, KNOT_RRTYPE_SOA, ttl, soa, true);
}

/* Into one message, where they fit: what comes, then what goes. */
static void
make_apex(struct maker *m)
{
	make_soa(m);
	make_keys(m, KNOT_RRTYPE_DNSKEY);
	make_keys(m, KNOT_RRTYPE_CDS);
	make_keys(m, KNOT_RRTYPE_CDNSKEY);
	make_set(m, KNOT_RRTYPE_CSYNC);
	make_set(m, KNOT_RRTYPE_NS);
	chunk_put(&m->middle, &m->come);
	chunk_put(&m->middle, &m->gone);
}

static void
take(struct patch *patch, struct chunks *chunks)
{
	if (chunks->count == 0)
		return;
	struct rr_buf *more =
	    realloc(patch->message, (patch->messages + chunks->count) * sizeof(*more));
	if (more == NULL)
		fatal("out of memory");
	patch->message = more;
	memcpy(more + patch->messages, chunks->at, chunks->count * sizeof(*more));
	patch->messages += chunks->count;
	free(chunks->at);
}

void
patch_make(const struct patch_input *in, struct patch *patch)
{
	const knot_dname_t *apex = version_name(in->to);
	struct maker m = {
	    .in = in,
	    .patch = patch,
	    .apex = apex,
	    .early.zone = apex,
	    .middle.zone = apex,
	    .late.zone = apex,
	};
	memset(patch, 0, sizeof(*patch));
	pushed_copy(&patch->pushed, in->pushed);
	make_body(&m);
	make_apex(&m);
	rr_buf_clear(&m.gone.buf);
	rr_buf_clear(&m.come.buf);
	take(patch, &m.early);
	take(patch, &m.middle);
	take(patch, &m.late);
}

void
patch_clear(struct patch *patch)
{
	for (size_t i = 0; i < patch->messages; i++)
		rr_buf_clear(&patch->message[i]);
	free(patch->message);
	pushed_clear(&patch->pushed);
	memset(patch, 0, sizeof(*patch));
}

void
patch_forget(struct pushed *pushed, const struct version *has, const struct version *want)
{
	struct pushed kept = {0};

	for (size_t i = 0; i < pushed->count; i++) {
		const struct pushed_rr *rr = &pushed->at[i];
		if (set_has(version_apex(has, rr->type, NULL), rr->type, rr->rdata) ||
		    set_has(version_apex(want, rr->type, NULL), rr->type, rr->rdata))
			pushed_add(&kept, rr->type, rr->rdata);
	}
	pushed_clear(pushed);
	*pushed = kept;
}
