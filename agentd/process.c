/*
 * The tables of the processes, and what follows from the steps that were executed: the target.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "libmsig/key.h"

#define BIT(i) (UINT32_C(1) << (i))
#define HOLD(id) (1u << HOLD_##id)
#define S(id) MSIG_KEY_STATE_##id

/* The zone rests in its target state: what a rollover may begin in. */
#define COND_STEADY                                                                       \
	(COND_DRIVER | COND_SHARE | COND_DS_KNOWN | COND_NS_KNOWN | COND_KEYS | COND_DS | \
	 COND_PARENT_NS)

/*
 * A signer joins. The union of keys first, then the union of CDS, then the parent; the joiner's
 * servers are named last, once no cache can hold a DS or DNSKEY set without its keys. CDS and
 * CDNSKEY stay for good; CSYNC goes after use.
 */
static const struct process_step add_steps[] = {
    {.name = "signers-unsynced",
     .guard = COND_NOT_NAMED | COND_SERVES | COND_ALGORITHMS | COND_SHARE | COND_DS_KNOWN |
	      COND_NS_KNOWN,
     .next = "every signer adds the others' DNSKEYs"},
    {.name = "dnskeys-synced",
     .guard = COND_SERVES | COND_SHARE | COND_DS_KNOWN,
     .effect = EFFECT_KEYS_ADD,
     .done = COND_KEYS,
     .next = "the same CDS and CDNSKEY at every signer"},
    {.name = "cds-added",
     .guard = COND_KEYS,
     .effect = EFFECT_CDS_ADD,
     .done = COND_KEYS | COND_CDS,
     .next = "the parent's DS, and caches to turn over"},
    {.name = "parent-ds-synced",
     .guard = COND_KEYS | COND_CDS,
     .done = COND_KEYS | COND_DS,
     .holds = HOLD(KEY) | HOLD(DS),
     .next = "the joiner's servers are named"},
    {.name = "nses-synced",
     .guard = COND_KEYS | COND_DS | COND_SERVES | COND_NAMING_SAFE,
     .effect = EFFECT_NS_ADD,
     .done = COND_NS,
     .next = "CSYNC at every signer, for the parent"},
    {.name = "csync-added",
     .guard = COND_NS,
     .effect = EFFECT_CSYNC,
     .done = COND_NS | COND_CSYNC | COND_PARENT_NS,
     .next = "CSYNC is taken away again"},
    {.name = "parent-ns-synced",
     .guard = COND_NS | COND_PARENT_NS,
     .done = COND_NS | COND_NO_CSYNC | COND_PARENT_NS,
     .next = "nothing: the zone is in its target state"},
    {.name = "stop"},
};

/*
 * A signer leaves: its servers first, and only when no cache can hold a delegation to them or an
 * answer of theirs its DS, and last its keys. Every remaining provider acts; the leaver acts along
 * (NS, CSYNC) while it answers.
 */
static const struct process_step remove_steps[] = {
    {.name = "signers-unsynced",
     .guard = COND_REMAIN | COND_DS_KNOWN,
     .next = "the leaver's servers leave the NS of every signer"},
    {.name = "nses-synced",
     .guard = COND_REMAIN,
     .effect = EFFECT_NS_DEL,
     .done = COND_NS,
     .next = "CSYNC at every signer, for the parent"},
    {.name = "csync-added",
     .guard = COND_NS,
     .effect = EFFECT_CSYNC,
     .done = COND_NS | COND_CSYNC | COND_PARENT_NS,
     .next = "CSYNC is taken away, and caches turn over"},
    {.name = "parent-ns-synced",
     .guard = COND_NS | COND_PARENT_NS,
     .done = COND_NS | COND_NO_CSYNC | COND_PARENT_NS,
     .holds = HOLD(NS),
     .next = "the leaver's servers stop, or no longer name themselves"},
    {.name = "leaver-stopped",
     .guard = COND_PARENT_NS,
     .done = COND_GONE,
     .holds = HOLD(LEAVE),
     .next = "CDS and CDNSKEY without the leaver's keys"},
    {.name = "cds-added",
     .guard = COND_GONE | COND_REMAIN | COND_PARENT_NS,
     .effect = EFFECT_CDS_DEL,
     .done = COND_CDS,
     .next = "the parent's DS, and caches to turn over"},
    {.name = "parent-ds-synced",
     .guard = COND_CDS | COND_PARENT_NS,
     .done = COND_CDS | COND_DS,
     .holds = HOLD(DS),
     .next = "the leaver's DNSKEYs go"},
    {.name = "dnskeys-synced",
     .guard = COND_DS | COND_PARENT_NS,
     .effect = EFFECT_KEYS_DEL,
     .done = COND_KEYS | COND_EXACT,
     .next = "nothing: the leaver is forgotten"},
    {.name = "stop"},
};

