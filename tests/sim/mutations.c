#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "tests/sim/mutations.h"

#define STEPS_MAX 16
#define KINDS_MAX 8

/* ---- what the database has, group by group ---- */

/* Of struct durable: name, first and last field. The pool is not among them: without it, nothing
 * else can be read. */
#define GROUPS(X)                                                          \
	X("generation", generation, generation)                            \
	X("begun", begun, begun)                                           \
	X("epoch", epoch, epoch)                                           \
	X("counter", counter, counter)                                     \
	X("content", content_epoch, content_counter)                       \
	X("hsync", hsync, hsync)                                           \
	X("pending", pending, pending)                                     \
	X("own", own, own)                                                 \
	X("foreign", foreign, foreign)                                     \
	X("process", process, process)                                     \
	X("process.led", process.led, process.led)                         \
	X("process.executed", process.executed, process.executed)          \
	X("process.votes", process.approved, process.done)                 \
	X("process.executed-at", process.executed_at, process.executed_at) \
	X("process.hold", process.hold, process.hold)                      \
	X("process.keys", process.fresh, process.roles)                    \
	X("process.turned", process.turned, process.turned)                \
	X("ended", ended, ended)                                           \
	X("want", want, want)                                              \
	X("applied-version", applied_epoch, applied_counter)               \
	X("shrink", shrink, shrink)                                        \
	X("keys-since", keys_since, keys_since)                            \
	X("applied", applied, applied)                                     \
	X("orphans", orphans, orphans)                                     \
	X("order", order, order)                                           \
	X("step-mode", step_on, step_off)                                  \
	X("approved", approved, approved)                                  \
	X("recalled", recalled, recalled)                                  \
	X("election", election, election)                                  \
	X("agent-ns", agent_ns, agent_ns)                                  \
	X("share", share, share)                                           \
	X("backoff", backoff, attempts)                                    \
	X("paused", paused, paused)                                        \
	X("clock-floor", clock_floor, clock_floor)                         \
	X("clock", boot, clock_offset)                                     \
	X("doubt", rebuild, doubt)                                         \
	X("differs", differs, differs)

/* Of each provider. */
#define PROVIDER_GROUPS(X)                    \
	X("member", member, member)           \
	X("has", has, has)                    \
	X("contributed", contributed, unsure) \
	X("expelled", expelled, expelled)     \
	X("models", models, models)           \
	X("statement", statement, statement)  \
	X("past", past, past_until)

#define END(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))
struct group {
	const char *name;
	size_t from, to;
};
static const struct group groups[] = {
#define X(name, first, last) {name, offsetof(struct durable, first), END(struct durable, last)},
    GROUPS(X)
#undef X
};
static const struct group provider_groups[] = {
#define X(name, first, last) \
	{name, offsetof(struct view_provider, first), END(struct view_provider, last)},
    PROVIDER_GROUPS(X)
#undef X
};
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
/* Behind them two more, of places. */
#define LOST_HISTORY (COUNT(groups) + COUNT(provider_groups))
#define LOST_NAMED (LOST_HISTORY + 1)

#ifdef MSIG_MUTANTS
uint64_t mutant_mask;
uint32_t world_faults;
static uint64_t lost;
static struct process_rule changed[KINDS_MAX];
static struct process_step changed_step[KINDS_MAX][STEPS_MAX];
static int changes;

const struct process_rule *
mutant_rule(const struct process_rule *rule)
{
	for (int i = 0; i < changes; i++)
		if (changed[i].kind == rule->kind)
			return &changed[i];
	return rule;
}

static void
forget_places(struct durable *d)
{
	for (int i = 0; i < d->places; i++) {
		struct view_place *p = d->place[i];
		for (int t = 0; p != NULL && t < VIEW_TYPE_COUNT && (lost >> LOST_HISTORY & 1);
		     t++) {
			p->history[t].count = 0;
			p->history[t].overflow = 0;
		}
		if (p != NULL && (lost >> LOST_NAMED & 1))
			p->named = p->unnamed = 0;
	}
}

void
mutant_forget(struct durable *d)
{
	for (int i = 0; i < COUNT(groups); i++)
		if (lost >> i & 1)
			memset((uint8_t *)d + groups[i].from, 0, groups[i].to - groups[i].from);
	for (int i = 0; i < COUNT(provider_groups); i++)
		for (int p = 0; p < d->providers && (lost >> (COUNT(groups) + i) & 1); p++)
			memset((uint8_t *)&d->provider[p] + provider_groups[i].from, 0,
			       provider_groups[i].to - provider_groups[i].from);
	if (d->election.term == 0)
		d->election.leader = -1;
	forget_places(d);
}

