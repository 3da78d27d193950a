/*
 * Knot DNS with `manual: on`. Its key store has no states but times; each state is a set of them
 * (doc/signers.md has what was measured). keymgr writes and lists them, zone-keys-load over the
 * control socket brings them into force.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "signerd/driver.h"
#include "signerd/knotctl.h"
#include "signerd/run.h"

#define FAR (10 * 365 * 86400) /* never, for a roll-over that somebody else clocks */
#define CHANGES 16

/* Name in `keymgr set`, name in its JSON. */
#define TIMES(X)                                           \
	X(PRE, "pre_active", "pre-active")                 \
	X(PUBLISH, "publish", "publish")                   \
	X(READY, "ready", "ready")                         \
	X(ACTIVE, "active", "active")                      \
	X(RETIRE_ACTIVE, "retire_active", "retire-active") \
	X(RETIRE, "retire", "retire")                      \
	X(POST, "post_active", "post-active")              \
	X(REMOVE, "remove", "remove")

enum {
#define X(id, set, json) T_##id,
	TIMES(X)
#undef X
	    T_COUNT
};

static const struct {
	const char *set, *json;
} names[] = {
#define X(id, set, json) {set, json},
    TIMES(X)
#undef X
};

struct times {
	uint64_t at[T_COUNT]; /* UTC s; 0: never */
};

/* The store: keys and, in the same order, their times. */
struct store {
	struct keys keys;
	struct times times[KEYS_MAX];
};

/* A change of one key, and how to take it back. */
struct change {
	const char *id;
	struct times new, old;
	uint8_t state;
};

struct plan {
	const struct store *store;
	uint64_t now;
	struct change change[CHANGES];
	unsigned count;
};

/* Times and states ----------------------------------------------------------------------------- */

static bool
over(const struct times *t, int which, uint64_t now)
{
	return t->at[which] != 0 && t->at[which] <= now;
}

/* What Knot does with a key that has these times. */
static uint8_t
state_of(const struct times *t, uint8_t role, uint64_t now)
{
	bool ksk = role != MSIG_KEY_ROLE_ZSK, only_ksk = role == MSIG_KEY_ROLE_KSK;

	if (over(t, T_REMOVE, now))
		return MSIG_KEY_STATE_REMOVED;
	if (over(t, T_POST, now))
		return over(t, T_RETIRE, now) ? MSIG_KEY_STATE_REMOVED : MSIG_KEY_STATE_POST;
	if (over(t, T_RETIRE, now))
		return only_ksk ? MSIG_KEY_STATE_REMOVED : MSIG_KEY_STATE_RETIRED;
	if (over(t, T_RETIRE_ACTIVE, now))
		return MSIG_KEY_STATE_RETIRED;
	if (over(t, T_ACTIVE, now))
		return MSIG_KEY_STATE_ACTIVE;
	if (over(t, T_READY, now) && ksk)
		return MSIG_KEY_STATE_READY;
	if (over(t, T_PUBLISH, now))
		return MSIG_KEY_STATE_PUBLISHED;
	return over(t, T_PRE, now) ? MSIG_KEY_STATE_SIGNING : MSIG_KEY_STATE_MADE;
}

/* The times of a state: over since when they were, or as of now; far away; or never. What lies
 * behind of a removed key stays for people to read. keymgr wants them in order. */
