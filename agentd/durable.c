/*
 * The durable part of a view as bytes: a version, then everything in the order of struct durable.
 * Records are written with their ids, so that the bitmaps stay valid.
 */
#include <stdlib.h>
#include <string.h>
#include <libknot/descriptor.h>
#include <libknot/dname.h>

#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/view.h"
#include "libmsig/buf.h"
#include "libmsig/err.h"

#define DURABLE_VERSION 15
#define DURABLE_MAX (4u << 20)
#define TIME_MAX (UINT64_C(1) << 52) /* sums of times do not overflow */

/* One list of fields for both directions: a codec either writes or reads. */
struct codec {
	struct msig_wr wr;
	struct msig_rd rd;
	bool write;
	uint16_t version; /* that is read; the newest is written */
	const char *why;  /* the first thing that did not fit */
};

static void
misfit(struct codec *c, const char *why)
{
	if (c->rd.err == 0)
		c->why = why;
	c->rd.err = MSIG_EDB;
}

#define INTEGER(bits)                                             \
	static void c_u##bits(struct codec *c, uint##bits##_t *v) \
	{                                                         \
		if (c->write)                                     \
			msig_wr_u##bits(&c->wr, *v);              \
		else                                              \
			*v = msig_rd_u##bits(&c->rd);             \
	}
INTEGER(8)
INTEGER(16)
INTEGER(32)
INTEGER(64)

static void
c_time(struct codec *c, int64_t *v)
{
	uint64_t u = (uint64_t)*v;
	c_u64(c, &u);
	*v = (int64_t)u;
	if (!c->write && u != VIEW_NEVER && u > TIME_MAX)
		misfit(c, "a time that cannot be");
}

/* Of two times. */
static void
c_difference(struct codec *c, int64_t *v)
{
	uint64_t u = (uint64_t)*v;
	c_u64(c, &u);
	*v = (int64_t)u;
	if (!c->write && (*v > (int64_t)TIME_MAX || *v < -(int64_t)TIME_MAX))
		misfit(c, "a difference of times that cannot be");
}

static void
c_bool(struct codec *c, bool *v)
{
	uint8_t u = *v;
	c_u8(c, &u);
	*v = u != 0;
}

/* Numbers of providers and the like: small, -1 allowed. */
static void
c_small(struct codec *c, int8_t *v)
{
	uint8_t u = (uint8_t)*v;
	c_u8(c, &u);
	*v = (int8_t)u;
	if (!c->write && (*v < -1 || *v >= VIEW_PROVIDERS))
		misfit(c, "a provider's number that is none");
}

/* Sets of providers. */
static void
c_mask(struct codec *c, uint32_t *v)
{
	c_u32(c, v);
	if (!c->write && *v >= BIT(VIEW_PROVIDERS))
		misfit(c, "a set of providers that there are not");
}

/* One of `count` values. */
static uint8_t
c_enum(struct codec *c, unsigned v, unsigned count, const char *why)
{
	uint8_t u = (uint8_t)v;
	c_u8(c, &u);
	if (!c->write && u >= count)
		misfit(c, why);
	return u;
}

static void
c_bytes(struct codec *c, void *v, size_t len)
{
	if (c->write) {
		msig_wr_bytes(&c->wr, v, len);
		return;
	}
	const uint8_t *data = msig_rd_bytes(&c->rd, len);
	if (data != NULL)
		memcpy(v, data, len);
}

static void
c_text(struct codec *c, char *v, size_t room)
{
	uint16_t len = c->write ? (uint16_t)strnlen(v, room - 1) : 0;
	c_u16(c, &len);
	if (!c->write && len >= room) {
		misfit(c, "a text that is too long");
		return;
	}
	c_bytes(c, v, len);
	if (!c->write)
		v[len] = 0;
}

static void
c_set(struct codec *c, struct rset *v)
{
	for (int i = 0; i < RSET_WORDS; i++)
		c_u64(c, &v->w[i]);
}

/* Of NS the name is used as such; of the others rpool_put() looks at what is used. */
static bool
is_record(uint16_t type, const uint8_t *data, uint16_t len)
{
	return type != KNOT_RRTYPE_NS || knot_dname_wire_check(data, data + len, NULL) == len;
}

