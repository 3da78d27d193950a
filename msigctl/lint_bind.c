/*
 * named.conf: words and braces, as far as a zone's signing goes. See lint.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "msigctl/lint.h"
#include "msigctl/words.h"

#define WORD 256
#define POLICY_KEYS 8
#define DAY 86400
#define PUBLISH_SAFETY 3600 /* named's defaults, s */
#define RETIRE_SAFETY 3600
#define ZONE_PROPAGATION_DELAY 300

struct words {
	const char *at;
	char word[WORD]; /* "{", "}", ";" or a word without its quotation marks */
};

/* Over blanks and comments of three kinds. */
static const char *
skip(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\r\n");
		if (*s == '#' || (*s == '/' && s[1] == '/')) {
			s += strcspn(s, "\n");
		} else if (*s == '/' && s[1] == '*') {
			const char *end = strstr(s + 2, "*/");
			s = end != NULL ? end + 2 : s + strlen(s);
		} else {
			return s;
		}
	}
}

static bool
next(struct words *w)
{
	const char *s = skip(w->at);
	bool quoted = *s == '"';
	size_t len;
	if (*s == '\0') {
		return false;
	}
	s += quoted;
	len = quoted                      ? strcspn(s, "\"")
	      : strchr("{};", *s) != NULL ? 1
					  : strcspn(s, " \t\r\n{};\"");
	snprintf(w->word, sizeof(w->word), "%.*s", (int)(len < WORD ? len : WORD - 1), s);
	w->at = s + len;
	w->at += quoted && *w->at == '"';
	return true;
}

/* What the block of a zone says. */
struct zone {
	bool found, inline_yes, inline_no, policy, maintain, updates;
	char type[WORD], policy_name[WORD];
};

/* What its dnssec-policy says. */
struct policy {
	const char *name;
	bool found;
	uint64_t publish_safety, retire_safety, propagation_delay; /* s */
	struct policy_key {
		char line[WORD]; /* as it should be */
		char role[8];
		uint64_t lifetime; /* s; 0: it does not roll */
	} key[POLICY_KEYS];
	unsigned keys;
};

static void
statement(struct zone *z, const char *name, const char *value)
{
	if (strcmp(name, "type") == 0) {
		snprintf(z->type, sizeof(z->type), "%s", value);
	} else if (strcmp(name, "inline-signing") == 0) {
		z->inline_yes = strcasecmp(value, "yes") == 0;
		z->inline_no = strcasecmp(value, "no") == 0;
	} else if (strcmp(name, "dnssec-policy") == 0) {
		z->policy = strcmp(value, "none") != 0;
		snprintf(z->policy_name, sizeof(z->policy_name), "%s", value);
	} else if (strcmp(name, "auto-dnssec") == 0) {
		z->maintain = strcmp(value, "maintain") == 0;
	} else if (strcmp(name, "update-policy") == 0 || strcmp(name, "allow-update") == 0) {
		z->updates = strcmp(value, "none") != 0;
	}
}

/* From behind the zone's name to the end of its block. */
static void
read_zone(struct words *w, struct zone *z)
{
	char first[WORD] = "";
	int depth = 0;
	while (next(w)) {
		if (strcmp(w->word, "{") == 0) {
			depth++;
			if (*first != '\0') {
				statement(z, first, "{");
			}
			*first = '\0';
		} else if (strcmp(w->word, "}") == 0) {
			if (--depth <= 0) {
				return;
			}
		} else if (strcmp(w->word, ";") == 0) {
			*first = '\0';
		} else if (depth == 1 && *first == '\0') {
			snprintf(first, sizeof(first), "%s", w->word);
		} else if (depth == 1 && first[0] != '\0') {
			statement(z, first, w->word);
		}
	}
}

/* "1d12h", "P1DT12H", "129600" as seconds; 0 also for "unlimited". */
static uint64_t
seconds(const char *text)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = {{'S', 1},   {'M', 60},      {'H', 3600},
		     {'D', DAY}, {'W', 7 * DAY}, {'Y', 365 * DAY}};
	bool iso = *text == 'P', date = iso; /* months and minutes are both M there */
	uint64_t all = 0;
	for (const char *s = text + iso; *s != '\0';) {
		char *end;
		if (iso && *s == 'T') {
			date = false;
			s++;
			continue;
		}
		if (*s < '0' || *s > '9') {
			return all;
		}
		uint64_t n = strtoul(s, &end, 10), unit = 1;
		n = n > UINT32_MAX ? UINT32_MAX : n; /* named takes no more */
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (*end != '\0' && strncasecmp(end, &units[i].unit, 1) == 0) {
				unit = date && units[i].unit == 'M' ? 31 * DAY : units[i].seconds;
			}
		}
		all += n * unit;
		s = end + (*end != '\0');
	}
	return all;
}