static struct times
times_for(const struct times *old, uint8_t role, uint8_t state, uint64_t now)
{
	bool ksk = role != MSIG_KEY_ROLE_ZSK;
	struct times t = {{0}};
#define PAST(which) (over(old, which, now) ? old->at[which] : now)
#define LATER(which) (old->at[which] > now ? old->at[which] : now + FAR)

	if (state == MSIG_KEY_STATE_SIGNING)
		t.at[T_PRE] = PAST(T_PRE);
	else if (state != MSIG_KEY_STATE_MADE && over(old, T_PRE, now))
		t.at[T_PRE] = old->at[T_PRE];
	t.at[T_PUBLISH] = state >= MSIG_KEY_STATE_PUBLISHED ? PAST(T_PUBLISH) : LATER(T_PUBLISH);
	if (ksk)
		t.at[T_READY] = state >= MSIG_KEY_STATE_READY ? PAST(T_READY) : LATER(T_READY);
	t.at[T_ACTIVE] = state >= MSIG_KEY_STATE_ACTIVE ? PAST(T_ACTIVE) : LATER(T_ACTIVE);
	if (ksk && state >= MSIG_KEY_STATE_RETIRED)
		t.at[T_RETIRE_ACTIVE] = PAST(T_RETIRE_ACTIVE);
	if (state == MSIG_KEY_STATE_POST)
		t.at[T_POST] = PAST(T_POST);
	if ((state == MSIG_KEY_STATE_RETIRED && !ksk) || state == MSIG_KEY_STATE_REMOVED)
		t.at[T_RETIRE] = PAST(T_RETIRE);
	if (state == MSIG_KEY_STATE_REMOVED)
		t.at[T_REMOVE] = PAST(T_REMOVE);
	return t;
#undef PAST
#undef LATER
}

/* keymgr --------------------------------------------------------------------------------------- */

static struct run_result result; /* large; one program at a time */

#define ARGS 20

/* keymgr with where its store is, options, the zone and words, NULL at the end. */
static int
keymgr(struct job *job, bool json, const char *const *words)
{
	const struct conf *conf = job->conf;
	const char *argv[ARGS + 1] = {conf->keymgr};
	int n = 1, ret;

	argv[n++] = conf->knot_confdb != NULL ? "-C" : conf->knot_kasp != NULL ? "-D" : "-c";
	argv[n++] = conf->knot_confdb != NULL ? conf->knot_confdb
		    : conf->knot_kasp != NULL ? conf->knot_kasp
					      : conf->knot_config;
	if (json)
		argv[n++] = "-j";
	argv[n++] = job->name;
	while (*words != NULL && n < ARGS)
		argv[n++] = *words++;
	ret = run_program(argv, job->deadline, &result);
	if (ret != 0)
		return job_fail(job, ret, "%s: %s", conf->keymgr, result.err);
	if (result.status != 0)
		return job_fail(job, KNOT_ERROR, "%s %s: %s", conf->keymgr, argv[json ? 5 : 4],
				*result.err != '\0' ? result.err
						    : "it failed and does not say why");
	return 0;
}

static bool
id_is_good(const char *id)
{
	size_t len = id != NULL ? strlen(id) : 0;

	return len >= 8 && len < KEY_ID && strspn(id, "0123456789abcdef") == len;
}

static int
fetch_dnskey(struct job *job, struct key *key)
{
	const char *const words[] = {"dnskey", key->id, NULL};
	int ret;

	for (unsigned i = 0; job->known != NULL && i < job->known->count; i++) {
		const struct key *known = &job->known->at[i];
		if (strcmp(known->id, key->id) == 0 && known->algorithm == key->algorithm &&
		    known->role == key->role) {
			memcpy(key->dnskey, known->dnskey, known->len);
			key->len = known->len;
			return 0;
		}
	}
	ret = keymgr(job, false, words);
	if (ret != 0)
		return ret;
	ret = key_parse_dnskey(result.out, key);
	if (ret != 0)
		return job_fail(job, ret, "%s dnskey %s: is not the DNSKEY of that key",
				job->conf->keymgr, key->id);
	return 0;
}

/* One object of the list; false: not what it should be. */
static bool
parse_key(const json_t *o, struct key *key, struct times *times, uint64_t now)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const json_t *ksk = json_object_get(o, "ksk"), *zsk = json_object_get(o, "zsk");
	json_int_t tag = json_integer_value(json_object_get(o, "tag"));
	json_int_t algorithm = json_integer_value(json_object_get(o, "algorithm"));

	if (!id_is_good(id) || !json_is_boolean(ksk) || !json_is_boolean(zsk) ||
	    (json_is_false(ksk) && json_is_false(zsk)) || tag < 0 || tag > UINT16_MAX ||
	    !json_is_integer(json_object_get(o, "tag")) || algorithm < 1 || algorithm > 255)
		return false;
	*key = (struct key){.algorithm = (uint8_t)algorithm, .tag = (uint16_t)tag};
	snprintf(key->id, sizeof(key->id), "%s", id);
	key->role = json_is_false(ksk)   ? MSIG_KEY_ROLE_ZSK
		    : json_is_false(zsk) ? MSIG_KEY_ROLE_KSK
					 : MSIG_KEY_ROLE_CSK;
	for (int i = 0; i < T_COUNT; i++) {
		const json_t *at = json_object_get(o, names[i].json);
		if (!json_is_integer(at) || json_integer_value(at) < 0)
			return false;
		times->at[i] = (uint64_t)json_integer_value(at);
	}
	key->state = state_of(times, key->role, now);
	return true;
}

