/*
 * The tables of the processes.
 */
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "libmsig/key.h"

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
	      COND_DS_KEPT | COND_NS_KNOWN | COND_TAKES,
     .next = "every signer adds the others' DNSKEYs"},
    {.name = "dnskeys-synced",
     .guard = COND_SERVES | COND_SHARE | COND_DS_KNOWN,
     .effect = EFFECT_KEYS_ADD,
     .done = COND_KEYS,
     .next = "the same CDS and CDNSKEY at every signer"},
    {.name = "cds-added",
     .guard = COND_DS_KEPT | COND_KEYS,
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
     .guard = COND_REMAIN | COND_DS_KNOWN | COND_DS_KEPT,
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
     .guard = COND_DS_KEPT | COND_GONE | COND_REMAIN | COND_PARENT_NS,
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
     .guard = COND_STEADY | COND_DS_KEPT | COND_CDS,
     .done = COND_STORE | COND_SHOWN,
     .next = "every signer shows the new key, both sign, and caches turn over",
     .fresh = {.ksk = S(PUBLISHED), .csk = S(PUBLISHED)}},
    {.name = "double-signed",
     .done = COND_STORE | COND_SHOWN | COND_KEYS | COND_SEPS,
     .holds = HOLD(KEY),
     .next = "CDS and CDNSKEY for the new key at every signer",
     .fresh = {.ksk = S(PUBLISHED), .csk = S(PUBLISHED)}},
    {.name = "cds-added",
     .guard = COND_DS_KEPT | COND_KEYS | COND_SEPS,
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
     .holds = HOLD(RR) | HOLD(DS),
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
     .guard = COND_DS_KEPT,
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
     .guard = COND_STEADY | COND_DS_KEPT | COND_CDS | COND_ALGORITHMS,
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
     .guard = COND_DS_KEPT | COND_ALG_STATED | COND_KEYS | COND_SEPS,
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

#define STEPS(t, binds, turns) (int)(sizeof(t) / sizeof((t)[0])), binds, turns, t

/* A published key can be taken back until it is used; there is a way back until what the parent does
 * is over. */
static const struct process_rule rules[] = {
    {MSIG_PROCESS_ADD, "add-signer", 4, STEPS(add_steps, 1, 0)},
    {MSIG_PROCESS_REMOVE, "remove-signer", 0, STEPS(remove_steps, 1, 0)},
    {MSIG_PROCESS_ZSK, "zsk-rollover", 3, STEPS(zsk_steps, 2, 0)},
    {MSIG_PROCESS_KSK, "ksk-rollover", 2, STEPS(ksk_steps, 2, 3)},
    {MSIG_PROCESS_ALGORITHM, "algorithm-rollover", 1, STEPS(algorithm_steps, 1, 4)},
    {MSIG_PROCESS_NS_ADD, "ns-add", 5, STEPS(ns_add_steps, 1, 0)},
    {MSIG_PROCESS_NS_REMOVE, "ns-remove", 5, STEPS(ns_remove_steps, 1, 0)},
};

const struct process_rule *
process_rule(uint8_t kind)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].kind == kind)
			return MUTANT_RULE(&rules[i]);
	return NULL;
}

bool
process_is_rollover(uint8_t kind)
{
	return kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK ||
	       kind == MSIG_PROCESS_ALGORITHM;
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