/*
 * A ZSK rolls: published, everywhere, used, the old one unused until no cache holds a signature by
 * it, gone.
 */
static const struct process_step zsk_steps[] = {
    {.name = "new-zsk-published",
     .guard = COND_STEADY,
     .done = COND_STORE | COND_SHOWN,
     .next = "every signer shows the new key, and caches turn over",
     .fresh = {.zsk = S(PUBLISHED)}},
    {.name = "zsk-synced",
     .done = COND_STORE | COND_SHOWN | COND_KEYS,
     .holds = HOLD(KEY),
     .next = "the new key signs",
     .fresh = {.zsk = S(PUBLISHED)}},
    {.name = "zsk-active",
     .guard = COND_KEYS,
     .done = COND_STORE | COND_DATA_NEW,
     .next = "caches forget the signatures of the old key",
     .fresh = {.zsk = S(ACTIVE)},
     .old = {.zsk = S(RETIRED)}},
    {.name = "old-zsk-unused",
     .done = COND_DATA_NEW,
     .holds = HOLD(RR),
     .next = "the old key goes",
     .fresh = {.zsk = S(ACTIVE)},
     .old = {.zsk = S(RETIRED)}},
    {.name = "old-zsk-removed",
     .done = COND_STORE | COND_KEYS | COND_EXACT,
     .next = "nothing: the new key is in place",
     .fresh = {.zsk = S(ACTIVE)},
     .old = {.zsk = S(REMOVED)}},
    {.name = "stop"},
};

/*
 * A KSK or CSK rolls: both sign the DNSKEY RRset, caches turn over, then the DS. A CSK begins to
 * sign the zone's data after that, and the old one goes when no cache holds its signatures.
 */
static const struct process_step ksk_steps[] = {
    {.name = "new-ksk-published",
     .guard = COND_STEADY | COND_CDS,
     .done = COND_STORE | COND_SHOWN,
     .next = "every signer shows the new key, both sign, and caches turn over",
     .fresh = {.ksk = S(PUBLISHED), .csk = S(PUBLISHED)}},
    {.name = "double-signed",
     .done = COND_STORE | COND_SHOWN | COND_KEYS | COND_SEPS,
     .holds = HOLD(KEY),
     .next = "CDS and CDNSKEY for the new key at every signer",
     .fresh = {.ksk = S(PUBLISHED), .csk = S(PUBLISHED)}},
    {.name = "cds-added",
     .guard = COND_KEYS | COND_SEPS,
     .done = COND_STORE | COND_CDS,
     .next = "the parent's DS, and caches to turn over",
     .fresh = {.ksk = S(READY), .csk = S(READY)},
     .cds = CDS_BOTH},
    {.name = "parent-ds-added",
     .guard = COND_CDS | COND_SEPS,
     .done = COND_KEYS | COND_CDS | COND_DS,
     .holds = HOLD(DS) | HOLD(KEY),
     .next = "a new CSK signs the data",
     .fresh = {.ksk = S(READY), .csk = S(READY)},
     .cds = CDS_BOTH},
    {.name = "new-key-active",
     .guard = COND_KEYS | COND_DS,
     .done = COND_STORE | COND_DATA_NEW,
     .next = "caches forget what an old CSK signed",
     .fresh = {.ksk = S(READY), .csk = S(ACTIVE)},
     .old = {.csk = S(RETIRED)},
     .cds = CDS_BOTH},
    {.name = "old-key-unused",
     .done = COND_DATA_NEW,
     .holds = HOLD(RR),
     .next = "the old key goes",
     .fresh = {.ksk = S(READY), .csk = S(ACTIVE)},
     .old = {.csk = S(RETIRED)},
     .cds = CDS_BOTH},
    {.name = "old-ksk-removed",
     .guard = COND_DS,
     .done = COND_STORE | COND_KEYS | COND_EXACT,
     .next = "CDS and CDNSKEY without the old key",
     .fresh = {.ksk = S(ACTIVE), .csk = S(ACTIVE)},
     .old = {.ksk = S(REMOVED), .csk = S(REMOVED)},
     .cds = CDS_BOTH},
    {.name = "cds-final",
     .done = COND_CDS,
     .next = "the parent's DS without the old key",
     .fresh = {.ksk = S(ACTIVE), .csk = S(ACTIVE)},
     .old = {.ksk = S(REMOVED), .csk = S(REMOVED)},
     .cds = CDS_NEW},
    {.name = "parent-ds-final",
     .guard = COND_CDS,
     .done = COND_CDS | COND_DS,
     .next = "nothing: the new key is in place",
     .fresh = {.ksk = S(ACTIVE), .csk = S(ACTIVE)},
     .old = {.ksk = S(REMOVED), .csk = S(REMOVED)},
     .cds = CDS_NEW},
    {.name = "stop"},
};

