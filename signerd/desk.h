/*
 * Takes requests in, has them carried out one at a time per zone and a few at a time in all, hands
 * the answers out, and remembers what was last known of each zone.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/loop.h"
#include "signerd/key.h"
#include "signerd/worker.h"

struct desk;

/* One zone that has a driver, for people. */
struct desk_zone {
	const knot_dname_t *name;
	const char *driver;
	const struct keys *keys;
	bool known;      /* the list was had the last time */
	bool settled;    /* and is in force at the server */
	const char *why; /* what went wrong the last time; empty: nothing */
	uint64_t time;   /* of the last answer, UTC ms; 0: never */
	uint64_t asked, failed;
	unsigned waiting; /* requests, with the one that is worked on */
	const char *verb; /* that is worked on; empty: none */
	uint64_t since;   /* UTC ms */
};

/* send: an answer; on an error it is lost, and the list is sent unasked until it arrives: then
 * agentd asks again. */
struct desk *desk_new(struct loop *loop, const struct conf *conf,
		      int (*send)(void *arg, const struct msig_msg *msg), void *arg);
void desk_free(struct desk *desk); /* ends the workers */
void desk_reload(struct desk *desk, const struct conf *conf);
void desk_ask(struct desk *desk, const struct msig_msg_KEY *ask);

void desk_each(const struct desk *desk, void (*each)(void *arg, const struct desk_zone *zone),
	       void *arg);
