/*
 * The tables of the processes as JSON. See graph.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/graph.h"
#include "agentd/hold.h"
#include "libmsig/msg.h"

static const struct {
	uint32_t effect;
	const char *text;
} effects[] = {
    {EFFECT_KEYS_ADD, "DNSKEY gets the subject's keys"},
    {EFFECT_KEYS_DEL, "DNSKEY loses the subject's keys"},
    {EFFECT_CDS_ADD, "CDS and CDNSKEY get the subject's"},
    {EFFECT_CDS_DEL, "CDS and CDNSKEY lose the subject's"},
    {EFFECT_NS_ADD, "NS gets the subject's servers"},
    {EFFECT_NS_DEL, "NS loses the subject's servers"},
    {EFFECT_CSYNC, "CSYNC is there, during this step"},
};

json_t *
graph_effects(uint32_t mask)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		if ((mask & effects[i].effect) != 0) {
			json_array_append_new(list, json_string(effects[i].text));
		}
	}
	return list;
}

json_t *
graph_conditions(uint32_t mask)
{
	json_t *list = json_array();

	for (int bit = 0; bit < COND_COUNT; bit++) {
		if ((mask >> bit & 1) != 0) {
			json_array_append_new(list, json_string(process_condition_text(bit)));
		}
	}
	return list;
}

static json_t *
hold_names(uint32_t mask)
{
	json_t *list = json_array();

	for (int i = 0; i < HOLD_COUNT; i++) {
		if ((mask >> i & 1) != 0) {
			json_array_append_new(list, json_string(hold_name(i)));
		}
	}
	return list;
}

/* "new KSK: published": what becomes of the roller's keys in this step. */
json_t *
graph_keys(const struct process_keys *fresh, const struct process_keys *old,
	   const struct process_step *before)
{
	static const char *const names[] = {"ZSK", "KSK", "CSK"};
	const uint8_t to[2][3] = {{fresh->zsk, fresh->ksk, fresh->csk},
				  {old->zsk, old->ksk, old->csk}};
	uint8_t from[2][3] = {{0}};
	json_t *list = json_array();

	if (before != NULL) {
		const uint8_t were[2][3] = {
		    {before->fresh.zsk, before->fresh.ksk, before->fresh.csk},
		    {before->old.zsk, before->old.ksk, before->old.csk}};
		memcpy(from, were, sizeof(from));
	}
	for (int which = 0; which < 2; which++) {
		for (int role = 0; role < 3; role++) {
			if (to[which][role] != 0 && to[which][role] != from[which][role]) {
				json_array_append_new(
				    list, json_sprintf("%s %s: %s", which == 0 ? "new" : "old",
						       names[role],
						       msig_key_state_name(to[which][role])));
			}
		}
	}
	return list;
}

/* Where all records come from the overlay, CDS can name both keys for a while. */
static json_t *
roller(const struct process_step *s, const struct process_step *before)
{
	static const char *const names[] = {
	    [CDS_OLD] = "the old key", [CDS_BOTH] = "both keys", [CDS_NEW] = "the new key"};
	json_t *list = graph_keys(&s->fresh, &s->old, before);

	if (before != NULL && s->cds != before->cds && s->done != 0) {
		json_array_append_new(
		    list, json_sprintf("CDS (signer-records: all) names %s", names[s->cds]));
	}
	return list;
}

/* What `msigctl abort` does while a step is executed; said where that changes. */
static const char *
on_abort(const struct process_rule *rule, int step)
{
	if (step < rule->binds) {
		return "gives it up";
	}
	if (step <= rule->turns) {
		return "turns it round: the old keys stay, the new ones go";
	}
	return process_is_rollover(rule->kind)
		   ? "rests it; it only goes forward"
		   : "rests it; it only goes forward, or HSYNC says something else";
}

static json_t *
aborts(const struct process_rule *rule, int step)
{
	json_t *list = json_array();
	const char *now = on_abort(rule, step);

	if (step + 1 < rule->steps && (step == 0 || now != on_abort(rule, step - 1))) {
		json_array_append_new(list, json_string(now));
	}
	return list;
}

json_t *
graph_json(const struct process_rule *rule)
{
	json_t *steps = json_array();

	for (int i = 0; i < rule->steps; i++) {
		const struct process_step *s = &rule->step[i];
		json_array_append_new(
		    steps,
		    json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "step", i, "name",
			      s->name, "guard", graph_conditions(s->guard), "effect",
			      graph_effects(s->effect), "keys", roller(s, i > 0 ? s - 1 : NULL),
			      "done", graph_conditions(s->done), "holds", hold_names(s->holds),
			      "abort", aborts(rule, i), "next", s->next != NULL ? s->next : ""));
	}
	return json_pack("{s:s, s:i, s:i, s:o}", "name", rule->name, "kind", (int)rule->kind,
			 "priority", (int)rule->priority, "steps", steps);
}

const struct process_rule *
graph_find(const char *name)
{
	for (unsigned kind = 1; kind <= UINT8_MAX; kind++) {
		const struct process_rule *rule = process_rule((uint8_t)kind);
		if (rule != NULL && strcmp(rule->name, name) == 0) {
			return rule;
		}
	}
	return NULL;
}

const char *
graph_names(char *buf, size_t len)
{
	size_t n = 0;

	*buf = '\0';
	for (unsigned kind = 1; kind <= UINT8_MAX; kind++) {
		const struct process_rule *rule = process_rule((uint8_t)kind);
		if (rule != NULL && n < len) {
			n += (size_t)snprintf(buf + n, len - n, "%s%s", n > 0 ? ", " : "",
					      rule->name);
		}
	}
	return buf;
}
