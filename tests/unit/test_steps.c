/*
 * The order of the steps of every process, and why it is that one and no other. What each test says
 * of the tables holds whatever they look like: what caches have to forget, and what a parent
 * copies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/process.h"
#include "libmsig/option.h"
#include "tests/sim/mutations.h"

#define S(id) MSIG_KEY_STATE_##id

static const struct process_rule *rule;

static int
with(uint8_t kind)
{
	rule = process_rule(kind);
	assert_non_null(rule);
	return rule->steps - 1; /* "stop" */
}

/* The step that has this effect; there is one. */
static int
effect(enum process_effect what)
{
	int found = -1;
	for (int i = 0; i < rule->steps; i++)
		if (rule->step[i].effect & (uint32_t)what) {
			assert_int_equal(found, -1);
			found = i;
		}
	assert_true(found >= 0);
	return found;
}

/* The first step from `from` on that waits for this hold. */
static int
hold(enum view_hold what, int from)
{
	for (int i = from; i < rule->steps; i++)
		if (rule->step[i].holds >> what & 1)
			return i;
	fail_msg("%s: %s is not waited for", rule->name, hold_name(what));
	return -1;
}

/* The first step from `from` on that ends with this condition. */
static int
ends_with(uint32_t what, int from)
{
	for (int i = from; i < rule->steps; i++)
		if (rule->step[i].done & what)
			return i;
	fail_msg("%s: a condition is not waited for", rule->name);
	return -1;
}

/* The first step in which a key of this state is there. */
static int
state(bool fresh, size_t role, uint8_t what)
{
	for (int i = 0; i < rule->steps; i++) {
		const struct process_keys *k = fresh ? &rule->step[i].fresh : &rule->step[i].old;
		if (*((const uint8_t *)k + role) == what)
			return i;
	}
	fail_msg("%s: no key is ever %s", rule->name, msig_key_state_name(what));
	return -1;
}

#define FRESH(role, what) state(true, offsetof(struct process_keys, role), S(what))
#define OLD(role, what) state(false, offsetof(struct process_keys, role), S(what))

static int
cds(enum process_cds what)
{
	for (int i = 0; i < rule->steps; i++)
		if (rule->step[i].cds == what)
			return i;
	fail_msg("%s: CDS never change so", rule->name);
	return -1;
}

/* All of these, in a mask. */
#define ALL_OF(mask, what) assert_int_equal((mask) & (uint32_t)(what), (uint32_t)(what))

/* ---- all of them ---- */

/* Up to the first step nothing was changed anywhere: until all have agreed on it a process can be
 * given up as if it had never been. A roller makes its keys, which are in no zone yet or used for
 * nothing. */
static void
test_first_step_binds_nobody(void **unused)
{
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		const struct process_step *s = &process_rule(kind)->step[0];
		const uint8_t fresh[] = {s->fresh.zsk, s->fresh.ksk, s->fresh.csk};
		const uint8_t old[] = {s->old.zsk, s->old.ksk, s->old.csk};
		assert_int_equal(s->effect, EFFECT_NONE);
		assert_int_equal(s->cds, CDS_OLD);
		for (size_t i = 0; i < sizeof(fresh); i++) {
			assert_true(fresh[i] == 0 || fresh[i] == S(MADE) ||
				    fresh[i] == S(PUBLISHED));
			assert_int_equal(old[i], 0);
		}
	}
}

/* A rollover takes for granted that nothing else is under way: all keys are everywhere, the parent
 * is done, and nobody is there of whom nothing is known. What is unfinished it would cast in stone.
 */
static void
test_a_rollover_begins_at_rest(void **unused)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ZSK, MSIG_PROCESS_KSK, MSIG_PROCESS_ALGORITHM};
	for (size_t i = 0; i < sizeof(kinds); i++) {
		with(kinds[i]);
		ALL_OF(rule->step[0].guard, COND_DRIVER | COND_SHARE | COND_DS_KNOWN |
						COND_NS_KNOWN | COND_KEYS | COND_DS |
						COND_PARENT_NS);
		/* CDS that differ would be a parent's that has not come yet. */
		if (kinds[i] != MSIG_PROCESS_ZSK)
			assert_true(rule->step[0].guard & COND_CDS);
	}
	/* From one algorithm to another one, and not from three to two. */
	assert_true(rule->step[0].guard & COND_ALGORITHMS);
	/* All roll, so all have to be able to, and not the one alone who asks. */
	assert_true(rule->step[FRESH(zsk, SIGNING)].guard & COND_DRIVER);
}