/*
 * All signers go to another algorithm. An algorithm in a DS must be in every DNSKEY RRset, and one
 * in a DNSKEY RRset must sign everything: so signatures come first and go last, DS the other way.
 */
static const struct process_step algorithm_steps[] = {
    {.name = "algorithm-asked",
     .guard = COND_STEADY | COND_CDS | COND_ALGORITHMS,
     .done = COND_STORE,
     .next = "every signer signs with both algorithms",
     .fresh = {S(MADE), S(MADE), S(MADE)}},
    {.name = "new-signatures",
     .guard = COND_DRIVER,
     .done = COND_STORE | COND_ALG_SIGNED,
     .holds = HOLD(RR),
     .next = "the new DNSKEYs everywhere",
     .fresh = {S(SIGNING), S(MADE), S(SIGNING)}},
    {.name = "new-keys-published",
     .guard = COND_ALG_SIGNED,
     .done = COND_STORE | COND_ALG_STATED | COND_KEYS | COND_SEPS,
     .holds = HOLD(KEY),
     .next = "CDS and CDNSKEY for the new keys",
     .fresh = {S(PUBLISHED), S(PUBLISHED), S(PUBLISHED)}},
    {.name = "cds-added",
     .guard = COND_ALG_STATED | COND_KEYS | COND_SEPS,
     .done = COND_STORE | COND_ALG_CDS | COND_CDS,
     .next = "the parent's DS, and caches to turn over",
     .fresh = {S(PUBLISHED), S(READY), S(READY)},
     .cds = CDS_NEW},
    {.name = "parent-ds-synced",
     .guard = COND_ALG_CDS | COND_CDS,
     .done = COND_KEYS | COND_CDS | COND_DS,
     .holds = HOLD(DS) | HOLD(KEY),
     .next = "the old DNSKEYs go, while the old keys still sign",
     .fresh = {S(PUBLISHED), S(READY), S(READY)},
     .cds = CDS_NEW},
    {.name = "old-keys-removed",
     .guard = COND_ALG_CDS | COND_DS,
     .done = COND_STORE | COND_ALG_ALONE | COND_KEYS | COND_EXACT,
     .holds = HOLD(KEY),
     .next = "the old signatures go",
     .fresh = {S(ACTIVE), S(ACTIVE), S(ACTIVE)},
     .old = {S(POST), S(POST), S(POST)},
     .cds = CDS_NEW},
    {.name = "old-signatures-removed",
     .guard = COND_ALG_ALONE | COND_KEYS | COND_EXACT,
     .done = COND_STORE | COND_DATA_NEW,
     .next = "nothing: one algorithm again",
     .fresh = {S(ACTIVE), S(ACTIVE), S(ACTIVE)},
     .old = {S(REMOVED), S(REMOVED), S(REMOVED)},
     .cds = CDS_NEW},
    {.name = "stop"},
};

