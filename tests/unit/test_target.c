/* The target, and the statements it is made from. */
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/target.h"

#define PAD "00000000000000000000000000000000000000000000000000000000" /* to 32 octets */

static const char *const identities[] = {"msa.p1.example.", "msa.p2.example.", "msa.p3.example."};

static struct msig_statement statements[3];

static void
add(struct msig_set *set, const char *text)
{
	uint8_t data[256];

	assert_int_equal(msig_set_add(set, data, hex(text, data, sizeof(data))), 0);
}

/* Provider i: KSK, ZSK, CDS, CDNSKEY, one name server. */
static void
make_statement(int i)
{
	struct msig_statement *st = &statements[i];
	struct msig_set *set = st->apex.set;
	char text[128];

	msig_statement_init(st, NAME(identities[i]), NAME("example."));
	snprintf(text, sizeof(text), "0101030f 1111%02x00" PAD, i);
	add(&set[MSIG_APEX_DNSKEY], text);
	snprintf(text, sizeof(text), "0100030f 2222%02x00" PAD, i);
	add(&set[MSIG_APEX_DNSKEY], text);
	assert_int_equal(msig_key_cds(st->zone, &set[MSIG_APEX_DNSKEY], &set[MSIG_APEX_CDS],
				      &set[MSIG_APEX_CDNSKEY]),
			 0);
	snprintf(text, sizeof(text), "036e73%02x 00", 0x31 + i);
	add(&set[MSIG_APEX_NS], text);
}

static int
setup(void **state)
{
	for (int i = 0; i < 3; i++)
		make_statement(i);
	return 0;
}

static int
teardown(void **state)
{
	for (int i = 0; i < 3; i++)
		msig_statement_clear(&statements[i]);
	return 0;
}

static void
make_hsync(struct msig_hsync_set *set, const char *const lines[])
{
	knot_rdataset_t rrs = {0};

	for (int i = 0; i < 4 && lines[i] != NULL; i++) {
		struct msig_hsync h;
		uint8_t data[MSIG_HSYNC_RDATA_MAX];
		uint16_t len;
		knot_rdata_t *rr;

		assert_int_equal(msig_hsync_parse(lines[i], 0, &h), 0);
		assert_int_equal(msig_hsync_encode(&h, data, &len), 0);
		rr = rdata_of(data, len);
		assert_int_equal(knot_rdataset_add(&rrs, rr, NULL), 0);
		free(rr);
	}
	if (rrs.count == 0)
		memset(set, 0, sizeof(*set));
	else
		assert_int_equal(msig_hsync_set_decode(&rrs, MSIG_HSYNC_TYPE, 0, set, NULL), 0);
	knot_rdataset_clear(&rrs, NULL);
}

#define ON(n, ns, sign) "ON " ns " " sign " MSA.p" n ".example. ."
#define OFF(n, ns, sign) "OFF " ns " " sign " msa.p" n ".example. ."

#define NOTHING 0x80000000u

