/*
 * What a whole zone looks like: see stream.h. The order of records in an answer is that of RFC 5936
 * and RFC 1995.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "transportd/observe/stream.h"

#define RRSIG_FIXED 18
#define SOA_MIN 22 /* two names of one octet, five numbers */

void
picture_clear(struct picture *picture)
{
	tally_clear(&picture->ttl);
	tally_clear(&picture->signatures);
	tally_clear(&picture->expires);
	knot_rrset_free(picture->soa, NULL);
	*picture = (struct picture){0};
}

static int
picture_copy(struct picture *to, const struct picture *from)
{
	*to = *from;
	to->soa = NULL;
	to->ttl = to->signatures = to->expires = (struct tally){0};
	if (tally_copy(&to->ttl, &from->ttl) == 0 &&
	    tally_copy(&to->signatures, &from->signatures) == 0 &&
	    tally_copy(&to->expires, &from->expires) == 0)
		return 0;
	picture_clear(to);
	return KNOT_ENOMEM;
}

uint32_t
picture_max_ttl(const struct picture *picture)
{
	uint32_t negative = 0, ttl = 0;

	if (picture->ttl.count > 0)
		ttl = (uint32_t)picture->ttl.at[picture->ttl.count - 1].key;
	if (picture->soa != NULL)
		negative =
		    picture->soa->ttl < picture->minimum ? picture->soa->ttl : picture->minimum;
	return ttl > negative ? ttl : negative;
}

uint64_t
picture_expires(const struct picture *picture)
{
	return picture->expires.count > 0 ? picture->expires.at[0].key : 0;
}

/* A time of 32 bits that lies within 68 years of now (RFC 4034 3.1.5). */
static uint64_t
whole_time(uint32_t t, uint64_t now)
{
	return now + (uint64_t)(int64_t)(int32_t)(t - (uint32_t)now);
}

static int
count_rrsig(struct picture *p, const knot_rdata_t *rdata, uint64_t now, bool add)
{
	uint64_t key, expires;
	int err;

	if (rdata->len < RRSIG_FIXED)
		return KNOT_EMALF;
	key = (uint64_t)knot_rrsig_alg(rdata) << 16 | knot_rrsig_key_tag(rdata);
	expires = whole_time(knot_rrsig_sig_expiration(rdata), now) / 60 * 60;
	err = add ? tally_add(&p->signatures, key) : tally_sub(&p->signatures, key);
	if (err == 0)
		err = add ? tally_add(&p->expires, expires) : tally_sub(&p->expires, expires);
	return err;
}

static int
count(struct stream *s, const knot_rrset_t *rr, bool add)
{
	struct picture *p = &s->work;
	const knot_rdata_t *rdata = rr->rrs.rdata;
	int err = add ? tally_add(&p->ttl, rr->ttl) : tally_sub(&p->ttl, rr->ttl);

	if (err == 0 && rr->type == KNOT_RRTYPE_RRSIG)
		err = count_rrsig(p, rdata, s->now, add);
	if (err == 0)
		err = add ? msig_digest_add(&p->digest, s->zone, rr->owner, rr->type, rr->ttl,
					    rdata->data, rdata->len)
			  : msig_digest_remove(&p->digest, s->zone, rr->owner, rr->type, rr->ttl,
					       rdata->data, rdata->len);
	p->records += add ? 1 : (uint64_t)-1;
	return err == KNOT_ENOENT ? KNOT_ENORECORD : err;
}

static int
take_soa(struct picture *p, const knot_rrset_t *soa)
{
	const knot_rdata_t *rdata = soa->rrs.rdata;

	knot_rrset_free(p->soa, NULL);
	p->soa = knot_rrset_copy(soa, NULL);
	if (p->soa == NULL)
		return KNOT_ENOMEM;
	p->serial = knot_soa_serial(rdata);
	p->refresh = knot_soa_refresh(rdata);
	p->retry = knot_soa_retry(rdata);
	p->expire = knot_soa_expire(rdata);
	p->minimum = knot_soa_minimum(rdata);
	p->valid = true;
	return 0;
}