static void
change_as(struct process_step *step, const struct process_step *other)
{
	step->effect = other->effect;
	step->fresh = other->fresh;
	step->old = other->old;
	step->cds = other->cds;
}

static void
edit_step(struct process_step *step, const struct table_edit *e)
{
	struct process_step was = step[e->step];

	switch (e->what) {
	case EDIT_GUARD:
		step[e->step].guard &= ~(1u << e->bit);
		break;
	case EDIT_DONE:
		step[e->step].done &= ~(1u << e->bit);
		break;
	case EDIT_HOLD:
		step[e->step].holds &= ~(1u << e->bit);
		break;
	case EDIT_SWAP:
		change_as(&step[e->step], &step[e->step + 1]);
		change_as(&step[e->step + 1], &was);
	}
}

static void
edit_table(const struct table_edit *e)
{
	const struct process_rule *rule = process_rule(e->kind);
	int k = 0;

	while (k < changes && changed[k].kind != e->kind)
		k++;
	if (k == changes) {
		changed[k] = *rule;
		memcpy(changed_step[k], rule->step, sizeof(rule->step[0]) * (size_t)rule->steps);
		changed[k].step = changed_step[k];
	}
	edit_step(changed_step[k], e);
	changes = k == changes ? k + 1 : changes;
}
#endif

/* ---- all of them ---- */

static const char *const names[] = {
#define X(name, text) #name,
    MUTANTS(X)
#undef X
};

static const char *const texts[] = {
#define X(name, text) text,
    MUTANTS(X)
#undef X
};

static const char *const world_names[] = {
#define X(name, text) #name,
    WORLD_FAULTS(X)
#undef X
};

static const char *const world_texts[] = {
#define X(name, text) text,
    WORLD_FAULTS(X)
#undef X
};

static const char *const conditions[] = {
#define X(id, text) #id,
    PROCESS_CONDITIONS(X)
#undef X
};

static struct mutation *
add(struct mutation *out, int *n, const char *kind, const char *name, const char *text)
{
	struct mutation *m = &out[(*n)++];
	*m = (struct mutation){0};
	snprintf(m->text, sizeof(m->text), "%s", text);
	snprintf(m->name, sizeof(m->name), "%s:%s", kind, name);
	return m;
}

static bool
same_change(const struct process_step *a, const struct process_step *b)
{
	return a->effect == b->effect && a->cds == b->cds &&
	       memcmp(&a->fresh, &b->fresh, sizeof(a->fresh)) == 0 &&
	       memcmp(&a->old, &b->old, sizeof(a->old)) == 0;
}

static void
add_swaps(struct mutation *out, int *n, const struct process_rule *rule)
{
	for (int i = 0; i + 2 < rule->steps; i++) {
		const struct process_step *a = &rule->step[i], *b = a + 1;
		char name[64], text[100];
		if (same_change(a, b))
			continue;
		snprintf(name, sizeof(name), "%s.%s", rule->name, a->name);
		snprintf(text, sizeof(text), "what %s and %s change is swapped", a->name, b->name);
		struct mutation *m = add(out, n, "swap", name, text);
		m->edit[0] = (struct table_edit){rule->kind, (uint8_t)i, EDIT_SWAP, 0};
		m->edits = 1;
	}
}

static const char *
hold_word(int hold)
{
	return hold == HOLD_LEAVE ? "H_LEAVE" : hold_name((enum view_hold)hold);
}

/* What stands in a row under this mask is not there. */
static void
add_row(struct mutation *out, int *n, const struct process_rule *rule, int step, enum edit what,
	uint32_t mask)
{
	static const char *const kinds[] = {"guard", "done", "hold"};

	for (int bit = 0; bit < 32; bit++) {
		char name[80];
		if ((mask >> bit & 1) == 0)
			continue;
		snprintf(name, sizeof(name), "%s.%s.%s", rule->name, rule->step[step].name,
			 what == EDIT_HOLD ? hold_word(bit) : conditions[bit]);
		struct mutation *m = add(
		    out, n, kinds[what], name,
		    what == EDIT_HOLD ? hold_word(bit)
				      : process_condition_text((enum process_condition_bit)bit));
		m->edit[0] =
		    (struct table_edit){rule->kind, (uint8_t)step, (uint8_t)what, (uint8_t)bit};
		m->edits = 1;
	}
}