/* From behind the role of a key to the end of its line. */
static void
read_key(struct words *w, struct policy *p, const char *role)
{
	struct policy_key scratch, *k = p->keys < POLICY_KEYS ? &p->key[p->keys++] : &scratch;
	bool value = false;
	*k = (struct policy_key){0};
	snprintf(k->role, sizeof(k->role), "%.3s", role);
	size_t n = (size_t)snprintf(k->line, sizeof(k->line), "%.3s", role);
	while (next(w) && strcmp(w->word, ";") != 0 && strcmp(w->word, "}") != 0) {
		if (value) {
			k->lifetime = seconds(w->word);
		}
		if (n < sizeof(k->line)) {
			n += (size_t)snprintf(k->line + n, sizeof(k->line) - n, " %s",
					      value ? "unlimited" : w->word);
		}
		value = strcmp(w->word, "lifetime") == 0;
	}
	if (n < sizeof(k->line)) {
		snprintf(k->line + n, sizeof(k->line) - n, ";");
	}
}

static void
policy_statement(struct policy *p, const char *name, const char *value)
{
	const struct {
		const char *name;
		uint64_t *seconds;
	} rows[] = {{"publish-safety", &p->publish_safety},
		    {"retire-safety", &p->retire_safety},
		    {"zone-propagation-delay", &p->propagation_delay}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(name, rows[i].name) == 0) {
			*rows[i].seconds = seconds(value);
		}
	}
}

/* From behind the policy's name to the end of its block. */
static void
read_policy(struct words *w, struct policy *p)
{
	char first[WORD] = "";
	int depth = 0;
	while (next(w)) {
		if (strcmp(w->word, "{") == 0) {
			depth++;
			*first = '\0';
		} else if (strcmp(w->word, "}") == 0) {
			if (--depth <= 0) {
				return;
			}
		} else if (strcmp(w->word, ";") == 0) {
			*first = '\0';
		} else if (depth == 2) { /* of keys: one line each */
			char role[WORD];
			snprintf(role, sizeof(role), "%s", w->word);
			read_key(w, p, role);
			depth -= strcmp(w->word, "}") == 0; /* the last one lacks its semicolon */
		} else if (*first == '\0') {
			snprintf(first, sizeof(first), "%s", w->word);
		} else {
			policy_statement(p, first, w->word);
		}
	}
}

/* The policies that are in named come without a definition; their keys do not roll. */
static void
find_policy(const char *text, struct policy *p)
{
	struct words w = {.at = text};
	p->publish_safety = PUBLISH_SAFETY;
	p->retire_safety = RETIRE_SAFETY;
	p->propagation_delay = ZONE_PROPAGATION_DELAY;
	p->found = strcmp(p->name, "default") == 0;
	while (!p->found && next(&w)) {
		if (strcmp(w.word, "dnssec-policy") == 0 && next(&w) &&
		    strcmp(w.word, p->name) == 0 && *skip(w.at) == '{') {
			p->found = true;
			read_policy(&w, p);
		}
	}
}

static void __attribute__((format(printf, 6, 7)))
policy_add(json_t *findings, const struct policy *p, const char *item, const char *state,
	   const char *fix, const char *fmt, ...)
{
	char check[WORD + 40], text[300];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(check, sizeof(check), "policy %s: %s", p->name, item);
	lint_add(findings, LINT_BIND, check, state, fix, "%s", text);
}

/* A key is used when it was published for publish-safety, zone-propagation-delay and dnskey-ttl,
 * whether the others have it or not. */
static void
judge_times(const struct policy *p, const struct lint_wish *wish, bool rolls, json_t *findings)
{
	uint64_t time = p->publish_safety + p->propagation_delay;
	char fix[60];
	snprintf(fix, sizeof(fix), "publish-safety %" PRIu64 ";",
		 wish->roll_delay > p->propagation_delay ? wish->roll_delay - p->propagation_delay
							 : 0);
	if (time < wish->roll_delay) {
		policy_add(findings, p, "publish-safety", rolls ? "fail" : "warn", fix,
			   "with zone-propagation-delay %" PRIu64
			   " s: a new key is used before the others can have published it; they "
			   "need %" PRIu32 " s, beside dnskey-ttl%s",
			   time, wish->roll_delay,
			   rolls ? "" : " (rndc dnssec -rollover does that)");
	} else if (wish->roll_delay != 0) {
		policy_add(findings, p, "publish-safety", "pass", NULL,
			   "with zone-propagation-delay %" PRIu64 " s; the others need %" PRIu32
			   " s",
			   time, wish->roll_delay);
	}
	if (rolls && p->retire_safety < RETIRE_SAFETY) {
		policy_add(findings, p, "retire-safety", "warn", "retire-safety 1h;",
			   "%" PRIu64 " s: the caches of the others may lag behind for longer",
			   p->retire_safety);
	}
}

static void
judge_lifetime(const struct policy *p, const struct policy_key *k, bool quick, json_t *findings)
{
	char item[30];
	snprintf(item, sizeof(item), "%s lifetime", k->role);
	if (k->lifetime == 0) {
		policy_add(findings, p, item, "pass", NULL,
			   "unlimited: it does not roll by itself");
	} else {
		bool days = k->lifetime >= DAY;
		policy_add(findings, p, item, quick ? "fail" : "warn", k->line,
			   "it rolls every %" PRIu64 " %s by itself, and is used %s",
			   days ? k->lifetime / DAY : k->lifetime, days ? "days" : "s",
			   quick ? "when named's own times say so, not when all have it"
				 : "even if a provider that was down has not published it");
	}
}