static void
c_pool(struct codec *c, struct rpool *pool)
{
	uint16_t count = 0;
	for (int i = 0; i < pool->count; i++)
		count += pool->at[i].type != 0;
	c_u16(c, &count);
	if (c->write) {
		for (int i = 0; i < pool->count; i++) {
			struct rr *rr = &pool->at[i];
			if (rr->type == 0)
				continue;
			msig_wr_u16(&c->wr, (uint16_t)i);
			msig_wr_u16(&c->wr, rr->type);
			msig_wr_u16(&c->wr, rr->rdata->len);
			msig_wr_bytes(&c->wr, rr->rdata->data, rr->rdata->len);
		}
		return;
	}
	for (int n = 0; n < count; n++) {
		uint16_t id = msig_rd_u16(&c->rd), type = msig_rd_u16(&c->rd);
		uint16_t len = msig_rd_u16(&c->rd);
		const uint8_t *data = msig_rd_bytes(&c->rd, len);
		if (data == NULL || !is_record(type, data, len) ||
		    rpool_put(pool, id, type, data, len) != 0) {
			misfit(c, "a record that is none");
			return;
		}
	}
}

static void
c_hsync(struct codec *c, struct view_hsync *h)
{
	uint8_t count = (uint8_t)h->count;
	h->status = c_enum(c, h->status, MSIG_SEEN_SET + 1, "a state of HSYNC that is none");
	c_u32(c, &h->serial);
	c_time(c, &h->time);
	c_bytes(c, h->digest, sizeof(h->digest));
	c_text(c, h->error, sizeof(h->error));
	c_u8(c, &count);
	if (!c->write && count > VIEW_PROVIDERS) {
		misfit(c, "an HSYNC with too many providers");
		return;
	}
	h->count = count;
	for (int i = 0; i < count; i++) {
		struct view_hsync_entry *e = &h->entry[i];
		c_text(c, e->identity, sizeof(e->identity));
		c_bool(c, &e->on);
		c_bool(c, &e->sign);
		c_bool(c, &e->agent);
	}
}

static void
c_statement(struct codec *c, struct view_statement *s)
{
	c_bool(c, &s->known);
	if (!s->known)
		return;
	c_bytes(c, s->generation, sizeof(s->generation));
	c_u64(c, &s->epoch);
	c_u64(c, &s->counter);
	c_u64(c, &s->process_epoch);
	c_u8(c, &s->process);
	c_u8(c, &s->step);
	c_bytes(c, s->hsync, sizeof(s->hsync));
	if (c->version >= 4)
		c_u8(c, &s->share);
	if (c->version >= 6) {
		c_u8(c, &s->wish);
		c_u8(c, &s->wish_algorithm);
	}
	if (c->version >= 9)
		c_u8(c, &s->standing);
	else if (s->process == 0 && s->step == 7)
		s->standing = HAS_ALL | MSIG_STANDING_MEMBER;
	c_set(c, &s->dnskey);
	c_set(c, &s->cds);
	c_set(c, &s->cdnskey);
	c_set(c, &s->ns);
	c_time(c, &s->received);
}

static void
c_provider(struct codec *c, struct view_provider *p)
{
	c_bool(c, &p->used);
	if (!p->used)
		return;
	c_text(c, p->identity, sizeof(p->identity));
	c_bool(c, &p->member);
	c_bool(c, &p->contributed);
	if (c->version >= 2) {
		c_u8(c, &p->has);
		c_bool(c, &p->expelled);
	} else {
		p->has = p->member ? HAS_ALL : 0;
	}
	if (c->version >= 5)
		c_u8(c, &p->models);
	c_statement(c, &p->statement);
	if (c->version >= 10) {
		c_bytes(c, p->past, sizeof(p->past));
		c_time(c, &p->past_until);
	}
	if (c->version >= 15)
		c_bool(c, &p->unsure);
}

/* Rests, or is a step of a process: who uses them looks into the table. */
static bool
in_table(uint8_t kind, uint8_t step)
{
	const struct process_rule *rule = process_rule(kind);
	return kind == 0 || (rule != NULL && step < rule->steps);
}