/* Name servers of a provider that does not sign: they serve a copy of a signer's zone. */
static const struct process_step ns_add_steps[] = {
    {.name = "ns-unsynced",
     .guard = COND_COPY | COND_DS_KNOWN | COND_NAMING_SAFE,
     .next = "its servers enter the NS of every signer"},
    {.name = "nses-synced",
     .guard = COND_COPY | COND_NAMING_SAFE,
     .effect = EFFECT_NS_ADD,
     .done = COND_NS,
     .next = "CSYNC at every signer, for the parent"},
    {.name = "csync-added",
     .guard = COND_NS,
     .effect = EFFECT_CSYNC,
     .done = COND_NS | COND_CSYNC | COND_PARENT_NS,
     .next = "CSYNC is taken away again"},
    {.name = "parent-ns-synced",
     .guard = COND_NS | COND_PARENT_NS,
     .done = COND_NS | COND_NO_CSYNC | COND_PARENT_NS,
     .next = "nothing: its servers are named"},
    {.name = "stop"},
};

static const struct process_step ns_remove_steps[] = {
    {.name = "ns-unsynced",
     .guard = COND_REMAIN,
     .next = "its servers leave the NS of every signer"},
    {.name = "nses-synced",
     .guard = COND_REMAIN,
     .effect = EFFECT_NS_DEL,
     .done = COND_NS,
     .next = "CSYNC at every signer, for the parent"},
    {.name = "csync-added",
     .guard = COND_NS,
     .effect = EFFECT_CSYNC,
     .done = COND_NS | COND_CSYNC | COND_PARENT_NS,
     .next = "CSYNC is taken away, and caches turn over"},
    {.name = "parent-ns-synced",
     .guard = COND_NS | COND_PARENT_NS,
     .done = COND_NS | COND_NO_CSYNC | COND_PARENT_NS,
     .holds = HOLD(NS),
     .next = "nothing: its servers are no longer named"},
    {.name = "stop"},
};

#define STEPS(t) (int)(sizeof(t) / sizeof((t)[0])), t

static const struct process_rule rules[] = {
    {MSIG_PROCESS_ADD, "add-signer", 4, STEPS(add_steps)},
    {MSIG_PROCESS_REMOVE, "remove-signer", 0, STEPS(remove_steps)},
    {MSIG_PROCESS_ZSK, "zsk-rollover", 3, STEPS(zsk_steps)},
    {MSIG_PROCESS_KSK, "ksk-rollover", 2, STEPS(ksk_steps)},
    {MSIG_PROCESS_ALGORITHM, "algorithm-rollover", 1, STEPS(algorithm_steps)},
    {MSIG_PROCESS_NS_ADD, "ns-add", 5, STEPS(ns_add_steps)},
    {MSIG_PROCESS_NS_REMOVE, "ns-remove", 5, STEPS(ns_remove_steps)},
};

const struct process_rule *
process_rule(uint8_t kind)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].kind == kind)
			return MUTANT_RULE(&rules[i]);
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

int
process_executed(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	if (run->kind == 0 || !run->executed)
		return -1;
	return run->phase >= PHASE_EXECUTING ? run->step : run->step - 1;
}

uint32_t
process_effects(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	uint32_t effects = 0;

	if (rule == NULL)
		return 0;
	int last = process_executed(view);
	for (int i = 0; i <= last && i < rule->steps; i++) {
		uint32_t e = rule->step[i].effect;
		effects |= i == last ? e : e & ~(uint32_t)EFFECT_CSYNC;
	}
	/* CSYNC stays until the next step is executed. */
	if (run->stays)
		effects &= ~(uint32_t)EFFECT_NS_DEL;
	return effects;
}

bool
process_rolls(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	switch (run->kind) {
	case MSIG_PROCESS_ZSK:
	case MSIG_PROCESS_KSK:
		return run->subject == VIEW_SELF;
	case MSIG_PROCESS_ALGORITHM:
		return view->d.provider[VIEW_SELF].member;
	default:
		return false;
	}
}

uint8_t
process_key_state(const struct zone_view *view, bool fresh, uint8_t role)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);
	int step = process_executed(view);

	if (rule == NULL || step < 0)
		return 0;
	const struct process_keys *keys = fresh ? &rule->step[step].fresh : &rule->step[step].old;
	switch (role) {
	case MSIG_KEY_ROLE_ZSK:
		return keys->zsk;
	case MSIG_KEY_ROLE_KSK:
		return keys->ksk;
	case MSIG_KEY_ROLE_CSK:
		return keys->csk;
	default:
		return 0;
	}
}

