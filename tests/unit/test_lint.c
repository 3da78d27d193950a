/*
 * Configurations of signers, good ones and ones with a mistake, and what is said of them.
 */
#include "tests/unit/unit.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#include "msigctl/json.h"
#include "msigctl/lint.h"
#include "msigctl/words.h"

static const struct lint_wish wish = {
    .zone = "shop.example.",
    .algorithm = 13,
    .dnskey_ttl = 3600,
    .max_ttl = 86400,
    .roll_delay = 7200,
};

#define KNOT_HEAD "remote:\n  - id: comb\n    address: 127.0.0.1@5381\n"
#define KNOT_POLICY                                                                                \
	"policy:\n  - id: ms\n    algorithm: ecdsap256sha256\n    dnskey-management: "             \
	"incremental\n    delete-delay: 1h\n    cds-cdnskey-publish: always\n    dnskey-ttl: 1h\n" \
	"    zsk-lifetime: 0\n    propagation-delay: 2h\n    rrsig-refresh: 3d\n"
#define KNOT_ZONE                                                                                 \
	"zone:\n  - domain: Shop.example\n    master: comb\n    notify: obs\n    acl: [ a, b ]\n" \
	"    dnssec-signing: on\n    dnssec-policy: ms\n    zonefile-load: difference\n"
#define KNOT KNOT_HEAD KNOT_POLICY KNOT_ZONE
#define BIND(body) "// x\nzone \"shop.example\" IN { " body " };\n"
#define BIND_KSK "ksk key-directory lifetime unlimited algorithm 13; "
#define BIND_POLICY(keys, times) "dnssec-policy \"ms\" { keys { " keys "}; " times " };\n"
#define BIND_ROLLS(keys, times)                                          \
	BIND("type primary; dnssec-policy ms; allow-update { key k; };") \
	BIND_POLICY(keys, times)
#define PDNS "launch=gsqlite3\ndirect-dnskey=yes\nsecondary=yes # no\nslave-renotify = on\n"

typedef bool (*linter)(const char *text, const struct lint_wish *wish, json_t *findings);

