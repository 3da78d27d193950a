/*
 * The tables of the processes, and the evaluation of their conditions on what was observed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/safety.h"

/*
 * A signer joins. The union of keys first, then the union of CDS, then the parent; the joiner's
 * servers are named last, once no cache can hold a DS or DNSKEY set without its keys. CDS and
 * CDNSKEY stay for good; CSYNC goes after use.
 */
static const struct process_step add_steps[] = {
    {"signers-unsynced",
     COND_NOT_NAMED | COND_SERVES | COND_ALGORITHMS | COND_DS_KNOWN | COND_NS_KNOWN, EFFECT_NONE, 0,
     0, "every signer adds the others' DNSKEYs"},
    {"dnskeys-synced", COND_SERVES | COND_DS_KNOWN, EFFECT_KEYS_ADD, COND_KEYS, 0,
     "the same CDS and CDNSKEY at every signer"},
    {"cds-added", COND_KEYS, EFFECT_CDS_ADD, COND_KEYS | COND_CDS, 0,
     "the parent's DS, and caches to turn over"},
    {"parent-ds-synced", COND_KEYS | COND_CDS, EFFECT_NONE, COND_KEYS | COND_DS,
     1 << HOLD_KEY | 1 << HOLD_DS, "the joiner's servers are named"},
    {"nses-synced", COND_KEYS | COND_DS | COND_SERVES | COND_NAMING_SAFE, EFFECT_NS_ADD, COND_NS, 0,
     "CSYNC at every signer, for the parent"},
    {"csync-added", COND_NS, EFFECT_CSYNC, COND_CSYNC | COND_PARENT_NS, 0,
     "CSYNC is taken away again"},
    {"parent-ns-synced", COND_PARENT_NS, EFFECT_NONE, COND_NO_CSYNC | COND_PARENT_NS, 0,
     "nothing: the zone is in its target state"},
    {"stop", 0, EFFECT_NONE, 0, 0, ""},
};

#define STEPS(t) (int)(sizeof(t) / sizeof((t)[0])), t

static const struct process_rule rules[] = {
    {MSIG_PROCESS_ADD, "add-signer", 4, STEPS(add_steps)},
};

const struct process_rule *
process_rule(uint8_t kind)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].kind == kind)
			return &rules[i];
	return NULL;
}

const char *
process_name(uint8_t kind)
{
	return msig_process_name(kind);
}

const char *
process_step_name(uint8_t kind, uint8_t step)
{
	const struct process_rule *rule = process_rule(kind);
	if (rule == NULL)
		return "";
	return step < rule->steps ? rule->step[step].name : "?";
}

const char *
process_condition_text(enum process_condition_bit bit)
{
	static const char *const texts[] = {
#define X(id, text) text,
	    PROCESS_CONDITIONS(X)
#undef X
	};
	return (unsigned)bit < COND_COUNT ? texts[bit] : "?";
}

const char *
process_phase_name(enum view_phase phase)
{
	static const char *const names[] = {"idle", "requested", "granted", "executing", "done"};
	return (unsigned)phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "?";
}

/* ---- the target ---- */

uint32_t
process_effects(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	uint32_t effects = 0;

	if (rule == NULL || !run->executed)
		return 0;
	int last = run->phase >= PHASE_EXECUTING ? run->step : run->step - 1;
	for (int i = 0; i <= last && i < rule->steps; i++) {
		uint32_t e = rule->step[i].effect;
#ifdef MSIG_MUTANTS
		if (mutant_swap != 0 && (i == mutant_swap || i == mutant_swap + 1))
			e = rule->step[2 * mutant_swap + 1 - i].effect;
#endif
		effects |= i == last ? e : e & ~(uint32_t)EFFECT_CSYNC;
	}
	/* CSYNC stays until the next step is executed. */
	return effects;
}

static bool
agent_manages_ns(const struct zone_view *view)
{
	const struct view_hsync *h = &view->d.hsync;
	for (int i = 0; i < h->count; i++)
		if (!h->entry[i].agent)
			return false;
	return h->count > 0;
}