/* What is taken away last was everywhere, and what is left is everywhere when it is over. */
static void
test_it_ends_with_the_right_keys(void **unused)
{
	with(MSIG_PROCESS_REMOVE);
	ALL_OF(rule->step[effect(EFFECT_KEYS_DEL)].done, COND_KEYS | COND_EXACT);
	with(MSIG_PROCESS_ZSK);
	ALL_OF(rule->step[OLD(zsk, REMOVED)].done, COND_KEYS | COND_EXACT);
	with(MSIG_PROCESS_KSK);
	ALL_OF(rule->step[OLD(ksk, REMOVED)].done, COND_KEYS | COND_EXACT);
	with(MSIG_PROCESS_ALGORITHM);
	ALL_OF(rule->step[OLD(zsk, POST)].done, COND_KEYS | COND_EXACT);
}

/* The next step builds on what this one changed: so its end is that the change is seen. */
static void
test_a_change_is_seen_before_the_next(void **unused)
{
	static const struct {
		uint32_t effect, done;
	} seen[] = {
	    {EFFECT_KEYS_ADD, COND_KEYS}, {EFFECT_KEYS_DEL, COND_EXACT}, {EFFECT_CDS_ADD, COND_CDS},
	    {EFFECT_CDS_DEL, COND_CDS},   {EFFECT_NS_ADD, COND_NS},      {EFFECT_NS_DEL, COND_NS},
	    {EFFECT_CSYNC, COND_CSYNC},
	};
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++)
		for (int i = 0, last = with(kind); i < last; i++) {
			const struct process_step *s = &rule->step[i];
			const struct process_step none = {0}, *before = i > 0 ? s - 1 : &none;
			for (size_t k = 0; k < sizeof(seen) / sizeof(seen[0]); k++)
				if (s->effect & seen[k].effect)
					assert_true(s->done & seen[k].done);
			if (memcmp(&s->fresh, &before->fresh, sizeof(s->fresh)) != 0 ||
			    memcmp(&s->old, &before->old, sizeof(s->old)) != 0)
				assert_true(s->done & COND_STORE);
			if (s->cds != before->cds)
				assert_true(s->done & COND_CDS);
		}
}

/* How far a key has come. One that was used and is not any more, or that left the zone, does not
 * come back: caches would have forgotten it. */
static int
age(uint8_t key_state)
{
	static const uint8_t order[] = {0,         S(MADE),    S(SIGNING), S(PUBLISHED), S(READY),
					S(ACTIVE), S(RETIRED), S(POST),    S(REMOVED)};
	for (size_t i = 0; i < sizeof(order); i++)
		if (order[i] == key_state)
			return (int)i;
	fail();
	return -1;
}

/* What CDS do not name a parent may drop: where the operator keeps such a DS, a person decides
 * before they change, and before anything else is done for the sake of that. */
static void
test_no_ds_is_lost_to_cds(void **unused)
{
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		bool any = false;
		for (int i = with(kind) - 1; i >= 0; i--) {
			const struct process_step *s = &rule->step[i];
			bool changes = (s->effect & (EFFECT_CDS_ADD | EFFECT_CDS_DEL)) != 0 ||
				       (i > 0 && s->cds != s[-1].cds);
			any |= changes;
			if (changes || (i == 0 && any))
				assert_true(s->guard & COND_DS_KEPT);
			else
				assert_false(s->guard & COND_DS_KEPT);
		}
	}
}

static void
test_no_key_goes_back(void **unused)
{
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++)
		for (int i = 1, last = with(kind); i < last; i++) {
			const struct process_step *a = &rule->step[i - 1], *b = a + 1;
			assert_true(age(a->fresh.zsk) <= age(b->fresh.zsk));
			assert_true(age(a->fresh.ksk) <= age(b->fresh.ksk));
			assert_true(age(a->fresh.csk) <= age(b->fresh.csk));
			assert_true(age(a->old.zsk) <= age(b->old.zsk));
			assert_true(age(a->old.ksk) <= age(b->old.ksk));
			assert_true(age(a->old.csk) <= age(b->old.csk));
			assert_true(a->cds <= b->cds);
		}
}

