/*
 * A world in one process: several agents (the daemon's own sources), their combiners, signers
 * with key stores, and name servers, an owner, operators, a parent with a scanner, a network that
 * loses, repeats and reorders, crashes at every persisted write, and an oracle that looks at what
 * every cache may hold. Time is virtual; everything follows from one seed.
 */
#pragma once

#include "agentd/agree.h"
#include "agentd/decide.h"
#include "agentd/process.h"
#include "agentd/rset.h"
#include "agentd/safety.h"
#include "agentd/view.h"
#include "libmsig/apex.h"
#include "libmsig/option.h"

#define NODES 5
#define SERVERS 2 /* addresses per provider and at the parent */
#define KEPT 40   /* versions that a server's history keeps */
#define STORE 20  /* keys in a signer's store */
#define HSYNCS 96
#define CLAIMS 32 /* different ones since the last commit */

/* ---- chance ---- */

struct rng {
	uint64_t s;
};

static inline uint64_t
rng_next(struct rng *r)
{
	uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline int64_t
rng_range(struct rng *r, int64_t from, int64_t to) /* both included */
{
	return from + (int64_t)(rng_next(r) % (uint64_t)(to - from + 1));
}

static inline bool
rng_chance(struct rng *r, int per_mille)
{
	return (int)(rng_next(r) % 1000) < per_mille;
}

/* Everything that goes wrong, and everything that a person does. Each time it happens it has a
 * number of its own, so that a failing schedule can be run again without it. */
#define MISHAPS(X)                                                \
	X(LOST, "message lost")                                   \
	X(LATE, "message late")                                   \
	X(TWICE, "message repeated")                              \
	X(CUT, "one-way cut")                                     \
	X(PARTITION, "partition of one")                          \
	X(PEER, "peer not operational")                           \
	X(CRASH, "crash of an agent")                             \
	X(CLOCK, "clock jumps")                                   \
	X(RESTORED, "database put back from an older copy")       \
	X(DB_LOST, "database lost")                               \
	X(DIES, "agent dies for good")                            \
	X(SILENCE, "its servers die")                             \
	X(QUESTION, "question lost")                              \
	X(DEAF, "server silent for a while")                      \
	X(STUCK, "server not fed for a while")                    \
	X(FLAP, "server goes back to the old version")            \
	X(TTL, "TTL changes")                                     \
	X(PARENT_TTL, "DS TTL changes")                           \
	X(PARENT_STUCK, "server of the parent lags")              \
	X(PARENT_FLAP, "server of the parent goes back")          \
	X(APPLY, "overlay lost on its way")                       \
	X(APPLIED, "combiner's answer lost")                      \
	X(COMBINER, "combiner starts anew")                       \
	X(NOTIFY, "signer's NOTIFY lost")                         \
	X(KEY_REFUSED, "key store refuses")                       \
	X(KEY_LOST, "question to the key store lost")             \
	X(KEY_CRASH, "driver dies between doing and answering")   \
	X(KEY_TAG, "new key with a tag that is in use")           \
	X(KEY_NEW, "signer publishes a key of its own accord")    \
	X(KEY_EARLY, "signer uses a key at once")                 \
	X(KEY_SLOW, "signer is slow to drop foreign keys")        \
	X(KEY_DROP, "signer drops a foreign key for a while")     \
	X(CDS_OLD, "signer shows an old CDS again")               \
	X(BLIP, "HSYNC broken for a while")                       \
	X(JOIN, "owner: ON")                                      \
	X(LEAVE, "owner: OFF")                                    \
	X(TIDY, "owner deletes the record of who has left")       \
	X(NSMGMT, "owner: NSMGMT changes")                        \
	X(NOSIGN, "owner: ON NOSIGN")                             \
	X(NOSIGN_LEAVE, "owner: OFF for a NOSIGN provider")       \
	X(SIGN_NOSIGN, "owner: a signer becomes NOSIGN, or back") \
	X(PAIR, "owner: two changes at once")                     \
	X(ORDER_ZSK, "operator: roll zsk")                        \
	X(ORDER_KSK, "operator: roll ksk or csk")                 \
	X(ORDER_ALG, "operator: roll algorithm")                  \
	X(EXPEL, "operators: expel")                              \
	X(PAUSE, "operator: pause")                               \
	X(ABORT, "operator: abort")                               \
	X(TURN, "operator: turns a rollover round")               \
	X(STEPS, "operator: step mode")                           \
	X(LEADER, "the leader is killed in the middle")           \
	X(CHANGE, "the leader says another change than planned")

enum mishap {
#define X(id, text) MISHAP_##id,
	MISHAPS(X)
#undef X
	    MISHAP_COUNT
};

#define MISHAP_NUMBERS 1024 /* of a kind in one schedule that can be masked */
#define CELL_STEPS 12
#define CELL_KINDS 8

/* ---- what is served ---- */

struct rrset {
	struct rset set;
	struct rset signers;
	uint32_t ttl;
};

struct zone_version {
	struct rrset type[VIEW_TYPE_COUNT]; /* SOA: signers, published or not; its TTL */
	uint32_t ttl_data;                  /* the largest of the zone */
	int hsync;                          /* index of the owner's instructions */
	int alien;                          /* a key that signs and is not published, or -1 */
	bool wrong; /* the signer breaks the rules: nobody's fault but its own */
	bool loaded;
	uint32_t seq; /* its number */
};

/* A version in the ids of a view. */
struct seen {
	uint32_t seq;
	struct rset set[VIEW_TYPE_COUNT], signers[VIEW_TYPE_COUNT];
};

/* What a server has served, for the oracle: exact times. */
struct past {
	struct rset set, signers, keys; /* keys: that DS stand for */
	uint32_t ttl;
	bool wrong;
	int64_t start, end; /* end VIEW_NEVER: now */
};

struct server {
	char name[32];
	const struct zone_version *now;
	int64_t deaf;                    /* does not answer the agents until then */
	int64_t stuck;                   /* takes no new version until then */
	int64_t since;                   /* at the parent: it took the last one then */
	bool silent;                     /* serves nobody any more */
	int64_t silent_from;             /* since then */
	int64_t named_from, named_until; /* exact; from 0: never */
	int64_t expires;                 /* of the last NS set that names it */
	int count[VIEW_TYPE_COUNT];
	struct past past[VIEW_TYPE_COUNT][KEPT];
};

struct owner_zone {
	struct rset ns;
	uint32_t ttl_ns, ttl_data;
	int hsync;
	uint32_t serial;
};

struct combiner {
	uint64_t epoch, counter;
	bool merged;
	uint8_t mode; /* enum serial_mode */
	bool has_serial;
	uint32_t serial;
	struct view_contribution from[NODES]; /* in world's ids */
};

struct key {
	uint32_t id;
	uint8_t role, state, algorithm;
	bool signing; /* it signed before it was published, and goes on */
	int rr;
};

struct ordered {
	uint8_t process;
	struct rset old; /* keys that shall be gone */
};

/* What an agent has told somebody since its last commit (S9). */
enum claim_of { CLAIM_MESSAGE, CLAIM_STATEMENT, CLAIM_OVERLAY };
struct claim {
	uint8_t of, op, step;
	int8_t leader;
	bool turned; /* a rollover: it had been turned round */
	uint8_t tid[16];
	uint64_t epoch, counter; /* of a version; of a ballot: term and vote */
};

/* The own statement as it travels, once it was written. */
struct letter {
	bool written;
	uint64_t epoch, counter; /* of this version */
	struct msig_option option;
	struct msig_apex apex;
};

struct node {
	char identity[32];
	enum view_mode mode;
	uint8_t models; /* MSIG_SYNC_* */
	bool driver;
	uint8_t share; /* enum msig_share, in its configuration */
	int ns;        /* world's id */
	/* what the owner means with it */
	bool listed, on, sign;
	/* what it is */
	bool dead;        /* its agent, for good */
	bool frozen;      /* and its signer */
	bool stops;       /* servers that are to be stopped are stopped */
	bool expelled;    /* by the others' operators */
	bool unsigned_;   /* it has no signer: what it serves is a copy */
	int feed;         /* whose signer its servers serve; itself, or another's */
	int64_t all_show; /* since when all show its keys and the parent its DS; 0: not */
	int keys;
	struct key store[STORE];
	int64_t key_asked; /* when its key store has the last of what the agent asked of it */
	int64_t key_said;  /* when the agent has the last of its answers */
	struct rset ever;  /* keys that it made */
	uint32_t made;
	struct owner_zone owner;
	struct combiner combiner;
	const struct zone_version *signer;
	int servers;
	struct server server[SERVERS];
	uint32_t ttl[VIEW_TYPE_COUNT];
	int64_t ttl_until;
	struct rset linger, dropped, old_cds;
	int64_t linger_until, slow_until, dropped_until, old_cds_until;
	struct ordered order[VIEW_ORDERS];
	/* the agent */
	struct zone_view *view;
	bool up;
	int64_t clock; /* its clock is ahead by this */
	uint8_t *blob, *backup;
	size_t blob_len, backup_len;
	int lives;
	bool lost;      /* its database was put back or lost once */
	bool blind;     /* and knew no statement of another signer when it was confirmed */
	bool forgot;    /* it does not know what it had said before */
	int64_t mended; /* whoever puts a database back takes until then */
	bool doubt;     /* its database is older than the world, and nobody has confirmed */
	uint64_t issued_epoch, issued_counter;
	int64_t wake;   /* time of the wake-up event that counts */
	int64_t second; /* since then ... */
	int decisions;  /* ... it decided so often */
	int persists;
	int crash_at; /* number of the persist at which it dies; 0: never */
	int crash_how;
	int16_t to_view[RSET_MAX];
	int16_t from_view[RSET_MAX];
	struct seen seen[VIEW_PLACES];
	struct letter letter;
	int claims;
	struct claim claim[CLAIMS];
	/* what the oracle remembers */
	struct rset stated[VIEW_APEX];         /* all that its agent ever stated */
	struct view_contribution taken[NODES]; /* what its combiner took last */
	bool emitted;
	uint32_t last_serial;
	bool told; /* by the agents, that nobody is sent to its servers: they have stopped */
};

struct parent {
	struct rset ds, ns;
	uint32_t ttl_ds, ttl_ns;
	int64_t ttl_until; /* it does not change before */
	int64_t scan;      /* period */
	int64_t ds_since;  /* the DS set is the same; 0: from the beginning */
	int servers;
	struct server server[SERVERS];
	bool both;          /* the first one serves a copy of the zone, too, ... */
	int feed;           /* ... of this node's signer */
	struct server copy; /* what it serves of it */
};

/* ---- events ---- */

enum event_kind {
	EV_WAKE,
	EV_MESSAGE,
	EV_STATE,
	EV_PULL,
	EV_BEAT,
	EV_BEAT_SEND,
	EV_ANSWER,
	EV_HSYNC,
	EV_LOOKUP,
	EV_SHOW,
	EV_SHOWN,
	EV_APPLY,
	EV_APPLIED,
	EV_FOLLOWED,
	EV_KEY,
	EV_KEYS,
	EV_OWNER,      /* the owner does something; a: what, b: with whom */
	EV_OWNER_BACK, /* HSYNC is repaired */
	EV_OWNER_SYNC,
	EV_OPERATOR, /* a: what */
	EV_SIGNER,
	EV_SERVER,
	EV_SILENCE,
	EV_SCAN,
	EV_PARENT_SERVER,
	EV_PARENT_COPY,
	EV_START,
	EV_RESTORE,
	EV_PEER, /* reachability */
	EV_FAULT,
	EV_TIDY,  /* owner and operators look around */
	EV_QUIET, /* faults end */
};

enum operator_word {
	WORD_RESUME,
	WORD_CONFIRM,
	WORD_ORDER,
	WORD_ABORT,
	WORD_TURN,
	WORD_PAUSE,
	WORD_EXPEL,
	WORD_STEPS,
	WORD_SHARE,
};

struct event {
	int64_t at;
	uint32_t seq;
	enum event_kind kind;
	int node, from;
	int a, b;
	int64_t t;
	uint8_t *wire; /* what agents say: what arrives is read from here */
	size_t wire_len;
	const struct zone_version *version;
	const struct zone_version *child; /* the answer about NS is from here */
	union {
		struct view_message message;     /* as it was said, in the world's numbers */
		struct view_statement statement; /* the same */
		struct {
			uint64_t epoch, counter;
			bool may_shrink;
			uint16_t rcode;
			struct view_contribution from[NODES];
		} apply;
		struct {
			uint8_t verb, role, algorithm, state;
			uint32_t id;
		} key;
		struct {
			bool known;
			int count;
			struct key key[STORE];
		} keys;
	} u;
};

/* Where an event stands in the queue. */
struct due {
	int64_t at;
	uint32_t seq;
	struct event *event;
};

struct sim_options {
	uint64_t seed;
	int nodes; /* 0: by the seed */
	bool faults;
	bool joins_only;  /* nothing but signers that join */
	bool safety_only; /* that everything comes to its end is not judged */
	bool trace;
	int lame;         /* of 100,000 that may come to no end */
	int model;        /* of working together: 0 by the seed, else enum view_model */
	uint64_t without; /* kinds of mishaps that do not happen */
	int order;        /* whatever operators order, it is this kind of mishap; 0: by the seed */
	uint64_t most; /* events; 0: until its end. Whoever searches has no time for the others */
	int only; /* a world for this process (enum msig_process), and for what goes wrong around
		     it; 0: every one */
};

/* What happened in many schedules. */
struct sim_stats {
	uint64_t schedules, failed, events, decisions, checks, crashes, messages, unsolved;
	uint64_t finished[CELL_KINDS], early[CELL_KINDS];
	uint64_t cell[MISHAP_COUNT][CELL_KINDS][CELL_STEPS];
	/* with -w: how often a guard (0) or a done-condition (1) was all that was not true of its
	 * row */
	uint64_t alone[CELL_KINDS][CELL_STEPS][2][COND_COUNT];
};

struct sim {
	struct sim_options opt;
	struct rng rng;
	int64_t now;
	int64_t quiet; /* faults until then */
	int64_t deadline;
	uint32_t seq, versions;
	uint64_t sequence; /* of what agents say */
	struct due *heap;
	int events, room;
	struct event *spare;
	struct zone_version **chunk;
	int chunks;
	struct rpool pool;
	int nodes;
	bool agent; /* NSMGMT */
	bool led;   /* leader mode, at the start */
	bool zsk;   /* no signer shows a KSK of another one; all are configured so, in the end */
	struct node node[NODES];
	struct parent parent;
	struct owner_zone owner;
	int instructions;
	int meant; /* the instruction that the owner means */
	struct view_hsync hsync[HSYNCS];
	struct view_times times;
	bool cut[NODES][NODES];
	struct rset tainted; /* keys that a signer used too early */
	bool algorithms;     /* more than one is about */
	bool unsolvable;     /* somebody whom nobody stands for would have to act */
	bool broken;         /* HSYNC stays broken */
	/* result */
	bool failed;
	char failure[256];
	int64_t finished;
	struct sim_stats *stats;
	int happened[MISHAP_COUNT];
	const uint8_t (*mask)[MISHAP_NUMBERS / 8]; /* per kind: those that do not happen */
};

/* Runs one schedule. true: nothing went wrong. stats may be NULL. */
bool sim_run(struct sim *sim, const struct sim_options *options);
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* sim.c, agent.c, sets.c: for the world */
struct event *sim_post(struct sim *sim, enum event_kind kind, int node, int64_t delay);
bool sim_faulty(const struct sim *sim);
/* Does it happen now? node: to whom, or -1. */
bool sim_mishap(struct sim *sim, enum mishap kind, int node, int per_mille);
void sim_drive(struct sim *sim, int node);
void sim_kill(struct sim *sim, int node, const char *where, bool back);
void sim_crash(struct sim *sim, int node, const char *where); /* between two commits */
int sim_number_at(const struct sim *sim, const struct node *n, int global);
struct rset sim_set_to_view(struct sim *sim, struct node *n, struct rset set);
struct rset sim_set_from_view(struct sim *sim, struct node *n, struct rset set);
int64_t sim_local(const struct sim *sim, const struct node *n);
const char *sim_mishap_name(enum mishap kind);

/* world.c, world_*.c */
void world_make(struct sim *sim);
/* An event that needs no agent. true: it was that, and there is nothing left to do. */
bool world_event(struct sim *sim, struct event *e);
/* A rollover of this kind goes back at this node. */
void world_turned(struct sim *sim, int node, uint8_t process);
void world_keys(struct sim *sim, struct node *n, struct event *answer);
struct rset world_published(const struct node *n); /* by its store */
struct rset world_intended(const struct node *n);  /* what its CDS name */
struct rset world_made(const struct node *n);      /* ever */
/* What the signer of this node shows of a set of DNSKEYs. */
struct rset world_shown(const struct sim *sim, struct rset keys, const struct node *n);
bool world_delegated(const struct sim *sim, const struct node *n);
int world_key(struct sim *sim, uint16_t flags, uint8_t algorithm, bool collide);
struct zone_version *world_version(struct sim *sim);

/* oracle.c, oracle_*.c */
void oracle_serve(struct sim *sim, struct server *server, const struct zone_version *version);
void oracle_check(struct sim *sim);
void oracle_agents(struct sim *sim);
/* oracle_records.c: what combiners hold in the beginning, what an agent states, what its combiner
 * takes, and what comes of that. */
void oracle_begin(struct sim *sim, int node);
void oracle_statement(struct sim *sim, struct node *n, const struct view_statement *st);
void oracle_overlay(struct sim *sim, int node, const struct view_contribution from[NODES]);
void oracle_version(struct sim *sim, struct node *n, const struct zone_version *v);
void oracle_serial(struct sim *sim, struct node *n, uint32_t serial);
/* In leader mode: one leader per term, and nobody else begins anything. */
void oracle_leader(struct sim *sim, int node, const struct view_process *before);
bool oracle_finished(struct sim *sim, char *why, size_t len);
/* Does the parent name others, where that shows nowhere and who knew it forgot? */
bool oracle_unseen(struct sim *sim);
/* Whoever is not where it should be says why. */
bool oracle_named(struct sim *sim, char *why, size_t len);
