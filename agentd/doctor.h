/*
 * Is the own signer fit for a group? What it does with the records of others, and what of its
 * policy shows in its zone: judged from what is known, without a question, a clock or a log.
 *
 * What is not known is UNKNOWN, never PASS. A FAIL has to be mended before a join can end, or
 * breaks the zone later; a WARN costs time or care.
 */
#pragma once

#include "agentd/view.h"

#define DOCTOR_BIND_PUSH                                                                     \
	"type primary; inline-signing no; update-policy { grant KEY zonesub ANY; }; and in " \
	"msig.conf signer-feed: push"

/* id, name, from which state on it is said by itself when this provider is designated (what zones.c
 * says anyhow is not); and what to change: at Knot, BIND, PowerDNS, in msig.conf; in some
 * situations something else (doctor.c). SECONDS is report.roll_delay. A BIND that signs is a
 * primary in all of them: as a secondary it drops the keys of others. */
#define DOCTOR_CHECKS(X)                                                                           \
	X(TRANSFER, "transfer", NEVER,                                                             \
	  "acl: action: [ transfer ] with the key of remote: in msig.conf",                        \
	  "allow-transfer { key KEY; };", "pdnsutil set-meta ZONE TSIG-ALLOW-AXFR KEY",            \
	  "zone: signer:, and the key of that remote:")                                            \
	X(SIGNED, "signed", FAIL, "zone: dnssec-signing: on", "dnssec-policy POLICY;",             \
	  "pdnsutil secure-zone ZONE", "")                                                         \
	X(FOREIGN, "foreign", NEVER, "", "", "", "")                                               \
	X(FOREIGN_DNSKEY, "foreign-dnskey", FAIL,                                                  \
	  "policy: dnskey-management: incremental and delete-delay: 1h", DOCTOR_BIND_PUSH,         \
	  "direct-dnskey=yes", "")                                                                 \
	X(FOREIGN_CDS, "foreign-cds", FAIL,                                                        \
	  "policy: dnskey-management: incremental and cds-cdnskey-publish: always",                \
	  DOCTOR_BIND_PUSH, "direct-dnskey=yes", "")                                               \
	X(FOREIGN_CDNSKEY, "foreign-cdnskey", FAIL,                                                \
	  "policy: dnskey-management: incremental and cds-cdnskey-publish: always",                \
	  DOCTOR_BIND_PUSH, "direct-dnskey=yes", "")                                               \
	X(CSYNC, "csync", FAIL, "zone: master: combinerd", DOCTOR_BIND_PUSH,                       \
	  "pdnsutil change-secondary-zone-primary ZONE COMBINERD", "")                             \
	X(NS, "ns", FAIL, "zone: master: combinerd", DOCTOR_BIND_PUSH,                             \
	  "pdnsutil change-secondary-zone-primary ZONE COMBINERD", "")                             \
	X(LEFT_OVER, "left-over", NEVER,                                                           \
	  "policy: dnskey-management: incremental; never `keymgr delete` "                         \
	  "a published key",                                                                       \
	  "", "", "")                                                                              \
	X(OWN_CDS, "own-cds", FAIL, "policy: cds-cdnskey-publish: always",                         \
	  "dnssec-policy POLICY; (not insecure): named publishes them itself, by its defaults a "  \
	  "day after the keys were made (PublishCDS in the .state file of the KSK)",               \
	  "pdnsutil set-publish-cds ZONE 2, and set-publish-cdnskey ZONE", "")                     \
	X(ALGORITHM, "algorithm", FAIL, "policy: algorithm: that of the group",                    \
	  "dnssec-policy: keys { ... algorithm: that of the group }",                              \
	  "default-ksk-algorithm, default-zsk-algorithm, before secure-zone", "")                  \
	X(KEY_TAGS, "key-tags", FAIL,                                                              \
	  "roll the key: keymgr ZONE generate, then retire the old one",                           \
	  "roll the key: rndc dnssec -rollover -key TAG ZONE",                                     \
	  "roll the key: pdnsutil add-zone-key, then "                                             \
	  "remove-zone-key",                                                                       \
	  "")                                                                                      \
	X(DRIVER, "driver", NEVER, "", "", "", "")                                                 \
	X(ROLLS, "rolls", WARN, "policy: manual: on, or propagation-delay: SECONDS",               \
	  "dnssec-policy: lifetime unlimited, or publish-safety SECONDS",                          \
	  "add-zone-key ZONE zsk inactive; activate-zone-key ZONE not before dnskey-ttl and "      \
	  "SECONDS s have passed",                                                                 \
	  "zone: signer-driver:, and nobody but msig rolls")                                       \
	X(ROLL_DELAY, "roll-delay", WARN,                                                          \
	  "policy: propagation-delay: SECONDS, or zsk-lifetime: 0",                                \
	  "dnssec-policy: publish-safety SECONDS, or lifetime unlimited",                          \
	  "add-zone-key ZONE zsk inactive; activate-zone-key ZONE not before dnskey-ttl and "      \
	  "SECONDS s have passed",                                                                 \
	  "zone: signer-driver:, and msig waits for the others")                                   \
	X(DNSKEY_TTL, "dnskey-ttl", NEVER, "policy: dnskey-ttl: as the others have it",            \
	  "dnssec-policy: dnskey-ttl: as the others have it",                                      \
	  "it is the SOA MINIMUM, which the owner writes", "")                                     \
	X(SIGNATURES, "signatures", NEVER,                                                         \
	  "policy: rrsig-refresh: larger than the largest TTL and a day",                          \
	  "dnssec-policy: signatures-refresh: larger than the largest TTL and a day",              \
	  "it signs as it answers: look at its clock", "")                                         \
	X(SERVERS, "servers", NEVER, "", "", "", "zone: ns: the names of this provider's servers") \
	X(ADDRESSES, "addresses", NEVER, "", "", "",                                               \
	  "addresses that resolvers anywhere can reach")                                           \
	X(OTHERS, "others", NEVER, "", "", "", "")                                                 \
	X(PARENT, "parent", NEVER, "", "", "", "")                                                 \
	X(NOTIFY, "notify", NEVER, "zone: notify: observe", "also-notify { OBSERVE key KEY; };",   \
	  "pdnsutil set-meta ZONE ALSO-NOTIFY OBSERVE, and secondary-do-renotify=yes",             \
	  "observe: listen:")                                                                      \
	X(CONTENT, "content", NEVER, "zone: master: combinerd", DOCTOR_BIND_PUSH,                  \
	  "pdnsutil change-secondary-zone-primary ZONE COMBINERD", "")