static void
c_process(struct codec *c, struct view_process *p)
{
	c_u8(c, &p->kind);
	c_u8(c, &p->step);
	p->phase = c_enum(c, p->phase, PHASE_DONE + 1, "a phase that is none");
	c_small(c, &p->subject);
	c_small(c, &p->requestor);
	c_u64(c, &p->epoch);
	c_bytes(c, p->tid, sizeof(p->tid));
	c_bytes(c, p->hsync, sizeof(p->hsync));
	c_bool(c, &p->executed);
	c_bool(c, &p->aborting);
	c_mask(c, &p->voters);
	c_mask(c, &p->approved);
	c_mask(c, &p->done);
	c_time(c, &p->started);
	c_time(c, &p->since);
	c_time(c, &p->executed_at);
	c_time(c, &p->asked);
	c_time(c, &p->lease);
	for (int i = 0; i < (c->version >= 2 ? HOLD_COUNT : HOLD_LEAVE); i++)
		c_time(c, &p->hold[i]);
	if (c->version >= 2) {
		c_u8(c, &p->algorithm);
		c_bool(c, &p->stays);
		c_u8(c, &p->roles);
		c_set(c, &p->fresh);
		c_set(c, &p->old);
	}
	if (c->version >= 6)
		c_bool(c, &p->led);
	if (c->version >= 14)
		c_bool(c, &p->turned);
	if (!c->write && (p->subject < 0 || p->requestor < 0))
		misfit(c, "a process of nobody");
	if (!c->write && !in_table(p->kind, p->step))
		misfit(c, "a process, or a step of one, that is not known here");
}

static void
c_ended(struct codec *c, struct view_ended *e)
{
	c_u8(c, &e->kind);
	c_small(c, &e->subject);
	c_u64(c, &e->epoch);
	c_bytes(c, e->tid, sizeof(e->tid));
	c_bool(c, &e->completed);
	c_time(c, &e->time);
	if (!c->write && (e->subject < 0 || !in_table(e->kind, 0)))
		misfit(c, "the end of a process that is not known here, or of nobody");
}

static void
c_overlay(struct codec *c, struct view_overlay *o)
{
	c_u64(c, &o->epoch);
	c_u64(c, &o->counter);
	c_u32(c, &o->ttl_key);
	c_u32(c, &o->ttl_cds);
	c_u32(c, &o->ttl_ns);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		struct view_contribution *f = &o->from[i];
		c_bool(c, &f->used);
		if (!f->used)
			continue;
		c_set(c, &f->dnskey);
		c_set(c, &f->cds);
		c_set(c, &f->cdnskey);
		c_set(c, &f->ns);
		c_set(c, &f->csync);
	}
}

static void
c_version(struct codec *c, struct view_version *v)
{
	c_set(c, &v->set);
	c_set(c, &v->signers);
	uint8_t what = (uint8_t)((v->alien != 0) | v->child << 1 | v->gap << 2);
	c_bool(c, &v->absent);
	c_u8(c, &what);
	if (c->version >= 8)
		c_u32(c, &v->alien);
	else
		v->alien = what & 1;
	v->child = (what & 2) != 0;
	v->gap = (what & 4) != 0;
	c_u32(c, &v->ttl);
	c_time(c, &v->first);
	c_time(c, &v->last);
	c_time(c, &v->until);
}

static void
c_place(struct codec *c, struct view_place *p)
{
	p->kind = c_enum(c, p->kind, PLACE_PARENT + 1, "a server of no kind");
	c_set(c, &p->ns);
	c_text(c, p->server, sizeof(p->server));
	c_time(c, &p->named);
	c_time(c, &p->unnamed);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		struct view_history *h = &p->history[t];
		c_u8(c, &h->count);
		c_time(c, &h->overflow);
		if (!c->write && h->count > VIEW_VERSIONS) {
			h->count = 0;
			misfit(c, "too many versions of an RRset");
			return;
		}
		for (int i = 0; i < h->count; i++)
			c_version(c, &h->at[i]);
	}
}

static void
c_places(struct codec *c, struct durable *d)
{
	for (int i = 0; i < (c->version >= 13 ? VIEW_PLACES : 40); i++) {
		bool used = d->place[i] != NULL;
		c_bool(c, &used);
		if (!used)
			continue;
		if (!c->write) {
			if (c->rd.err != 0 ||
			    (d->place[i] = calloc(1, sizeof(*d->place[i]))) == NULL)
				return;
			d->places = i + 1;
		}
		c_place(c, d->place[i]);
	}
}

static void
c_election(struct codec *c, struct view_election *e)
{
	c_u64(c, &e->term);
	e->state = c_enum(c, e->state, ELECT_SETTLED + 1, "an election in no state");
	c_bytes(c, e->hsync, sizeof(e->hsync));
	c_mask(c, &e->voters);
	c_mask(c, &e->voted);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		c_u32(c, &e->vote[i]);
		c_small(c, &e->confirmed[i]);
	}
	c_small(c, &e->leader);
	c_time(c, &e->since);
	c_time(c, &e->lease);
	c_time(c, &e->backoff);
	c_u32(c, &e->attempts);
	if (!c->write && e->state == ELECT_SETTLED && e->leader < 0)
		misfit(c, "an election that nobody won");
}