static int
parse_list(struct job *job, struct store *store, uint64_t now)
{
	json_error_t error;
	json_t *list = NULL, *o;
	size_t i;
	int ret = 0;

	store->keys.count = 0;
	if (result.len == strspn(result.out, " \n") && result.len == strlen(result.out))
		return 0; /* no key */
	list = json_loadb(result.out, result.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_array(list)) {
		ret = job_fail(job, MSIG_EVALUE, "%s list: is no list in JSON: %.80s",
			       job->conf->keymgr, list == NULL ? error.text : "something else");
		json_decref(list);
		return ret;
	}
	json_array_foreach(list, i, o)
	{
		unsigned n = store->keys.count;
		if (json_is_true(json_object_get(o, "public-only")))
			continue; /* somebody else's: cannot sign */
		if (n == KEYS_MAX) {
			ret = job_fail(job, MSIG_ESIZE,
				       "the store has more than %d keys of the zone", KEYS_MAX);
			break;
		}
		if (!parse_key(o, &store->keys.at[n], &store->times[n], now)) {
			ret = job_fail(job, MSIG_EVALUE, "%s list: entry %zu is not understood",
				       job->conf->keymgr, i + 1);
			break;
		}
		store->keys.count++;
	}
	json_decref(list);
	return ret;
}

static int
read_store(struct job *job, struct store *store)
{
	static const char *const words[] = {"list", NULL};
	int ret;

	store->keys.count = 0;
	if (job->name[0] == '-')
		return job_fail(job, MSIG_EVALUE, "keymgr takes this name for an option");
	ret = keymgr(job, true, words);
	if (ret == 0)
		ret = parse_list(job, store, (uint64_t)time(NULL));
	for (unsigned i = 0; i < store->keys.count && ret == 0; i++)
		ret = fetch_dnskey(job, &store->keys.at[i]);
	if (ret != 0)
		store->keys.count = 0;
	return ret;
}

static int
write_times(struct job *job, const char *id, const struct times *t, const struct times *is)
{
	char text[T_COUNT][40];
	const char *words[T_COUNT + 3] = {"set", id};

	if (memcmp(t, is, sizeof(*t)) == 0)
		return 0;
	for (int i = 0; i < T_COUNT; i++) {
		snprintf(text[i], sizeof(text[i]), "%s=%llu", names[i].set,
			 (unsigned long long)t->at[i]);
		words[i + 2] = text[i];
	}
	return keymgr(job, false, words);
}

/* Planning a change ---------------------------------------------------------------------------- */

static uint8_t
planned(const struct plan *plan, unsigned i)
{
	const struct key *key = &plan->store->keys.at[i];

	for (unsigned c = 0; c < plan->count; c++)
		if (plan->change[c].id == key->id)
			return plan->change[c].state;
	return key->state;
}

static int
add(struct job *job, struct plan *plan, unsigned i, uint8_t state)
{
	const struct key *key = &plan->store->keys.at[i];
	struct change *c = &plan->change[plan->count];

	if (plan->count == CHANGES)
		return job_fail(job, MSIG_ESIZE, "too many keys would have to change at a time");
	c->id = key->id;
	c->state = state;
	c->old = plan->store->times[i];
	c->new = times_for(&c->old, key->role, state, plan->now);
	plan->count++;
	return 0;
}

