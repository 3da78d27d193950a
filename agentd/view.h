/*
 * Everything agentd knows of one zone. Pure: no clock, no I/O, no log, no globals; the simulator
 * links the very same object files.
 *
 * The durable part (struct durable) is what must survive kill -9: it is written as one blob, in one
 * transaction, before any action of a plan is executed. The volatile part is asked for again after
 * a start. Events (view_on_*) only record what happened and mark the view dirty; one place,
 * decide() (decide.h), draws conclusions. An event that says nothing new changes nothing.
 *
 * Times are UTC in milliseconds; 0 means never, VIEW_NEVER is later than everything. Sets of
 * records are bitmaps over the zone's pool (rset.h): take a record into the pool with rpool_get(),
 * then build sets. Ids stay valid until the next decide().
 *
 * Providers are numbered; 0 is this provider. view_provider() gives a number to another identity
 * only if nothing of the one that had it is in the zone or was, HSYNC does not name it, no process
 * runs, and the last one that ended was not about it; then all that refers to the number is
 * forgotten. A new field with numbers of providers belongs there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/reason.h"
#include "agentd/rset.h"
#include "libmsig/msg.h"
#include "libmsig/option.h"

#define SECOND INT64_C(1000)        /* times are milliseconds */
#define BIT(i) (UINT32_C(1) << (i)) /* sets of providers, and of other small numbers */
#define VIEW_NEVER INT64_MAX
#define VIEW_PROVIDERS 8                    /* providers per zone, ourselves included */
#define VIEW_PLACES 128                     /* addresses per zone that we watch, of all servers */
#define VIEW_PARENT_NSES 32                 /* name servers of the parent */
#define VIEW_VERSIONS 8                     /* unexpired versions of one RRset at one server */
#define VIEW_KEYS 12                        /* DNSKEYs, CDS or CDNSKEYs that a provider may state */
#define VIEW_EPOCH_JUMP (UINT64_C(1) << 20) /* more processes than anyone can have had unseen */
#define VIEW_NSES 13                        /* its name servers */
#define VIEW_NAME 256  /* text of a domain name: absolute, lower case, with NUL */
#define VIEW_SERVER 72 /* "addr@port" */
#define VIEW_WHY 64    /* why an answer is unknown */
#define VIEW_ODD 100   /* what is wrong with a change */
#define VIEW_REASONS 16
#define VIEW_STORE 24  /* keys in the own signer's key store */
#define VIEW_KEY_ID 48 /* text of a key's id there */
#define VIEW_ORDERS 4  /* operator's words that wait for their turn */
#define VIEW_SELF 0
#define VIEW_STRANGER (-1) /* a name server that no provider states; the parent's servers too */

/* Why an answer is unknown, where observe has said nothing (view_answer.reason). */
#define VIEW_WHY_DOWN "observe is not running"
#define VIEW_WHY_SILENT "observe does not answer"

/* The RRsets that are watched. The index is small, so that histories are arrays. */
#define VIEW_TYPES(X)                                                                          \
	X(DNSKEY, 48)                                                                          \
	X(CDS, 59)                                                                             \
	X(CDNSKEY, 60)                                                                         \
	X(CSYNC, 62)                                                                           \
	X(NS, 2)                                                                               \
	X(SOA, 6) /* its set stays empty: what counts is who signed it (see answer.signers) */ \
	X(DS, 43) /* at the parent's servers only */

enum view_type {
#define X(id, rrtype) VIEW_##id,
	VIEW_TYPES(X)
#undef X
	    VIEW_TYPE_COUNT
};

/* ---- configuration: given by the shell, never durable: set it after view_decode(), which gives
 * records other ids ---------------------------------------------------------------------------- */

/* Who writes the records of the own signer: the signer itself (mode A of the protocol, the overlay
 * holds foreign records only) or the overlay (mode B, it holds all). */
enum view_mode { VIEW_MODE_FOREIGN, VIEW_MODE_ALL };

