/*
 * Events into the view. They record and mark dirty; conclusions are drawn by decide().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/elect.h"
#include "agentd/mutant.h"
#include "agentd/view.h"
#include "libmsig/err.h"
#include "libmsig/name.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

const struct view_times view_times_default = {
    .d = 5 * MINUTE,
    .d_parent = 10 * MINUTE,
    .margin = MINUTE,
    .margin_percent = 10,
    .skew = 5 * MINUTE,
    .ask_fast = 10 * SECOND,
    .ask_slow = 5 * MINUTE,
    .fresh = 2 * MINUTE,
    .resend = 5 * SECOND,
    .lease = 10 * MINUTE,
    .backoff_min = 5 * SECOND,
    .backoff_max = 10 * MINUTE,
    .hold_down = 10 * MINUTE,
    .alarm_after = 60 * MINUTE,
    .ballot = 15 * SECOND,
    .lead = 60 * MINUTE,
    .late = 10 * MINUTE,
};

const struct view_times view_times_lab = {
    .d = SECOND,
    .d_parent = SECOND,
    .margin = 0,
    .margin_percent = 0,
    .skew = 0,
    .ask_fast = SECOND / 2,
    .ask_slow = 2 * SECOND,
    .fresh = 5 * SECOND,
    .resend = SECOND,
    .lease = 30 * SECOND,
    .backoff_min = SECOND,
    .backoff_max = 5 * SECOND,
    .hold_down = 3 * SECOND,
    .alarm_after = 60 * SECOND,
    .ballot = 3 * SECOND,
    .lead = 60 * SECOND,
    .late = 5 * SECOND,
};

struct zone_view *
view_new(const char *zone, const char *identity, const struct view_times *times,
	 const uint8_t generation[16], const uint8_t seed[16])
{
	knot_dname_storage_t apex;
	if (msig_name_parse(zone, apex) != 0 || strlen(identity) >= VIEW_NAME)
		return NULL;
	struct zone_view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return NULL;
	strncpy(view->zone, zone, sizeof(view->zone) - 1);
	view->config.times = *times;
	rpool_init(&view->d.pool, apex);
	memcpy(view->d.generation, generation, sizeof(view->d.generation));
	memcpy(view->seed, seed, sizeof(view->seed));
	view_provider(view, identity);
	view->d.election.leader = -1;
	view->dirty = true;
	return view;
}

void
view_free(struct zone_view *view)
{
	if (view == NULL)
		return;
	for (int i = 0; i < VIEW_PLACES; i++)
		free(view->d.place[i]);
	rpool_clear(&view->d.pool);
	free(view);
}

static bool
news(struct zone_view *view, bool durable)
{
	view->dirty = true;
	view->persist |= durable;
	return true;
}

uint16_t
view_rrtype(enum view_type type)
{
	static const uint16_t types[] = {
#define X(id, rrtype) rrtype,
	    VIEW_TYPES(X)
#undef X
	};
	return types[type];
}

const char *
view_type_name(enum view_type type)
{
	static const char *const names[] = {
#define X(id, rrtype) #id,
	    VIEW_TYPES(X)
#undef X
	};
	return (unsigned)type < VIEW_TYPE_COUNT ? names[type] : "?";
}

int
view_rr(struct zone_view *view, enum view_type type, const uint8_t *rdata, uint16_t len)
{
	return rpool_get(&view->d.pool, view_rrtype(type), rdata, len);
}

int
view_provider_find(const struct zone_view *view, const char *identity)
{
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used && strcmp(view->d.provider[i].identity, identity) == 0)
			return i;
	return -1;
}

/* Nothing of it is published, nobody designates it, and no process speaks of it. */
static bool
forgettable(const struct zone_view *view, int i)
{
	const struct durable *d = &view->d;
	const struct view_provider *p = &d->provider[i];

	if (i == VIEW_SELF || p->member || p->contributed || d->want.from[i].used ||
	    view->held[i].used || d->applied.from[i].used || (d->process.kind != 0))
		return false;
	for (int k = 0; k < d->hsync.count; k++)
		if (strcmp(d->hsync.entry[k].identity, p->identity) == 0)
			return false;
	return d->ended.subject != i;
}

int
view_provider(struct zone_view *view, const char *identity)
{
	int i = view_provider_find(view, identity);
	if (i >= 0)
		return i;
	if (strlen(identity) >= VIEW_NAME)
		return -1;
	for (i = 0; i < VIEW_PROVIDERS; i++) {
		struct view_provider *p = &view->d.provider[i];
		if (p->used && !forgettable(view, i))
			continue;
		memset(p, 0, sizeof(*p));
		p->used = true;
		if (i >= view->d.providers)
			view->d.providers = i + 1;
		reason_copy(p->identity, sizeof(p->identity), identity);
		news(view, true);
		return i;
	}
	return -1;
}