static bool
ns_published(const struct zone_view *view)
{
	for (int i = 0; i < view->d.providers; i++)
		if (!rset_empty(view->d.want.from[i].ns))
			return true;
	return false;
}

/* Who is to leave, and was named no more, is not named again, whatever else was forgotten. Who has
 * no vote shows what those show who have. */
static bool
stays_unnamed(const struct zone_view *view, int provider)
{
	return provider != VIEW_SELF && view->d.agent_ns && ns_published(view) &&
	       (agree_electorate(view, MSIG_PROCESS_REMOVE) & BIT(VIEW_SELF)) != 0 &&
	       ((view->listed | view->designated) & BIT(provider)) == 0 &&
	       rset_empty(view->d.want.from[provider].ns);
}

/* What of every provider is in, by the effects of the running process. */
static void
target_masks(const struct zone_view *view, uint32_t effects, struct process_target *t)
{
	const struct view_process *run = &view->d.process;
	uint32_t subject = run->kind != 0 ? BIT(run->subject) : 0;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used)
			continue;
		t->keys |= p->has & HAS_KEYS ? BIT(i) : 0;
		t->cds |= p->has & HAS_CDS ? BIT(i) : 0;
		t->ns |= p->has & HAS_NS && !stays_unnamed(view, i) ? BIT(i) : 0;
	}
	/* Who leaves goes on as it is until the end: nobody asks it any more. */
	if (run->kind == MSIG_PROCESS_REMOVE && run->subject == VIEW_SELF)
		effects &= ~(uint32_t)(EFFECT_KEYS_DEL | EFFECT_CDS_DEL);
	if (effects & EFFECT_KEYS_ADD)
		t->keys |= subject;
	if (effects & EFFECT_CDS_ADD)
		t->cds |= subject;
	/* The joiner shows the NS of all before it is named: the owner's, that its zone has until
	 * then, may name who has left. */
	if ((effects & EFFECT_NS_ADD) || (run->kind == MSIG_PROCESS_ADD &&
					  run->subject == VIEW_SELF && (effects & EFFECT_CDS_ADD)))
		t->ns |= subject;
	if (effects & EFFECT_KEYS_DEL)
		t->keys &= ~subject;
	if (effects & EFFECT_CDS_DEL)
		t->cds &= ~subject;
	if (effects & EFFECT_NS_DEL)
		t->ns &= ~subject;
	/* Who goes on to serve stays named, if it is. */
	if (run->stays && !rset_empty(view->d.want.from[run->subject].ns))
		t->ns |= subject;
	t->csync = (effects & EFFECT_CSYNC) != 0;
}

/* A DS set with two algorithms wants a chain of both at every signer: all change theirs at once,
 * when everybody says so. Until then the sets stay, differ, and the parent takes none. */
static void
keep_cds(const struct zone_view *view, struct process_target *t)
{
	const struct rpool *pool = &view->d.pool;
	struct algorithms all = rpool_algorithms(pool, t->cds_set);
	bool one = algorithms_one(all); /* then whoever has any has all */

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_statement *s = &view->d.provider[i].statement;
		if ((t->cds & BIT(i)) == 0 || !s->known)
			continue;
		t->cds_kept |= one ? rset_empty(s->cds)
				   : !algorithms_within(all, rpool_algorithms(pool, s->cds));
	}
	if (!t->cds_kept)
		return;
	t->cds_set = t->cdnskey = RSET_NONE;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_contribution *c = &view->d.want.from[i];
		const struct view_statement *s = &view->d.provider[i].statement;
		bool says = i == VIEW_SELF && view->config.mode == VIEW_MODE_FOREIGN;
		if ((t->cds & BIT(i)) == 0)
			continue;
		t->cds_set = rset_or(t->cds_set, says ? s->cds : c->cds);
		t->cdnskey = rset_or(t->cdnskey, says ? s->cdnskey : c->cdnskey);
	}
}