/* All in milliseconds but percent. The formulas never change, only these do. */
struct view_times {
	int64_t d;        /* time until all own secondaries serve a new version */
	int64_t d_parent; /* the same at the parent */
	int64_t margin;   /* on top of each hold: max(margin, percent of the TTL) + skew */
	int64_t margin_percent;
	int64_t skew;
	int64_t ask_fast;    /* between questions to a server that a running process waits for */
	int64_t ask_parent;  /* the same to a server of the parent */
	int64_t ask_slow;    /* otherwise */
	int64_t fresh;       /* an answer older than this proves nothing for a guard */
	int64_t resend;      /* REQUEST, EXECUTE, DONE, PULL without effect are said again */
	int64_t lease;       /* of a grant, before the first EXECUTE */
	int64_t backoff_min; /* after DENY; doubles, with jitter, up to backoff_max */
	int64_t backoff_max;
	int64_t hold_down;   /* an instruction that takes something away must stand this long */
	int64_t alarm_after; /* an EXECUTE without DONE, a parent without reaction */
	int64_t ballot;      /* an election waits so long for votes, and for confirmations */
	int64_t lead;        /* a leader's lease */
	int64_t late; /* a message may be under way so long: its signature counts no longer */
};

/* Sane defaults, and those of a lab. */
extern const struct view_times view_times_default;
extern const struct view_times view_times_lab;

struct view_config {
	enum view_mode mode;
	bool driver;        /* the signer's keys can be listed and moved (ACT_KEY) */
	bool one_algorithm; /* but not to another algorithm */
	bool nobody_signs;  /* signed: off: HSYNC counts without signature, NS are all there is */
	uint8_t share; /* enum msig_share: which keys of others this provider wants in DNSKEY */
	struct view_times times;
	struct rset ns;     /* NS(self): NS records (rdata = name, wire, lower case) */
	struct rset own;    /* DNSKEYs that the signer's key store names, if it is known */
	uint16_t step_mode; /* bit per kind of process: its steps wait for `approve` (operator.h) */
	uint8_t models;     /* MSIG_SYNC_* that we can and want; 0: both */
	struct rset ds_keep; /* DS records that the operator wants kept though no key matches */
	bool cds_ignored;    /* the parent does not act on CDS: its DS change by hand */
};

/* ---- the owner's instruction ---- */

struct view_hsync_entry {
	char identity[VIEW_NAME];
	bool on;
	bool sign;
	bool agent; /* NSMGMT=AGENT */
};

/* What the own signer's zone says. With status SET, error is set when the RRset is unusable
 * (malformed, duplicate identity, State 0, ...): the core then freezes. */
struct view_hsync {
	enum msig_seen status; /* SET only if the signature was verified, or config.nobody_signs;
				  else UNKNOWN */
	bool bare; /* with HSYNC: neither DNSKEY nor any signature; as seen, not stored */
	uint32_t serial;       /* SOA serial of the signer's zone at that time */
	int64_t time;
	int count;
	struct view_hsync_entry entry[VIEW_PROVIDERS];
	uint8_t digest[32];      /* TLV 16 */
	char error[REASON_TEXT]; /* empty: usable */
};

/* What it says of a provider; NULL: nothing. */
const struct view_hsync_entry *view_hsync_of(const struct view_hsync *h, const char *identity);

/* ---- statements ---- */

/* What a provider says of itself: its own full set. Ours is made by decide(). The shell turns it
 * into STATE (and back), signs, and keeps the signed form as evidence. */
struct view_statement {
	bool known;
	uint8_t generation[16];       /* TLV 19 */
	uint64_t epoch, counter;      /* version, TLV 17 */
	uint64_t process_epoch;       /* TLV 14: the process it is in or was in last */
	uint8_t share;                /* TLV 23 */
	uint8_t wish, wish_algorithm; /* TLV 25, 22: what it asks the leader for; 0: nothing */
	uint8_t standing;             /* TLV 26: MSIG_STANDING_*, its own `has` and `member` */
	uint8_t process, step; /* TLV 5, 6; process 0: rests: step 7 = member in sync, 0 = not */
	uint8_t hsync[32];     /* TLV 16 */
	struct rset dnskey, cds, cdnskey, ns;
	int64_t received;
};

/* ---- messages of the agreement (agree.h has the rules) ---- */

/* What a step changes in the apex sets: the types up to NS. */
#define VIEW_APEX (VIEW_NS + 1)
struct view_change {
	bool given;
	struct rset add[VIEW_APEX], del[VIEW_APEX];
	uint16_t unknown;   /* of those to add, that nobody stated here */
	uint16_t strange;   /* of those to delete */
	char odd[VIEW_ODD]; /* what no change may have; empty: nothing */
};