void
process_target(const struct zone_view *view, struct process_target *t)
{
	const struct view_process *run = &view->d.process;
	uint32_t effects = process_effects(view);
	uint32_t members = agree_members(view);
	uint32_t subject = run->kind != 0 ? UINT32_C(1) << run->subject : 0;

	memset(t, 0, sizeof(*t));
	t->keys = t->cds = t->ns = members;
	if (effects & EFFECT_KEYS_ADD)
		t->keys |= subject;
	if (effects & EFFECT_CDS_ADD)
		t->cds |= subject;
	if (effects & EFFECT_NS_ADD)
		t->ns |= subject;
	if (effects & EFFECT_KEYS_DEL)
		t->keys &= ~subject;
	if (effects & EFFECT_CDS_DEL)
		t->cds &= ~subject;
	if (effects & EFFECT_NS_DEL)
		t->ns &= ~subject;
	t->csync = (effects & EFFECT_CSYNC) != 0;
	t->agent = agent_manages_ns(view);
	t->complete = true;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		uint32_t bit = UINT32_C(1) << i;
		const struct view_statement *s = &view->d.provider[i].statement;
		if (((t->keys | t->cds | t->ns) & bit) == 0)
			continue;
		if (!s->known) {
			t->complete = false;
			continue;
		}
		if (t->keys & bit)
			t->dnskey = rset_or(t->dnskey, s->dnskey);
		if (t->cds & bit) {
			t->cds_set = rset_or(t->cds_set, s->cds);
			t->cdnskey = rset_or(t->cdnskey, s->cdnskey);
		}
		if (t->ns & bit)
			t->ns_set = rset_or(t->ns_set, s->ns);
	}
	/* The sets of a single signer are its own affair: overlays begin with the second one. */
	if (MUTANT(CDS_SWAP) && (effects & EFFECT_CDS_ADD)) {
		t->cds = subject;
		t->cds_set = view->d.provider[run->subject].statement.cds;
		t->cdnskey = view->d.provider[run->subject].statement.cdnskey;
	} else if (__builtin_popcount(t->cds) < 2)
		t->cds_set = t->cdnskey = RSET_NONE;
	if (!t->agent || __builtin_popcount(t->ns) < 2)
		t->ns_set = RSET_NONE;
}

void
process_wanted(const struct zone_view *view, struct rset wanted[HOLD_COUNT])
{
	struct process_target t;
	process_target(view, &t);
	memset(wanted, 0, sizeof(struct rset) * HOLD_COUNT);
	wanted[HOLD_KEY] = t.dnskey;
	wanted[HOLD_DS] = rpool_keys(&view->d.pool, t.cds_set);
	wanted[HOLD_NS] = t.ns_set;
}

/* ---- conditions ---- */

struct check {
	const struct zone_view *view;
	struct process_target target;
	bool everywhere;
	int64_t now;
	struct reason *why;
};

static bool __attribute__((format(printf, 6, 7)))
no(struct check *c, enum reason_class class, enum reason_object object, const char *place,
   const char *expected, const char *seen, ...)
{
	struct reason *r = c->why;
	if (r == NULL)
		return false;
	r->class = class;
	r->object = object;
	r->since = r->next = 0;
	r->todo[0] = 0;
	snprintf(r->place, sizeof(r->place), "%s", place);
	snprintf(r->expected, sizeof(r->expected), "%s", expected);
	va_list ap;
	va_start(ap, seen);
	vsnprintf(r->seen, sizeof(r->seen), seen, ap);
	va_end(ap);
	return false;
}

static void
todo(struct check *c, const char *text)
{
	if (c->why != NULL)
		snprintf(c->why->todo, sizeof(c->why->todo), "%s", text);
}

static bool
fresh(const struct check *c, const struct view_history *h)
{
	return h->status != MSIG_SEEN_UNKNOWN && h->count > 0 &&
	       c->now - h->time <= c->view->config.times.fresh;
}

static const struct rset *
names_of(const struct zone_view *view, int provider)
{
	return provider == VIEW_SELF ? &view->config.ns : &view->d.provider[provider].statement.ns;
}

/* What a condition says of one server: NULL if it is true there. */
typedef bool (*server_check)(struct check *c, const struct view_place *p, int provider);

