/*
 * What the readers of signers' configurations share, and the one of PowerDNS. See lint.h.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "msigctl/lint.h"

const char *
lint_kind_name(enum lint_kind kind)
{
	static const char *const names[] = {"knot", "bind", "powerdns", ""};
	return names[kind];
}

void
lint_add(json_t *findings, enum lint_kind kind, const char *check, const char *state,
	 const char *fix, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_t *fixes = json_object(), *said = json_string(text);
	if (fix != NULL && *fix != '\0') {
		json_object_set_new(fixes, lint_kind_name(kind), json_string(fix));
	}
	/* The text may repeat the file, which may be no UTF-8. */
	json_array_append_new(
	    findings, json_pack("{s:s, s:s, s:o, s:o}", "check", check, "state", state, "text",
				said != NULL ? said : json_string("?"), "fix", fixes));
}

uint8_t
lint_algorithm(const char *text)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = {
	    {"rsasha1", 5},          {"rsasha1-nsec3-sha1", 7}, {"rsasha256", 8},
	    {"rsasha512", 10},       {"ecdsap256sha256", 13},   {"ecdsa256", 13},
	    {"ecdsap384sha384", 14}, {"ecdsa384", 14},          {"ed25519", 15},
	    {"ed448", 16},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i].name, text) == 0) {
			return names[i].number;
		}
	}
	unsigned long n = strtoul(text, NULL, 10);
	return n < 256 ? (uint8_t)n : 0;
}

/* The line's first word that is not blank. */
static const char *
word_of(const char *line)
{
	return line + strspn(line, " \t\r");
}

enum lint_kind
lint_kind(const char *text)
{
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *word = word_of(line);
		size_t len = strcspn(word, " \t\r\n:={");
		const char *next = word_of(word + len);
		if (len == 0 || *word == '#') {
			continue;
		}
		if (*next == ':') {
			return LINT_KNOT;
		}
		if (*next == '=' || (*next == '+' && next[1] == '=')) {
			return LINT_POWERDNS;
		}
		if (*next == '{' || *next == '"' || strncmp(word, "include", len) == 0 ||
		    strncmp(word, "//", 2) == 0 || strncmp(word, "/*", 2) == 0) {
			return LINT_BIND;
		}
	}
	return LINT_NOTHING;
}

/* ---- PowerDNS ------------------------------------------------------------------------------ */

/* The value of the last line "name = value", in buf; its names of before 4.5 are known as well. */
static const char *
setting(const char *text, const char *name, char *buf, size_t max)
{
	const char *found = NULL;
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *word = word_of(line);
		size_t len = strcspn(word, " \t\r\n=+");
		const char *value = word + len;
		value += strspn(value, " \t+");
		if (len != strlen(name) || strncmp(word, name, len) != 0 || *value != '=') {
			continue;
		}
		value = word_of(value + 1);
		size_t n = strcspn(value, "\r\n#");
		while (n > 0 && isspace((unsigned char)value[n - 1])) {
			n--;
		}
		n = n < max - 1 ? n : max - 1;
		memcpy(buf, value, n);
		buf[n] = '\0';
		found = buf;
	}
	return found;
}

static bool
is_yes(const char *value)
{
	return value != NULL &&
	       (*value == '\0' || strcasecmp(value, "yes") == 0 || strcasecmp(value, "on") == 0 ||
		strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static bool
either(const char *text, const char *name, const char *old)
{
	char buf[200];
	return is_yes(setting(text, name, buf, sizeof(buf))) ||
	       is_yes(setting(text, old, buf, sizeof(buf)));
}

static void
must(json_t *findings, bool good, const char *line, const char *state, const char *without)
{
	lint_add(findings, LINT_POWERDNS, line, good ? "pass" : state, good ? NULL : line,
		 good ? "it is set%s" : "not set: %s", good ? "" : without);
}

static void
powerdns_algorithm(const char *text, const struct lint_wish *wish, json_t *findings)
{
	static const char *const names[] = {"default-ksk-algorithm", "default-zsk-algorithm"};
	for (size_t i = 0; i < 2 && wish->algorithm != 0; i++) {
		char buf[200];
		const char *value = setting(text, names[i], buf, sizeof(buf));
		/* Without a ZSK's, there is one key, a CSK. */
		uint8_t is = value != NULL && *value != '\0' ? lint_algorithm(value)
			     : i == 0                        ? 13
							     : wish->algorithm;
		bool good = is == wish->algorithm;
		lint_add(findings, LINT_POWERDNS, names[i], good ? "pass" : "warn",
			 good ? NULL : names[i],
			 "algorithm %u, %s%u; it counts when a zone is secured", is,
			 good ? "as the others: " : "but the others have ", wish->algorithm);
	}
}

bool
lint_powerdns(const char *text, const struct lint_wish *wish, json_t *findings)
{
	char buf[400];
	bool keeps = is_yes(setting(text, "direct-dnskey", buf, sizeof(buf)));

	must(findings, keeps, "direct-dnskey=yes", "fail",
	     "DNSKEY, CDS and CDNSKEY of others are not served");
	must(findings, either(text, "secondary", "slave"), "secondary=yes", "fail",
	     "it does not transfer from combinerd");
	must(findings, either(text, "secondary-do-renotify", "slave-renotify"),
	     "secondary-do-renotify=yes", "warn",
	     "unless the zone has SLAVE-RENOTIFY, changes are seen at the next poll only");
	powerdns_algorithm(text, wish, findings);
	if (setting(text, "include-dir", buf, sizeof(buf)) != NULL && *buf != '\0') {
		lint_add(findings, LINT_POWERDNS, "include-dir", "unknown", NULL,
			 "%s is not read: give its files to this command, too", buf);
	}
	lint_add(
	    findings, LINT_POWERDNS, "zone", "warn", NULL,
	    "what the zone itself is set to stands in the database: `pdnsutil show-zone %s` must "
	    "have PUBLISH-CDS, PUBLISH-CDNSKEY, TSIG-ALLOW-AXFR, ALSO-NOTIFY, and no narrow NSEC3",
	    wish->zone);
	return keeps;
}
