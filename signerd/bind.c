/*
 * BIND 9.18 with `auto-dnssec maintain`: what named does with a key follows from the times in its
 * files, and all of ours are over or unset, so that its own clock has nothing to do. Each state is
 * a set of times (doc/signers.md has what was measured). Two pairs of states have the same ones;
 * the time of DS, which named passes over, tells them apart: it is set while a key is not yet, or
 * for now not, what its other times say.
 *
 * named signs with keys that are in DNSKEY only. So there is no SIGNING, no POST, and no other
 * algorithm. It puts signatures beside those of an old key and takes the old ones away with that
 * key's DNSKEY; ACTIVE is what can do without the old key, and so waits for the last signature.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "signerd/driver.h"
#include "signerd/bindkey.h"
#include "signerd/named.h"

#define T(id) BINDKEY_##id

/* The store: keys and, in the same order, their times. */
struct store {
	struct keys keys;
	struct keytimes times[KEYS_MAX];
};

static struct store store; /* large */

/* Times and states ----------------------------------------------------------------------------- */

static bool
over(const struct keytimes *t, int which, uint64_t now)
{
	return t->at[which] != 0 && t->at[which] <= now;
}

static uint8_t
state_of(const struct keytimes *t, uint8_t role, uint64_t now)
{
	bool held = t->at[T(DS)] != 0;

	if (over(t, T(DELETE), now))
		return MSIG_KEY_STATE_REMOVED;
	/* named publishes what is active, unless it has a later time for that. */
	if (!over(t, T(PUBLISH), now) && (t->at[T(PUBLISH)] != 0 || t->at[T(ACTIVATE)] == 0))
		return MSIG_KEY_STATE_MADE;
	if (role == MSIG_KEY_ROLE_ZSK) {
		if (!over(t, T(ACTIVATE), now) || held)
			return MSIG_KEY_STATE_PUBLISHED;
		return over(t, T(INACTIVE), now) ? MSIG_KEY_STATE_RETIRED : MSIG_KEY_STATE_ACTIVE;
	}
	if (!over(t, T(SYNC), now))
		return MSIG_KEY_STATE_PUBLISHED;
	if (over(t, T(UNSYNC), now))
		return held ? MSIG_KEY_STATE_ACTIVE : MSIG_KEY_STATE_RETIRED;
	return held ? MSIG_KEY_STATE_READY : MSIG_KEY_STATE_ACTIVE;
}

/* The times of a state: over since when they were, or as of now; or none. */
static struct keytimes
times_for(const struct keytimes *old, uint8_t role, uint8_t state, uint64_t now)
{
	bool ksk = role != MSIG_KEY_ROLE_ZSK, zsk = role != MSIG_KEY_ROLE_KSK;
	struct keytimes t = {{0}};
#define PAST(which) (over(old, which, now) ? old->at[which] : now)

	if (state == MSIG_KEY_STATE_MADE)
		return t;
	t.at[T(PUBLISH)] = PAST(T(PUBLISH));
	if (ksk || state >= MSIG_KEY_STATE_ACTIVE)
		t.at[T(ACTIVATE)] = PAST(T(ACTIVATE));
	if (state == MSIG_KEY_STATE_REMOVED || (state == MSIG_KEY_STATE_RETIRED && zsk))
		t.at[T(INACTIVE)] = PAST(T(INACTIVE));
	if (state == MSIG_KEY_STATE_REMOVED)
		t.at[T(DELETE)] = PAST(T(DELETE));
	if (ksk && state >= MSIG_KEY_STATE_READY && state <= MSIG_KEY_STATE_RETIRED)
		t.at[T(SYNC)] = PAST(T(SYNC));
	/* CDS go by this time alone, not by the other one being unset. */
	if (ksk && (state == MSIG_KEY_STATE_RETIRED ||
		    ((state == MSIG_KEY_STATE_PUBLISHED || state == MSIG_KEY_STATE_REMOVED) &&
		     (old->at[T(SYNC)] != 0 || old->at[T(UNSYNC)] != 0))))
		t.at[T(UNSYNC)] = PAST(T(UNSYNC));
	if (state == MSIG_KEY_STATE_READY)
		t.at[T(DS)] = PAST(T(DS));
	return t;
#undef PAST
}

/* An active KSK while another one is ready: CDS do not name it. */
static struct keytimes
times_aside(const struct keytimes *old, uint64_t now)
{
	struct keytimes t = *old;

	t.at[T(UNSYNC)] = over(old, T(UNSYNC), now) ? old->at[T(UNSYNC)] : now;
	t.at[T(DS)] = over(old, T(DS), now) ? old->at[T(DS)] : now;
	return t;
}