static bool
one_provider(struct check *c, int provider, enum view_type type, server_check good)
{
	const struct zone_view *view = c->view;
	const struct rset *names = names_of(view, provider);
	const char *identity = view->d.provider[provider].identity;
	int servers = 0;

	if (rset_empty(*names) || !rset_within(*names, view->looked_up))
		return no(c, REASON_PEER, REASON_OF_SERVER, identity,
			  "addresses of its name servers", "not all are known");
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER ||
		    view_place_provider(view, p) != provider)
			continue;
		servers++;
		const struct view_history *h = &p->history[type];
		if (MUTANT(UNKNOWN) && !fresh(c, h))
			continue;
		if (!fresh(c, h))
			return no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer",
				  "unknown: %s",
				  h->reason[0] != 0 ? h->reason : "not asked lately");
		if (!good(c, p, provider))
			return false;
		if (MUTANT(FIRST_SERVER))
			break;
	}
	if (servers == 0)
		return no(c, REASON_PEER, REASON_OF_SERVER, identity, "at least one name server",
			  "none");
	return true;
}

static bool
providers(struct check *c, uint32_t mask, enum view_type type, server_check good)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if ((mask >> i & 1) != 0 && !one_provider(c, i, type, good))
			return false;
	return true;
}

/* The servers whose state counts: our own, if we take part, or those of all actors. */
static uint32_t
scope(const struct check *c)
{
	uint32_t actors = agree_actors(c->view);
	return c->everywhere ? actors : actors & 1;
}

/* The provider's SEP keys that are in the set and signed it. */
static bool
signed_by(const struct check *c, const struct view_version *v, int provider)
{
	struct rset own =
	    rset_and(rset_and(v->set, v->signers), c->view->d.provider[provider].statement.dnskey);
	for (int i = rset_next(&own, 0); i >= 0; i = rset_next(&own, i + 1))
		if (c->view->d.pool.at[i].flags & 1)
			return true;
	return false;
}

static bool
serves(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	if (v->absent)
		return no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, "a signed copy of the zone",
			  "no DNSKEY");
	if (!signed_by(c, v, provider))
		return no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
			  "DNSKEY signed by a key of this provider", "no valid signature by one");
	return true;
}

static bool
keys(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	struct rset missing = rset_minus(c->target.dnskey, v->set);
	char expected[REASON_TEXT];

	if (!rset_empty(missing)) {
		snprintf(expected, sizeof(expected), "all %d keys", rset_count(c->target.dnskey));
		return no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, expected, "%d missing",
			  rset_count(missing));
	}
	return serves(c, p, provider);
}

static bool
cds(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CDS);
	const struct view_history *h = &p->history[VIEW_CDNSKEY];
	const struct view_version *k = view_current(p, VIEW_CDNSKEY);

	if (!rset_equal(v->set, c->target.cds_set))
		return no(c, REASON_PEER, REASON_OF_CDS, p->server, "the CDS of all signers",
			  "%d of %d, %d others", rset_count(rset_and(v->set, c->target.cds_set)),
			  rset_count(c->target.cds_set),
			  rset_count(rset_minus(v->set, c->target.cds_set)));
	if (!fresh(c, h))
		return no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer about CDNSKEY",
			  "unknown");
	if (!rset_equal(k->set, c->target.cdnskey))
		return no(c, REASON_PEER, REASON_OF_CDS, p->server, "the CDNSKEY of all signers",
			  "%d of %d, %d others", rset_count(rset_and(k->set, c->target.cdnskey)),
			  rset_count(c->target.cdnskey),
			  rset_count(rset_minus(k->set, c->target.cdnskey)));
	return true;
}

static bool
ns(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	const struct view_process *run = &c->view->d.process;

	if (c->target.agent) {
		if (rset_equal(v->set, c->target.ns_set))
			return true;
		return no(c, REASON_PEER, REASON_OF_NS, p->server, "the NS of all providers",
			  "%d of %d, %d others", rset_count(rset_and(v->set, c->target.ns_set)),
			  rset_count(c->target.ns_set),
			  rset_count(rset_minus(v->set, c->target.ns_set)));
	}
	/* The owner manages NS. */
	if (run->kind == MSIG_PROCESS_ADD &&
	    !rset_within(*names_of(c->view, run->subject), v->set)) {
		no(c, REASON_BLOCKED, REASON_OF_NS, p->server,
		   "the joiner's NS in the owner's zone", "not there");
		todo(c,
		     "the owner of the zone (NSMGMT=OWNER) adds the NS records of the joiner now");
		return false;
	}
	return true;
}