/* The expected overlay per provider: letters k DNSKEY, c CDS and CDNSKEY, n NS, y CSYNC. */
static const struct {
	const char *name;
	const char *hsync[4];
	int own;
	enum msig_signer_mode mode;
	bool csync;
	unsigned types[3]; /* 0: what HSYNC permits; else the mask */
	int err;
	const char *expect[3];
} targets[] = {
    {"three signers, AGENT, mode A",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN"), ON("3", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"n", "kcn", "kcn"}},
    {"the same at the second",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN"), ON("3", "AGENT", "SIGN")},
     1,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"kcn", "n", "kcn"}},
    {"mode B",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN"), ON("3", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_ALL,
     false,
     {0},
     0,
     {"kcn", "kcn", "kcn"}},
    {"OWNER keeps NS",
     {ON("1", "OWNER", "SIGN"), ON("2", "OWNER", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"", "kc", ""}},
    {"OWNER keeps NS, whatever the process says",
     {ON("1", "OWNER", "SIGN"), ON("2", "OWNER", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {MSIG_APEX_ALL, MSIG_APEX_ALL, NOTHING},
     0,
     {"", "kc", ""}},
    {"one signer: an empty overlay",
     {ON("1", "OWNER", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"", "", ""}},
    {"NOSIGN gives NS only",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "NOSIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"n", "n", ""}},
    {"we do not sign: the zone arrives signed",
     {ON("1", "AGENT", "NOSIGN"), ON("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"", "", ""}},
    {"nobody signs",
     {ON("1", "AGENT", "NOSIGN"), ON("2", "AGENT", "NOSIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"n", "n", ""}},
    {"the process lets keys in first",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0, MSIG_APEX_BIT(DNSKEY), NOTHING},
     0,
     {"n", "k", ""}},
    {"a leaver stays until its step",
     {ON("1", "AGENT", "SIGN"), OFF("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0, MSIG_APEX_BIT(DNSKEY) | MSIG_APEX_BIT(CDS) | MSIG_APEX_BIT(CDNSKEY), NOTHING},
     0,
     {"n", "kc", ""}},
    {"OFF alone permits nothing, and one alone has nothing to share",
     {ON("1", "AGENT", "SIGN"), OFF("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"", "", ""}},
    {"one alone, mode B: its keys have no other way",
     {ON("1", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_ALL,
     false,
     {0},
     0,
     {"k", "", ""}},
    {"the last step of a leaver, mode B: CDS and NS of who stays",
     {ON("1", "AGENT", "SIGN"), OFF("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_ALL,
     false,
     {0, MSIG_APEX_BIT(DNSKEY), NOTHING},
     0,
     {"kcn", "k", ""}},
    {"not listed",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     0,
     {"n", "kcn", ""}},
    {"CSYNC is ours",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN")},
     1,
     MSIG_SIGNER_FOREIGN,
     true,
     {0},
     0,
     {"kcn", "ny", ""}},
    {"CSYNC of others is not",
     {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0, MSIG_APEX_ALL, 0},
     0,
     {"n", "kcn", ""}},
    {"no HSYNC", {NULL}, 0, MSIG_SIGNER_FOREIGN, false, {0}, MSIG_EDOUBT},
    {"all OFF",
     {OFF("1", "AGENT", "SIGN"), OFF("2", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     MSIG_EDOUBT},
    {"we are not in it",
     {ON("2", "AGENT", "SIGN"), ON("3", "AGENT", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     MSIG_EDOUBT},
    {"NSMGMT differs",
     {ON("1", "AGENT", "SIGN"), ON("2", "OWNER", "SIGN")},
     0,
     MSIG_SIGNER_FOREIGN,
     false,
     {0},
     MSIG_EDOUBT},
};

static unsigned
has(const struct msig_contribution *c, int i)
{
	return c == NULL ? 0 : c->apex.set[i].rrs.count;
}

static void
expect(const struct msig_target *target, int i, const char *letters)
{
	const struct msig_contribution *c = msig_target_find(target, NAME(identities[i]));
	bool cds = strchr(letters, 'c') != NULL;

	print_message("#   %s: %s\n", identities[i], letters);
	assert_int_equal(c != NULL, letters[0] != '\0');
	assert_int_equal(has(c, MSIG_APEX_DNSKEY), strchr(letters, 'k') ? 2 : 0);
	assert_int_equal(has(c, MSIG_APEX_CDS), cds);
	assert_int_equal(has(c, MSIG_APEX_CDNSKEY), cds);
	assert_int_equal(has(c, MSIG_APEX_NS), strchr(letters, 'n') != NULL);
	assert_int_equal(has(c, MSIG_APEX_CSYNC), strchr(letters, 'y') != NULL);
	if (c != NULL) {
		assert_int_equal(c->apex.set[MSIG_APEX_DNSKEY].ttl, strchr(letters, 'k') ? 77 : 0);
		assert_int_equal(c->apex.set[MSIG_APEX_CDS].ttl, cds ? 77 : 0);
		assert_int_equal(c->apex.set[MSIG_APEX_NS].ttl, strchr(letters, 'n') ? 88 : 0);
		assert_int_equal(c->apex.set[MSIG_APEX_CSYNC].ttl, strchr(letters, 'y') ? 88 : 0);
	}
}

static void
test_targets(void **state)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct msig_target_part part[3];
		struct msig_hsync_set hsync;
		struct name own = name_of(identities[targets[i].own]);
		struct msig_target_in in = {
		    .hsync = &hsync,
		    .identity = own.n,
		    .mode = targets[i].mode,
		    .part = part,
		    .count = 3,
		    .key_ttl = 77,
		    .ns_ttl = 88,
		    .csync = targets[i].csync,
		};
		struct msig_target out;

		print_message("# %s\n", targets[i].name);
		make_hsync(&hsync, targets[i].hsync);
		for (int j = 0; j < 3; j++) {
			unsigned types = targets[i].types[j];

			/* In an order of no meaning. */
			part[2 - j].statement = &statements[j];
			part[2 - j].types = types == 0
						? msig_target_types(&hsync, NAME(identities[j]))
					    : types == NOTHING ? 0
							       : types;
		}
		assert_int_equal(msig_target(&in, &out), targets[i].err);
		if (targets[i].err == 0) {
			for (int j = 0; j < 3; j++)
				expect(&out, j, targets[i].expect[j]);
		} else {
			assert_int_equal(out.count, 0);
		}
		msig_target_clear(&out);
		msig_hsync_set_clear(&hsync);
	}
}

/* Equal inputs in another order give equal octets; the union is one set per type. */
static void
test_same_everywhere(void **state)
{
	const char *const lines[] = {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN"),
				     ON("3", "AGENT", "SIGN"), NULL};
	struct msig_target_part part[3];
	struct msig_target out[2];
	struct msig_apex all, empty;
	struct msig_hsync_set hsync;
	struct name own = name_of(identities[0]);
	struct msig_target_in in = {.hsync = &hsync,
				    .identity = own.n,
				    .mode = MSIG_SIGNER_ALL,
				    .part = part,
				    .count = 3,
				    .key_ttl = 1,
				    .ns_ttl = 2};

	make_hsync(&hsync, lines);
	for (int k = 0; k < 2; k++) {
		for (int j = 0; j < 3; j++) {
			part[k == 0 ? j : 2 - j] = (struct msig_target_part){
			    &statements[j], msig_target_types(&hsync, NAME(identities[j]))};
		}
		assert_int_equal(msig_target(&in, &out[k]), 0);
		for (size_t j = 1; j < out[k].count; j++)
			assert_true(
			    msig_name_cmp(out[k].at[j - 1].identity, out[k].at[j].identity) < 0);
	}
	assert_true(msig_target_eq(&out[0], &out[1]));
	msig_apex_init(&all);
	msig_apex_init(&empty);
	assert_int_equal(msig_target_union(&out[0], &all), 0);
	assert_int_equal(all.set[MSIG_APEX_DNSKEY].rrs.count, 6);
	assert_int_equal(all.set[MSIG_APEX_CDS].rrs.count, 3);
	assert_int_equal(all.set[MSIG_APEX_NS].rrs.count, 3);
	assert_int_equal(all.set[MSIG_APEX_NS].ttl, 2);
	msig_apex_clear(&all);

	/* One provider less. */
	msig_target_clear(&out[1]);
	in.count = 2;
	assert_int_equal(msig_target(&in, &out[1]), 0);
	assert_false(msig_target_eq(&out[0], &out[1]));
	assert_false(msig_target_eq(&out[1], &out[0]));
	assert_true(msig_target_shrinks(&out[0], &out[1]));
	assert_false(msig_target_shrinks(&out[1], &out[0]));
	assert_false(msig_target_shrinks(&out[0], &out[0]));
	msig_target_clear(&out[0]);
	msig_target_clear(&out[1]);

	/* As many providers, but others; and the same ones with less. */
	in.count = 1;
	for (int k = 0; k < 2; k++) {
		part[0] = (struct msig_target_part){&statements[k], MSIG_APEX_ALL};
		assert_int_equal(msig_target(&in, &out[k]), 0);
	}
	assert_int_equal(out[0].count, out[1].count);
	assert_false(msig_target_eq(&out[0], &out[1]));
	memcpy(out[1].at[0].identity, out[0].at[0].identity, sizeof(out[0].at[0].identity));
	assert_false(msig_target_eq(&out[0], &out[1]));
	assert_int_equal(msig_apex_copy(&out[1].at[0].apex, &out[0].at[0].apex), 0);
	assert_true(msig_target_eq(&out[0], &out[1]));
	knot_dname_copy_lower(out[1].at[0].identity, NAME("other."));
	assert_false(msig_target_eq(&out[0], &out[1]));
	msig_target_clear(&out[0]);
	msig_target_clear(&out[1]);

	/* One is the beginning of the other. */
	for (int k = 0; k < 2; k++) {
		part[k] = (struct msig_target_part){&statements[k], MSIG_APEX_BIT(DNSKEY)};
		in.count = k + 1;
		assert_int_equal(msig_target(&in, &out[k]), 0);
	}
	assert_false(msig_target_eq(&out[0], &out[1]));
	assert_false(msig_target_eq(&out[1], &out[0]));
	msig_target_clear(&out[0]);
	msig_target_clear(&out[1]);

	/* A provider twice. */
	in.count = 2;
	part[1] = part[0];
	assert_int_equal(msig_target(&in, &out[0]), MSIG_EDUP);
	msig_hsync_set_clear(&hsync);
}

/* Statements --------------------------------------------------------------------------------- */

enum wrong {
	CDS_OF_NO_KEY,
	CDS_ALONE,
	CDNSKEY_ALONE,
	DELETE,
	DELETE_ALONE,
	CSYNC,
	NOT_A_ZONE_KEY,
	PROTOCOL,
	ALGORITHM_0,
	KEY_EMPTY,
	NO_POINT,
	CDS_OF_ZSK,
	CDS_SHA1,
	NS_ROOT,
	NS_TRAIL,
	TOO_MANY,
	WRONGS
};

static void
spoil(struct msig_statement *st, enum wrong wrong)
{
	struct msig_set *set = st->apex.set;
	struct msig_set other;
	uint8_t ds[64];
	uint16_t len;

	msig_set_init(&other, 48);
	switch (wrong) {
	case CDS_OF_NO_KEY: /* of a key that is not stated */
		add(&other, "0101030f 3333"
			    "0000" PAD);
		msig_key_cds(st->zone, &other, &set[MSIG_APEX_CDS], &set[MSIG_APEX_CDNSKEY]);
		break;
	case CDS_ALONE:
		msig_set_clear(&set[MSIG_APEX_CDNSKEY]);
		break;
	case CDNSKEY_ALONE:
		msig_set_clear(&set[MSIG_APEX_CDS]);
		break;
	case DELETE:
		add(&set[MSIG_APEX_CDS], "00000000 00");
		add(&set[MSIG_APEX_CDNSKEY], "00000300 00");
		break;
	case DELETE_ALONE:
		msig_set_clear(&set[MSIG_APEX_CDS]);
		msig_set_clear(&set[MSIG_APEX_CDNSKEY]);
		add(&set[MSIG_APEX_CDS], "00000000 00");
		add(&set[MSIG_APEX_CDNSKEY], "00000300 00");
		break;
	case CSYNC:
		add(&set[MSIG_APEX_CSYNC], "00000000 0001 0001 20");
		break;
	case NOT_A_ZONE_KEY:
		add(&set[MSIG_APEX_DNSKEY], "0001030f 4444");
		break;
	case PROTOCOL:
		add(&set[MSIG_APEX_DNSKEY], "0100020f 4444");
		break;
	case ALGORITHM_0:
		add(&set[MSIG_APEX_DNSKEY], "01000300 4444");
		break;
	case KEY_EMPTY:
		add(&set[MSIG_APEX_DNSKEY], "0100030f");
		break;
	case NO_POINT: /* of P-256: a signer refuses the whole UPDATE */
		add(&set[MSIG_APEX_DNSKEY], "0100030d 01020304" PAD "01020304" PAD);
		break;
	case CDS_OF_ZSK:
		add(&other, "0100030f 22220000" PAD);
		assert_int_equal(msig_key_ds(st->zone, other.rrs.rdata, 2, ds, &len), 0);
		assert_int_equal(msig_set_add(&set[MSIG_APEX_CDS], ds, len), 0);
		add(&set[MSIG_APEX_CDNSKEY], "0100030f 22220000" PAD);
		break;
	case CDS_SHA1: /* a digest that parents no longer take, of the right key */
		add(&set[MSIG_APEX_CDS], "15210f01bdc4c6b07db442df1bc6b29aa6e895d7fed227d9");
		break;
	case NS_ROOT:
		add(&set[MSIG_APEX_NS], "00");
		break;
	case NS_TRAIL:
		add(&set[MSIG_APEX_NS], "0161 00 00");
		break;
	case TOO_MANY:
		for (int i = 0; i < MSIG_STATEMENT_MAX; i++) {
			snprintf((char *)ds, sizeof(ds), "0161 01%02x 00", 'A' + i);
			add(&set[MSIG_APEX_NS], (char *)ds);
		}
		break;
	default:
		break;
	}
	msig_set_clear(&other);
}

static void
test_statement_check(void **state)
{
	assert_int_equal(msig_statement_check(&statements[0]), 0);
	/* SHA-384 beside SHA-256 is good. */
	struct msig_statement good;
	uint8_t ds[MSIG_DS_MAX];
	uint16_t len;
	msig_statement_init(&good, NAME("a."), NAME("a."));
	assert_int_equal(msig_statement_copy(&good, &statements[0]), 0);
	assert_int_equal(
	    msig_key_ds(good.zone, good.apex.set[MSIG_APEX_CDNSKEY].rrs.rdata, 4, ds, &len), 0);
	assert_int_equal(msig_set_add(&good.apex.set[MSIG_APEX_CDS], ds, len), 0);
	assert_int_equal(msig_statement_check(&good), 0);
	msig_statement_clear(&good);
	for (int wrong = 0; wrong < WRONGS; wrong++) {
		struct msig_statement st;
		struct msig_hsync_set hsync;
		const char *const lines[] = {ON("1", "AGENT", "SIGN"), ON("2", "AGENT", "SIGN"),
					     NULL};
		struct name own = name_of(identities[0]);
		struct msig_target_part part = {&st, MSIG_APEX_ALL};
		struct msig_target_in in = {
		    .hsync = &hsync, .identity = own.n, .part = &part, .count = 1};
		struct msig_target out;

		print_message("# wrong %d\n", wrong);
		msig_statement_init(&st, NAME(identities[1]), NAME("example."));
		assert_int_equal(msig_statement_copy(&st, &statements[0]), 0);
		memcpy(st.identity, NAME(identities[1]), sizeof(st.identity));
		spoil(&st, wrong);
		assert_int_equal(msig_statement_check(&st), wrong == TOO_MANY   ? MSIG_ESIZE
							    : wrong == NO_POINT ? MSIG_EKEY
										: MSIG_EVALUE);
		/* The target takes nothing from it either. */
		make_hsync(&hsync, lines);
		assert_int_equal(msig_target(&in, &out), MSIG_EREFUSED);
		assert_int_equal(out.count, 0);
		msig_hsync_set_clear(&hsync);
		msig_statement_clear(&st);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_targets),
	    cmocka_unit_test(test_same_everywhere),
	    cmocka_unit_test(test_statement_check),
	};
	return cmocka_run_group_tests_name("target", tests, setup, teardown);
}
