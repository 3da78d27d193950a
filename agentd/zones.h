/*
 * The zones of this agent: each has a view (the pure core), and zones*.c are what surrounds it.
 * Events mark a zone dirty; one place (zones_settle.c) decides, stores, and then does what was
 * decided.
 */
#pragma once

#include "agentd/agent.h"
#include "agentd/decide.h"
#include "agentd/doctor.h"

struct content;
struct keyring;
struct look;

/* What the journal has of what a peer said of a process: bit per step, for each operation. */
struct said {
	uint8_t tid[16];
	uint32_t steps[8];
	/* A REQUEST that waits: it is evidence if it is granted after all. */
	struct view_message waits;
	uint8_t *wire; /* NULL: none */
	size_t len;
};

struct zone {
	struct zone *next;
	struct agent *agent;
	const struct conf_zone *conf;
	knot_dname_t *name;
	char text[MSIG_NAME_TEXT];
	struct zone_view *view;
	bool dirty;
	bool broken; /* its stored state cannot be used: nothing is decided, nobody is obeyed */
	bool unread; /* because the database could not be read: it is tried again */
	char unusable[400]; /* why, and what to do; empty: it is not broken */
	char trouble[160];
	struct loop_timer *load_timer;
	uint32_t load_wait; /* ms, between one try and the next */
	struct loop_timer *wake;
	int64_t wake_at;    /* UTC ms, for people */
	int64_t decided;    /* the last time */
	struct look *looks; /* look.c: questions under way */
	struct keyring *keyring;
	struct content *content;
	struct loop_timer *follow_timer, *reason_timer;
	uint64_t applying; /* id of APPLY, 0: none under way */
	uint64_t apply_epoch, apply_counter;
	struct loop_timer *apply_timer;
	uint64_t showing;
	char signer[64]; /* "addr@port" */
	/* What combinerd and the signer last said, for people. */
	uint8_t merge_state;
	uint32_t owner_serial, served_serial, signer_serial;
	uint64_t signatures_expire; /* UTC s */
	uint32_t max_ttl;
	char follow_trouble[120]; /* why the signer's zone cannot be followed */
	char combiner_text[160];
	knot_dname_t *parent; /* once it was found */
	char reason_text[400],
	    reason_said[400]; /* the first reason, now and as it was logged last */
	bool signatures_old;
	/* For checkup.c. */
	int64_t loaded;     /* UTC ms: the view, from the database */
	int64_t applied_at; /* UTC ms, since start */
	unsigned signer_versions, signer_notified;
	struct doctor_told told;  /* to the log and the journal */
	uint8_t hsync_digest[32]; /* as the contacts were told */
	struct said said[VIEW_PROVIDERS];
};

/* A message of a peer about a step, as it came. */
struct heard {
	int provider;
	const char *actor;
	const struct view_message *message;
	const void *wire;
	size_t len;
};

int zones_open(struct agent *agent);
void zones_close(struct agent *agent);
struct zone *zones_find(struct agent *agent, const knot_dname_t *name);

/* Something happened: decide soon. */
void zones_mark(struct zone *zone);
/* Decides now, stores (with what is already written in an open transaction), commits, acts. An
 * error means that nothing of it happened: the view is as before. */
int zones_settle(struct zone *zone);
/* The same after a message, which goes into the journal if what is decided is of its process. */
int zones_settle_heard(struct zone *zone, const struct heard *heard);
/* What happened could not be stored: the view is again as the database has it. */
void zones_forget(struct zone *zone);
/* In the view of the zone; -1 if there are too many. */
int zones_provider(struct zone *zone, const char *identity);

/* What peers.c tells and asks. */
void zones_peer_changed(struct agent *agent, const struct contact *contact);
void zones_fill(struct agent *agent, const knot_dname_t *name, struct msig_option *option);
/* What the peer can for this zone: MSIG_SYNC_* (0: it does not say). */
void zones_models(struct contact *contact, const knot_dname_t *name, uint8_t models);
/* A HEARTBEAT or HELLO said what the peer's statement is: PULL if ours is another. */
void zones_heard(struct contact *contact, const struct msig_option *option);
/* Own statement as a message body: option for STATE or the answer to PULL, apex to be cleared. */
int zones_statement(struct zone *zone, struct msig_option *option, struct msig_apex *apex);
/* A verified statement of a peer; wire is the signed message, kept as evidence. Inside a
 * transaction of the caller, who calls zones_settle(). */
int zones_stated(struct zone *zone, struct contact *contact, const struct msig_peermsg *msg,
		 const uint8_t *wire, size_t len);

/* Messages from the bus. */
void zones_applied(struct agent *agent, const struct msig_msg_APPLIED *msg);
void zones_overlay(struct agent *agent, const struct msig_msg_OVERLAY *msg);
void zones_served(struct agent *agent, const struct msig_msg_ZONE *msg);
void zones_followed(struct agent *agent, const struct msig_msg_FOLLOWED *msg);
void zones_compared(struct agent *agent, const struct msig_msg_COMPARED *msg);
void zones_signer_changed(struct agent *agent, const struct msig_msg_SIGNER_CHANGED *msg);

/* To the log and the journal: something is wrong, or right again. */
void zones_say(struct zone *zone, bool wrong, const char *text);
char *zones_signer_key(const struct zone *zone); /* name of the TSIG key, or NULL */
/* observe forgets what it has of the signer's zone, and fetches it as a whole. */
void zones_follow_anew(struct zone *zone);

/* An operator's word. tell() changes the view or refuses: then its error is returned, and nothing
 * has happened. MSIG_EDB for a zone that is broken. text is for the journal. */
int zones_operator(struct zone *zone, const char *actor, const char *text,
		   int (*tell)(struct zone_view *view, const void *arg), const void *arg);
int zones_command(struct zone *zone, enum view_command command, const char *actor);
void zones_reload(struct agent *agent);
void zones_mark_all(struct agent *agent);