/* Has the parent DS of keys that once were ours, and that we want no more? */
static bool
past_ds(const struct zone_view *view)
{
	struct rset others = view->d.foreign;

	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used)
			others = rset_or(others, view->d.provider[i].statement.dnskey);
	others = rset_or(others, rpool_keys(&view->d.pool, view->d.provider[0].statement.cds));
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v != NULL && view->d.provider[VIEW_SELF].member &&
		    !rset_within(rpool_keys(&view->d.pool, v->set), others))
			return true;
	}
	return false;
}

void
process_target(const struct zone_view *view, struct process_target *t)
{
	const struct view_process *run = &view->d.process;
	uint32_t effects = process_effects(view);

	memset(t, 0, sizeof(*t));
	target_masks(view, effects, t);
	t->agent = view->d.agent_ns;
	t->complete = true;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_statement *s = &view->d.provider[i].statement;
		if (((t->keys | t->cds | t->ns) & BIT(i)) == 0)
			continue;
		if (!s->known) {
			t->complete = false;
			continue;
		}
		if (t->keys & BIT(i))
			t->dnskey = rset_or(t->dnskey, s->dnskey);
		if (t->cds & BIT(i)) {
			t->cds_set = rset_or(t->cds_set, s->cds);
			t->cdnskey = rset_or(t->cdnskey, s->cdnskey);
		}
		if (t->ns & BIT(i))
			t->ns_set = rset_or(t->ns_set, s->ns);
	}
	/* The sets of a single signer are its own affair, unless they are about to change at the
	 * parent, or the parent did not follow. */
	t->cds_shown = __builtin_popcount(t->cds) >= 2 || past_ds(view) ||
		       run->kind == MSIG_PROCESS_REMOVE || run->kind == MSIG_PROCESS_KSK ||
		       run->kind == MSIG_PROCESS_ALGORITHM;
	if (t->cds_shown)
		keep_cds(view, t);
	if (MUTANT(CDS_SWAP) && (effects & EFFECT_CDS_ADD)) {
		t->cds = BIT(run->subject);
		t->cds_set = view->d.provider[run->subject].statement.cds;
		t->cdnskey = view->d.provider[run->subject].statement.cdnskey;
	} else if (!t->cds_shown)
		t->cds_set = t->cdnskey = RSET_NONE;
	/* NS that came from here stay so: the owner's own may name who has left. A joiner shows
	 * those of the group from the beginning: once it is named, what it names counts. */
	bool joins = run->kind == MSIG_PROCESS_ADD && run->subject == VIEW_SELF;
	/* And who leaves is left out by whoever manages NS, also where the owner named it. */
	bool leaves = (effects & EFFECT_NS_DEL) != 0;
	if (!t->agent ||
	    (__builtin_popcount(t->ns) < 2 && !ns_published(view) && !joins && !leaves))
		t->ns_set = RSET_NONE;
}

/* The NS that only this provider states. */
struct rset
process_own_ns(const struct zone_view *view, int provider)
{
	struct rset names =
	    provider == VIEW_SELF ? view->config.ns : view->d.provider[provider].statement.ns;
	for (int i = 0; i < view->d.providers; i++)
		if (i != provider && view->d.provider[i].used)
			names =
			    rset_minus(names, i == VIEW_SELF ? view->config.ns
							     : view->d.provider[i].statement.ns);
	return names;
}

/* The keys of the new algorithm, or all others, among those of a provider. */
struct rset
process_algorithm_keys(const struct zone_view *view, struct rset keys, bool fresh)
{
	struct rset new = rpool_of_algorithm(&view->d.pool, keys, view->d.process.algorithm);
	return fresh ? new : rset_minus(keys, new);
}

/* The keys that sign the DNSKEY RRset, or may. */
static struct rset
sep_keys(const struct zone_view *view, struct rset keys)
{
	return rset_and(keys, view->d.pool.sep);
}

struct rset
process_shared(const struct zone_view *view, struct rset keys)
{
	if (view->d.share != MSIG_SHARE_ZSK)
		return keys;
	struct rset home = sep_keys(view, keys);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind == PLACE_PARENT ? NULL : view_current(p, VIEW_SOA);
		if (v != NULL) /* whatever signs data is needed by whoever meets that */
			home = rset_minus(home, v->signers);
	}
	return rset_minus(keys, home);
}