int
view_place_provider(const struct zone_view *view, const struct view_place *place)
{
	if (place->kind == PLACE_SIGNER)
		return VIEW_SELF;
	if (place->kind == PLACE_PARENT)
		return VIEW_STRANGER;
	if (rset_meets(place->ns, view->config.ns))
		return VIEW_SELF;
	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used &&
		    rset_meets(place->ns, view->d.provider[i].statement.ns))
			return i;
	return VIEW_STRANGER;
}

static bool
shows_child(const struct view_place *p)
{
	const struct view_version *v = p->kind == PLACE_PARENT ? view_current(p, VIEW_NS) : NULL;
	return v != NULL && v->child;
}

bool
view_hidden(const struct zone_view *view)
{
	bool any = false;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_PARENT && !shows_child(p))
			return false;
		any |= p != NULL && p->kind == PLACE_PARENT;
	}
	return any;
}

bool
view_delegates(const struct zone_view *view, const struct view_place *place)
{
	return place->kind == PLACE_PARENT && (!shows_child(place) || view_hidden(view));
}

bool
view_serves_child(const struct zone_view *view, const char *server)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && shows_child(p) && strcmp(p->server, server) == 0)
			return true;
	}
	return false;
}

const struct view_place *
view_own_signer(const struct zone_view *view)
{
	for (int i = 0; i < view->d.places; i++)
		if (view->d.place[i] != NULL && view->d.place[i]->kind == PLACE_SIGNER)
			return view->d.place[i];
	return NULL;
}

/* ---- observations ---- */

static bool
same_version(const struct view_version *v, const struct view_answer *a)
{
	return v->absent == (a->status == MSIG_SEEN_ABSENT) && v->alien == a->alien &&
	       v->child == a->child && rset_equal(v->set, a->set) &&
	       rset_equal(v->signers, a->signers);
}

static void
drop_version(struct view_history *h, int i)
{
	memmove(&h->at[i], &h->at[i + 1], sizeof(h->at[0]) * (size_t)(h->count - i - 1));
	h->count--;
}

/* A new current version. One that was seen before and comes back is current again: its old entry
 * goes, since what is current never expires. */
static void
push_version(struct view_history *h, const struct view_answer *a, int64_t reserve)
{
	uint32_t ttl = a->ttl;

	if (h->count > 0)
		h->at[h->count - 1].until = a->time;
	for (int i = 0; i < h->count; i++) {
		if (same_version(&h->at[i], a)) {
			if (h->at[i].ttl > ttl)
				ttl = h->at[i].ttl;
			drop_version(h, i--);
		}
	}
	if (h->count == VIEW_VERSIONS) {
		const struct view_version *old = &h->at[0];
		int64_t end = old->until + old->ttl * SECOND + reserve;
		if (end > h->overflow)
			h->overflow = end;
		drop_version(h, 0);
	}
	h->at[h->count++] = (struct view_version){
	    .set = a->set,
	    .signers = a->signers,
	    .absent = a->status == MSIG_SEEN_ABSENT,
	    .alien = a->alien,
	    .child = a->child,
	    .ttl = ttl,
	    .first = a->time,
	    .last = a->time,
	    .until = VIEW_NEVER,
	};
}

static struct view_place *place_of(struct zone_view *view, enum view_place_kind kind,
				   const char *server, int *index);

/* A server of the parent that serves the zone is watched as a server of the zone, too. */
static bool
watch_child(struct zone_view *view, const struct view_answer *a)
{
	int index;
	return !a->child ||
	       place_of(view, PLACE_SERVER, view->d.place[a->place]->server, &index) != NULL;
}

/* The overlay's keys have changed since an own server was seen, perhaps there and back: what it
 * shows again it has shown since now, for all that is known. */
static bool
unseen_change(const struct zone_view *view, const struct view_place *place,
	      const struct view_version *current, const struct view_answer *a)
{
	return a->type == VIEW_DNSKEY && place->kind != PLACE_PARENT &&
	       (place->kind == PLACE_SIGNER || view_place_provider(view, place) == VIEW_SELF) &&
	       current->last < view->d.keys_since && a->asked >= view->d.keys_since;
}