static const struct {
	linter f;
	const char *text;
	const char *extra; /* behind it */
	bool keeps;
	const char *check, *state, *word; /* in text or fix; NULL: all pass */
} rows[] = {
    {lint_knot, KNOT, "", true, NULL},
    {lint_knot, KNOT_HEAD KNOT_ZONE, "", false, "zone: dnssec-policy", "fail", "no such policy"},
    {lint_knot, KNOT_POLICY, "", false, "zone", "fail", "no zone shop.example."},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    dnskey-management: full\n", true, NULL},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    manual: on\n", true, NULL},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    ksk-lifetime: 365d\n", true,
     "policy ms: ksk-lifetime", "warn", "365 days"},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    offline-ksk: on\n", true,
     "policy ms: offline-ksk", "fail", "offline-ksk: off"},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    single-type-signing: on\n", true,
     "policy ms: single-type-signing", "warn", ""},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    nsec3-iterations: 10\n", true,
     "policy ms: nsec3-iterations", "warn", ""},
    {lint_knot, KNOT_HEAD KNOT_ZONE KNOT_POLICY, "    cds-digest-type: sha384\n", true,
     "policy ms: cds-digest-type", "fail", "sha256"},
    {lint_knot, KNOT, "    provide-ixfr: off\n", true, "zone: provide-ixfr", "warn", ""},
    {lint_knot, KNOT, "include: more.conf\n", true, "include", "unknown", "more.conf"},
    {lint_knot, KNOT, "  - broken [\n", false, "knot.conf", "unknown", "line "},
    {lint_knot,
     KNOT_HEAD "policy:\n  - id: ms\n    zsk-lifetime: 7d\n    rrsig-lifetime: 1d\n" KNOT_ZONE, "",
     false, "policy ms: dnskey-management", "fail", "full, the default"},
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    algorithm: 13\n" KNOT_ZONE, "", false,
     "policy ms: delete-delay", "fail", "delete-delay: 1h"},
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    cds-cdnskey-publish: none\n" KNOT_ZONE, "",
     false, "policy ms: cds-cdnskey-publish", "fail", "never published"},
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    algorithm: ed25519\n" KNOT_ZONE, "", false,
     "policy ms: algorithm", "fail", "algorithm: 13"},
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    dnskey-ttl: 300\n" KNOT_ZONE, "", false,
     "policy ms: dnskey-ttl", "warn", "dnskey-ttl: 3600"},
    /* Knot's own defaults: 30 days, and an hour, which is too short here. */
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    algorithm: 13\n" KNOT_ZONE, "", false,
     "policy ms: zsk-lifetime", "fail", "30 days"},
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    algorithm: 13\n" KNOT_ZONE, "", false,
     "policy ms: propagation-delay", "fail", "propagation-delay: 7200"},
    {lint_knot,
     KNOT_HEAD "policy:\n  - id: ms\n    propagation-delay: 7199\n    zsk-lifetime: 0\n" KNOT_ZONE,
     "", false, "policy ms: propagation-delay", "warn", "propagation-delay: 7200"},
    {lint_knot,
     KNOT_HEAD "policy:\n  - id: ms\n    propagation-delay: 2h\n    zsk-lifetime: 9d\n" KNOT_ZONE,
     "", false, "policy ms: zsk-lifetime", "warn", "that was down"},
    {lint_knot, KNOT_HEAD "policy:\n  - id: ms\n    rrsig-refresh: 172799\n" KNOT_ZONE, "", false,
     "policy ms: rrsig-refresh", "fail", "rrsig-refresh: 176400"},
    /* What the zone does not say, its template does. */
    {lint_knot,
     KNOT_POLICY
     "template:\n  - id: default\n    dnssec-signing: on\n    dnssec-policy: ms\n    "
     "acl: a\n    notify: o\n    zonefile-load: difference\nzone:\n  - domain: shop.example.\n    "
     "master: m\n",
     "", true, NULL},
    {lint_knot,
     KNOT_POLICY
     "template:\n  - id: default\n    dnssec-signing: on\n    dnssec-policy: ms\n  - id: "
     "t\n    notify: o\nzone:\n  - domain: shop.example.\n    template: t\n",
     "", false, "zone: dnssec-signing", "fail", "not set"},

    {lint_bind, BIND("type secondary; dnssec-policy default; inline-signing yes;"), "", false,
     "type", "fail", "SERVFAIL"},
    {lint_bind,
     BIND("type primary; dnssec-policy default; update-policy { grant k zonesub any; };"), "", true,
     "inline-signing", "warn", "UPDATE"},
    {lint_bind,
     BIND("type master; dnssec-policy default; allow-update { key k; }; inline-signing yes;"), "",
     false, "inline-signing", "fail", "inline-signing no"},
    {lint_bind, BIND("type primary; dnssec-policy default;"), "", false, "inline-signing", "fail",
     ""},
    {lint_bind, BIND("type primary; /* dnssec-policy x; */ allow-update { any; };"), "", true,
     "dnssec-policy", "fail", "not signed"},
    {lint_bind, BIND("type primary; auto-dnssec maintain; allow-update { any; };"), "", true,
     "auto-dnssec", "warn", "signer-driver: bind"},
    {lint_bind, BIND("type master; dnssec-policy default; allow-update { key k; };"), "", true,
     "inline-signing", "warn", "UPDATE"},
    {lint_bind, BIND("type primary; dnssec-policy insecure; allow-update { key k; };"), "", true,
     "dnssec-policy", "fail", "insecure"},
    {lint_bind, BIND("type primary; dnssec-policy ms; allow-update { key k; };"), "", true,
     "policy ms: keys", "unknown", "named-checkconf"},
    /* Of two policies the one that the zone has. */
    {lint_bind,
     "zone \"x\" { dnssec-policy \"ms\"; };\ndnssec-policy \"m\" { keys { zsk lifetime 9d "
     "algorithm "
     "13; }; };\n" BIND_ROLLS(BIND_KSK, ""),
     "", true, "policy ms: ksk lifetime", "pass", "unlimited"},
    {lint_bind, BIND_ROLLS(BIND_KSK "zsk key-directory lifetime 60d algorithm 13;", ""), "", true,
     "policy ms: zsk lifetime", "fail", "zsk key-directory lifetime unlimited algorithm 13;"},
    {lint_bind, BIND_ROLLS(BIND_KSK "zsk lifetime P60D algorithm 13;", ""), "", true,
     "policy ms: zsk lifetime", "fail", "every 60 days"},
    {lint_bind, BIND_ROLLS(BIND_KSK "zsk lifetime P2MT24H algorithm 13;", ""), "", true,
     "policy ms: zsk lifetime", "fail", "every 63 days"},
    {lint_bind, BIND_ROLLS(BIND_KSK "zsk lifetime 1w2d24H algorithm 13;", ""), "", true,
     "policy ms: zsk lifetime", "fail", "every 10 days"},
    {lint_bind, BIND_ROLLS(BIND_KSK "zsk lifetime 12h algorithm 13;", ""), "", true,
     "policy ms: zsk lifetime", "fail", "every 43200 s"},
    {lint_bind, BIND_ROLLS(BIND_KSK, "publish-safety 5124095576030432h;"), "", true,
     "policy ms: publish-safety", "pass", "others need"},
    {lint_bind, BIND_ROLLS("csk lifetime 5184000 algorithm 13;", ""), "", true,
     "policy ms: csk lifetime", "fail", "every 60 days"},
    {lint_bind, BIND_ROLLS("csk lifetime 0 algorithm 13;", ""), "", true, "policy ms: csk lifetime",
     "pass", "unlimited"},
    /* named's own defaults, an hour and 5 minutes, are too short here. */
    {lint_bind, BIND_ROLLS("csk lifetime 60d algorithm 13;", ""), "", true,
     "policy ms: publish-safety", "fail", "publish-safety 6900;"},
    {lint_bind, BIND_ROLLS("csk lifetime 60d algorithm 13;", ""), "", true,
     "policy ms: publish-safety", "fail", "zone-propagation-delay 3900 s"},
    {lint_bind, BIND_ROLLS(BIND_KSK, ""), "", true, "policy ms: publish-safety", "warn",
     "rndc dnssec -rollover"},
    {lint_bind, BIND("type primary; dnssec-policy default; allow-update { key k; };"), "", true,
     "policy default: publish-safety", "warn", "publish-safety 6900;"},
    {lint_bind,
     BIND_ROLLS("csk lifetime 60d algorithm 13;", "publish-safety 1h; zone-propagation-delay 1h;"),
     "", true, "policy ms: publish-safety", "pass", "need 7200 s"},
    {lint_bind,
     BIND_ROLLS("csk lifetime 60d algorithm 13;",
		"publish-safety PT1H; zone-propagation-delay PT59M59S;"),
     "", true, "policy ms: publish-safety", "fail", "publish-safety 3601;"},
    {lint_bind, BIND_ROLLS("csk lifetime 60d algorithm 13;", "publish-safety 2h;"), "", true,
     "policy ms: csk lifetime", "warn", "that was down"},
    {lint_bind, BIND_ROLLS("csk lifetime 60d algorithm 13;", "retire-safety 30m;"), "", true,
     "policy ms: retire-safety", "warn", "retire-safety 1h;"},
    {lint_bind, "zone \"other.example\" { type primary; };", "", false, "zone", "fail", "no zone"},
    {lint_bind, "include \"/etc/bind/more\";\n" BIND("type secondary;"), "", false, "include",
     "unknown", "/etc/bind/more"},
    {lint_bind, "zone \"shop.example\" { type", "", false, "type", "fail", ""},

    {lint_powerdns, PDNS, "", true, "zone", "warn", "show-zone shop.example."},
    {lint_powerdns, PDNS, "direct-dnskey=no\n", false, "direct-dnskey=yes", "fail", "not served"},
    {lint_powerdns, "launch=x\ndirect-dnskey=yes\n", "", true, "secondary=yes", "fail", ""},
    {lint_powerdns, "launch=x\ndirect-dnskey\n yes\n", "", false, "direct-dnskey=yes", "fail", ""},
    {lint_powerdns, PDNS, "default-ksk-algorithm=ed25519\n", true, "default-ksk-algorithm", "warn",
     "the others have 13"},
    {lint_powerdns, PDNS, "include-dir=/etc/powerdns/pdns.d\n", true, "include-dir", "unknown",
     "pdns.d"},
};