static void
c_approval(struct codec *c, struct view_approval *a)
{
	c_u8(c, &a->kind);
	c_u8(c, &a->step);
	c_small(c, &a->subject);
	if (!c->write && a->subject < 0)
		misfit(c, "an approval of nobody");
	if (!c->write && !in_table(a->kind, a->step & (uint8_t)~OPERATOR_LOOKS))
		misfit(c, "an approval of a step that is not known here");
}

static void
c_order(struct codec *c, struct view_order *o)
{
	c_u8(c, &o->process);
	c_u8(c, &o->algorithm);
	if (!c->write && !in_table(o->process, 0))
		misfit(c, "an order of a process that is not known here");
}

static void
c_durable(struct codec *c, struct durable *d)
{
	c_bytes(c, d->generation, sizeof(d->generation));
	c_pool(c, &d->pool);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		c_provider(c, &d->provider[i]);
		if (!c->write && d->provider[i].used)
			d->providers = i + 1;
	}
	c_bool(c, &d->begun);
	c_u64(c, &d->epoch);
	c_u64(c, &d->counter);
	c_hsync(c, &d->hsync);
	c_hsync(c, &d->pending);
	c_set(c, &d->own);
	c_set(c, &d->foreign);
	c_process(c, &d->process);
	c_ended(c, &d->ended);
	c_overlay(c, &d->want);
	c_u64(c, &d->applied_epoch);
	c_u64(c, &d->applied_counter);
	c_overlay(c, &d->applied);
	c_places(c, d);
	c_time(c, &d->backoff);
	c_u32(c, &d->attempts);
	c_bool(c, &d->paused);
	c_time(c, &d->clock_floor);
	c_bool(c, &d->rebuild);
	c_text(c, d->doubt, sizeof(d->doubt));
	if (c->version < 5)
		d->election.leader = -1;
	if (c->version < 2) {
		d->agent_ns = d->hsync.count > 0 && d->hsync.entry[0].agent;
		return;
	}
	c_u64(c, &d->content_epoch);
	c_u64(c, &d->content_counter);
	c_bool(c, &d->agent_ns);
	c_bool(c, &d->shrink);
	if (c->version >= 10)
		c_time(c, &d->keys_since);
	c_set(c, &d->orphans);
	for (int i = 0; i < VIEW_ORDERS; i++)
		c_order(c, &d->order[i]);
	if (c->version < 3)
		return;
	c_u16(c, &d->step_on);
	c_u16(c, &d->step_off);
	c_approval(c, &d->approved);
	if (c->version >= 4)
		c_u8(c, &d->share);
	if (c->version >= 5)
		c_election(c, &d->election);
	if (c->version >= 7) {
		c_bytes(c, d->boot, sizeof(d->boot));
		c_difference(c, &d->clock_offset);
	}
	if (c->version >= 11)
		c_approval(c, &d->recalled);
	if (c->version >= 12)
		c_bool(c, &d->differs);
}

int
view_encode(const struct zone_view *view, uint8_t **out, size_t *len)
{
	struct codec c = {.write = true, .version = DURABLE_VERSION};
	msig_wr_grow(&c.wr, DURABLE_MAX);
	msig_wr_u16(&c.wr, DURABLE_VERSION);
	struct codec *w = &c;
	/* Writing reads the view only; the list of fields is shared with reading. */
	c_durable(w, (struct durable *)(uintptr_t)&view->d);
	return msig_wr_take(&c.wr, out, len);
}

/* Of each type the records that are there. */
struct records {
	struct rset of[VIEW_TYPE_COUNT];
};

static struct records
records_of(const struct rpool *pool)
{
	struct records all = {{RSET_NONE}};
	for (int i = 0; i < pool->count; i++)
		for (int t = 0; t < VIEW_TYPE_COUNT; t++)
			if (pool->at[i].type == view_rrtype(t))
				rset_add(&all.of[t], i);
	return all;
}

static bool
in_overlay(const struct records *all, const struct view_overlay *o)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_contribution *c = &o->from[i];
		if (!rset_within(c->dnskey, all->of[VIEW_DNSKEY]) ||
		    !rset_within(c->cds, all->of[VIEW_CDS]) ||
		    !rset_within(c->cdnskey, all->of[VIEW_CDNSKEY]) ||
		    !rset_within(c->ns, all->of[VIEW_NS]) ||
		    !rset_within(c->csync, all->of[VIEW_CSYNC]))
			return false;
	}
	return true;
}