bool
view_on_answer(struct zone_view *view, const struct view_answer *a)
{
	if (a->place < 0 || a->place >= VIEW_PLACES || view->d.place[a->place] == NULL ||
	    (unsigned)a->type >= VIEW_TYPE_COUNT)
		return false;
	struct view_place *place = view->d.place[a->place];
	struct view_history *h = &place->history[a->type];
	if (a->time < h->tried || !watch_child(view, a))
		return false; /* overtaken by a later answer; no room */
	h->tried = a->time;

	bool changed = h->status != a->status;
	h->status = a->status;
	if (a->status == MSIG_SEEN_UNKNOWN) {
		reason_copy(h->reason, sizeof(h->reason), a->reason);
		return changed ? news(view, false) : false;
	}
	h->time = a->time;
	bool other = h->ttl != a->ttl && a->status == MSIG_SEEN_SET && place->kind == PLACE_SIGNER;
	if (other)
		h->ttl = a->ttl;
	h->reason[0] = 0;
	struct view_version *current = h->count > 0 ? &h->at[h->count - 1] : NULL;
	if (current == NULL || !same_version(current, a)) {
		push_version(h, a, view->config.times.d + view->config.times.margin);
		return news(view, true);
	}
	bool again = unseen_change(view, place, current, a);
	if (again)
		current->first = a->time;
	current->last = a->time;
	if (a->ttl > current->ttl && !MUTANT(TTL)) {
		current->ttl = a->ttl;
		return news(view, true);
	}
	return changed || other || again ? news(view, again) : false;
}

bool
view_on_hsync(struct zone_view *view, const struct view_hsync *seen)
{
	if (seen->time < view->hsync_tried)
		return false;
	view->hsync_tried = seen->time;
	bool same = view->hsync.status == seen->status &&
		    memcmp(view->hsync.digest, seen->digest, 32) == 0 &&
		    view->hsync.serial == seen->serial &&
		    strcmp(view->hsync.error, seen->error) == 0;
	if (seen->status == MSIG_SEEN_UNKNOWN) {
		/* The last thing seen stays: unknown is not empty. Its time grows old. */
		bool first = view->hsync_why[0] == 0;
		reason_copy(view->hsync_why, sizeof(view->hsync_why), seen->error);
		return first ? news(view, false) : false;
	}
	view->hsync_why[0] = 0;
	view->hsync = *seen;
	return same ? false : news(view, false);
}

static struct view_place *
place_of(struct zone_view *view, enum view_place_kind kind, const char *server, int *index)
{
	int empty = -1;
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL) {
			if (empty < 0)
				empty = i;
		} else if (p->kind == kind && strcmp(p->server, server) == 0) {
			*index = i;
			return p;
		}
	}
	struct view_place *p = empty < 0 ? NULL : calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->kind = kind;
	reason_copy(p->server, sizeof(p->server), server);
	view->d.place[empty] = p;
	if (empty >= view->d.places)
		view->d.places = empty + 1;
	*index = empty;
	news(view, true);
	return p;
}

int
view_signer(struct zone_view *view, const char *server)
{
	int index = -1;
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SIGNER && strcmp(p->server, server) != 0) {
			free(p);
			view->d.place[i] = NULL;
		}
	}
	place_of(view, PLACE_SIGNER, server, &index);
	return index;
}

static bool
listed(const char *const *server, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(server[i], name) == 0)
			return true;
	return false;
}

/* Servers of the parent that are no longer among its addresses do not count any more: what they
 * said last may be cached, but a parent does not retire a server and change the DS at once. */
static bool
parent_addresses(struct zone_view *view, const char *const *server, int count)
{
	bool changed = !view->parent_known;
	int index;

	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT || listed(server, count, p->server))
			continue;
		free(p);
		view->d.place[i] = NULL;
		changed = true;
	}
	for (int i = 0; i < count; i++)
		place_of(view, PLACE_PARENT, server[i], &index);
	view->parent_known = true;
	return changed ? news(view, true) : false;
}

bool
view_on_addresses(struct zone_view *view, int ns, bool known, const char *const *server, int count,
		  int64_t now)
{
	if (!known || count == 0)
		return false;
	if (ns < 0)
		return parent_addresses(view, server, count);

	bool changed = !rset_has(&view->looked_up, ns);
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER && rset_has(&p->ns, ns) &&
		    !listed(server, count, p->server)) {
			rset_del(&p->ns, ns);
			changed = news(view, true);
		}
	}
	for (int i = 0; i < count; i++) {
		int index;
		struct view_place *p = place_of(view, PLACE_SERVER, server[i], &index);
		if (p == NULL) { /* no room to watch it: then the name is not known */
			rset_del(&view->looked_up, ns);
			return changed;
		}
		if (!rset_has(&p->ns, ns)) {
			rset_add(&p->ns, ns);
			changed = news(view, true);
		}
	}
	rset_add(&view->looked_up, ns);
	return changed ? news(view, false) : false;
}