/* A parent copies what the zone says when it sees CSYNC: the NS are right before, at every server,
 * and CSYNC is away again before the process ends, or the next change of NS would go to the parent
 * before all show it. */
static void
csync_after(enum process_effect names)
{
	int csync = effect(EFFECT_CSYNC);
	assert_true(effect(names) < csync);
	assert_true(rule->step[csync].guard & COND_NS);
	assert_true(rule->step[csync].done & COND_PARENT_NS);
	int away = ends_with(COND_NO_CSYNC, 0);
	assert_true(away > csync);
	assert_true(away < rule->steps - 1);
	/* Not before the parent has seen it. */
	assert_true(rule->step[away].guard & COND_PARENT_NS);
	/* Nobody has gone back to other NS meanwhile, neither we nor the parent. */
	assert_true(rule->step[away].guard & COND_NS);
	assert_true(rule->step[away].done & COND_PARENT_NS);
}

static void
test_csync(void **unused)
{
	with(MSIG_PROCESS_ADD);
	csync_after(EFFECT_NS_ADD);
	with(MSIG_PROCESS_REMOVE);
	csync_after(EFFECT_NS_DEL);
	with(MSIG_PROCESS_NS_ADD);
	csync_after(EFFECT_NS_ADD);
	with(MSIG_PROCESS_NS_REMOVE);
	csync_after(EFFECT_NS_DEL);
}

/* ---- who comes, and who goes ---- */

static void
test_add(void **unused)
{
	with(MSIG_PROCESS_ADD);
	/* A signer that drops the keys of others is no joiner. */
	assert_true(rule->step[0].guard & COND_TAKES);
	/* A DS is worth nothing where the DNSKEY set lacks its key: keys first, everywhere. */
	int keys = effect(EFFECT_KEYS_ADD), cds = effect(EFFECT_CDS_ADD);
	assert_true(keys < cds);
	assert_true(rule->step[cds].guard & COND_KEYS);
	/* The parent reads CDS, so its DS are waited for only when all servers show the same. */
	int ds = ends_with(COND_DS, 0);
	assert_true(cds < ds);
	assert_true(rule->step[ds].guard & COND_CDS);
	/* From the moment the joiner's servers are named, resolvers put together its signatures
	 * with the DNSKEY sets of others, and its DNSKEY sets with old DS sets: none is left then
	 * that lacks its keys. */
	int named = effect(EFFECT_NS_ADD);
	assert_true(hold(HOLD_KEY, keys) < named);
	assert_true(hold(HOLD_DS, ds) < named);
	assert_true(rule->step[named].guard & COND_NAMING_SAFE);
	/* Looked at again, everywhere, before resolvers are led there. */
	ALL_OF(rule->step[named].guard, COND_KEYS | COND_DS | COND_SERVES);
	/* Keys of somebody whose zone nobody can look at, beside DS of nobody: no. */
	ALL_OF(rule->step[keys].guard, COND_SERVES | COND_DS_KNOWN);
	/* While the parent takes its time, and caches, the keys of all stay. */
	assert_true(rule->step[ds].done & COND_KEYS);
}

static void
test_remove(void **unused)
{
	with(MSIG_PROCESS_REMOVE);
	/* As long as a cached delegation or the zone's own NS lead to the leaver's servers, what
	 * they say has to verify: its keys and DS stay until those NS are forgotten, its servers
	 * are silent, and what they said last has expired. */
	int names = effect(EFFECT_NS_DEL), cds = effect(EFFECT_CDS_DEL);
	int forgotten = hold(HOLD_NS, names), silent = hold(HOLD_LEAVE, names);
	assert_true(effect(EFFECT_CSYNC) < forgotten); /* the parent's NS count, too */
	assert_true(forgotten < silent);
	assert_true(rule->step[silent].done & COND_GONE);
	assert_true(silent < cds);
	assert_true(rule->step[cds].guard & COND_GONE);
	/* CDS first, or the parent cannot know that its DS are to change. */
	int ds = ends_with(COND_DS, 0);
	assert_true(cds < ds);
	/* The keys last: a cached DS set that names them alone among ours must find them. */
	int keys = effect(EFFECT_KEYS_DEL);
	assert_true(hold(HOLD_DS, 0) < keys);
	assert_true(rule->step[keys].guard & COND_DS);
	assert_true(keys < rule->steps - 1);
	/* The parent is waited for while it is told the same by all, and all the time. */
	assert_true(rule->step[ds].guard & COND_CDS);
	assert_true(rule->step[ds].done & COND_CDS);
	/* A DS of nobody may be that of a signer that is named: this is no time to lose one. And
	 * the one that stays may have gone, too, since it was looked at. */
	assert_true(rule->step[0].guard & COND_DS_KNOWN);
	assert_true(rule->step[0].guard & COND_REMAIN);
	assert_true(rule->step[names].guard & COND_REMAIN);
	assert_true(rule->step[cds].guard & COND_REMAIN);
}

