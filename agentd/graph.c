/*
 * The tables of the processes as JSON. See graph.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/graph.h"
#include "agentd/hold.h"

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

json_t *
graph_json(const struct process_rule *rule)
{
	json_t *steps = json_array();

	for (int i = 0; i < rule->steps; i++) {
		const struct process_step *s = &rule->step[i];
		json_array_append_new(
		    steps,
		    json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:s}", "step", i, "name", s->name,
			      "guard", graph_conditions(s->guard), "effect",
			      graph_effects(s->effect), "done", graph_conditions(s->done), "holds",
			      hold_names(s->holds), "next", s->next != NULL ? s->next : ""));
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