static const json_t *
find(const json_t *list, const char *check)
{
	json_t *f;
	JS_EACH(list, f)
	{
		if (strcmp(js_str(f, "check"), check) == 0) {
			return f;
		}
	}
	return NULL;
}

static void
test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		json_t *list = json_array(), *f;
		snprintf(text, sizeof(text), "%s%s", rows[i].text, rows[i].extra);
		if (rows[i].f(text, &wish, list) != rows[i].keeps) {
			fail_msg("row %zu: keeps", i);
		}
		const json_t *found = rows[i].check != NULL ? find(list, rows[i].check) : NULL;
		char *fix = json_dumps(json_object_get(found, "fix"), 0);
		if (rows[i].check == NULL) {
			JS_EACH(list, f)
			{
				if (strcmp(js_str(f, "state"), "pass") != 0) {
					fail_msg("row %zu: %s: %s", i, js_str(f, "check"),
						 js_str(f, "text"));
				}
			}
			assert_true(json_array_size(list) > 5);
		} else if (found == NULL || strcmp(js_str(found, "state"), rows[i].state) != 0 ||
			   (strstr(js_str(found, "text"), rows[i].word) == NULL &&
			    strstr(fix, rows[i].word) == NULL)) {
			fail_msg("row %zu: %s is %s: %s", i, rows[i].check, js_str(found, "state"),
				 js_str(found, "text"));
		}
		free(fix);
		json_decref(list);
	}
}

