/*
 * What is the same for every driver: a verb is checked against what the store has, what is already
 * so is not done again, and what was done is believed only when the store lists it. So each verb
 * can be repeated after a crash at any point.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "signerd/driver.h"

#define MADE_MAX 6 /* keys of a zone that wait to be used */

const struct driver *
driver_find(enum conf_driver kind)
{
	switch (kind) {
	case CONF_DRIVER_KNOT:
		return &driver_knot;
	case CONF_DRIVER_PDNS:
		return &driver_pdns;
	case CONF_DRIVER_BIND:
		return &driver_bind;
	case CONF_DRIVER_NONE:
		break;
	}
	return NULL;
}

int
job_fail(struct job *job, int error, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(job->why, sizeof(job->why), fmt, ap);
	va_end(ap);
	return error;
}

void
job_taken_back(struct job *job, int error, const char *first_why)
{
	char more[sizeof(job->why)];

	memcpy(more, job->why, sizeof(more));
	if (error == 0)
		snprintf(job->why, sizeof(job->why), "%.480s; taken back", first_why);
	else
		snprintf(
		    job->why, sizeof(job->why),
		    "%.240s; and that could not be taken back: %.200s; look at the zone's keys",
		    first_why, more);
}

static const struct key *
find(const struct keys *keys, const char *id)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (strcmp(keys->at[i].id, id) == 0)
			return &keys->at[i];
	return NULL;
}

static const struct key *
find_made(const struct keys *keys, uint8_t role, uint8_t algorithm)
{
	for (unsigned i = 0; i < keys->count; i++) {
		const struct key *key = &keys->at[i];
		if (key->state == MSIG_KEY_STATE_MADE && key->role == role &&
		    key->algorithm == algorithm)
			return key;
	}
	return NULL;
}

static unsigned
count_made(const struct keys *keys)
{
	unsigned count = 0;

	for (unsigned i = 0; i < keys->count; i++)
		count += keys->at[i].state == MSIG_KEY_STATE_MADE;
	return count;
}

/* Keys of which the server knows. */
static bool
any_used(const struct keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (keys->at[i].state != MSIG_KEY_STATE_MADE &&
		    keys->at[i].state != MSIG_KEY_STATE_REMOVED)
			return true;
	return false;
}

/* Algorithms that may still be introduced (RFC 8624). */
static bool
algorithm_is_good(uint8_t algorithm)
{
	return algorithm == 8 || algorithm == 10 || (algorithm >= 13 && algorithm <= 16);
}

static int
make(const struct driver *driver, struct job *job, const struct msig_msg_KEY *ask,
     const struct keys *keys)
{
	if (ask->role < MSIG_KEY_ROLE_ZSK || ask->role > MSIG_KEY_ROLE_CSK)
		return job_fail(job, MSIG_EVALUE, "there is no role %u", ask->role);
	if (!algorithm_is_good(ask->algorithm))
		return job_fail(job, MSIG_EVALUE, "algorithm %u is not one to make keys of",
				ask->algorithm);
	/* The one of a request whose answer was lost, or that a crash left. */
	if (find_made(keys, ask->role, ask->algorithm) != NULL)
		return 0;
	/* Whatever goes wrong with making keys, it does not go on for ever. */
	if (count_made(keys) >= MADE_MAX)
		return job_fail(job, MSIG_ESIZE,
				"%u keys are made and not used: discard some of them",
				count_made(keys));
	if (keys->count >= KEYS_MAX)
		return job_fail(job, MSIG_ESIZE, "the store has %u keys of the zone", keys->count);
	return driver->make(job, ask->role, ask->algorithm);
}

static int
set(const struct driver *driver, struct job *job, const struct msig_msg_KEY *ask,
    const struct keys *keys)
{
	const struct key *key = find(keys, ask->key);

	if (key == NULL)
		return job_fail(job, MSIG_EMISSING, "the store has no key %.40s", ask->key);
	if (ask->state < MSIG_KEY_STATE_MADE || ask->state > MSIG_KEY_STATE_REMOVED)
		return job_fail(job, MSIG_EVALUE, "there is no state %u", ask->state);
	if (ask->state == MSIG_KEY_STATE_READY && !key_is_ksk(key))
		return job_fail(job, MSIG_EVALUE, "a ZSK cannot be ready: CDS name KSKs");
	/* Also when it has it already: a crash may have left half of a change. */
	return driver->set(job, ask->key, ask->state);
}

static int
discard(const struct driver *driver, struct job *job, const struct msig_msg_KEY *ask,
	const struct keys *keys)
{
	const struct key *key = find(keys, ask->key);

	if (key == NULL)
		return 0; /* it is gone */
	if (key->state != MSIG_KEY_STATE_MADE && key->state != MSIG_KEY_STATE_REMOVED)
		return job_fail(job, MSIG_EREFUSED,
				"key %u is %s: only one that is made or "
				"removed can be discarded",
				key->tag, msig_key_state_name(key->state));
	return driver->discard(job, ask->key);
}

/* What the verb was about, as the store has it now. */
static int
verify(struct job *job, const struct msig_msg_KEY *ask, const struct keys *keys)
{
	const struct key *key = find(keys, ask->key);

	switch (ask->verb) {
	case MSIG_KEY_VERB_MAKE:
		if (find_made(keys, ask->role, ask->algorithm) == NULL)
			return job_fail(job, MSIG_EDOUBT, "the store does not list the new key");
		break;
	case MSIG_KEY_VERB_SET:
		if (key == NULL || key->state != ask->state)
			return job_fail(job, MSIG_EDOUBT,
					"the store lists the key as %s, not as %s",
					key != NULL ? msig_key_state_name(key->state) : "missing",
					msig_key_state_name(ask->state));
		break;
	case MSIG_KEY_VERB_DISCARD:
		if (key != NULL)
			return job_fail(job, MSIG_EDOUBT, "the store still lists the key");
		break;
	}
	return 0;
}

static int
act(const struct driver *driver, struct job *job, const struct msig_msg_KEY *ask,
    const struct keys *keys)
{
	switch (ask->verb) {
	case MSIG_KEY_VERB_LIST:
		/* After a crash between the change and its loading. What is not in force is listed
		 * all the same, with the reason: what is served, others observe. */
		if (!job->settled && any_used(keys))
			(void)driver->settle(job);
		return 0;
	case MSIG_KEY_VERB_MAKE:
		return make(driver, job, ask, keys);
	case MSIG_KEY_VERB_SET:
		return set(driver, job, ask, keys);
	case MSIG_KEY_VERB_DISCARD:
		return discard(driver, job, ask, keys);
	}
	return job_fail(job, MSIG_EVALUE, "there is no verb %u", ask->verb);
}

int
driver_do(const struct driver *driver, struct job *job, const struct msig_msg_KEY *ask,
	  struct keys *keys)
{
	int ret, ret2;

	job->why[0] = '\0';
	ret = driver->list(job, keys);
	if (ret != 0)
		return ret;
	ret = act(driver, job, ask, keys);
	if (ask->verb == MSIG_KEY_VERB_LIST)
		return ret;
	/* After a failure, too: the list is what is so. Its reason stays. */
	char why[sizeof(job->why)];
	memcpy(why, job->why, sizeof(why));
	ret2 = driver->list(job, keys);
	if (ret2 != 0)
		keys->count = 0;
	if (ret != 0)
		memcpy(job->why, why, sizeof(why));
	else if (ret2 != 0)
		ret = ret2;
	else
		ret = verify(job, ask, keys);
	if (ret == 0)
		memcpy(job->why, why, sizeof(why));
	return ret;
}
