#include <stdio.h>
#include "tests/unit/zonetext.h"

static const char base_text[] = SOA_TEXT(1)
    "@ NS ns1\n@ NS ns2.elsewhere.\nns1 A 192.0.2.1\nwww A 192.0.2.2\nwww A 192.0.2.3\n"
    "www TXT \"one\" \"two\"\nmail MX 10 ns1\n\\255 A 192.0.2.9\n";

static size_t
diff_count(struct version *a, struct version *b, size_t *removed)
{
	struct store_diff *diff = version_diff(a, b);
	struct rr rr;
	bool in;
	size_t added = 0;

	*removed = 0;
	while (store_diff_next(diff, &in, &rr)) {
		added += in;
		*removed += !in;
	}
	store_diff_free(diff);
	return added;
}

static void
add_find_remove(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, base_text);
	uint32_t ttl;

	assert_int_equal(version_count(v), 9);
	assert_int_equal(version_serial(v), 1);
	assert_int_equal(version_apex(v, KNOT_RRTYPE_NS, &ttl)->count, 2);
	assert_int_equal(ttl, 3600);
	assert_null(version_apex(v, KNOT_RRTYPE_DNSKEY, NULL));
	assert_true(version_has_name(v, (const knot_dname_t *)"\x03WWW\x07" "example"));
	assert_false(version_has_name(v, (const knot_dname_t *)"\x02ww\x07" "example"));

	struct version *w = zonetext_version(v, "www A 192.0.2.3\nmail MX 10 ns1\n", "new A 192.0.2.7\n");
	assert_int_equal(version_count(w), 8);
	assert_int_equal(version_count(v), 9); /* the old one is as it was */
	version_unpin(v);
	assert_int_equal(version_find(w, (const knot_dname_t *)"\x03www\x07" "example",
	                              KNOT_RRTYPE_A, NULL)->count, 1);
	version_unpin(w);
}

static void
absent_is_reported(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, base_text);
	struct change *change = store_begin(v, APEX);
	struct zonetext *zt = zonetext_open("www A 192.0.2.99\nnobody A 192.0.2.2\n", "example.");

	while (zonetext_next(zt))
		assert_int_equal(change_remove(change, &zt->rr), KNOT_ENOENT);
	zonetext_close(zt);
	store_rollback(change);
	version_unpin(v);
}

static void
case_of_names_does_not_matter(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, base_text);
	struct version *w = zonetext_version(v, NULL, "MAIL MX 10 NS1.Example.\n");

	assert_int_equal(version_count(w), version_count(v)); /* the same record */
	version_unpin(w);
	w = zonetext_version(v, "Mail MX 10 nS1.eXample.\n", NULL);
	assert_int_equal(version_count(w), version_count(v) - 1);
	version_unpin(w);
	/* the first of several */
	struct version *more = zonetext_version(v, NULL, "mail MX 20 ns1\nmail MX 30 ns1\n");
	w = zonetext_version(more, "Mail MX 10 NS1\n", NULL);
	assert_int_equal(version_find(w, (const knot_dname_t *)"\x04mail\x07" "example",
	                              KNOT_RRTYPE_MX, NULL)->count, 2);
	version_unpin(w);
	version_unpin(more);
	/* letters of text are data */
	w = zonetext_version(v, NULL, "www TXT \"ONE\" \"two\"\n");
	assert_int_equal(version_count(w), version_count(v) + 1);
	version_unpin(w);
	version_unpin(v);
}

static void
smallest_ttl(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, "www 300 A 192.0.2.1\nwww 60 A 192.0.2.2\n"
	                                                 "www 900 A 192.0.2.3\nwww 30 A 192.0.2.1\n");
	struct version *w = zonetext_version(NULL, NULL, "www 30 A 192.0.2.3\nwww 30 A 192.0.2.2\n"
	                                                 "www 30 A 192.0.2.1\n");
	uint32_t ttl;

	assert_int_equal(version_find(v, (const knot_dname_t *)"\x03www\x07" "example",
	                              KNOT_RRTYPE_A, &ttl)->count, 3);
	assert_int_equal(ttl, 30);
	assert_true(sums_equal(version_sum(v), version_sum(w)));
	version_unpin(v);
	version_unpin(w);
}

#define SIG(covered, ttl, tag) \
	"www " ttl " RRSIG " covered " 13 2 300 20300101000000 20200101000000 " tag " @ AAAA\n"