bool
view_on_changed(struct zone_view *view)
{
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p != NULL && view_place_provider(view, p) == VIEW_SELF)
			p->asked = 0;
	}
	view->hsync_asked = 0;
	return news(view, false);
}

bool
view_on_followed(struct zone_view *view, uint32_t max_ttl)
{
	if (view->own_max_ttl == max_ttl)
		return false;
	view->own_max_ttl = max_ttl;
	return news(view, false);
}

bool
view_on_egress(struct zone_view *view, const char *text)
{
	if (strncmp(view->egress, text, sizeof(view->egress) - 1) == 0)
		return false;
	reason_copy(view->egress, sizeof(view->egress), text);
	return news(view, false);
}

/* ---- peers ---- */

static struct view_provider *
peer(struct zone_view *view, int provider)
{
	if (provider <= VIEW_SELF || provider >= VIEW_PROVIDERS || !view->d.provider[provider].used)
		return NULL;
	return &view->d.provider[provider];
}

bool
view_on_peer(struct zone_view *view, int provider, bool ready, const char *why)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL)
		return false;
	reason_copy(p->why, sizeof(p->why), why);
	if (p->ready == ready)
		return false;
	p->ready = ready;
	if (ready) { /* say again what it may have missed */
		p->told = 0;
		p->tell = true;
	}
	return news(view, false);
}

bool
view_on_models(struct zone_view *view, int provider, uint8_t models)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL || models == 0 || p->models == models)
		return false;
	p->models = models;
	return news(view, true);
}

static int
version_cmp(uint64_t epoch, uint64_t counter, const struct view_statement *s)
{
	if (epoch != s->epoch)
		return epoch < s->epoch ? -1 : 1;
	return counter == s->counter ? 0 : counter < s->counter ? -1 : 1;
}

bool
view_on_beat(struct zone_view *view, int provider, const uint8_t generation[16], uint64_t epoch,
	     uint64_t counter, const uint8_t hsync[32])
{
	struct view_provider *p = peer(view, provider);
	/* One that is older, or the same with another HSYNC, tells of a database that was put back:
	 * it is told when it is pulled. One that begins anew counts from the beginning, and comes
	 * to the same numbers again. */
	if (p == NULL || p->stale ||
	    (p->statement.known && version_cmp(epoch, counter, &p->statement) == 0 &&
	     (generation == NULL || memcmp(generation, p->statement.generation, 16) == 0) &&
	     (hsync == NULL || memcmp(hsync, p->statement.hsync, 32) == 0)))
		return false;
	p->stale = true;
	return news(view, false);
}

bool
view_same_statement(const struct view_statement *a, const struct view_statement *b)
{
	return a->process == b->process && a->step == b->step && a->share == b->share &&
	       a->standing == b->standing && a->wish == b->wish &&
	       a->wish_algorithm == b->wish_algorithm && a->process_epoch == b->process_epoch &&
	       memcmp(a->hsync, b->hsync, 32) == 0 && rset_equal(a->dnskey, b->dnskey) &&
	       rset_equal(a->cds, b->cds) && rset_equal(a->cdnskey, b->cdnskey) &&
	       rset_equal(a->ns, b->ns);
}

static int
refuse_statement(struct zone_view *view, struct view_provider *p, int error, const char *why)
{
	reason_copy(p->refused, sizeof(p->refused), why);
	news(view, false);
	return error;
}

bool
view_refuse(struct zone_view *view, int provider, const char *why)
{
	struct view_provider *p = peer(view, provider);

	if (p == NULL || strncmp(p->refused, why, sizeof(p->refused) - 1) == 0)
		return false;
	(void)refuse_statement(view, p, 0, why);
	return true;
}

/* It states an older one, or another one of the same version, again and again: its database was put
 * back from a copy. A signer of the group puts it in doubt with that; who is none is not believed
 * in this, and takes it as it is now. */
static bool
back_for_long(const struct zone_view *view, struct view_provider *p, int64_t now)
{
	if (view->d.provider[VIEW_SELF].member || (view->designated & 1) != 0)
		return false;
	if (p->older == 0 || p->older > now)
		p->older = now;
	return now - p->older >= view->config.times.late;
}