enum doctor_check {
#define X(id, name, say, knot, bind, pdns, msig) DOCTOR_##id,
	DOCTOR_CHECKS(X)
#undef X
	    DOCTOR_CHECK_COUNT
};

enum doctor_state {
	DOCTOR_PASS,
	DOCTOR_WARN,
	DOCTOR_FAIL,
	DOCTOR_UNKNOWN,
	DOCTOR_NOT_APPLICABLE,
	DOCTOR_NEVER, /* for the table above: nothing is as bad */
};

#define DOCTOR_TEXT 240
#define DOCTOR_FINDINGS 32 /* a bit each */
#define DOCTOR_FIX 240

/* What the fix depends on, bit each. */
enum doctor_situation {
	DOCTOR_PUSHED = 1, /* signer-feed: push */
	DOCTOR_DRIVEN = 2, /* signer-driver: nobody but signerd moves the keys */
	DOCTOR_BARE = 4,   /* signed: off */
};

struct doctor_finding {
	enum doctor_check check;
	enum doctor_state state;
	uint8_t situation;
	char text[DOCTOR_TEXT];
};

/* What the shell knows beside the view. Times are UTC ms. */
struct doctor_facts {
	int64_t now;
	int64_t loaded;     /* what was shown last before is taken to be shown until then */
	int64_t applied_at; /* when combinerd took the overlay; 0: before agentd started */
	bool lab;
	bool push;              /* combinerd changes the zone at the signer (signer-feed) */
	bool one_algorithm;     /* signerd cannot roll the algorithm of this signer */
	bool followed;          /* the signer's whole zone is known ... */
	const char *trouble;    /* ... or why not; empty: not asked yet */
	int64_t expires;        /* of the first signature in it; 0: there is none */
	uint32_t max_ttl;       /* s */
	bool served, same;      /* combinerd said what it serves; the signer shows that */
	unsigned versions;      /* of the signer's zone that came since start, but for the first */
	unsigned announcements; /* NOTIFY of the signer since start */
};

struct doctor_report {
	int count;
	struct doctor_finding finding[DOCTOR_FINDINGS];
	/* For the policy of the signer: */
	struct rset own;     /* DNSKEYs of this provider at the signer */
	uint8_t algorithm;   /* that the group has; 0: nobody else is known */
	uint32_t dnskey_ttl; /* s, at the signer; 0 unknown */
	uint32_t roll_delay; /* s: how long a new ZSK must be published before it signs, on top of
			      * dnskey-ttl, for all others to have published it as well */
};

void doctor_examine(const struct zone_view *view, const struct doctor_facts *facts,
		    struct doctor_report *report);
/* Nothing failed, and nothing is unknown. */
bool doctor_good(const struct doctor_report *report);

const char *doctor_name(enum doctor_check check);
const char *doctor_state_name(enum doctor_state state);

/* What was said of each check: 0, or how bad it was. */
struct doctor_told {
	uint8_t bad[DOCTOR_CHECK_COUNT];
};
/* Bit per finding of the report: what is new and bad; what is no longer as bad as was said. Then it
 * counts as told. What is unknown now is not mended, and what is not looked at is forgotten. */
void doctor_news(const struct doctor_report *report, struct doctor_told *told, uint32_t *worse,
		 uint32_t *mended);
/* Was it said of any check that it fails? */
bool doctor_unfit(const struct doctor_told *told);

enum doctor_signer { DOCTOR_KNOT, DOCTOR_BIND, DOCTOR_PDNS, DOCTOR_MSIG, DOCTOR_SIGNER_COUNT };
const char *doctor_signer_name(enum doctor_signer signer);
/* What to change at such a signer (or in msig.conf), into buf, which is returned; empty if there is
 * nothing to say. */
const char *doctor_fix(const struct doctor_report *report, const struct doctor_finding *finding,
		       enum doctor_signer signer, char *buf, size_t len);