static const uint8_t csync_rdata[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};

static bool
csync(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CSYNC);
	int id = rpool_find(&c->view->d.pool, 62, csync_rdata, sizeof(csync_rdata));
	if (id >= 0 && rset_has(&v->set, id) && rset_count(v->set) == 1)
		return true;
	return no(c, REASON_PEER, REASON_OF_CSYNC, p->server, "CSYNC", "%d records",
		  rset_count(v->set));
}

static bool
no_csync(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CSYNC);
	if (v->absent || rset_empty(v->set))
		return true;
	return no(c, REASON_PEER, REASON_OF_CSYNC, p->server, "no CSYNC", "%d records",
		  rset_count(v->set));
}

typedef bool (*parent_check)(struct check *c, const struct view_place *p);

static bool
parents(struct check *c, enum view_type type, parent_check good)
{
	int servers = 0;
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = c->view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		servers++;
		const struct view_history *h = &p->history[type];
		if (!fresh(c, h))
			return no(c, REASON_PARENT, REASON_OF_SERVER, p->server, "an answer",
				  "unknown: %s",
				  h->reason[0] != 0 ? h->reason : "not asked lately");
		if (!good(c, p))
			return false;
	}
	if (servers == 0)
		return no(c, REASON_PARENT, REASON_OF_SERVER, "", "the parent's name servers",
			  "not known");
	return true;
}

static bool
ds(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_DS);
	struct rset want = rpool_keys(&c->view->d.pool, c->target.cds_set);
	struct rset have = rpool_keys(&c->view->d.pool, v->set);
	if (rset_equal(want, have))
		return true;
	return no(c, REASON_PARENT, REASON_OF_DS, p->server, "DS for the keys of CDS",
		  "%d of %d keys, %d others", rset_count(rset_and(want, have)), rset_count(want),
		  rset_count(rset_minus(have, want)));
}

/* A DS that no agent knows is never dropped silently: it stops the process. */
static bool
ds_known(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_DS);
	if (v->absent) {
		no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "DS of the zone", "none");
		todo(c, "the zone is not secure at its parent: have the first DS published");
		return false;
	}
	for (int i = rset_next(&v->set, 0); i >= 0; i = rset_next(&v->set, i + 1)) {
		const struct rr *rr = &c->view->d.pool.at[i];
		if (!rset_empty(rr->match) || rset_has(&c->view->config.ds_keep, i))
			continue;
		no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "DS of known keys only",
		   "a DS with tag %u, algorithm %u, of no key that is known", rr->tag, rr->alg);
		todo(c, "remove that DS at the parent, or put it on the keep list");
		return false;
	}
	return true;
}

/* The delegation names nobody but members (and the subject). */
static bool
ns_known(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	uint32_t actors = agree_actors(c->view);
	struct rset names = RSET_NONE;

	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (actors >> i & 1)
			names = rset_or(names, *names_of(c->view, i));
	if (rset_within(v->set, names))
		return true;
	no(c, REASON_BLOCKED, REASON_OF_NS, p->server, "NS of the providers only",
	   "%d name servers that no provider states", rset_count(rset_minus(v->set, names)));
	todo(c, "remove them from the delegation, or state them at their provider");
	return false;
}

static bool
parent_ns(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	struct rset want = c->target.ns_set;

	if (!c->target.agent || rset_empty(want)) {
		/* What the zone itself says, as our own signer shows it. */
		want = RSET_NONE;
		for (int i = 0; i < VIEW_PLACES; i++) {
			const struct view_place *q = c->view->d.place[i];
			if (q != NULL && q->kind == PLACE_SIGNER &&
			    view_current(q, VIEW_NS) != NULL)
				want = view_current(q, VIEW_NS)->set;
		}
	}
	if (rset_equal(v->set, want))
		return true;
	return no(c, REASON_PARENT, REASON_OF_NS, p->server, "the NS of the zone",
		  "%d of %d, %d others", rset_count(rset_and(v->set, want)), rset_count(want),
		  rset_count(rset_minus(v->set, want)));
}