int
view_on_statement(struct zone_view *view, int provider, const struct view_statement *said,
		  int64_t now)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL)
		return MSIG_ESENDER;
	if (rset_count(said->dnskey) > VIEW_KEYS || rset_count(said->cds) > VIEW_KEYS ||
	    rset_count(said->cdnskey) > VIEW_KEYS || rset_count(said->ns) > VIEW_NSES)
		return refuse_statement(view, p, MSIG_ESIZE, "it states too many records");
	/* A key has one owner: what is ours or a member's cannot be stated by somebody else. */
	struct rset taken = view->d.own;
	for (int i = 1; i < view->d.providers; i++)
		if (i != provider && view->d.provider[i].used && view->d.provider[i].member)
			taken = rset_or(taken, view->d.provider[i].statement.dnskey);
	if (rset_meets(said->dnskey, taken))
		return refuse_statement(view, p, MSIG_EREFUSED, "it states a key of somebody else");
	if (said->epoch > view->d.epoch + VIEW_EPOCH_JUMP ||
	    said->process_epoch > view->d.epoch + VIEW_EPOCH_JUMP)
		return refuse_statement(view, p, MSIG_EVALUE, "its epoch cannot be");
	bool successor =
	    p->statement.known && memcmp(p->statement.generation, said->generation, 16) == 0;
	if (successor) {
		int cmp = version_cmp(said->epoch, said->counter, &p->statement);
		bool same = cmp == 0 && view_same_statement(said, &p->statement);
		p->stale = cmp <= 0 && !same;
		p->differs = cmp == 0 && !same;
		if (same)
			p->older = 0;
		if (same || (cmp <= 0 && !back_for_long(view, p, now)))
			return same ? 0 : MSIG_EDOUBT;
	}
	/* What it said before its database was another one may come late. */
	if (p->statement.known && !successor) {
		if (now < p->past_until &&
		    memcmp(p->past, said->generation, sizeof(p->past)) == 0) {
			p->stale = true;
			return MSIG_EDOUBT;
		}
		memcpy(p->past, p->statement.generation, sizeof(p->past));
		p->past_until = now + view->config.times.late;
	}
	p->statement = *said;
	p->statement.known = true;
	p->statement.received = now;
	p->stale = p->differs = false;
	p->older = 0;
	p->refused[0] = 0;
	news(view, true);
	return 0;
}

bool
view_on_echo(struct zone_view *view, int provider, uint64_t epoch, uint64_t counter, bool differs)
{
	struct durable *d = &view->d;
	const struct view_statement *own = &d->provider[VIEW_SELF].statement;
	struct view_provider *p = peer(view, provider);

	/* Nobody but a signer of the group can stop us, and none that an operator took out. */
	if (p == NULL || epoch > d->epoch + VIEW_EPOCH_JUMP ||
	    ((view->designated >> provider & 1) == 0 && (!p->member || p->expelled)))
		return false;
	struct view_statement said = {.epoch = d->epoch, .counter = d->counter};
	if (!differs && version_cmp(epoch, counter, own->known ? own : &said) <= 0)
		return false;
	/* What we say next is later than what anybody has heard. */
	if (epoch > d->epoch)
		d->epoch = epoch;
	if (counter > d->counter)
		d->counter = counter;
	if (!d->rebuild) {
		d->rebuild = true;
		view->overlay_known = false; /* what combinerd holds is what a person confirms */
		view->showed = 0;
		snprintf(d->doubt, sizeof(d->doubt), "%.80s holds statement %llu.%llu of ours",
			 p->identity, (unsigned long long)epoch, (unsigned long long)counter);
	}
	return news(view, true);
}

/* Messages are kept as the latest state of the peer; the agreement draws the conclusions. */
bool
view_on_message(struct zone_view *view, int provider, const struct view_message *m, int64_t now)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL)
		return false;
	struct view_process *run = &view->d.process;
	bool mine =
	    run->kind != 0 && (MUTANT(TRANSITION) || memcmp(run->tid, m->tid, sizeof(m->tid)) == 0);
	uint32_t bit = UINT32_C(1) << provider;

	switch (m->op) {
	case MSIG_OP_REQUEST:
		p->request = *m;
		p->requested = true;
		p->requested_at = now;
		p->answer = 0;
		return news(view, false);
	case MSIG_OP_EXECUTE:
	case MSIG_OP_RELEASE:
	case MSIG_OP_ABORT:
		p->ask = *m;
		p->asking = true;
		return news(view, false);
	case MSIG_OP_DONE:
		if (!mine) {
			p->ask = *m;
			p->asking = true;
			return news(view, false);
		}
		if (m->step != run->step || (run->done & bit) != 0 ||
		    (run->phase != PHASE_EXECUTING && run->phase != PHASE_DONE))
			return false;
		run->done |= bit;
		return news(view, true);
	case MSIG_OP_APPROVE:
		if (!mine) {
			p->ask = *m;
			p->asking = true;
			return news(view, false);
		}
		if (run->requestor != VIEW_SELF || run->phase != PHASE_REQUESTED ||
		    m->step != run->step || (run->approved & bit) != 0)
			return false;
		run->approved |= bit;
		p->said[0] = 0;
		p->said_result = 0;
		return news(view, true);
	case MSIG_OP_DENY:
	case MSIG_OP_NOT_YET:
		if (mine && run->requestor == provider && m->op == MSIG_OP_DENY &&
		    m->result == MSIG_RESULT_ENDED) {
			p->ask = *m;
			p->asking = true;
			return news(view, false);
		}
		if (!mine || run->requestor != VIEW_SELF || m->step != run->step ||
		    (run->phase != PHASE_REQUESTED && m->op != MSIG_OP_DENY))
			return false;
		reason_copy(p->said, sizeof(p->said), m->text);
		p->said_result = m->result;
		if (m->op == MSIG_OP_DENY) {
			p->ask = *m;
			p->asking = true;
		}
		return news(view, false);
	case MSIG_OP_ELECT_CALL:
	case MSIG_OP_ELECT_VOTE:
	case MSIG_OP_ELECT_CONFIRM:
		return elect_on_message(view, provider, m) ? news(view, false) : false;
	default:
		return false;
	}
}