/* signerd is to move BIND's keys. */
static void
test_bind_driver(void **state)
{
	static const struct {
		const char *text, *state, *word;
	} cases[] = {
	    {BIND("type primary; dnssec-policy p; allow-update { any; };"), "fail", "of its own"},
	    {BIND("type primary; auto-dnssec allow; allow-update { any; };"), "fail", "of its own"},
	    {BIND("type primary; auto-dnssec maintain; dnssec-policy p; allow-update { any; };"),
	     "fail", "both"},
	    {BIND("type primary; auto-dnssec maintain; allow-update { any; };"), "warn",
	     "joins again"},
	};
	struct lint_wish driven = wish;

	driven.driver = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *list = json_array();
		assert_true(lint_bind(cases[i].text, &driven, list));
		const json_t *f = find(list, "auto-dnssec");
		if (strcmp(js_str(f, "state"), cases[i].state) != 0 ||
		    strstr(js_str(f, "text"), cases[i].word) == NULL) {
			fail_msg("case %zu: %s", i, js_str(f, "text"));
		}
		json_decref(list);
	}
}

/* A semicolon is missing: what comes behind the keys is no key. */
static void
test_bind_typo(void **state)
{
	static const char *const texts[] = {
	    BIND_ROLLS("zsk lifetime 60d algorithm 13 ", "publish-safety 3h;"),
	    BIND_ROLLS("zsk lifetime 60d algorithm 13; ", "publish-safety 3h;")};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *list = json_array(), *f;
		size_t keys = 0;
		assert_true(lint_bind(texts[i], &wish, list));
		JS_EACH(list, f)
		{
			keys += strstr(js_str(f, "check"), " lifetime") != NULL;
		}
		assert_int_equal(keys, 1);
		assert_string_equal(js_str(find(list, "policy ms: publish-safety"), "state"),
				    "pass");
		json_decref(list);
	}
}

/* What is not said: of keys that do not roll how long they wait; without agentd, what the others
 * need; where signerd moves the keys, anything of a policy. */