/* A joiner that is named already: bogus for its share of the queries. */
static bool
not_named_parent(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	const struct view_process *run = &c->view->d.process;
	int subject = run->kind != 0 ? run->subject : VIEW_SELF;
	if (!rset_meets(v->set, *names_of(c->view, subject)))
		return true;
	no(c, REASON_BLOCKED, REASON_OF_NS, p->server, "the joiner's NS not in the delegation",
	   "there already");
	todo(c, "take the joiner's NS out of the zone and of the delegation; it is named last");
	return false;
}

static bool
not_named_server(struct check *c, const struct view_place *p, int provider)
{
	return not_named_parent(c, p);
}

static bool
algorithms(struct check *c)
{
	uint32_t actors = agree_actors(c->view);
	const struct rpool *pool = &c->view->d.pool;
	uint64_t first[4] = {0};
	int reference = -1;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if ((actors >> i & 1) == 0)
			continue;
		const struct rset *set = &c->view->d.provider[i].statement.dnskey;
		uint64_t algs[4] = {0};
		for (int k = rset_next(set, 0); k >= 0; k = rset_next(set, k + 1))
			algs[pool->at[k].alg >> 6] |= UINT64_C(1) << (pool->at[k].alg & 63);
		if (reference < 0) {
			reference = i;
			memcpy(first, algs, sizeof(first));
		} else if (memcmp(first, algs, sizeof(first)) != 0) {
			no(c, REASON_BLOCKED, REASON_OF_DNSKEY, c->view->d.provider[i].identity,
			   "the algorithms of the other signers", "others");
			todo(c, "configure the joiner's signer with the group's algorithms");
			return false;
		}
	}
	return true;
}

static bool
naming_safe(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	struct safety s = safety_naming(
	    c->view, *names_of(c->view, run->kind != 0 ? run->subject : VIEW_SELF), c->now);
	if (s.ok)
		return true;
	no(c, s.until != VIEW_NEVER ? REASON_UNTIL : REASON_PEER, s.object, s.place,
	   "safe with every cached set", "%s", s.text);
	if (c->why != NULL && s.until != VIEW_NEVER)
		c->why->next = s.until;
	return false;
}

static bool
condition(struct check *c, enum process_condition_bit bit)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;
	uint32_t subject = UINT32_C(1) << (run->kind != 0 ? run->subject : VIEW_SELF);

	switch (bit) {
	case COND_BIT_NOT_NAMED:
		return parents(c, VIEW_NS, not_named_parent) &&
		       providers(c, agree_members(view), VIEW_NS, not_named_server);
	case COND_BIT_SERVES:
		return providers(c, subject, VIEW_DNSKEY, serves);
	case COND_BIT_ALGORITHMS:
		return algorithms(c);
	case COND_BIT_DS_KNOWN:
		return parents(c, VIEW_DS, ds_known);
	case COND_BIT_NS_KNOWN:
		return parents(c, VIEW_NS, ns_known);
	case COND_BIT_KEYS:
		return providers(c, scope(c), VIEW_DNSKEY, keys);
	case COND_BIT_CDS:
		return providers(c, scope(c), VIEW_CDS, cds);
	case COND_BIT_DS:
		return parents(c, VIEW_DS, ds);
	case COND_BIT_NS:
		return providers(c, scope(c), VIEW_NS, ns);
	case COND_BIT_CSYNC:
		return providers(c, scope(c), VIEW_CSYNC, csync);
	case COND_BIT_NO_CSYNC:
		return providers(c, scope(c), VIEW_CSYNC, no_csync);
	case COND_BIT_PARENT_NS:
		return parents(c, VIEW_NS, parent_ns);
	case COND_BIT_NAMING_SAFE:
		return naming_safe(c);
	case COND_COUNT:
		break;
	}
	return false;
}

bool
process_check(const struct zone_view *view, uint32_t conditions, bool everywhere, int64_t now,
	      struct reason *why)
{
	struct check c = {.view = view, .everywhere = everywhere, .now = now, .why = why};
	process_target(view, &c.target);
	conditions &= everywhere ? ~MUTANT_GUARDS : ~MUTANT_DONES;
	for (int bit = 0; bit < COND_COUNT; bit++)
		if ((conditions >> bit & 1) != 0 && !condition(&c, bit))
			return false;
	return true;
}