struct view_message {
	enum msig_op op;   /* REQUEST ... NOT_YET, of libmsig/option.h */
	uint64_t epoch;    /* TLV 14 */
	uint8_t process;   /* TLV 5 */
	uint8_t step;      /* TLV 6 */
	uint8_t tid[16];   /* TLV 7 */
	int subject;       /* provider it is about (TLV 21); the sender when it does not say */
	uint8_t algorithm; /* TLV 22: where an algorithm rollover goes; else 0 */
	uint64_t
	    version_epoch; /* TLV 17: the sender\'s statement must be this one or later; 0: any */
	uint64_t version_counter;
	uint8_t hsync[32];         /* TLV 16 */
	uint16_t result;           /* TLV 10 (enum msig_result), in DENY and NOT-YET */
	char text[REASON_TEXT];    /* TLV 11 */
	struct view_change change; /* EXECUTE in leader mode (lead.h) */
	/* ELECT_*, which have nothing of the above but op and hsync (elect.h) */
	uint64_t term; /* TLV 8 */
	uint32_t vote; /* TLV 24 */
	int leader;    /* TLV 9: the winner as the sender has it, or -1 */
};

/* ---- observations ---- */

enum view_place_kind {
	PLACE_SIGNER, /* our own signer, asked directly: one */
	PLACE_SERVER, /* one address of a delegated (or stated) name server */
	PLACE_PARENT, /* one address of a name server of the parent zone: DS, and NS of the referral
		       */
};

/* A key that signs and is in no DNSKEY RRset. */
#define VIEW_ALIEN(algorithm, tag) ((uint32_t)(algorithm) << 16 | (tag))
#define VIEW_ALIEN_ALGORITHM(alien) ((uint8_t)((alien) >> 16))
#define VIEW_ALIEN_TAG(alien) ((uint16_t)(alien))

/* One answer to one question. The shell has verified signatures: signers are the DNSKEYs (ids)
 * whose RRSIG over this RRset verifies now. For that it uses the DNSKEY RRset seen at the same
 * server, so it asks DNSKEY with the others. SOA: signers = keys that sign the zone's data there.
 * A signature by a key in no DNSKEY RRset: alien names it (of several the largest; 0: none). DS of
 * the parent: status is SET or ABSENT only if validated, otherwise UNKNOWN. NS of a referral is
 * unsigned: signers empty. ttl is that of the answer; of ABSENT, the negative TTL. A signed RRset
 * none of whose signatures verifies is still SET, with no signers: it was served. */
struct view_answer {
	int place;
	enum view_type type;
	enum msig_seen status;
	struct rset set;
	struct rset signers;
	uint32_t alien; /* VIEW_ALIEN */
	bool child; /* NS at a server of the parent that serves the zone as well: the zone's own */
	uint32_t ttl;
	int64_t asked;         /* when the question left */
	int64_t time;          /* when the answer arrived */
	char reason[VIEW_WHY]; /* UNKNOWN: why */
};

/* One version of one RRset that one server has served. until is the time of the first answer that
 * no longer was this version: up to then it may have been served. */
struct view_version {
	struct rset set;
	struct rset signers;
	bool absent;
	bool child;
	bool gap;       /* nobody had looked before: there may have been another one in between */
	uint32_t alien; /* VIEW_ALIEN */
	uint32_t ttl;   /* s, the largest seen */
	int64_t first;
	int64_t last;
	int64_t until; /* VIEW_NEVER: current */
};

struct view_history {
	uint8_t count; /* versions, oldest first; the last one is current */
	struct view_version at[VIEW_VERSIONS];
	int64_t overflow; /* versions that did not fit may be cached until then */
	/* volatile: */
	enum msig_seen status; /* of the last answer; UNKNOWN after a start */
	int64_t time;          /* of the last answer that was not UNKNOWN */
	int64_t tried;         /* of the last answer */
	uint32_t ttl;          /* at the own signer: of the last answer that was SET */
	char reason[VIEW_WHY];
};

struct view_place {
	enum view_place_kind kind;
	struct rset ns; /* the NS names that have this address */
	char server[VIEW_SERVER];
	int64_t named;   /* since when a delegation names it; 0: it is not named */
	int64_t unnamed; /* until when caches may still hold a delegation to it */
	struct view_history history[VIEW_TYPE_COUNT];
	int64_t asked; /* volatile: last ACT_ASK; 0: ask now */
};

/* ---- processes ---- */

enum view_phase {
	PHASE_IDLE,
	PHASE_REQUESTED, /* we are the requestor and ask for `step` */
	PHASE_GRANTED,   /* we approved `step` of another's process */
	PHASE_EXECUTING, /* `step` was executed: act, observe */
	PHASE_DONE,      /* our part of `step` is done: visible, and our hold has elapsed */
};

enum view_hold { HOLD_KEY, HOLD_DS, HOLD_NS, HOLD_RR, HOLD_LEAVE, HOLD_COUNT };