/* ---- combinerd, operator, clock ---- */

bool
view_on_applied(struct zone_view *view, uint64_t epoch, uint64_t counter, uint16_t rcode,
		const char *text)
{
	const struct view_overlay *want = &view->d.want;
	if (view->applying == 0 || epoch != want->epoch || counter != want->counter)
		return false;
	view->apply_rcode = rcode;
	reason_copy(view->apply_text, sizeof(view->apply_text), text);
	if (rcode != 0) { /* applying stays set: said again after a pause */
		if (rcode != 0xffff) {
			view->overlay_known = false; /* it may hold more than is known here */
			view->showed = 0;
		}
		return news(view, false);
	}
	view->applying = 0;
	view->d.applied = *want;
	view->d.shrink = false;
	view->d.applied_epoch = epoch;
	view->d.applied_counter = counter;
	view->combiner_epoch = epoch;
	view->combiner_counter = counter;
	if (view->d.rebuild) { /* it was on its way: what was shown may be from before it */
		view->overlay_known = false;
		view->showed = 0;
	}
	return news(view, true);
}

bool
view_on_overlay(struct zone_view *view, uint8_t state, uint64_t epoch, uint64_t counter)
{
	bool same = view->overlay_known && view->combiner_state == state &&
		    view->combiner_epoch == epoch && view->combiner_counter == counter;
	view->overlay_known = true;
	view->combiner_state = state;
	view->combiner_epoch = epoch;
	view->combiner_counter = counter;
	return same ? false : news(view, false);
}

bool
view_on_held(struct zone_view *view, const char *identity, const struct view_contribution *c)
{
	struct durable *d = &view->d;
	int p = view_provider(view, identity);

	if (p >= 0) {
		view->held[p] = *c;
		view->held[p].used = true;
	}
	if (p == VIEW_SELF)
		return news(view, false);
	struct rset new = rset_minus(rset_minus(c->dnskey, d->own), d->foreign);
	d->foreign = rset_or(d->foreign, new);
	return news(view, !rset_empty(new));
}

bool
view_on_keys(struct zone_view *view, bool known, const char *text, const struct view_key *keys,
	     int count)
{
	bool changed = view->store_known != known || strcmp(view->store_why, text) != 0;

	view->store_known = known;
	reason_copy(view->store_why, sizeof(view->store_why), text);
	if (known) {
		if (count > VIEW_STORE)
			count = VIEW_STORE;
		size_t size = sizeof(keys[0]) * (size_t)count; /* of none: keys may be NULL */
		changed |= view->keys != count || (size != 0 && memcmp(view->key, keys, size) != 0);
		if (size != 0)
			memcpy(view->key, keys, size);
		view->keys = count;
	}
	return changed ? news(view, false) : false;
}

bool
view_algorithm(uint8_t algorithm)
{
	return algorithm == 8 || (algorithm >= 13 && algorithm <= 16);
}

int
view_on_order(struct zone_view *view, const struct view_order *order)
{
	struct durable *d = &view->d;

	if (!view->config.driver ||
	    (order->process != MSIG_PROCESS_ZSK && order->process != MSIG_PROCESS_KSK &&
	     order->process != MSIG_PROCESS_ALGORITHM) ||
	    (order->process == MSIG_PROCESS_ALGORITHM ? !view_algorithm(order->algorithm)
						      : order->algorithm != 0))
		return MSIG_EVALUE;
	if (order->process == MSIG_PROCESS_ALGORITHM && view->config.one_algorithm)
		return MSIG_ECONF;
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == order->process)
			return MSIG_EREFUSED;
	/* What runs may run at another one's word: it is done once, and the order with it. */
	if (d->process.kind == order->process &&
	    (order->process == MSIG_PROCESS_ALGORITHM ? d->process.algorithm == order->algorithm
						      : d->process.subject == VIEW_SELF))
		return MSIG_EREFUSED;
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == 0) {
			d->order[i] = *order;
			news(view, true);
			return 0;
		}
	return MSIG_ESIZE;
}