static bool
is_aside(const struct keytimes *t, const struct key *key)
{
	return key_is_ksk(key) && key->state == MSIG_KEY_STATE_ACTIVE && t->at[T(DS)] != 0;
}

/* Reading -------------------------------------------------------------------------------------- */

/* named takes a KSK for a CSK where there is no ZSK of its algorithm: one in use, or, where the
 * algorithm is not in use yet, any. */
static bool
has_zsk(const struct keys *keys, uint8_t algorithm)
{
	bool used = false, zsk = false, made = false;

	for (unsigned i = 0; i < keys->count; i++) {
		const struct key *key = &keys->at[i];
		if (key->algorithm != algorithm)
			continue;
		used |= key_is_public(key);
		zsk |= key->role == MSIG_KEY_ROLE_ZSK && key_is_public(key);
		made |= key->role == MSIG_KEY_ROLE_ZSK && key->state == MSIG_KEY_STATE_MADE;
	}
	return zsk || (!used && made);
}

static int
bind_list(struct job *job, struct keys *keys)
{
	uint64_t now = (uint64_t)time(NULL);
	int ret;

	store.keys.count = 0;
	keys->count = 0;
	if (job->name[0] == '-')
		return job_fail(job, MSIG_EVALUE, "BIND's tools take this name for an option");
	ret = bindkey_list(job, &store.keys, store.times);

	for (unsigned i = 0; i < store.keys.count; i++)
		store.keys.at[i].state = state_of(&store.times[i], store.keys.at[i].role, now);
	for (unsigned i = 0; i < store.keys.count; i++) {
		struct key *key = &store.keys.at[i];
		if (key->role == MSIG_KEY_ROLE_KSK && !has_zsk(&store.keys, key->algorithm))
			key->role = MSIG_KEY_ROLE_CSK;
	}
	*keys = store.keys;
	return ret;
}

/* What is refused ------------------------------------------------------------------------------ */

/* Another algorithm than those in use, while there are any. */
static bool
is_foreign(uint8_t algorithm)
{
	bool used = false;

	for (unsigned i = 0; i < store.keys.count; i++) {
		if (!key_is_public(&store.keys.at[i]))
			continue;
		if (store.keys.at[i].algorithm == algorithm)
			return false;
		used = true;
	}
	return used;
}

static int
refuse_algorithm(struct job *job, uint8_t algorithm)
{
	return job_fail(job, MSIG_EREFUSED,
			"BIND cannot bring in algorithm %u: named signs only with keys that are in "
			"DNSKEY, and what signs with a new algorithm has to come before them; let "
			"this provider leave, roll, and join again",
			algorithm);
}

/* Somebody has to go on signing. */
static bool
is_last(unsigned self, uint8_t state)
{
	const struct key *key = &store.keys.at[self];

	if (key->state < MSIG_KEY_STATE_READY || key->state > MSIG_KEY_STATE_RETIRED ||
	    (state >= MSIG_KEY_STATE_READY && state <= MSIG_KEY_STATE_ACTIVE) ||
	    (key->role == MSIG_KEY_ROLE_KSK && state == MSIG_KEY_STATE_RETIRED))
		return false;
	if (key->state == MSIG_KEY_STATE_RETIRED && key_is_zsk(key))
		return false;
	for (unsigned i = 0; i < store.keys.count; i++) {
		const struct key *other = &store.keys.at[i];
		if (i != self && other->role == key->role && other->state >= MSIG_KEY_STATE_READY &&
		    other->state <= MSIG_KEY_STATE_ACTIVE)
			return false;
	}
	return true;
}

static int
check(struct job *job, unsigned self, uint8_t state)
{
	const struct key *key = &store.keys.at[self];

	if (state == MSIG_KEY_STATE_SIGNING || state == MSIG_KEY_STATE_POST)
		return job_fail(job, MSIG_EREFUSED,
				"named signs only with keys that are in DNSKEY: there is no %s",
				msig_key_state_name(state));
	if (state == MSIG_KEY_STATE_MADE && key->state != MSIG_KEY_STATE_MADE)
		return job_fail(job, MSIG_EREFUSED, "key %u was in use: it can be removed",
				key->tag);
	if (state != MSIG_KEY_STATE_MADE && state != MSIG_KEY_STATE_REMOVED &&
	    is_foreign(key->algorithm))
		return refuse_algorithm(job, key->algorithm);
	if (is_last(self, state))
		return job_fail(job, MSIG_EREFUSED, "key %u is the last %s that signs", key->tag,
				msig_key_role_name(key->role));
	return 0;
}

/* Changing ------------------------------------------------------------------------------------- */