/* Each signature has the TTL of what it covers (RFC 4034 3), whatever else is signed at that name.
 */
static void
signatures_of_one_name(void **state)
{
	static const knot_dname_t *const www = (const knot_dname_t *)"\x03www\x07"
								     "example";
	struct version *v = zonetext_version(NULL, NULL,
					     SIG("A", "300", "1") SIG("NSEC", "60", "1")
						 SIG("A", "300", "2") SIG("TXT", "900", "1"));
	uint32_t ttl;
	size_t removed;

	assert_int_equal(version_signatures(v, www, KNOT_RRTYPE_A, &ttl)->count, 2);
	assert_int_equal(ttl, 300);
	assert_int_equal(version_signatures(v, www, KNOT_RRTYPE_NSEC, &ttl)->count, 1);
	assert_int_equal(ttl, 60);
	assert_null(version_signatures(v, www, KNOT_RRTYPE_MX, NULL));
	/* one goes, and another one comes with another TTL: nothing else changes */
	struct version *w = zonetext_version(v, SIG("TXT", "900", "1"), SIG("TXT", "30", "2"));
	assert_int_equal(version_signatures(w, www, KNOT_RRTYPE_TXT, &ttl)->count, 1);
	assert_int_equal(ttl, 30);
	assert_int_equal(diff_count(v, w, &removed), 1);
	assert_int_equal(removed, 1);
	assert_int_equal(version_count(w), 4);
	version_unpin(v);
	version_unpin(w);
}

static void
rollback(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, base_text);
	struct rr_sum before = version_sum(v);
	struct change *change = store_begin(v, APEX);

	change_drop(change, APEX, KNOT_RRTYPE_NS);
	change_drop(change, APEX, KNOT_RRTYPE_NS); /* none is no error */
	assert_int_equal(change_count(change), version_count(v) - 2);
	store_rollback(change);
	assert_true(sums_equal(before, version_sum(v)));
	assert_int_equal(version_apex(v, KNOT_RRTYPE_NS, NULL)->count, 2);
	version_unpin(v);
}

static void
diff_says_what_differs(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, base_text);
	struct version *w = zonetext_version(v, "www A 192.0.2.3\n" SOA_TEXT(1),
	                                     SOA_TEXT(2) "a A 192.0.2.1\nz A 192.0.2.1\n");
	size_t removed;

	assert_int_equal(diff_count(v, w, &removed), 3);
	assert_int_equal(removed, 2);
	assert_int_equal(diff_count(w, w, &removed), 0);
	assert_int_equal(removed, 0);
	/* the same content made otherwise: no difference, and the same sum */
	struct version *x = zonetext_version(NULL, NULL, "z A 192.0.2.1\na A 192.0.2.1\n" SOA_TEXT(2)
	    "@ NS ns1\n@ NS ns2.elsewhere.\nns1 A 192.0.2.1\nwww A 192.0.2.2\n"
	    "www TXT \"one\" \"two\"\nmail MX 10 ns1\n\\255 A 192.0.2.9\n");
	assert_int_equal(diff_count(w, x, &removed), 0);
	assert_int_equal(removed, 0);
	assert_true(sums_equal(version_sum(w), version_sum(x)));
	version_unpin(v);
	version_unpin(w);
	version_unpin(x);
}

static void
another_ttl_changes_all(void **state)
{
	struct version *v = zonetext_version(NULL, NULL, "www 300 A 192.0.2.1\nwww 300 A 192.0.2.2\n");
	struct version *w = zonetext_version(NULL, NULL, "www 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n");
	size_t removed;

	assert_int_equal(diff_count(v, w, &removed), 2);
	assert_int_equal(removed, 2);
	version_unpin(v);
	version_unpin(w);
}

/* Random changes against a plain table: every version keeps its content, sums agree, and a diff
 * applied to the old version gives the new one. */
#define NAMES 40
#define TYPES 3
#define VALUES 6

struct model {
	bool in[NAMES][TYPES][VALUES];
};

static void
model_rr(unsigned name, unsigned type, unsigned value, struct rr_room *room, struct rr *rr)
{
	static const uint16_t types[TYPES] = {KNOT_RRTYPE_A, KNOT_RRTYPE_NULL, KNOT_RRTYPE_NS};
	uint8_t data[7] = {5, 'n', 's', (uint8_t)('a' + value), 'x', 'y', 0};
	char text[32];

	snprintf(text, sizeof(text), "n%u.example.", name);
	assert_non_null(knot_dname_from_str(room->owner, text, sizeof(room->owner)));
	knot_rdata_init(rr_room_rdata(room), type == 0 ? 4 : 7, data);
	*rr = (struct rr){room->owner, types[type], 60, rr_room_rdata(room)};
}