static void
judge_policy(const char *text, const struct zone *z, const struct lint_wish *wish, json_t *findings)
{
	struct policy p = {.name = z->policy_name};
	bool rolls = false;
	find_policy(text, &p);
	if (strcmp(p.name, "insecure") == 0) {
		lint_add(findings, LINT_BIND, "dnssec-policy", "fail", "dnssec-policy POLICY;",
			 "insecure: the signatures go, and the parent is asked to drop the DS");
		return;
	}
	if (!p.found) {
		policy_add(findings, &p, "keys", "unknown", NULL,
			   "it is not in this file: give this command what `named-checkconf -p` "
			   "prints");
		return;
	}
	/* Without agentd it is not known what the others need. */
	bool quick =
	    wish->roll_delay == 0 || p.publish_safety + p.propagation_delay < wish->roll_delay;
	for (unsigned i = 0; i < p.keys; i++) {
		rolls = rolls || p.key[i].lifetime != 0;
		judge_lifetime(&p, &p.key[i], quick, findings);
	}
	judge_times(&p, wish, rolls, findings);
}

/* Who moves the keys, there and in msig.conf. */
static void
judge_driver(const struct zone *z, const struct lint_wish *wish, json_t *findings)
{
	if (wish->driver && z->found && !z->maintain) {
		lint_add(findings, LINT_BIND, "auto-dnssec", "fail",
			 "auto-dnssec maintain; in place of dnssec-policy",
			 "msig.conf has signer-driver: bind, and a policy has a clock of its own: "
			 "signerd cannot move the keys");
	} else if (wish->driver && z->found && z->policy) {
		lint_add(findings, LINT_BIND, "auto-dnssec", "fail", "no dnssec-policy",
			 "both auto-dnssec and dnssec-policy");
	} else if (wish->driver && z->found) {
		lint_add(findings, LINT_BIND, "auto-dnssec", "warn", NULL,
			 "signerd moves the keys. What it cannot do with BIND is to roll the "
			 "algorithm: for that, this provider leaves and joins again");
	} else if (z->maintain) {
		lint_add(findings, LINT_BIND, "auto-dnssec", "warn", NULL,
			 "keys are moved by the times in their files: signer-driver: bind in "
			 "msig.conf lets signerd write them, and nobody else may");
	}
}

/* By either of its names. */
static bool
is_primary(const struct zone *z)
{
	return strcmp(z->type, "primary") == 0 || strcmp(z->type, "master") == 0;
}

static void
judge(const struct zone *z, const struct lint_wish *wish, json_t *findings)
{
	if (!z->found) {
		lint_add(findings, LINT_BIND, "zone", "fail", NULL,
			 "there is no zone \"%s\" in this file", wish->zone);
	} else if (!is_primary(z)) {
		lint_add(
		    findings, LINT_BIND, "type", "fail",
		    "type primary; inline-signing no; update-policy { grant KEY zonesub ANY; }; "
		    "and "
		    "in msig.conf signer-feed: push",
		    "%s: a secondary that signs drops DNSKEY of others, and answers SERVFAIL for "
		    "the whole zone when their CDS come",
		    *z->type != '\0' ? z->type : "no type");
	} else if (z->inline_yes || !z->updates) {
		lint_add(findings, LINT_BIND, "inline-signing", "fail",
			 "inline-signing no; update-policy { grant KEY zonesub ANY; };",
			 "inline-signing drops or refuses the records of others");
	} else {
		lint_add(findings, LINT_BIND, "inline-signing", "warn", NULL,
			 "a dynamic primary keeps the records of others; it is fed by UPDATE: "
			 "msig.conf needs signer-feed: push");
	}
	if (z->found && !z->policy && !z->maintain) {
		lint_add(findings, LINT_BIND, "dnssec-policy", "fail", "dnssec-policy POLICY;",
			 "not set: the zone is not signed");
	}
	judge_driver(z, wish, findings);
}

bool
lint_bind(const char *text, const struct lint_wish *wish, json_t *findings)
{
	struct words w = {.at = text};
	struct zone z = {0};
	while (next(&w)) {
		if (strcmp(w.word, "include") == 0 && next(&w)) {
			lint_add(
			    findings, LINT_BIND, "include", "unknown", NULL,
			    "%s is not read: give this command what `named-checkconf -p` prints",
			    w.word);
		} else if (strcmp(w.word, "zone") == 0 && next(&w) && !z.found &&
			   words_same_name(wish->zone, w.word)) {
			z.found = true;
			read_zone(&w, &z);
		}
	}
	judge(&z, wish, findings);
	/* Where signerd is to move the keys, there is to be no policy. */
	if (z.policy && !wish->driver) {
		judge_policy(text, &z, wish, findings);
	}
	return z.found && is_primary(&z) && z.updates && !z.inline_yes;
}
