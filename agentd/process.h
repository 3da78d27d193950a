/*
 * The multi-signer processes as data: per process a list of steps, each with guard, action, done-
 * condition and holds. The same table drives the daemon, the simulator, the graph and the plan.
 */
#pragma once

#include "agentd/hold.h"
#include "agentd/view.h"

/* Conditions, used as guard (before REQUEST, APPROVE and EXECUTE, everywhere) and as done-condition
 * (at the own servers). One bit each; condition.c evaluates them, and each says its own reason.
 * The first that does not hold is the one that people read: what explains others stands before
 * them. Those of the last group speak of the own signer and are true for whoever rolls nothing. */
#define PROCESS_CONDITIONS(X)                                                     \
	X(NOT_NAMED, "no delegation names the joiner's servers yet")              \
	X(SERVES, "the subject serves its signed copy")                           \
	X(COPY, "the subject's servers serve a copy that a member signed")        \
	X(ALGORITHMS, "one algorithm set everywhere")                             \
	X(SHARE, "all share the same keys of each other (dnskey-share)")          \
	X(TAKES, "the joiner shows the members' keys: its signer keeps them")     \
	X(REMAIN, "a signer remains")                                             \
	X(DS_KNOWN, "every DS at the parent is of a known key")                   \
	X(DS_KEPT, "no DS of ds-keep is lost to CDS")                             \
	X(NS_KNOWN, "every delegated server belongs to a provider")               \
	X(KEYS, "every signer shows all keys")                                    \
	X(EXACT, "no signer shows other keys")                                    \
	X(SEPS, "every key that a DS shall name signs the DNSKEY of its signer")  \
	X(CDS, "every signer shows the same CDS and CDNSKEY")                     \
	X(DS, "the parent's DS is what CDS says")                                 \
	X(NS, "every signer shows the same NS")                                   \
	X(CSYNC, "every signer shows CSYNC")                                      \
	X(NO_CSYNC, "no signer shows CSYNC")                                      \
	X(PARENT_NS, "the parent's NS is the zone's")                             \
	X(NAMING_SAFE, "S1 and S2 hold once the subject is named")                \
	X(GONE, "the leaver's servers are silent, or do not name themselves")     \
	X(ALG_SIGNED, "every signer signs with the new algorithm")                \
	X(ALG_STATED, "every signer states keys of the new algorithm")            \
	X(ALG_CDS, "every signer wants DS of the new algorithm only")             \
	X(ALG_ALONE, "no signer states a key of another algorithm")               \
	X(DRIVER, "the own signer's keys can be moved")                           \
	X(STORE, "the own key store has the keys in the states of this step")     \
	X(SHOWN, "the own signer shows the new keys, and the own statement does") \
	X(DATA_NEW, "the own signer signs nothing with the old keys any more")

enum process_condition_bit {
#define X(id, text) COND_BIT_##id,
	PROCESS_CONDITIONS(X)
#undef X
	    COND_COUNT
};
enum process_condition {
#define X(id, text) COND_##id = 1 << COND_BIT_##id,
	PROCESS_CONDITIONS(X)
#undef X
};

/* What a person does about CDS that are not those of all signers. */
#define PROCESS_TODO_CDS                                                              \
	"see who changes CDS there: a signer that publishes its own (msigctl doctor " \
	"there); a parent that reads them would drop the DS of the others"

/* What a step changes in the overlay, from its EXECUTE on. */
enum process_effect {
	EFFECT_NONE = 0,
	EFFECT_KEYS_ADD = 1, /* the subject's DNSKEYs are in the union */
	EFFECT_CDS_ADD = 2,
	EFFECT_NS_ADD = 4,
	EFFECT_CSYNC = 8, /* during this step only */
	EFFECT_KEYS_DEL = 16,
	EFFECT_CDS_DEL = 32,
	EFFECT_NS_DEL = 64,
};

/* Which of the roller's keys its CDS names. A signer that writes its own CDS (mode foreign) goes
 * from old to new in one step, when the key becomes READY; one whose records all come from the
 * overlay (mode all) can name both in between. */
enum process_cds { CDS_OLD, CDS_BOTH, CDS_NEW };

/* The state that keys are brought into, by role (MSIG_KEY_STATE_*; 0: no such role here). */
struct process_keys {
	uint8_t zsk, ksk, csk;
};

struct process_step {
	const char *name;
	uint32_t guard;                 /* COND_*, at all servers of all actors */
	uint32_t effect;                /* EFFECT_* */
	uint32_t done;                  /* COND_*, at the own servers */
	uint32_t holds;                 /* 1 << HOLD_*: must have elapsed before DONE */
	const char *next;               /* what comes next, for the journal */
	struct process_keys fresh, old; /* rollovers: the roller's keys */
	enum process_cds cds;           /* rollovers, mode all */
};