static void
add_lost(struct mutation *out, int *n)
{
	for (int i = 0; i < COUNT(groups); i++)
		add(out, n, "persist", groups[i].name, "these fields are not in the database")
		    ->lost = UINT64_C(1) << i;
	for (int i = 0; i < COUNT(provider_groups); i++) {
		char name[40];
		snprintf(name, sizeof(name), "provider.%s", provider_groups[i].name);
		add(out, n, "persist", name, "these fields are not in the database")->lost =
		    UINT64_C(1) << (COUNT(groups) + i);
	}
	add(out, n, "persist", "place.history", "what servers have shown is not in the database")
	    ->lost = UINT64_C(1) << LOST_HISTORY;
	add(out, n, "persist", "place.named", "since when a server is named is not there")->lost =
	    UINT64_C(1) << LOST_NAMED;
}

int
mutations_list(struct mutation out[MUTATIONS_MAX])
{
	int n = 0;

	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		const struct process_rule *rule = process_rule(kind);
		for (int i = 0; i < rule->steps; i++) {
			add_row(out, &n, rule, i, EDIT_GUARD, rule->step[i].guard);
			add_row(out, &n, rule, i, EDIT_DONE, rule->step[i].done);
			add_row(out, &n, rule, i, EDIT_HOLD, rule->step[i].holds);
		}
		add_swaps(out, &n, rule);
	}
	add_lost(out, &n);
	for (int i = 0; i < MUTANT_COUNT; i++)
		add(out, &n, "rule", names[i], texts[i])->mask = UINT64_C(1) << i;
	for (int i = 0; i < WORLD_COUNT; i++)
		add(out, &n, "world", world_names[i], world_texts[i])->world = UINT32_C(1) << i;
	return n;
}

static const struct mutation *
one(const char *name, size_t len)
{
	static struct mutation all[MUTATIONS_MAX];
	static int n;

	if (n == 0)
		n = mutations_list(all);
	for (int i = 0; i < n; i++)
		if (strlen(all[i].name) == len && strncmp(all[i].name, name, len) == 0)
			return &all[i];
	return NULL;
}

void
mutations_join(struct mutation *m, const struct mutation *other)
{
	m->mask |= other->mask;
	m->lost |= other->lost;
	m->world |= other->world;
	for (int i = 0; i < other->edits && m->edits < EDITS_MAX; i++)
		m->edit[m->edits++] = other->edit[i];
}

int
mutations_find(const char *name, struct mutation *out)
{
	size_t len = strcspn(name, "+");
	const struct mutation *m = one(name, len);

	if (m == NULL)
		return 0;
	*out = *m;
	snprintf(out->name, sizeof(out->name), "%s", name);
	for (const char *rest = name + len; *rest == '+'; rest += len) {
		len = strcspn(++rest, "+");
		m = one(rest, len);
		if (m == NULL)
			return 0;
		mutations_join(out, m);
	}
	return 1;
}

/* Swapping two steps that change the same gives the same table; and "stop" is no step. */
void
mutations_none(void)
{
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		const struct process_rule *rule = process_rule(kind);
		for (int i = 0; i + 2 < rule->steps; i++)
			if (same_change(&rule->step[i], &rule->step[i + 1]))
				printf("# no mutation: swap:%s.%s, the next step changes the "
				       "same, so the table stays as it is\n",
				       rule->name, rule->step[i].name);
	}
}

void
mutations_apply(const struct mutation *m)
{
#ifdef MSIG_MUTANTS
	mutant_mask = m == NULL ? 0 : m->mask;
	lost = m == NULL ? 0 : m->lost;
	world_faults = m == NULL ? 0 : m->world;
	changes = 0;
	for (int i = 0; m != NULL && i < m->edits; i++)
		edit_table(&m->edit[i]);
#endif
}

void
mutations_environment(void)
{
	const char *name = getenv("MSIG_MUTANT");
	struct mutation m;

	if (name == NULL)
		return;
	if (mutations_find(name, &m) == 0) {
		fprintf(stderr, "no such mutation: %s\n", name);
		exit(99);
	}
	mutations_apply(&m);
}