struct view_process {
	uint8_t kind; /* process.h; 0: none */
	uint8_t step;
	enum view_phase phase;
	int8_t subject;
	int8_t requestor;
	uint64_t epoch;
	uint8_t tid[16];
	uint8_t hsync[32]; /* digest it was agreed under */
	bool led;          /* in leader mode: the requestor is the leader */
	bool executed;     /* an EXECUTE happened: only forward from here */
	bool aborting;     /* our operator gives it up, turns it round, or rests it */
	bool turned;       /* a rollover: the old keys stay, the new ones go */
	uint32_t voters;   /* bit per provider: who was designated when it began */
	uint32_t approved; /* bit per provider: APPROVE for `step` (requestor) */
	uint32_t done;     /* bit per provider: DONE for `step` */
	int64_t started;
	int64_t since;       /* of this step's phase */
	int64_t executed_at; /* of this step */
	int64_t asked;       /* requestor: when the first REQUEST for this step left */
	int64_t lease;
	int64_t hold[HOLD_COUNT]; /* absolute deadlines, only raised; 0: not begun */
	uint8_t algorithm;        /* where an algorithm rollover goes */
	bool stays;             /* REMOVE: its name servers stay, with somebody else's signatures */
	struct rset fresh, old; /* rollovers: own keys that come and go (DNSKEYs) */
	uint8_t roles;          /* rollovers: bit per role of keys that roll; 0: not chosen yet */
};

/* How the providers of a zone work together. */
enum view_model {
	MODEL_UNKNOWN, /* of one it is not known what it can */
	MODEL_PEER,
	MODEL_LEADER,
	MODEL_NONE, /* nothing that all can */
};

enum elect_state {
	ELECT_NONE, /* no leader, and nobody votes */
	ELECT_VOTING,
	ELECT_CONFIRMING,
	ELECT_SETTLED,
};

/* The election of a leader, durable as a whole: what was said stays said. */
struct view_election {
	uint64_t term; /* the largest known */
	enum elect_state state;
	uint8_t hsync[32]; /* digest of the instruction that it is held under */
	uint32_t voters;   /* bit per provider */
	uint32_t voted;    /* bit per provider: its vote in this term is known */
	uint32_t vote[VIEW_PROVIDERS];
	int8_t confirmed[VIEW_PROVIDERS]; /* whom it confirmed in this term, or -1 */
	int8_t leader;                    /* SETTLED; else -1 */
	int64_t since;                    /* of this state */
	int64_t lease;                    /* SETTLED: the end of it */
	int64_t backoff;                  /* no call before */
	uint32_t attempts;                /* that came to nothing, one after the other */
};

/* What the operator ordered and did not begin yet. Kept until the process has ended. */
struct view_order {
	uint8_t process;   /* ZSK, KSK, ALGORITHM; 0: none */
	uint8_t algorithm; /* ALGORITHM: where to */
};

/* A step that the operator has approved, or shall approve. */
struct view_approval {
	uint8_t kind; /* 0: none */
	uint8_t step;
	int8_t subject;
};

/* A key of the own signer, as its key store has it. */
struct view_key {
	char id[VIEW_KEY_ID];
	uint8_t role, state; /* enum msig_key_role, enum msig_key_state */
	uint8_t algorithm;
	int rr; /* its DNSKEY in the pool */
};

/* The end of a process, kept to answer those that missed it. */
struct view_ended {
	uint8_t kind;
	int8_t subject;
	uint64_t epoch;
	uint8_t tid[16];
	bool completed; /* else aborted */
	int64_t time;
};

/* What combinerd was told, per origin. */
struct view_contribution {
	bool used;
	struct rset dnskey, cds, cdnskey, ns, csync;
};

struct view_overlay {
	uint64_t epoch, counter;
	uint32_t ttl_key, ttl_cds, ttl_ns;
	struct view_contribution from[VIEW_PROVIDERS];
};

/* ---- the zone
 * ------------------------------------------------------------------------------------ */

/* What of a provider is in the zone. A signer that has joined has all of it, a provider that does
 * not sign has its NS; something in between is left by a process that was taken back. */
enum view_has {
	HAS_KEYS = MSIG_STANDING_KEYS,
	HAS_CDS = MSIG_STANDING_CDS,
	HAS_NS = MSIG_STANDING_NS,
	HAS_ALL = HAS_KEYS | HAS_CDS | HAS_NS
};

