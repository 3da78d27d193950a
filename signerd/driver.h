/*
 * What signerd can do with a key store, one table per kind. A driver blocks; it runs in a process
 * of its own for each request (worker.h), so it may, and nothing of it is left when it fails.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "libmsig/name.h"
#include "signerd/key.h"

/* One request under way. */
struct job {
	const struct conf *conf;
	const knot_dname_t *zone;
	char name[MSIG_NAME_TEXT]; /* the zone as text */
	uint64_t deadline;         /* loop_mono_ms() */
	bool settled;              /* what the store says is in force at the server */
	const struct keys *known;  /* of the last request: DNSKEYs never change */
	char why[512];             /* the reason of an error */
};

struct driver {
	const char *name;
	/* All return 0, or an error with its reason in job->why. list: all keys that can sign. */
	int (*list)(struct job *job, struct keys *keys);
	/* A new key, MADE. */
	int (*make)(struct job *job, uint8_t role, uint8_t algorithm);
	/* The key with that id, which is in the store as list() has just read it, into that state,
	 * which can be, and may be the one that it has: in force at the server when it returns 0
	 * (or why says why not yet: the first keys of a zone that is not there); on an error
	 * everything is as before. */
	int (*set)(struct job *job, const char *id, uint8_t state);
	/* Out of the store: a key that is MADE or REMOVED. */
	int (*discard)(struct job *job, const char *id);
	/* The server acts on what the store says. */
	int (*settle)(struct job *job);
};

/* NULL: none. */
const struct driver *driver_find(enum conf_driver kind);

extern const struct driver driver_knot, driver_pdns, driver_bind;

/* Notes the reason, returns error. */
int job_fail(struct job *job, int error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* After an error a change was taken back, or (error != 0, with its own reason noted) could not be:
 * the first reason, first_why, stays in front. */
void job_taken_back(struct job *job, int error, const char *first_why);

/* One verb with everything around it: checks, what is already so, what it left. keys is the full
 * list after it, if that could be had. job->why after success: what the server did not take. */
int driver_do(const struct driver *driver, struct job *job, const struct msig_msg_KEY *ask,
	      struct keys *keys);