int
stream_begin(struct stream *stream, const knot_dname_t *zone, const struct picture *have,
	     uint64_t now)
{
	*stream = (struct stream){.zone = zone, .now = now};
	if (have != NULL && have->valid)
		return picture_copy(&stream->work, have);
	msig_digest_init(&stream->work.digest);
	return 0;
}

void
stream_clear(struct stream *stream)
{
	picture_clear(&stream->work);
	knot_rrset_free(stream->soa, NULL);
	*stream = (struct stream){0};
}

static int
finish(struct stream *s)
{
	s->state = STREAM_DONE;
	return take_soa(&s->work, s->soa);
}

/* All that was known is void: the whole zone comes. */
static int
begin_axfr(struct stream *s)
{
	picture_clear(&s->work);
	msig_digest_init(&s->work.digest);
	s->full = true;
	s->state = STREAM_AXFR;
	return count(s, s->soa, true);
}

static int
second_record(struct stream *s, const knot_rrset_t *rr, bool soa)
{
	int err;

	if (soa && s->work.valid && knot_soa_serial(rr->rrs.rdata) == s->work.serial &&
	    s->work.serial != s->serial) {
		s->state = STREAM_DELETE;
		return count(s, rr, false);
	}
	err = begin_axfr(s);
	if (err != 0)
		return err;
	if (!soa)
		return count(s, rr, true);
	/* A zone with nothing but a SOA; or a difference to a version that we do not have. */
	return knot_soa_serial(rr->rrs.rdata) == s->serial ? finish(s) : KNOT_ENORECORD;
}

static int
check_record(const struct stream *s, const knot_rrset_t *rr, bool soa)
{
	knot_dname_storage_t owner;

	if (rr->rrs.count != 1 || rr->rclass != KNOT_CLASS_IN || s->state == STREAM_DONE ||
	    knot_dname_store(owner, rr->owner) == 0)
		return KNOT_EMALF;
	knot_dname_to_lower(owner);
	if (knot_dname_in_bailiwick(owner, s->zone) < 0)
		return KNOT_EOUTOFZONE;
	/* The parser lets empty rdata through, for UPDATE. */
	if (soa && (rr->rrs.rdata->len < SOA_MIN || !knot_dname_is_equal(owner, s->zone)))
		return KNOT_EMALF;
	return 0;
}

int
stream_record(struct stream *s, const knot_rrset_t *rr)
{
	bool soa = rr->type == KNOT_RRTYPE_SOA;
	uint32_t serial;
	int err = check_record(s, rr, soa);

	if (err != 0)
		return err;
	serial = soa ? knot_soa_serial(rr->rrs.rdata) : 0;
	switch (s->state) {
	case STREAM_START:
		if (!soa)
			return KNOT_EMALF;
		s->serial = serial;
		s->soa = knot_rrset_copy(rr, NULL);
		s->state = STREAM_FIRST;
		return s->soa != NULL ? 0 : KNOT_ENOMEM;
	case STREAM_FIRST:
		return second_record(s, rr, soa);
	case STREAM_AXFR:
		if (!soa)
			return count(s, rr, true);
		return serial == s->serial ? finish(s) : KNOT_EMALF;
	case STREAM_DELETE:
		if (!soa)
			return count(s, rr, false);
		s->work.serial = serial;
		s->state = STREAM_ADD;
		return count(s, rr, true);
	case STREAM_ADD:
		if (!soa)
			return count(s, rr, true);
		if (serial != s->work.serial)
			return KNOT_EMALF;
		if (serial == s->serial)
			return finish(s);
		s->state = STREAM_DELETE;
		return count(s, rr, false);
	case STREAM_DONE:
		break;
	}
	return KNOT_EMALF;
}

void
stream_message_end(struct stream *s)
{
	int32_t ahead = (int32_t)(s->serial - s->work.serial);

	if (s->state != STREAM_FIRST || !s->work.valid || ahead > 0)
		return;
	s->older = true;
	s->state = STREAM_DONE;
}

void
stream_take(struct stream *s, struct picture *picture)
{
	*picture = s->work;
	s->work = (struct picture){0};
}