static struct version *
model_version(const struct model *model)
{
	static struct rr_room room;
	struct change *change = store_begin(NULL, APEX);
	struct rr rr;

	for (unsigned i = 0; i < NAMES * TYPES * VALUES; i++) {
		unsigned n = i / (TYPES * VALUES), t = i / VALUES % TYPES, v = i % VALUES;
		if (!model->in[n][t][v])
			continue;
		model_rr(n, t, v, &room, &rr);
		assert_int_equal(change_add(change, &rr), 0);
	}
	return store_commit(change);
}

static void
check_same(struct version *a, struct version *b)
{
	struct store_iter *x = version_iterate(a), *y = version_iterate(b);
	struct rr p, q;

	assert_int_equal(version_count(a), version_count(b));
	assert_int_equal(version_bytes(a), version_bytes(b));
	assert_true(sums_equal(version_sum(a), version_sum(b)));
	while (store_iter_next(x, &p)) {
		assert_true(store_iter_next(y, &q));
		assert_true(knot_dname_is_equal(p.owner, q.owner));
		assert_int_equal(p.type, q.type);
		assert_int_equal(p.ttl, q.ttl);
		assert_int_equal(knot_rdata_cmp(p.rdata, q.rdata), 0);
	}
	assert_false(store_iter_next(y, &q));
	store_iter_free(x);
	store_iter_free(y);
}

static struct version *
patch(struct version *from, struct version *to)
{
	static struct rr_room room;
	struct change *change = store_begin(from, APEX);
	struct rr_buf adds = {0};
	struct rr rr;
	bool added;

	struct store_diff *diff = version_diff(from, to);
	while (store_diff_next(diff, &added, &rr)) {
		if (added)
			rr_put(&adds, &rr);
		else
			assert_int_equal(change_remove(change, &rr), 0);
	}
	store_diff_free(diff);
	const uint8_t *at = adds.data, *end = adds.data + adds.len;
	while (at < end) {
		assert_int_equal(rr_get(&at, end, &room, &rr), 0);
		assert_int_equal(change_add(change, &rr), 0);
	}
	rr_buf_clear(&adds);
	return store_commit(change);
}

static void
random_changes(void **state)
{
	static struct model model, old_model;
	static struct rr_room room;
	struct version *now = store_commit(store_begin(NULL, APEX)), *old = version_pin(now);
	struct rr rr;

	srandom(4711);
	for (unsigned round = 0; round < 400; round++) {
		struct change *change = store_begin(now, APEX);
		bool drop = random() % 50 == 0;
		struct model before = model;
		for (unsigned i = (unsigned)random() % 30; i-- > 0;) {
			unsigned n = (unsigned)random() % NAMES, t = (unsigned)random() % TYPES,
			         v = (unsigned)random() % VALUES;
			model_rr(n, t, v, &room, &rr);
			bool add = random() % 2;
			if (add)
				assert_int_equal(change_add(change, &rr), 0);
			else
				assert_int_equal(change_remove(change, &rr),
				                 model.in[n][t][v] ? 0 : KNOT_ENOENT);
			model.in[n][t][v] = add;
		}
		if (drop) {
			store_rollback(change);
			model = before;
			continue;
		}
		struct version *next = store_commit(change);
		struct version *fresh = model_version(&model), *patched = patch(old, next);
		check_same(next, fresh);
		check_same(patched, next);
		version_unpin(fresh);
		version_unpin(patched);
		version_unpin(now);
		now = next;
		if (round % 7 == 0) {
			fresh = model_version(&old_model);
			check_same(old, fresh); /* nobody touched the pinned one */
			version_unpin(fresh);
			version_unpin(old);
			old = version_pin(now);
			old_model = model;
		}
	}
	version_unpin(old);
	version_unpin(now);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(add_find_remove),
	    cmocka_unit_test(absent_is_reported),
	    cmocka_unit_test(case_of_names_does_not_matter),
	    cmocka_unit_test(smallest_ttl),
	    cmocka_unit_test(signatures_of_one_name),
	    cmocka_unit_test(rollback),
	    cmocka_unit_test(diff_says_what_differs),
	    cmocka_unit_test(another_ttl_changes_all),
	    cmocka_unit_test(random_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