static bool
in_statement(const struct records *all, const struct view_statement *s)
{
	return rset_within(s->dnskey, all->of[VIEW_DNSKEY]) &&
	       rset_within(s->cds, all->of[VIEW_CDS]) &&
	       rset_within(s->cdnskey, all->of[VIEW_CDNSKEY]) &&
	       rset_within(s->ns, all->of[VIEW_NS]);
}

static bool
in_place(const struct records *all, const struct view_place *p)
{
	if (!rset_within(p->ns, all->of[VIEW_NS]))
		return false;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		for (int v = 0; v < p->history[t].count; v++)
			if (!rset_within(p->history[t].at[v].set, all->of[t]) ||
			    !rset_within(p->history[t].at[v].signers, all->of[VIEW_DNSKEY]))
				return false;
	return true;
}

/* Nothing in a database may lead outside of an array: bitmaps speak of records that are there, and
 * of their type; numbers of providers that count, of such. NULL, or what does not fit. */
static const char *
inconsistent(const struct durable *d)
{
	const struct records all = records_of(&d->pool);
	const struct view_process *run = &d->process;

	if (!d->provider[VIEW_SELF].used)
		return "it is of nobody";
	if (!rset_within(rset_or(rset_or(d->own, d->foreign),
				 rset_or(d->orphans, rset_or(run->fresh, run->old))),
			 all.of[VIEW_DNSKEY]))
		return "a set of keys that are not there";
	if (!in_overlay(&all, &d->want) || !in_overlay(&all, &d->applied))
		return "an overlay with records that are not there";
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (!in_statement(&all, &d->provider[i].statement))
			return "a statement with records that are not there";
	for (int i = 0; i < d->places; i++)
		if (d->place[i] != NULL && !in_place(&all, d->place[i]))
			return "a server with records that are not there";
	if (run->kind != 0 &&
	    (!d->provider[run->subject].used || !d->provider[run->requestor].used))
		return "a process of a provider that is not there";
	if (d->election.state == ELECT_SETTLED && !d->provider[d->election.leader].used)
		return "a leader that is not there";
	return NULL;
}

/* Too short or too long, what the codec found, or what does not go together. */
static const char *
unfit(struct codec *c, const struct durable *d, const char *identity)
{
	if (msig_rd_end(&c->rd) != 0)
		return c->why != NULL ? c->why : "it is cut, or longer than it should be";
	if (strcmp(identity, d->provider[VIEW_SELF].identity) != 0)
		return "it is of another identity";
	return inconsistent(d);
}

int
view_decode(struct zone_view *view, const uint8_t *data, size_t len, int64_t now)
{
	struct codec c = {.write = false};
	struct durable *d = &view->d;
	uint8_t apex[sizeof(d->pool.apex)];

	msig_rd_init(&c.rd, data, len);
	uint16_t version = msig_rd_u16(&c.rd);
	view->misfit = c.rd.err != 0 ? "it is empty" : NULL;
	if (c.rd.err != 0)
		return MSIG_EDB;
	if (version > DURABLE_VERSION)
		return MSIG_EDBNEWER;
	c.version = version;
	char identity[VIEW_NAME];
	memcpy(identity, d->provider[VIEW_SELF].identity, sizeof(identity));
	memcpy(apex, d->pool.apex, sizeof(apex));
	for (int i = 0; i < VIEW_PLACES; i++) {
		free(d->place[i]);
		d->place[i] = NULL;
	}
	rpool_clear(&d->pool);
	memset(d, 0, sizeof(*d));
	rpool_init(&d->pool, apex);
	c_durable(&c, d);
	view->misfit = unfit(&c, d, identity);
	if (view->misfit != NULL)
		return MSIG_EDB;
	for (int i = 0; i < d->places; i++)
		for (int t = 0; d->place[i] != NULL && t < VIEW_TYPE_COUNT; t++) {
			struct view_history *h = &d->place[i]->history[t];
			if (h->count > 0 && h->at[h->count - 1].last < now)
				h->at[h->count - 1].last = now;
		}
	/* Each may have stated more since: it is asked, and until then nothing of it goes. */
	for (int i = 1; i < d->providers; i++)
		d->provider[i].stale = d->provider[i].used && d->provider[i].statement.known;
	view->loaded = now;
	MUTANT_FORGET(d);
	if (MUTANT(FORGET_HOLD)) {
		memset(d->process.hold, 0, sizeof(d->process.hold));
		for (int i = 0; i < d->places; i++)
			for (int t = 0; d->place[i] != NULL && t < VIEW_TYPE_COUNT; t++)
				d->place[i]->history[t].count = 0;
	}
	view->dirty = true;
	view->persist = false;
	return 0;
}