/* New times for some keys, all or none. now is a moment ago: named takes CDS out when a time is
 * over, and puts them in until it is over for a second. */
struct plan {
	uint64_t now;
	bool changes[KEYS_MAX];
	struct keytimes new[KEYS_MAX];
};

static void
plan_key(struct plan *plan, unsigned i, struct keytimes t)
{
	plan->new[i] = t;
	plan->changes[i] = memcmp(&t, &store.times[i], sizeof(t)) != 0;
}

/* What its CDS mean for those of the others. */
static void
plan_others(struct plan *plan, unsigned self, uint8_t state)
{
	bool was = store.keys.at[self].state == MSIG_KEY_STATE_READY;

	for (unsigned i = 0; i < store.keys.count; i++) {
		const struct key *other = &store.keys.at[i];
		const struct keytimes *t = &store.times[i];
		if (i == self || !key_is_ksk(other))
			continue;
		if (state == MSIG_KEY_STATE_READY && other->state == MSIG_KEY_STATE_ACTIVE)
			plan_key(plan, i, times_aside(t, plan->now));
		else if (state == MSIG_KEY_STATE_READY && other->state == MSIG_KEY_STATE_READY)
			plan_key(plan, i,
				 times_for(t, other->role, MSIG_KEY_STATE_PUBLISHED, plan->now));
		else if (was && state == MSIG_KEY_STATE_ACTIVE &&
			 other->state == MSIG_KEY_STATE_ACTIVE)
			plan_key(plan, i,
				 times_for(t, other->role, MSIG_KEY_STATE_RETIRED, plan->now));
		else if (was && state != MSIG_KEY_STATE_READY && is_aside(t, other))
			plan_key(plan, i,
				 times_for(t, other->role, MSIG_KEY_STATE_ACTIVE, plan->now));
	}
}

static bool
any_active(void)
{
	for (unsigned i = 0; i < store.keys.count; i++)
		if (store.keys.at[i].state == MSIG_KEY_STATE_ACTIVE)
			return true;
	return false;
}

/* As it was; the first reason stays. */
static void
take_back(struct job *job, const bool done[])
{
	char why[sizeof(job->why)];
	int ret = 0;

	memcpy(why, job->why, sizeof(why));
	for (unsigned i = 0; i < store.keys.count; i++) {
		int one = done[i] ? bindkey_write(job, store.keys.at[i].id, &store.times[i]) : 0;
		ret = ret == 0 ? one : ret;
	}
	if (ret == 0)
		(void)named_load(job); /* named may not be there: then it knows nothing of it */
	job_taken_back(job, ret, why);
}

/* The keys in which order: a crash in between must leave what asking again completes. Whether the
 * others have to follow shows at self until it is written; a ready one takes their place first, or
 * for a while nobody would be named. */
static unsigned
nth(unsigned n, unsigned self, bool self_first)
{
	unsigned others = self_first ? n - 1 : n;

	if (n == (self_first ? 0 : store.keys.count - 1))
		return self;
	return others < self ? others : others + 1;
}

/* The plan, and named acts on it: nothing has changed if it does not. */
static int
carry_out(struct job *job, const struct plan *plan, unsigned self, bool self_first, bool sign)
{
	bool done[KEYS_MAX] = {false};
	int ret = 0;

	job->settled = false;
	for (unsigned n = 0; n < store.keys.count && ret == 0; n++) {
		unsigned i = nth(n, self, self_first);
		if (!plan->changes[i])
			continue;
		done[i] = true; /* a half of it, perhaps */
		ret = bindkey_write(job, store.keys.at[i].id, &plan->new[i]);
	}
	if (ret == 0) {
		ret = sign ? named_sign(job) : named_load(job);
		if (ret != 0 && !any_active())
			return 0; /* the first keys of a zone that is not there: why says so */
	}
	if (ret != 0) {
		take_back(job, done);
		return ret;
	}
	for (unsigned i = 0; i < store.keys.count; i++)
		if (plan->changes[i])
			store.times[i] = plan->new[i];
	job->settled = true;
	job->why[0] = '\0';
	return 0;
}

/* It signs everything before it is ACTIVE. Until then it is listed as what it was; so if that takes
 * longer than there is time for, asking again goes on with it: named does not begin anew with a key
 * that it is signing with. What it remembers of an earlier life of the key does not count. */