struct view_provider {
	/* durable */
	bool used;
	char identity[VIEW_NAME];
	bool member;      /* it signs in the group: it has all, and votes */
	uint8_t has;      /* enum view_has */
	bool contributed; /* it was once: OFF means leave, not staged */
	bool unsure;      /* where the delegation shows nowhere: may the parent not name it yet? */
	bool expelled;    /* by our operator: counts as OFF, whatever HSYNC says */
	uint8_t models;   /* MSIG_SYNC_* that it says it can; 0: not known */
	struct view_statement statement;
	uint8_t past[16];   /* the generation that its statements had before this one */
	int64_t past_until; /* they may still be under way until then */
	/* volatile */
	bool ready;                  /* HELLO done for this zone and beats arrive */
	char why[REASON_TEXT];       /* why not */
	int64_t apart;               /* s: its clock is so far ahead of ours; 0: near enough */
	struct view_message request; /* the last REQUEST, until answered by APPROVE or DENY */
	bool requested;
	int64_t requested_at;
	uint16_t answer;         /* what we said: 0, enum msig_op */
	char refused[VIEW_WHY];  /* why its last statement was; empty: it was not */
	bool stale;              /* its statement is not the one that is held here: pull */
	int64_t older;           /* since when it states an older one; 0: it does not */
	bool differs;            /* it said something else under the version that is held here */
	uint64_t told;           /* version (counter) of our statement that was sent to it */
	int64_t pulled;          /* last PULL */
	int64_t sent;            /* last time the pending thing was said to it */
	bool tell;               /* it has to be answered: say what is pending at once */
	struct view_message ask; /* EXECUTE or DONE of a process that we do not run: answer it */
	bool asking;
	char said[REASON_TEXT]; /* text of its last NOT-YET or DENY */
	uint16_t said_result;
};

struct durable {
	uint8_t generation[16]; /* random, made with the database, and anew by CONFIRM */
	struct rpool pool;      /* the records that all sets below are made of */
	struct view_provider provider[VIEW_PROVIDERS]; /* the durable part of each */
	int providers;    /* slots in use or once used are below it; not stored */
	bool begun;       /* the group was determined once */
	uint64_t epoch;   /* largest process number known */
	uint64_t counter; /* of own statement and overlay versions */
	uint64_t content_epoch,
	    content_counter;       /* of the own statement whose sets are the present */
	struct view_hsync hsync;   /* last good one */
	struct view_hsync pending; /* an instruction that takes away: stands since .time */
	struct rset own;           /* DNSKEYs that are ours, for good */
	struct rset foreign;       /* DNSKEYs that once were foreign: never ours */
	struct view_process process;
	struct view_ended ended;
	struct view_overlay want;                /* what combinerd shall hold */
	uint64_t applied_epoch, applied_counter; /* version of the last one that it took */
	bool shrink;        /* since then a process took something out of `want`: said in APPLY */
	int64_t keys_since; /* the DNSKEYs of `want` are the same */
	struct view_overlay applied;
	struct view_place *place[VIEW_PLACES]; /* NULL: not used */
	int places;          /* slots in use or once used are below it; not stored */
	struct rset orphans; /* own keys of a rollover that was given up: they go again */
	struct view_order order[VIEW_ORDERS]; /* first come, first served */
	uint16_t step_on, step_off;           /* bit per kind: step mode by the operator's word */
	struct view_approval approved;
	struct view_approval recalled; /* whose CSYNC was taken back early; kind 0: nobody's */
	struct view_election election;
	bool agent_ns;   /* NSMGMT that is in force: AGENT */
	uint8_t share;   /* enum msig_share that is in force: once all say the same */
	int64_t backoff; /* no own REQUEST before */
	uint32_t attempts;
	bool paused;             /* by the operator */
	int64_t clock_floor;     /* holds do not count from before this time */
	uint8_t boot[16];        /* of the machine, when clock_offset was taken; zero: never */
	int64_t clock_offset;    /* wall clock minus uptime, ms */
	bool rebuild;            /* database older than the world: nothing moves */
	char doubt[REASON_TEXT]; /* why (rebuild) */
	bool differs; /* the content at the signer was not combinerd's when it was compared last */
};