/* A key that was ready has taken the place of the others in CDS; active, it keeps it. */
static int
replace_others(struct job *job, struct plan *plan, unsigned self)
{
	const struct keys *keys = &plan->store->keys;
	int ret = 0;

	for (unsigned i = 0; i < keys->count && ret == 0; i++)
		if (i != self && key_is_ksk(&keys->at[i]) &&
		    keys->at[i].state == MSIG_KEY_STATE_ACTIVE)
			ret = add(job, plan, i, MSIG_KEY_STATE_RETIRED);
	return ret;
}

/* Whether an algorithm has KSK and ZSK in DNSKEY, as planned. */
static void
balance(const struct plan *plan, uint8_t algorithm, bool *ksk, bool *zsk)
{
	const struct keys *keys = &plan->store->keys;

	*ksk = *zsk = false;
	for (unsigned i = 0; i < keys->count; i++) {
		struct key key = keys->at[i];
		key.state = planned(plan, i);
		if (key.algorithm != algorithm || !key_is_public(&key))
			continue;
		*ksk |= key_is_ksk(&key);
		*zsk |= key_is_zsk(&key);
	}
}

static bool
any_active(const struct keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (keys->at[i].state == MSIG_KEY_STATE_ACTIVE)
			return true;
	return false;
}

/* A key of a new algorithm comes with its other half: a ZSK that signs already, or, where nothing
 * is signed yet, any; a KSK that was made. */
static int
bring_other(struct job *job, struct plan *plan, const struct key *self, uint8_t role, uint8_t state)
{
	const struct keys *keys = &plan->store->keys;
	bool first = !any_active(keys);
	int found = -1;

	for (unsigned i = 0; i < keys->count; i++) {
		const struct key *key = &keys->at[i];
		if (key->algorithm != self->algorithm || key->role != role)
			continue;
		if (key->state != MSIG_KEY_STATE_SIGNING &&
		    !(key->state == MSIG_KEY_STATE_MADE && (first || role == MSIG_KEY_ROLE_KSK)))
			continue;
		if (found >= 0)
			return job_fail(
			    job, MSIG_EREFUSED,
			    "key %u cannot come without a %s of its algorithm, and both "
			    "%u and %u could be that one: discard one",
			    self->tag, msig_key_role_name(role), keys->at[found].tag, key->tag);
		found = (int)i;
	}
	if (found < 0)
		return job_fail(job, MSIG_EREFUSED,
				"key %u cannot come without a %s of its algorithm: make one%s",
				self->tag, msig_key_role_name(role),
				role == MSIG_KEY_ROLE_ZSK ? " and let it sign before" : "");
	return add(job, plan, (unsigned)found,
		   first && state == MSIG_KEY_STATE_ACTIVE ? state : MSIG_KEY_STATE_PUBLISHED);
}

/* The last KSK or ZSK of an algorithm does not leave the DNSKEY set alone. */
static int
take_others(struct job *job, struct plan *plan, const struct key *self, uint8_t state)
{
	const struct keys *keys = &plan->store->keys;
	int ret = 0;

	if (state == MSIG_KEY_STATE_REMOVED)
		return job_fail(
		    job, MSIG_EREFUSED,
		    "key %u is the last of its kind in DNSKEY with its algorithm: set it "
		    "post-active first, and the others go with it",
		    self->tag);
	for (unsigned i = 0; i < keys->count && ret == 0; i++) {
		struct key key = keys->at[i];
		key.state = planned(plan, i);
		if (key.algorithm != self->algorithm || !key_is_public(&key))
			continue;
		ret = add(job, plan, i,
			  state == MSIG_KEY_STATE_POST    ? state
			  : key.role == MSIG_KEY_ROLE_KSK ? MSIG_KEY_STATE_MADE
							  : MSIG_KEY_STATE_SIGNING);
	}
	return ret;
}

/* What has to change together with this key, so that Knot takes it. */
static int
make_plan(struct job *job, struct plan *plan, unsigned self, uint8_t state)
{
	const struct key *key = &plan->store->keys.at[self];
	bool ksk, zsk;
	int ret = 0;

	if (state == MSIG_KEY_STATE_ACTIVE && key->state == MSIG_KEY_STATE_READY)
		ret = replace_others(job, plan, self);
	if (ret == 0)
		ret = add(job, plan, self, state);
	if (ret != 0)
		return ret;
	balance(plan, key->algorithm, &ksk, &zsk);
	if (ksk == zsk)
		return 0;
	if (state >= MSIG_KEY_STATE_PUBLISHED && state <= MSIG_KEY_STATE_ACTIVE)
		return bring_other(job, plan, key, ksk ? MSIG_KEY_ROLE_ZSK : MSIG_KEY_ROLE_KSK,
				   state);
	return take_others(job, plan, key, state);
}