static void
test_servers_that_do_not_sign(void **unused)
{
	with(MSIG_PROCESS_NS_ADD);
	/* They are named when they serve what verifies, and not a moment before. */
	assert_true(rule->step[effect(EFFECT_NS_ADD)].guard & COND_COPY);
	assert_true(rule->step[effect(EFFECT_NS_ADD)].guard & COND_NAMING_SAFE);
	/* Nor is it asked for before: it would hold up what others ask for. */
	ALL_OF(rule->step[0].guard, COND_COPY | COND_NAMING_SAFE | COND_DS_KNOWN);
	with(MSIG_PROCESS_NS_REMOVE);
	/* The last name servers stay. */
	assert_true(rule->step[0].guard & COND_REMAIN);
	assert_true(rule->step[effect(EFFECT_NS_DEL)].guard & COND_REMAIN);
	/* Forgotten, parent's NS included, before anybody may stop them. */
	assert_true(effect(EFFECT_CSYNC) < hold(HOLD_NS, 0));
}

/* ---- keys that roll ---- */

static void
test_zsk(void **unused)
{
	with(MSIG_PROCESS_ZSK);
	/* A signature by the new key meets DNSKEY sets in caches: all have it first. */
	assert_true(hold(HOLD_KEY, 0) < FRESH(zsk, ACTIVE));
	assert_true(FRESH(zsk, ACTIVE) <= OLD(zsk, RETIRED));
	/* A DNSKEY set without the old key meets signatures in caches: none by it is left. */
	assert_true(OLD(zsk, RETIRED) < hold(HOLD_RR, 0));
	assert_true(hold(HOLD_RR, 0) < OLD(zsk, REMOVED));
	/* A hold is worth something while what it waits for stays as it is. */
	assert_true(rule->step[hold(HOLD_KEY, 0)].done & COND_KEYS);
	assert_true(rule->step[FRESH(zsk, ACTIVE)].done & COND_DATA_NEW);
	assert_true(rule->step[hold(HOLD_RR, 0)].done & COND_DATA_NEW);
}

static void
test_ksk(void **unused)
{
	with(MSIG_PROCESS_KSK);
	/* A DS for the new key meets DNSKEY sets in caches: all have it, signed by it, first. */
	int published = hold(HOLD_KEY, 0);
	assert_true(rule->step[published].done & COND_SEPS);
	assert_true(published < FRESH(ksk, READY));
	assert_true(published < FRESH(csk, READY));
	assert_true(published < cds(CDS_BOTH));
	assert_true(rule->step[FRESH(ksk, READY)].guard & COND_SEPS);
	/* A parent that does nothing leaves the zone as it was: the old CSK signs until caches have
	 * the DS of the new one. */
	int ds = hold(HOLD_DS, 0);
	assert_true(FRESH(ksk, READY) < ds);
	assert_true(ds < FRESH(csk, ACTIVE));
	assert_true(ds < OLD(csk, RETIRED));
	/* The old one goes when no cached DS set and no cached signature need it. */
	assert_true(ds < OLD(ksk, REMOVED));
	assert_true(hold(HOLD_RR, OLD(csk, RETIRED)) < OLD(csk, REMOVED));
	/* Its DS goes after it: it does no harm beside that of the new one. */
	assert_true(OLD(ksk, REMOVED) < cds(CDS_NEW));
	assert_true(cds(CDS_NEW) < ends_with(COND_DS, ds + 1));
	/* The statement has the new key before the others are asked to show it. */
	assert_true(rule->step[0].done & COND_SHOWN);
	/* What a hold waits for stays as it is until then, ... */
	assert_true(rule->step[published].done & COND_KEYS);
	ALL_OF(rule->step[ds].done, COND_KEYS | COND_CDS);
	assert_true(rule->step[FRESH(csk, ACTIVE)].done & COND_DATA_NEW);
	assert_true(rule->step[hold(HOLD_RR, 0)].done & COND_DATA_NEW);
	/* ... DNSKEY sets from before the key was signed with are forgotten as well as old DS, ...
	 */
	assert_true(rule->step[ds].holds >> HOLD_KEY & 1);
	/* ... and what each found at home is looked at everywhere before the next change. */
	assert_true(rule->step[FRESH(ksk, READY)].guard & COND_KEYS);
	ALL_OF(rule->step[ds].guard, COND_CDS | COND_SEPS);
	ALL_OF(rule->step[FRESH(csk, ACTIVE)].guard, COND_KEYS | COND_DS);
	assert_true(rule->step[OLD(ksk, REMOVED)].guard & COND_DS);
	/* The parent is waited for while it is told the same by all, and all the time. */
	int last = ends_with(COND_DS, ds + 1);
	assert_true(rule->step[last].guard & COND_CDS);
	assert_true(rule->step[last].done & COND_CDS);
}