struct zone_view {
	char zone[VIEW_NAME];
	struct view_config config;
	struct durable d;
	/* volatile */
	const char *misfit;       /* what view_decode() refused; NULL: nothing */
	bool put_back;            /* the process in the database is none of today: it ends */
	int64_t loaded;           /* when the database was read */
	bool confirmed;           /* a database in doubt goes on: what was shown since is unknown */
	bool dirty;               /* something happened since the last decide() */
	bool persist;             /* the durable part changed */
	uint8_t seed[16];         /* random octets from the shell, mixed and used up by decide() */
	struct view_hsync hsync;  /* as seen last; UNKNOWN after a start */
	char hsync_why[VIEW_WHY]; /* why the last question brought nothing; empty: it did */
	bool hsync_bare;          /* it brought HSYNC of an unsigned zone */
	int64_t hsync_tried, hsync_asked;
	int8_t entry[VIEW_PROVIDERS]; /* index in d.hsync of each provider, or -1; by decide() */
	uint32_t designated;          /* bit per provider: agree_designated(), by decide() */
	uint32_t listed;              /* bit per provider: agree_listed(), by decide() */
	char freeze[REASON_TEXT];     /* why no instruction is followed; empty: none */
	int64_t
	    rest_since; /* since when it is seen at rest that something is not as it should be */
	struct reason rest; /* what that is */
	bool stray; /* the own signer uses a key that is not in DNSKEY: no process moves */
	bool early; /* it uses one that caches may not know yet: none but agree_key_first() lets */
	int early_at;             /* early: whose server does not show that key, or VIEW_STRANGER */
	char egress[REASON_TEXT]; /* what of the signer's zone is not combinerd's; empty: nothing */
	int64_t egress_until;     /* it may pass by itself until then; 0: it does not */
	bool overlay_known;       /* combinerd answered SHOW since start */
	uint64_t combiner_epoch, combiner_counter;
	struct view_contribution held[VIEW_PROVIDERS]; /* by combinerd; until that is judged */
	uint8_t combiner_state;                        /* enum msig_zone_state */
	int64_t applying; /* ACT_APPLY was issued then, not answered yet */
	uint16_t apply_rcode;
	char apply_text[REASON_TEXT];
	struct rset looked_up;       /* NS names whose addresses are known */
	bool parent_known;           /* the parent's servers are known, all of them */
	struct rset crowded;         /* NS names for whose addresses there is no room */
	bool parent_crowded;         /* nor for all that the parent has */
	int64_t looked_at[RSET_MAX]; /* last ACT_LOOKUP per NS name */
	int64_t parent_looked_at;
	char denied[REASON_TEXT]; /* why the last own REQUEST came to nothing */
	uint16_t denied_result;
	int64_t showed;              /* last ACT_SHOW */
	int64_t notified;            /* last ACT_NOTIFY */
	uint32_t own_max_ttl;        /* of the signer's whole zone, from FOLLOWED; 0 unknown */
	bool store_known;            /* the list below is what the key store has */
	char store_why[REASON_TEXT]; /* why it is not known, or what the last ACT_KEY failed with */
	int keys;
	struct view_key key[VIEW_STORE];
	int64_t key_asked;                          /* last ACT_KEY */
	struct view_message ballot[VIEW_PROVIDERS]; /* the last one of each, until it was heard */
	uint32_t balloted;                          /* bit per provider: there is one */
	int64_t polled[VIEW_PROVIDERS];             /* when its answer was asked for last */
	bool poll;            /* a term has to begin, for somebody is behind */
	uint64_t unfit_epoch; /* of the process whose step is refused, for its change; 0: none */
	uint8_t unfit_step;
	int64_t unfit_since;
	char unfit[REASON_TEXT];
	struct view_approval waits; /* for the operator; kind 0: nothing does */
	int64_t waited;             /* when that was found last */
	int reasons;
	struct reason reason[VIEW_REASONS]; /* of the last decide(), most important first */
};

/* zone, identity: text, absolute, lower case. generation and seed: 16 random octets each. NULL if a
 * name is no name. */
struct zone_view *view_new(const char *zone, const char *identity, const struct view_times *times,
			   const uint8_t generation[16], const uint8_t seed[16]);
void view_free(struct zone_view *view);

/* From the seed that the shell gave, which is used up by it. */
uint64_t view_random(struct zone_view *view);

/* Records as wire data -> the pool of this zone. names of NS lower-cased by the caller. */
int view_rr(struct zone_view *view, enum view_type type, const uint8_t *rdata, uint16_t len);
uint16_t view_rrtype(enum view_type type);

/* The number of an identity, which becomes known if it was not (-1: too many), or -1 if unknown. It
 * may get the number of one who is forgotten with that. */
int view_provider(struct zone_view *view, const char *identity);
int view_provider_find(const struct zone_view *view, const char *identity);
const char *view_type_name(enum view_type type);

