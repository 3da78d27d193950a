/*
 * Words that several renderings share. See words.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "msigctl/json.h"
#include "msigctl/words.h"

/* The word of a state in its colour. */
enum tint
words_tint(const char *state)
{
	static const struct {
		const char *state;
		enum tint tint;
	} tints[] = {
	    {"in-sync", TINT_GOOD}, {"operational", TINT_GOOD}, {"merged", TINT_GOOD},
	    {"plain", TINT_GOOD},   {"moving", TINT_WAIT},      {"waiting", TINT_WAIT},
	    {"blocked", TINT_BAD},  {"frozen", TINT_BAD},       {"refusing", TINT_BAD},
	    {"paused", TINT_WAIT},  {"interrupted", TINT_BAD},  {"degraded", TINT_WAIT},
	};
	for (size_t i = 0; i < sizeof(tints) / sizeof(tints[0]); i++) {
		if (strcmp(tints[i].state, state) == 0) {
			return tints[i].tint;
		}
	}
	return TINT_NONE;
}

/* Who has to act, of a reason's class. */
const char *
words_who(const json_t *reason)
{
	static const struct {
		const char *class, *place, *who;
	} whos[] = {
	    {"until", NULL, "the clock"},       {"parent", NULL, "the parent"},
	    {"peer", NULL, "a peer"},           {"home", "signer", "the signer"},
	    {"home", "combinerd", "combinerd"}, {"home", "observe", "observe"},
	    {"home", NULL, "your server"},      {"blocked", NULL, "you"},
	};
	for (size_t i = 0; i < sizeof(whos) / sizeof(whos[0]); i++) {
		if (strcmp(js_str(reason, "class"), whos[i].class) == 0 &&
		    (whos[i].place == NULL ||
		     strcmp(js_str(reason, "place"), whos[i].place) == 0)) {
			return whos[i].who;
		}
	}
	return "nobody";
}

bool
words_you(const json_t *reason)
{
	return strcmp(js_str(reason, "class"), "blocked") == 0;
}

/* "ds at 127.0.0.1@5300: expected 2 keys, seen 1" */
void
words_reason(const json_t *reason, char *buf, size_t len)
{
	size_t n = (size_t)snprintf(buf, len, "%s", js_str(reason, "object"));
	if (js_has(reason, "place") && n < len) {
		n += (size_t)snprintf(buf + n, len - n, " at %s", js_str(reason, "place"));
	}
	if (js_has(reason, "expected") && n < len) {
		n +=
		    (size_t)snprintf(buf + n, len - n, ": expected %s", js_str(reason, "expected"));
	}
	if (js_has(reason, "seen") && n < len) {
		snprintf(buf + n, len - n, "%s seen %s", js_has(reason, "expected") ? "," : ":",
			 js_str(reason, "seen"));
	}
}

/* The last one of a process is "stop", in which nobody waits. */
uint64_t
words_steps(const json_t *process)
{
	uint64_t steps = js_num(process, "steps");
	return steps > 0 ? steps - 1 : 0;
}

void
words_step(const json_t *process, char *buf, size_t len)
{
	*buf = '\0';
	if (json_is_object(process)) {
		snprintf(buf, len, "%" PRIu64 " of %" PRIu64 ", %s, %s%s",
			 js_num(process, "step") + 1, words_steps(process),
			 js_str(process, "step_name"), js_str(process, "phase"),
			 js_true(process, "turned") ? ", turned round" : "");
	}
}

void
words_short(const char *identity, char *buf, size_t len)
{
	const char *dot = strchr(identity, '.');
	const char *label = dot != NULL && dot[1] != '\0' ? dot + 1 : identity;
	snprintf(buf, len, "%.*s", (int)strcspn(label, "."), label);
}

void
words_join(const json_t *list, const char *key, const char *between, char *buf, size_t len)
{
	const json_t *item;
	size_t n = 0;
	*buf = '\0';
	JS_EACH(list, item)
	{
		const char *s = json_is_string(item) ? json_string_value(item) : js_str(item, key);
		if (n < len) {
			n += (size_t)snprintf(buf + n, len - n, "%s%s", n > 0 ? between : "", s);
		}
	}
}

bool
words_same_name(const char *name, const char *text)
{
	size_t a = strlen(name), b = strlen(text);
	a -= a > 1 && name[a - 1] == '.';
	b -= b > 1 && text[b - 1] == '.';
	return a == b && strncasecmp(name, text, a) == 0;
}