/* Verbs ---------------------------------------------------------------------------------------- */

static struct store store; /* large */

static int
knot_list(struct job *job, struct keys *keys)
{
	int ret = read_store(job, &store);

	*keys = store.keys;
	return ret;
}

static int
knot_settle(struct job *job)
{
	int ret = knotctl_zone(job, "zone-keys-load");

	job->settled = ret == 0;
	if (ret == 0)
		job->why[0] = '\0';
	return ret;
}

static int
knot_make(struct job *job, uint8_t role, uint8_t algorithm)
{
	char alg[24], never[T_COUNT][40];
	const char *words[] = {"generate",
			       alg,
			       role == MSIG_KEY_ROLE_ZSK ? "ksk=no" : "ksk=yes",
			       role == MSIG_KEY_ROLE_KSK ? "zsk=no" : "zsk=yes",
			       never[T_PUBLISH],
			       never[T_READY],
			       never[T_ACTIVE],
			       NULL};

	snprintf(alg, sizeof(alg), "algorithm=%u", algorithm);
	for (int i = T_PUBLISH; i <= T_ACTIVE; i++)
		snprintf(never[i], sizeof(never[i]), "%s=%llu", names[i].set,
			 (unsigned long long)time(NULL) + FAR);
	return keymgr(job, false, words);
}

/* As it was; the first reason stays. */
static void
take_back(struct job *job, const struct plan *plan, unsigned done)
{
	char why[sizeof(job->why)];
	int ret = 0;

	memcpy(why, job->why, sizeof(why));
	for (unsigned i = done; i-- > 0;) {
		int one = write_times(job, plan->change[i].id, &plan->change[i].old,
				      &plan->change[i].new);
		ret = ret == 0 ? one : ret;
	}
	if (ret == 0)
		(void)knot_settle(job); /* Knot may not be there: then it knows nothing of it */
	job_taken_back(job, ret, why);
}

/* Without a key that signs, Knot has not even loaded the zone. With the first one it may; if it
 * cannot yet, the zone not being there, it will, and the reason is left. */
static int
wake_zone(struct job *job)
{
	(void)knotctl_zone(job, "zone-reload");  /* from a file */
	(void)knotctl_zone(job, "zone-refresh"); /* from a primary */
	(void)knot_settle(job);
	return 0;
}

static int
knot_set(struct job *job, const char *id, uint8_t state)
{
	static struct plan plan;
	unsigned self = 0, done = 0;
	int ret = 0;

	/* store is what knot_list() has just read: driver_do() calls it before. */
	plan = (struct plan){.store = &store, .now = (uint64_t)time(NULL)};
	while (self < store.keys.count && strcmp(store.keys.at[self].id, id) != 0)
		self++;
	if (self == store.keys.count)
		return job_fail(job, MSIG_EMISSING, "the store has no key %.40s", id);
	ret = make_plan(job, &plan, self, state);
	if (ret != 0)
		return ret;
	for (; done < plan.count && ret == 0; done++)
		ret = write_times(job, plan.change[done].id, &plan.change[done].new,
				  &plan.change[done].old);
	job->settled = false;
	if (ret == 0)
		ret = knot_settle(job);
	if (ret != 0 && done == plan.count && !any_active(&store.keys))
		ret = wake_zone(job);
	if (ret != 0)
		take_back(job, &plan, done);
	return ret;
}

static int
knot_discard(struct job *job, const char *id)
{
	const char *const words[] = {"delete", id, NULL};

	return keymgr(job, false, words);
}

const struct driver driver_knot = {
    .name = "knot",
    .list = knot_list,
    .make = knot_make,
    .set = knot_set,
    .discard = knot_discard,
    .settle = knot_settle,
};