struct rset
process_keys_in(const struct zone_view *view, struct rset all, const struct view_version *v)
{
	struct rset want = process_shared(view, all);
	bool made = false;

	for (int i = 0; i < view->d.providers; i++) {
		const struct rset *keys = &view->d.provider[i].statement.dnskey;
		if (!view->d.provider[i].used || !rset_meets(sep_keys(view, *keys), v->signers))
			continue;
		made = true;
		want = rset_or(want, rset_and(all, *keys));
	}
	return made ? want : all;
}

/* The keys of a provider that sign no data at its servers now. */
static struct rset
idle_keys(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_PARENT ||
		    view_place_provider(view, p) != provider)
			continue;
		const struct view_version *v = view_current(p, VIEW_SOA);
		if (v != NULL)
			keys = rset_minus(keys, v->signers);
	}
	return keys;
}

/* All keys of other algorithms than the one that the rollover goes to. */
static struct rset
old_keys(const struct zone_view *view)
{
	struct rset keys = RSET_NONE;
	for (int i = 0; i < view->d.pool.count; i++)
		if (view->d.pool.at[i].type == view_rrtype(VIEW_DNSKEY))
			rset_add(&keys, i);
	return process_algorithm_keys(view, keys, false);
}

/* The own new key that signs data before it is published. */
static uint32_t
alien_to_be(const struct zone_view *view)
{
	const struct rset *fresh = &view->d.process.fresh;
	uint32_t alien = 0;

	for (int i = rset_next(fresh, 0); i >= 0; i = rset_next(fresh, i + 1)) {
		const struct rr *rr = &view->d.pool.at[i];
		if (alien == 0 || (rr->flags & MSIG_DNSKEY_SEP) == 0)
			alien = VIEW_ALIEN(rr->alg, rr->tag);
	}
	return alien;
}

void
process_wanted(const struct zone_view *view, struct hold_want wanted[HOLD_COUNT])
{
	const struct view_process *run = &view->d.process;
	struct process_target t;
	uint32_t subject = run->kind != 0 ? BIT(run->subject) : 0;
	uint32_t actors = agree_actors(view);

	process_target(view, &t);
	memset(wanted, 0, sizeof(wanted[0]) * HOLD_COUNT);
	for (int i = 0; i < HOLD_COUNT; i++)
		wanted[i].at = actors;
	wanted[HOLD_KEY].in = t.dnskey;
	wanted[HOLD_DS].in = rpool_keys(&view->d.pool, t.cds_set);
	wanted[HOLD_NS].in = t.ns_set;
	wanted[HOLD_LEAVE].at = wanted[HOLD_RR].at = subject;
	switch (run->kind) {
	case MSIG_PROCESS_REMOVE:
		wanted[HOLD_LEAVE].in = run->stays ? RSET_NONE : process_own_ns(view, run->subject);
		wanted[HOLD_DS].out =
		    rset_minus(view->d.provider[run->subject].statement.dnskey, wanted[HOLD_DS].in);
		/* fall through */
	case MSIG_PROCESS_NS_REMOVE:
		for (int i = 0; i < HOLD_COUNT; i++)
			if (i != HOLD_LEAVE)
				wanted[i].at &= ~subject;
		if (!run->stays)
			wanted[HOLD_NS].out = process_own_ns(view, run->subject);
		break;
	case MSIG_PROCESS_KSK:
		wanted[HOLD_KEY].signs =
		    sep_keys(view, view->d.provider[run->subject].statement.dnskey);
		wanted[HOLD_KEY].signs_at = subject;
		/* fall through */
	case MSIG_PROCESS_ZSK:
		wanted[HOLD_RR].out = rset_or(run->old, idle_keys(view, run->subject));
		break;
	case MSIG_PROCESS_ALGORITHM:
		wanted[HOLD_DS].out = old_keys(view);
		wanted[HOLD_KEY].exact = run->step >= 5; /* the old ones are gone */
		wanted[HOLD_RR].at = BIT(VIEW_SELF);
		/* An own key of it that signs already does as well as the new one. */
		wanted[HOLD_RR].in =
		    rset_or(run->fresh, process_algorithm_keys(view, view->d.own, true));
		wanted[HOLD_RR].alien = alien_to_be(view);
		break;
	default:
		break;
	}
}