int
view_on_expel(struct zone_view *view, const char *identity, bool out)
{
	int i = view_provider_find(view, identity);
	struct view_provider *p = i > VIEW_SELF ? &view->d.provider[i] : NULL;
	bool listed = p != NULL && (p->member || p->has != 0);

	for (int k = 0; p != NULL && k < view->d.hsync.count; k++)
		listed |= view->d.hsync.entry[k].on &&
			  strcmp(view->d.hsync.entry[k].identity, identity) == 0;
	if (p == NULL || (out && !listed) || p->expelled == out)
		return MSIG_EVALUE;
	p->expelled = out;
	news(view, true);
	return 0;
}

/* A time that lies ahead after the clock went back would never come. */
static void
not_later(int64_t *time, int64_t now)
{
	if (*time > now && *time != VIEW_NEVER)
		*time = now;
}

static void
doubt_history(struct view_history *h, int64_t now)
{
	/* As long as it had to go when something was heard last. */
	if (h->overflow != 0) {
		int64_t last = h->count > 0 ? h->at[h->count - 1].last : 0;
		int64_t left = h->overflow - (h->tried > last ? h->tried : last);
		h->overflow = left > 0 ? now + left : 0;
	}
	for (int v = 0; v < h->count; v++) {
		not_later(&h->at[v].first, now);
		not_later(&h->at[v].last, now);
		if (h->at[v].until != VIEW_NEVER)
			h->at[v].until = now; /* who knows how long ago it really was */
	}
	h->tried = h->time = 0;
	h->status = MSIG_SEEN_UNKNOWN;
}

static void
doubt_place(struct view_place *p, int64_t now, int64_t d)
{
	uint32_t ttl = 0;
	int64_t heard = 0;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		const struct view_history *h = &p->history[t];
		int64_t last = h->count > 0 ? h->at[h->count - 1].last : 0;
		last = h->tried > last ? h->tried : last;
		heard = last > heard ? last : heard;
		doubt_history(&p->history[t], now);
		for (int v = 0; v < p->history[t].count; v++)
			if (p->history[t].at[v].ttl > ttl)
				ttl = p->history[t].at[v].ttl;
	}
	not_later(&p->named, now);
	/* What was over by the old clock is over, also where that was ahead. */
	if (p->unnamed != 0 && p->unnamed + ttl * SECOND + d > heard)
		p->unnamed = now + ttl * SECOND + d;
	else
		not_later(&p->unnamed, now - ttl * SECOND - d);
	p->asked = 0;
}

/* How far the clock may be set before holds count anew: what the skew of each hold has room for,
 * and less. */
static int64_t
clock_room(const struct zone_view *view)
{
	int64_t half = view->config.times.skew / 2;
	return half < SECOND ? SECOND : half > MINUTE ? MINUTE : half;
}

int64_t
view_check_clock(struct zone_view *view, const struct view_clock *clock)
{
	static const uint8_t none[sizeof(clock->boot)] = {0};
	struct durable *d = &view->d;
	int64_t offset = clock->now - clock->up, by = offset - d->clock_offset;
	bool same = memcmp(d->boot, none, sizeof(none)) != 0 &&
		    memcmp(d->boot, clock->boot, sizeof(d->boot)) == 0;

	if (same && by >= -clock_room(view) && by <= clock_room(view))
		return 0;
	d->clock_offset = offset;
	memcpy(d->boot, clock->boot, sizeof(d->boot));
	(void)news(view, true);
	if (!same)
		return 0;
	(void)view_on_clock(view, clock->now);
	return by;
}