static void
test_bind_silence(void **state)
{
	static const struct {
		const char *text, *check;
		uint32_t roll_delay;
		bool driver;
	} cases[] = {
	    {BIND_ROLLS(BIND_KSK, "retire-safety 0;"), "policy ms: retire-safety", 7200, false},
	    {BIND_ROLLS("csk lifetime 60d algorithm 13;", ""), "policy ms: retire-safety", 7200,
	     false},
	    {BIND_ROLLS(BIND_KSK, ""), "policy ms: publish-safety", 0, false},
	    {BIND_ROLLS(BIND_KSK, ""), "policy ms: ksk lifetime", 7200, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lint_wish with = wish;
		json_t *list = json_array();
		with.roll_delay = cases[i].roll_delay;
		with.driver = cases[i].driver;
		assert_true(lint_bind(cases[i].text, &with, list));
		if (find(list, cases[i].check) != NULL) {
			fail_msg("case %zu", i);
		}
		json_decref(list);
	}
	struct lint_wish alone = wish;
	json_t *list = json_array();
	alone.roll_delay = 0;
	assert_true(lint_bind(BIND_ROLLS("csk lifetime 60d algorithm 13;", "publish-safety 2h;"),
			      &alone, list));
	assert_string_equal(js_str(find(list, "policy ms: csk lifetime"), "state"), "fail");
	json_decref(list);
}

/* Mode B: combinerd has all the say. */
static void
test_all_records(void **state)
{
	static const char text[] = KNOT_HEAD KNOT_ZONE
	    "policy:\n  - id: ms\n    unsafe-operation: [ no-check-keyset, no-update-dnskey ]\n    "
	    "cds-cdnskey-publish: none\n    manual: on\n    dnskey-ttl: 3600\n";
	struct lint_wish all = wish;
	json_t *list = json_array();
	all.all = true;
	assert_true(lint_knot(text, &all, list));
	assert_string_equal(js_str(find(list, "policy ms: unsafe-operation"), "state"), "pass");
	assert_string_equal(js_str(find(list, "policy ms: cds-cdnskey-publish"), "state"), "pass");
	assert_null(find(list, "policy ms: dnskey-management"));
	json_array_clear(list);
	assert_false(lint_knot(KNOT, &all, list));
	assert_string_equal(js_str(find(list, "policy ms: unsafe-operation"), "state"), "fail");
	json_decref(list);
}

/* Whom it fetches from and whom it tells. */
static void
test_neighbours(void **state)
{
	static const struct {
		const char *master, *notify; /* addresses at the signer */
		const char *combiner, *observe;
		bool good_master, good_notify;
	} cases[] = {
	    {"127.0.0.1@5381", "127.0.0.1@5398", "127.0.0.1@5381", "127.0.0.1@5398", true, true},
	    {"127.0.0.1@5381", "127.0.0.1", "127.0.0.1@5381", "127.0.0.1@5398", true, false},
	    {"127.0.0.2@5381", "127.0.0.1@5398", "127.0.0.1@5381", "127.0.0.1@5398", false, true},
	    {"192.0.2.7@5381", "::1@5398", "0.0.0.0@5381", "::@5398", true, true},
	    {"192.0.2.7@5382", "::1@5398", "0.0.0.0@5381", "0.0.0.0@5398", false, false},
	    {"[ 192.0.2.1@1, 127.0.0.1@5381 ]", "2001:db8::1@5398", "127.0.0.1@5381",
	     "2001:db8::1@5398", true, true},
	    {"rubbish", "x@y", "127.0.0.1@5381", "127.0.0.1@5398", false, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[4096];
		struct dnsio_addr combiner, observe;
		struct lint_wish with = wish;
		json_t *list = json_array();
		assert_int_equal(dnsio_addr_parse(cases[i].combiner, 53, &combiner), 0);
		assert_int_equal(dnsio_addr_parse(cases[i].observe, 53, &observe), 0);
		with.combiner = &combiner;
		with.observe = &observe;
		with.combiners = with.observes = 1;
		snprintf(text, sizeof(text),
			 "remote:\n  - id: comb\n    address: %s\n  - id: o\n    address: %s\n"
			 "remotes:\n  - id: obs\n    remote: [ x, o ]\n" KNOT_POLICY KNOT_ZONE,
			 cases[i].master, cases[i].notify);
		assert_true(lint_knot(text, &with, list));
		if ((find(list, "zone: master to combinerd") == NULL) != cases[i].good_master ||
		    (find(list, "zone: notify to observe") == NULL) != cases[i].good_notify) {
			fail_msg("case %zu", i);
		}
		json_decref(list);
	}
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum lint_kind kind;
	} kinds[] = {
	    {KNOT, LINT_KNOT},
	    {"# knot\n\nserver:\n", LINT_KNOT},
	    {PDNS, LINT_POWERDNS},
	    {"#launch\nsetuid=pdns\n", LINT_POWERDNS},
	    {BIND("type primary;"), LINT_BIND},
	    {"options {\n", LINT_BIND},
	    {"include \"x\";\n", LINT_BIND},
	    {"", LINT_NOTHING},
	    {"hello world\n", LINT_NOTHING},
	    {"\n\n#\n", LINT_NOTHING},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_int_equal(lint_kind(kinds[i].text), kinds[i].kind);
	}
	assert_true(words_same_name("shop.example.", "SHOP.example"));
	assert_false(words_same_name("shop.example.", "hop.example."));
	assert_true(words_same_name(".", "."));
}

/* Whatever is cut off or put in, nothing breaks. */
static void
test_mutilated(void **state)
{
	unsigned seed = 7;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned round = 0; round < 200; round++) {
			char text[4096];
			json_t *list = json_array();
			int len = snprintf(text, sizeof(text), "%s%s", rows[i].text, rows[i].extra);
			for (int n = 0; n < 3; n++) {
				seed = seed * 1103515245 + 12345;
				text[(seed >> 8) % (unsigned)len] =
				    "{}[]:;=\"/*#-\n\t x\xff"[seed % 17];
			}
			text[(seed >> 4) % (unsigned)len + 1] = '\0';
			(void)lint_kind(text);
			(void)lint_knot(text, &wish, list);
			(void)lint_bind(text, &wish, list);
			(void)lint_powerdns(text, &wish, list);
			assert_true(json_array_size(list) > 0);
			json_decref(list);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),         cmocka_unit_test(test_bind_driver),
	    cmocka_unit_test(test_bind_silence), cmocka_unit_test(test_bind_typo),
	    cmocka_unit_test(test_all_records),  cmocka_unit_test(test_neighbours),
	    cmocka_unit_test(test_kinds),        cmocka_unit_test(test_mutilated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