/* The provider that states a name server of this address, or VIEW_STRANGER. */
int view_place_provider(const struct zone_view *view, const struct view_place *place);
/* Does this server of the parent show the delegation? One that serves the zone, too, answers with
 * the zone's own NS, and whoever asks it gets the zone from it, named or not: it is watched as a
 * server of the zone as well. If all of the parent's do so, nobody can see the delegation, and what
 * everybody is told are those NS: then they count. */
bool view_delegates(const struct zone_view *view, const struct view_place *place);
/* Do all servers of the parent serve the zone? */
bool view_hidden(const struct zone_view *view);
/* Is this the address of a server of the parent that serves the zone, too? */
bool view_serves_child(const struct zone_view *view, const char *server);
/* The own signer, asked directly; NULL: its address is not known. */
const struct view_place *view_own_signer(const struct zone_view *view);
/* The largest TTL that was seen there of this type, and of all types, s; 0: none was. */
uint32_t view_ttl(const struct view_place *p, enum view_type type);
uint32_t view_ttl_of_all(const struct view_place *p);
/* When it last answered; since a start until the first answer: the start. 0: never. In ms. */
int64_t view_heard(const struct zone_view *view, const struct view_history *h);
/* What it shows now; NULL: not known. */
const struct view_version *view_at_signer(const struct zone_view *view, enum view_type type);
/* Who has to act where this provider's servers, or its word, are waited for? */
static inline enum reason_class
view_side(int provider)
{
	return provider == VIEW_SELF ? REASON_HOME : REASON_PEER;
}
/* The NS that a provider states; those that any other one does. */
const struct rset *view_names(const struct zone_view *view, int provider);
struct rset view_names_of_others(const struct zone_view *view, int provider);
/* NS for people, as far as there is room, and how many more there are; "none" if there are none.
 * The first one is always said, cut if it is too long for that. Returns buf. */
const char *view_names_text(const struct zone_view *view, struct rset names, char *buf, size_t len);
/* What the place serves as far as known: its current version; NULL if nothing was ever seen. */
static inline const struct view_version *
view_current(const struct view_place *place, enum view_type type)
{
	const struct view_history *h = &place->history[type];
	return h->count == 0 ? NULL : &h->at[h->count - 1];
}

/* ---- events. Each returns true if it was news.
 * --------------------------------------------------- */

bool view_on_hsync(struct zone_view *view, const struct view_hsync *seen);
bool view_on_answer(struct zone_view *view, const struct view_answer *answer);
/* The question for HSYNC brought no answer, or one whose signature does not verify: status UNKNOWN
 * in view_on_hsync with the text in error. */

/* Addresses of a name server (ns: id of an NS record) or of the parent's servers (ns -1). Replaces
 * what was known; count 0 with known false means that it could not be found out. */
bool view_on_addresses(struct zone_view *view, int ns, bool known, const char *const *server,
		       int count, int64_t now);
/* There are more of them than there is room to watch: then they are not known, not even in part,
 * and a person hears of it. */
bool view_on_crowd(struct zone_view *view, int ns);
/* The own signer is at this address (at start and when configured anew). */
int view_signer(struct zone_view *view, const char *server);

bool view_on_peer(struct zone_view *view, int provider, bool ready, const char *why);
/* Its clock is too far ahead of ours, by so many seconds (negative: behind); 0: it is not. */
bool view_on_apart(struct zone_view *view, int provider, int64_t seconds);
/* What a peer says it can: MSIG_SYNC_* bits, 0 if it does not say. */
bool view_on_models(struct zone_view *view, int provider, uint8_t models);
/* A beat of the peer: the version of its statement, in which database, and the digest of the HSYNC
 * that it names (NULL: it does not say). If that is another one than we have: a pull. */
bool view_on_beat(struct zone_view *view, int provider, const uint8_t generation[16],
		  uint64_t epoch, uint64_t counter, const uint8_t hsync[32]);
/* MSIG_EDOUBT if older than what is known, equal in version but not in content, or late from the
 * generation before; who is no signer of the group takes those in the end; MSIG_ESIZE if it
 * states too much; MSIG_EREFUSED if it states a key of ours or of a member; MSIG_EVALUE if its
 * epoch cannot be. */
int view_on_statement(struct zone_view *view, int provider, const struct view_statement *said,
		      int64_t now);
/* May the own statement be told to peers? Not in doubt, and not before it is known whether
 * combinerd holds something later: what an older database knows would count with peers as of today.
 */