bool
view_on_clock(struct zone_view *view, int64_t now)
{
	struct durable *d = &view->d;
	struct view_process *run = &d->process;

	d->clock_floor = now;
	for (int i = 0; i < d->places; i++)
		if (d->place[i] != NULL)
			doubt_place(d->place[i], now, view->config.times.d);
	for (int k = 0; k < HOLD_COUNT; k++)
		run->hold[k] = 0; /* begun anew from clock_floor */
	not_later(&run->started, now);
	not_later(&run->since, now);
	not_later(&run->executed_at, now);
	not_later(&run->asked, now);
	if (run->lease != 0)
		run->lease = now + view->config.times.lease;
	not_later(&d->backoff, now);
	not_later(&d->keys_since, now);
	for (int i = 1; i < d->providers; i++) {
		not_later(&d->provider[i].past_until, now + view->config.times.late);
		d->provider[i].older = 0;
	}
	elect_on_clock(view, now);
	if (d->pending.count != 0)
		d->pending.time = now;
	for (int i = 0; i < d->providers; i++) {
		struct view_provider *p = &d->provider[i];
		p->sent = p->pulled = 0;
		not_later(&p->requested_at, now);
		not_later(&p->statement.received, now);
	}
	memset(view->looked_at, 0, sizeof(view->looked_at));
	view->parent_looked_at = view->showed = view->notified = view->applying = 0;
	view->hsync_tried = view->hsync_asked = view->hsync.time = 0;
	view->hsync.status = MSIG_SEEN_UNKNOWN;
	return news(view, true);
}

uint64_t
view_random(struct zone_view *view)
{
	/* splitmix64 over the seed that the shell gave. */
	uint64_t x;
	memcpy(&x, view->seed, sizeof(x));
	x += UINT64_C(0x9e3779b97f4a7c15);
	memcpy(view->seed, &x, sizeof(x));
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	uint64_t y;
	memcpy(&y, view->seed + 8, sizeof(y));
	return x ^ (x >> 31) ^ y;
}

/* What the own signer shows and does not sign with may have come from an overlay that nobody
 * remembers: it is not taken for own by being there. */
static void
doubt_keys(struct zone_view *view)
{
	struct rset shown = RSET_NONE, signs = RSET_NONE;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SIGNER)
			continue;
		for (int v = 0; v < p->history[VIEW_DNSKEY].count; v++) {
			shown = rset_or(shown, p->history[VIEW_DNSKEY].at[v].set);
			signs = rset_or(signs, p->history[VIEW_DNSKEY].at[v].signers);
		}
		for (int v = 0; v < p->history[VIEW_SOA].count; v++)
			signs = rset_or(signs, p->history[VIEW_SOA].at[v].signers);
	}
	for (int i = 0; i < view->keys; i++)
		rset_add(&signs, view->key[i].rr);
	view->d.foreign =
	    rset_or(view->d.foreign, rset_minus(rset_minus(shown, signs), view->d.own));
}

/* What is stated from now on is not compared with what was stated before. */
static void
new_generation(struct zone_view *view)
{
	const uint64_t id[2] = {view_random(view), view_random(view)};

	memcpy(view->d.generation, id, sizeof(id));
}

bool
view_on_command(struct zone_view *view, enum view_command command)
{
	struct durable *d = &view->d;
	switch (command) {
	case VIEW_PAUSE:
		d->paused = true;
		break;
	case VIEW_RESUME:
		d->paused = false;
		d->process.aborting = false;
		break;
	case VIEW_ABORT:
		d->process.aborting = d->process.kind != 0;
		if (d->process.kind == 0) /* what waits for its turn */
			memset(d->order, 0, sizeof(d->order));
		break;
	case VIEW_CONFIRM:
		if (!view->overlay_known) /* what to go on from is what combinerd holds */
			return false;
		d->rebuild = false;
		d->doubt[0] = 0;
		/* What combinerd holds is older than what we shall say next. */
		if (view->combiner_counter > d->counter)
			d->counter = view->combiner_counter;
		if (view->combiner_epoch > d->epoch)
			d->epoch = view->combiner_epoch;
		/* What the peers have seen of us in a process that we know nothing of is over, and
		 * what we state from now on is not older than what they had. */
		for (int i = 1; i < d->providers; i++) {
			struct view_provider *p = &d->provider[i];
			if (p->used && p->statement.process_epoch > d->epoch)
				d->epoch = p->statement.process_epoch;
			p->stale = p->used; /* it may have stated more since */
		}
		/* What combinerd has from here is ours until the key store says otherwise. */
		d->own = rset_or(d->own, view->held[VIEW_SELF].dnskey);
		doubt_keys(view);
		d->provider[VIEW_SELF].statement.known = false; /* stated anew */
		view->put_back = d->process.kind != 0;
		new_generation(view);
		d->want.epoch = d->applied_epoch = view->combiner_epoch;
		d->want.counter = d->applied_counter = view->combiner_counter;
		memcpy(d->want.from, view->held, sizeof(d->want.from));
		memset(view->held, 0, sizeof(view->held));
		d->begun = false; /* what we are is what the delegation says */
		break;
	}
	return news(view, true);
}