struct process_rule {
	uint8_t kind; /* enum msig_process */
	const char *name;
	uint8_t priority; /* lower goes first */
	int steps;        /* the last one is "stop" */
	int binds;        /* from this one on it is not given up: others may have seen its effect */
	int turns; /* up to this one it can be turned round instead (agree_turn.c); 0: it cannot */
	const struct process_step *step;
};

/* What the overlay and the servers of every actor are to hold at the step that was executed last.
 */
struct process_target {
	uint32_t keys, cds, ns; /* providers whose sets are in; 0 for ns: the owner's NS stay */
	bool agent;             /* NSMGMT=AGENT */
	bool csync;
	bool cds_shown; /* CDS and CDNSKEY come from the overlay: there are several, or they change
			 */
	bool cds_withheld; /* those of a single signer: they would take a DS of ds-keep out */
	bool cds_kept;  /* algorithms differ among the providers: those in the overlay stay */
	uint8_t cds_coming; /* the own CDS name this algorithm already: so do those of all here */
	bool complete;  /* every statement that it needs is known */
	struct rset dnskey, cds_set, cdnskey, ns_set;
};

void process_target(const struct zone_view *view, struct process_target *target);

/* CDS or CDNSKEY (VIEW_CDS, VIEW_CDNSKEY) of a provider whose CDS the target has. */
struct rset process_cds(const struct zone_view *view, const struct process_target *target,
			int provider, enum view_type type);

/* Joiners of which nothing but keys is in when the keys of the old algorithm go: nobody is led to
 * them, so theirs go as well, and they join again with keys of the new one. */
uint32_t process_left_behind(const struct zone_view *view);
/* The keys of a provider whose keys the target has. */
struct rset process_keys_of(const struct zone_view *view, int provider);

/* The CSYNC that a step publishes (RFC 7477): NS, A and AAAA, at once, whatever the serial. Its
 * record in the pool; find: -1 if nobody has seen it yet, get: -1 if there is no room. */
int process_csync_find(const struct rpool *pool);
int process_csync_get(struct rpool *pool);

/* The effects of the steps executed so far. */
uint32_t process_effects(const struct zone_view *view);

/* The first of these of which it is seen that it is not true, at any server of the actors and of
 * the parent that was heard lately, as a mask; 0: none is. What is to be is known only if all whose
 * records it has have stated them. *why (may be NULL) says where. */
uint32_t process_differs(const struct zone_view *view, uint32_t conditions, int64_t now,
			 struct reason *why);

/* Are all conditions of a mask true? everywhere: at the servers of all actors, else at our own. If
 * not, *why (may be NULL) says which and where. */
bool process_check(const struct zone_view *view, uint32_t conditions, bool everywhere, int64_t now,
		   struct reason *why);

/* What each hold of the running process waits for. */
void process_wanted(const struct zone_view *view, struct hold_want wanted[HOLD_COUNT]);

struct rset process_own_ns(const struct zone_view *view, int provider);

/* Those among some NS that are the subject's alone. Of one whose own went with a database: any that
 * nobody else states. */
struct rset process_leaver_ns(const struct zone_view *view, struct rset names);
/* Does one of the parent's servers name it, or is that not known? */
bool process_named(const struct zone_view *view, int provider);
/* Of a set of DNSKEYs those of the algorithm that the running rollover goes to, or all others. */
struct rset process_algorithm_keys(const struct zone_view *view, struct rset keys, bool fresh);

/* Of a set of DNSKEYs those that every signer shows, whoever they are of: with dnskey-share zsk not
 * the keys that sign nothing but the DNSKEY RRset of their own signer. */
struct rset process_shared(const struct zone_view *view, struct rset keys);
/* What of all keys a DNSKEY RRset with these signatures is to have: the shared ones, and all of the
 * signer that made it. */
struct rset process_keys_in(const struct zone_view *view, struct rset all,
			    const struct view_version *v);

/* Who of the actors this provider is responsible for in the running process: does it roll keys? */
bool process_rolls(const struct zone_view *view);
/* The states of the step that was executed last, for a role; 0: as they are. */
uint8_t process_key_state(const struct zone_view *view, bool fresh, uint8_t role);
/* The step whose effects hold now: executed; -1: none was. */
int process_executed(const struct zone_view *view);

const struct process_rule *process_rule(uint8_t kind); /* NULL: not known here */
bool process_is_rollover(uint8_t kind);
const char *process_name(uint8_t kind);
const char *process_step_name(uint8_t kind, uint8_t step);
const char *process_condition_text(enum process_condition_bit bit);
const char *process_phase_name(enum view_phase phase);