static inline bool
view_states(const struct zone_view *view)
{
	return view->d.provider[VIEW_SELF].statement.known && view->overlay_known &&
	       !view->d.rebuild;
}
/* Do they say the same, whatever their versions are? */
bool view_same_statement(const struct view_statement *a, const struct view_statement *b);
/* One that does not get so far, for a reason that people have to know. */
bool view_refuse(struct zone_view *view, int provider, const char *why);
bool view_on_message(struct zone_view *view, int provider, const struct view_message *msg,
		     int64_t now);
/* A peer pulls our statement, and says which one it holds. Is that later than all that we have
 * said, or another one under a version of ours (differs), the database was lost or put back from a
 * copy.
 */
bool view_on_echo(struct zone_view *view, int provider, uint64_t epoch, uint64_t counter,
		  bool differs);
/* The answer to APPLY. rcode 0xffff: combinerd did not answer. */
bool view_on_applied(struct zone_view *view, uint64_t epoch, uint64_t counter, uint16_t rcode,
		     const char *text);
/* The answer to SHOW: what combinerd holds. */
bool view_on_overlay(struct zone_view *view, uint8_t state, uint64_t epoch, uint64_t counter);
/* What it holds of one origin; of each, before view_on_overlay. A confirmed database goes on from
 * there. Keys of others came from them, whatever was forgotten here: what the signer shows of them
 * is not our own. */
bool view_on_held(struct zone_view *view, const char *identity, const struct view_contribution *c);
/* Largest TTL in the signer's zone. */
bool view_on_followed(struct zone_view *view, uint32_t max_ttl);
/* The signer publishes other content than combinerd serves, as text for people; empty: it does not,
 * or that is not known. */
bool view_on_egress(struct zone_view *view, const char *text);
/* The signer or a secondary may have changed: ask again now. */
bool view_on_changed(struct zone_view *view);
/* The clock jumped or cannot be trusted: every hold counts anew from now. */
bool view_on_clock(struct zone_view *view, int64_t now);

/* The wall clock and the uptime of one moment, ms; boot: which start of the machine that counts
 * from (zero: not known, nothing is compared with what an earlier process has seen). unsure: nobody
 * has set it right since then, as far as the kernel knows. */
struct view_clock {
	int64_t now, up;
	uint8_t boot[16];
	bool unsure;
};

/* Of a clock that nobody has set right since the machine was started again. */
#define VIEW_CLOCK_UNSURE INT64_MAX

/* Before each decide(): has the wall clock been set since the last time, even if agentd did not run
 * in between? By how many ms, or VIEW_CLOCK_UNSURE, after view_on_clock(); 0 if not. The uptime
 * goes along with the small corrections of the clock's rate, so that whatever differs was set. */
int64_t view_check_clock(struct zone_view *view, const struct view_clock *clock);

/* What the key store of the own signer holds now; known false: it could not be asked, or the last
 * change failed, and text says why. Ids of DNSKEYs from view_rr(). */
bool view_on_keys(struct zone_view *view, bool known, const char *text, const struct view_key *keys,
		  int count);
/* May a zone go to this algorithm? Those that RFC 8624 (3.1) wants or recommends for signing. */
bool view_algorithm(uint8_t algorithm);

/* The operator wants a process of this provider's own. MSIG_ENOSIG: nobody signs; MSIG_EVALUE: not
 * one that can be ordered, no driver; MSIG_ECONF: not with this driver; MSIG_EREFUSED: ordered
 * already, or runs; MSIG_ESIZE: too many wait. */
int view_on_order(struct zone_view *view, const struct view_order *order);
/* The operator takes a provider out, or back in, whatever HSYNC says. MSIG_EVALUE: nothing of it is
 * in the zone, and HSYNC does not want it in. */
int view_on_expel(struct zone_view *view, const char *identity, bool out);

enum view_command { VIEW_PAUSE, VIEW_RESUME, VIEW_ABORT, VIEW_CONFIRM };
/* CONFIRM: the operator has looked at a doubt (rebuild) and says go on; false before it is known
 * what combinerd holds. */
bool view_on_command(struct zone_view *view, enum view_command command);

/* ---- the durable part as bytes
 * -------------------------------------------------------------------- */

/* A new buffer, the caller frees it. */
int view_encode(const struct zone_view *view, uint8_t **out, size_t *len);
/* Into a fresh view. MSIG_EDBNEWER, MSIG_EDB (view->misfit says why): then nothing of the view may
 * be used any more, and nothing published. Versions that were current count as served until now. */
int view_decode(struct zone_view *view, const uint8_t *data, size_t len, int64_t now);