/* RFC 6781 (4.1.4): an algorithm in DS is in every DNSKEY set, and one in DNSKEY signs all. */
static void
test_algorithm(void **unused)
{
	with(MSIG_PROCESS_ALGORITHM);
	/* All have made their keys before the first one signs with them. */
	assert_true(FRESH(zsk, MADE) < FRESH(zsk, SIGNING));
	/* The new signatures are in all caches before a DNSKEY set asks for them. */
	int signatures = hold(HOLD_RR, FRESH(zsk, SIGNING));
	assert_true(signatures < FRESH(zsk, PUBLISHED));
	assert_true(signatures < FRESH(ksk, PUBLISHED));
	assert_true(rule->step[FRESH(zsk, PUBLISHED)].guard & COND_ALG_SIGNED);
	/* The new keys are in all caches before a DS names them. */
	int keys = hold(HOLD_KEY, FRESH(ksk, PUBLISHED));
	assert_true(keys < FRESH(ksk, READY));
	assert_true(keys < cds(CDS_NEW));
	/* No cached DS set names the old algorithm when its keys go; and no cached DNSKEY set has
	 * them when its signatures go. */
	int ds = hold(HOLD_DS, cds(CDS_NEW));
	assert_true(ds < OLD(ksk, POST));
	assert_true(ds < OLD(zsk, POST));
	assert_true(rule->step[OLD(ksk, POST)].guard & COND_ALG_CDS);
	assert_true(hold(HOLD_KEY, OLD(ksk, POST)) < OLD(zsk, REMOVED));
	assert_true(rule->step[OLD(zsk, REMOVED)].guard & COND_EXACT);
	assert_true(rule->step[OLD(zsk, REMOVED)].guard & COND_ALG_ALONE);
	/* What a hold waits for stays as it is until then, DS of the old algorithm in front, ... */
	ALL_OF(rule->step[keys].done, COND_KEYS | COND_SEPS);
	ALL_OF(rule->step[ds].done, COND_KEYS | COND_CDS | COND_DS);
	assert_true(rule->step[ds].holds >> HOLD_KEY & 1);
	assert_true(rule->step[OLD(zsk, REMOVED)].done & COND_DATA_NEW);
	/* ... and what each found at home is looked at everywhere before the next change. */
	ALL_OF(rule->step[FRESH(ksk, READY)].guard, COND_KEYS | COND_SEPS);
	assert_true(rule->step[OLD(ksk, POST)].guard & COND_DS);
	assert_true(rule->step[OLD(zsk, REMOVED)].guard & COND_KEYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_step_binds_nobody),
	    cmocka_unit_test(test_a_rollover_begins_at_rest),
	    cmocka_unit_test(test_it_ends_with_the_right_keys),
	    cmocka_unit_test(test_a_change_is_seen_before_the_next),
	    cmocka_unit_test(test_no_ds_is_lost_to_cds),
	    cmocka_unit_test(test_no_key_goes_back),
	    cmocka_unit_test(test_csync),
	    cmocka_unit_test(test_add),
	    cmocka_unit_test(test_remove),
	    cmocka_unit_test(test_servers_that_do_not_sign),
	    cmocka_unit_test(test_zsk),
	    cmocka_unit_test(test_ksk),
	    cmocka_unit_test(test_algorithm),
	};
	mutations_environment();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
