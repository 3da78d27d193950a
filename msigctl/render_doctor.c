/*
 * What doctor found, as text. See render.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msigctl/json.h"
#include "msigctl/render.h"

enum { PASS, WARN, FAIL, UNKNOWN, NOT_APPLICABLE, STATES };

static const struct {
	const char *state, *word;
	enum tint tint;
} states[STATES] = {
    [PASS] = {"pass", "PASS", TINT_GOOD},
    [WARN] = {"warn", "WARN", TINT_WAIT},
    [FAIL] = {"fail", "FAIL", TINT_BAD},
    [UNKNOWN] = {"unknown", "UNKNOWN", TINT_BAD},
    [NOT_APPLICABLE] = {"not-applicable", "N/A", TINT_NONE},
};

/* A word that is not one of these is no PASS either. */
static int
state_of(const json_t *finding)
{
	for (int i = 0; i < STATES; i++) {
		if (strcmp(states[i].state, js_str(finding, "state")) == 0) {
			return i;
		}
	}
	return UNKNOWN;
}

/* A fix with the zone's name in the place of ZONE. */
static void
print_fix(const struct text *t, const char *signer, const char *fix, const char *zone)
{
	char line[1200];
	const char *at;
	snprintf(line, sizeof(line), "at %.20s: ", signer);
	while ((at = strstr(fix, "ZONE")) != NULL) {
		size_t n = strlen(line);
		snprintf(line + n, sizeof(line) - n, "%.*s%s", (int)(at - fix), fix, zone);
		fix = at + 4;
	}
	size_t n = strlen(line);
	snprintf(line + n, sizeof(line) - n, "%s", fix);
	text_wrap(t, 10, "", TINT_NONE, line);
}

static void
print_finding(const struct text *t, const json_t *answer, const json_t *finding)
{
	const json_t *fixes = json_object_get(finding, "fix");
	const char *kind = js_str(answer, "kind"), *signer;
	int state = state_of(finding);
	char lead[16], text[600];
	json_t *fix;
	snprintf(lead, sizeof(lead), "%-8s", states[state].word);
	snprintf(text, sizeof(text), "%.100s: %s", js_str(finding, "check"),
		 js_str(finding, "text"));
	text_wrap(t, 0, lead, states[state].tint, text);
	json_object_foreach((json_t *)(uintptr_t)fixes, signer, fix)
	{
		if (*kind == '\0' || strcmp(kind, signer) == 0 || strcmp(signer, "msig") == 0) {
			print_fix(t, signer, json_is_string(fix) ? json_string_value(fix) : "",
				  js_str(answer, "zone"));
		}
	}
}

void
render_doctor(const struct text *t, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "findings");
	unsigned count[STATES] = {0};
	json_t *f;
	text_field(t, "Zone", TINT_HEAD, "%s%s", js_str(answer, "zone"),
		   js_true(answer, "designated") ? ""
						 : " (the owner does not name us as a signer)");
	if (js_has(answer, "signer")) {
		text_field(t, "Signer", TINT_NONE, "%s", js_str(answer, "signer"));
	}
	/* What must be mended first. */
	static const int order[STATES] = {FAIL, UNKNOWN, WARN, PASS, NOT_APPLICABLE};
	for (int i = 0; i < STATES; i++) {
		JS_EACH(list, f)
		{
			if (state_of(f) == order[i]) {
				print_finding(t, answer, f);
				count[order[i]]++;
			}
		}
	}
	text_line(t, count[FAIL] + count[UNKNOWN] > 0 ? TINT_BAD : TINT_GOOD,
		  "%u passed, %u warned, %u failed, %u unknown", count[PASS], count[WARN],
		  count[FAIL], count[UNKNOWN]);
	if (count[NOT_APPLICABLE] > 0) {
		text_line(t, TINT_NONE, "%u not applicable", count[NOT_APPLICABLE]);
	}
	text_line(t, TINT_NONE, "What others find of this provider: msigctl identity check");
}