static int
sign_all(struct job *job, unsigned self)
{
	static struct plan plan;
	const struct key *key = &store.keys.at[self];
	const struct keytimes *t = &store.times[self];
	bool zsk = key->role == MSIG_KEY_ROLE_ZSK, has = false;
	int ret;

	plan = (struct plan){.now = (uint64_t)time(NULL) - 1};
	if (zsk ? t->at[T(DS)] != 0 : key->state < MSIG_KEY_STATE_ACTIVE) {
		ret = named_has_signed(job, key, &has);
	} else {
		struct keytimes new = times_for(
		    t, key->role, zsk ? MSIG_KEY_STATE_ACTIVE : MSIG_KEY_STATE_READY, plan.now);
		new.at[T(DS)] = plan.now;
		plan_key(&plan, self, new);
		ret = named_forget(job, key);
	}
	if (ret == 0 && !has)
		ret = carry_out(job, &plan, self, true, true);
	return ret == 0 ? named_wait(job, key) : ret;
}

static int
bind_settle(struct job *job)
{
	int ret = named_load(job);

	job->settled = ret == 0;
	if (ret == 0)
		job->why[0] = '\0';
	return ret;
}

/* CDS name it, as far as named knows. */
static bool
key_is_named(unsigned i)
{
	return store.times[i].at[T(SYNC)] != 0 && store.times[i].at[T(UNSYNC)] == 0;
}

static int
set_one(struct job *job, unsigned self, uint8_t state, bool sign)
{
	static struct plan plan;
	const struct key *key = &store.keys.at[self];

	plan = (struct plan){.now = (uint64_t)time(NULL) - 1};
	if (!(state == MSIG_KEY_STATE_ACTIVE && is_aside(&store.times[self], key)))
		plan_key(&plan, self, times_for(&store.times[self], key->role, state, plan.now));
	plan_others(&plan, self, state);
	return carry_out(job, &plan, self, state == MSIG_KEY_STATE_READY, sign);
}

static int
bind_set(struct job *job, const char *id, uint8_t state)
{
	unsigned self = 0;
	int ret;

	/* store is what bind_list() has just read: driver_do() calls it before. */
	while (self < store.keys.count && strcmp(store.keys.at[self].id, id) != 0)
		self++;
	if (self == store.keys.count)
		return job_fail(job, MSIG_EMISSING, "the store has no key %.40s", id);
	const struct key *key = &store.keys.at[self];
	ret = check(job, self, state);
	if (ret == 0 && state == MSIG_KEY_STATE_ACTIVE && key_is_zsk(key) &&
	    key->state != MSIG_KEY_STATE_ACTIVE && any_active())
		ret = sign_all(job, self);
	if (ret == 0 && key->role == MSIG_KEY_ROLE_CSK && state == MSIG_KEY_STATE_PUBLISHED &&
	    !key_is_public(key) && any_active())
		ret = named_forget(job, key);
	if (ret != 0)
		return ret;
	/* named forgets a key that goes, and with it which CDS are its. */
	if (state == MSIG_KEY_STATE_REMOVED && key_is_named(self))
		ret = set_one(job, self, MSIG_KEY_STATE_PUBLISHED, false);
	if (ret != 0)
		return ret;
	/* Without a new signature that of the old key stays until something else changes. */
	return set_one(job, self, state,
		       (state == MSIG_KEY_STATE_RETIRED && key_is_zsk(key)) ||
			   (state == MSIG_KEY_STATE_ACTIVE && key->role == MSIG_KEY_ROLE_CSK));
}

static int
bind_make(struct job *job, uint8_t role, uint8_t algorithm)
{
	bool zsk = has_zsk(&store.keys, algorithm);

	if (is_foreign(algorithm))
		return refuse_algorithm(job, algorithm);
	if (role == MSIG_KEY_ROLE_CSK && zsk)
		return job_fail(job, MSIG_EREFUSED,
				"BIND has no CSK beside a ZSK of its algorithm: make a KSK");
	if (role == MSIG_KEY_ROLE_KSK && !zsk)
		return job_fail(job, MSIG_EREFUSED,
				"BIND takes a KSK for a CSK without a ZSK of its algorithm: make "
				"that first, or a CSK");
	return bindkey_make(job, role != MSIG_KEY_ROLE_ZSK, algorithm);
}

static int
bind_discard(struct job *job, const char *id)
{
	int ret = 0;

	for (unsigned i = 0; i < store.keys.count; i++)
		/* Without its file its DNSKEY would be one of somebody else's, and stay. */
		if (strcmp(store.keys.at[i].id, id) == 0 &&
		    store.keys.at[i].state == MSIG_KEY_STATE_REMOVED)
			ret = named_load(job);
	return ret == 0 ? bindkey_delete(job, id) : ret;
}

const struct driver driver_bind = {
    .name = "bind",
    .list = bind_list,
    .make = bind_make,
    .set = bind_set,
    .discard = bind_discard,
    .settle = bind_settle,
};
