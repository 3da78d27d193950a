/*
 * named.conf: words and braces, as far as a zone's signing goes. See lint.h.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "msigctl/lint.h"

#define WORD 256
#define DEPTH 16

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
	char type[WORD];
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

static void
judge(const struct zone *z, const struct lint_wish *wish, json_t *findings)
{
	bool primary = strcmp(z->type, "primary") == 0 || strcmp(z->type, "master") == 0;
	if (!z->found) {
		lint_add(findings, LINT_BIND, "zone", "fail", NULL,
			 "there is no zone \"%s\" in this file", wish->zone);
	} else if (!primary) {
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
			   lint_same_zone(wish->zone, w.word)) {
			z.found = true;
			read_zone(&w, &z);
		}
	}
	judge(&z, wish, findings);
	return z.found && strcmp(z.type, "primary") == 0 && z.updates && !z.inline_yes;
}
