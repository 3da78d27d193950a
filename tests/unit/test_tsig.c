/* TSIG: requests and answers, streams, and every way in which they must not verify. */
#include "tests/unit/unit.h"
#include <time.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/tsig.h"

static knot_tsig_key_t key, other, strong;

static int
setup(void **state)
{
	return knot_tsig_key_init(&key, "hmac-sha256", "k.example.", "c2VjcmV0c2VjcmV0c2VjcmV0") |
	       knot_tsig_key_init(&other, "hmac-sha256", "k.example.", "b3RoZXJvdGhlcm90aGVyb3Ro") |
	       knot_tsig_key_init(&strong, "hmac-sha512", "k.example.", "c2VjcmV0c2VjcmV0c2VjcmV0");
}

static int
teardown(void **state)
{
	knot_tsig_key_deinit(&key);
	knot_tsig_key_deinit(&other);
	knot_tsig_key_deinit(&strong);
	return 0;
}

static const knot_tsig_key_t *
find(void *arg, const knot_dname_t *name)
{
	const knot_tsig_key_t *k = arg;
	return k != NULL && knot_dname_is_case_equal(k->name, name) ? k : NULL;
}

struct message {
	uint8_t wire[4096];
	size_t len;
};

static void
make(struct message *m, uint16_t id, bool answer)
{
	static const uint8_t question[] = "\4shop\7example\0\0\6\0\1";
	memset(m->wire, 0, 12);
	knot_wire_set_id(m->wire, id);
	knot_wire_set_qdcount(m->wire, 1);
	if (answer)
		knot_wire_set_qr(m->wire);
	memcpy(m->wire + 12, question, sizeof(question) - 1);
	m->len = 12 + sizeof(question) - 1;
}

static knot_pkt_t *
parse(const struct message *m)
{
	static uint8_t copy[4096];
	memcpy(copy, m->wire, m->len);
	knot_pkt_t *pkt = knot_pkt_new(copy, m->len, NULL);
	assert_non_null(pkt);
	if (knot_pkt_parse(pkt, 0) != KNOT_EOK) {
		knot_pkt_free(pkt);
		return NULL;
	}
	return pkt;
}

static int
verify_request(const struct message *m, const knot_tsig_key_t *k, struct tsig_ctx *ctx)
{
	knot_pkt_t *pkt = parse(m);
	if (pkt == NULL)
		return KNOT_EMALF;
	int ret = tsig_verify_request(pkt, find, (void *)(uintptr_t)k, ctx);
	knot_pkt_free(pkt);
	return ret;
}

static int
verify_reply(const struct message *m, struct tsig_ctx *ctx)
{
	knot_pkt_t *pkt = parse(m);
	if (pkt == NULL)
		return KNOT_EMALF;
	int ret = tsig_verify_reply(ctx, pkt);
	knot_pkt_free(pkt);
	return ret;
}

static void
sign_reply(struct tsig_ctx *ctx, struct message *m)
{
	size_t before = m->len;
	assert_int_equal(tsig_sign_reply(ctx, m->wire, &m->len, sizeof(m->wire)), 0);
	assert_true(m->len - before <= tsig_space(ctx));
}

static void
test_exchange(void **state)
{
	const knot_tsig_key_t *keys[] = {&key, &strong};
	for (size_t i = 0; i < 2; i++) {
		struct tsig_ctx client = {0}, server;
		struct message q, a;
		make(&q, 7, false);
		assert_int_equal(
		    tsig_sign_request(&client, keys[i], q.wire, &q.len, sizeof(q.wire)), 0);
		assert_int_equal(verify_request(&q, keys[i], &server), 0);
		assert_ptr_equal(server.key, keys[i]);
		make(&a, 7, true);
		sign_reply(&server, &a);
		assert_int_equal(verify_reply(&a, &client), 0);
		assert_int_equal(tsig_verify_end(&client), 0);
		tsig_clear(&client);
	}
	/* Not signed at all. */
	struct tsig_ctx client = {0}, server;
	struct message q, a;
	make(&q, 7, false);
	size_t len = q.len;
	assert_int_equal(tsig_sign_request(&client, NULL, q.wire, &q.len, sizeof(q.wire)), 0);
	assert_int_equal(q.len, len);
	assert_int_equal(verify_request(&q, &key, &server), 0);
	assert_null(server.key);
	make(&a, 7, true);
	sign_reply(&server, &a);
	assert_int_equal(a.len, len);
	assert_int_equal(verify_reply(&a, &client), 0);
	assert_int_equal(tsig_verify_end(&client), 0);
	/* No room. */
	len = q.len;
	assert_int_equal(tsig_sign_request(&client, &key, q.wire, &q.len, q.len + 20), KNOT_ESPACE);
	assert_int_equal(q.len, len);
	tsig_clear(&client);
}

/* An answer that is altered in any bit, or is the answer to something else, does not verify. */
static void
test_no_mutation_verifies(void **state)
{
	struct tsig_ctx client = {0}, server;
	struct message q, a;
	make(&q, 7, false);
	assert_int_equal(tsig_sign_request(&client, &key, q.wire, &q.len, sizeof(q.wire)), 0);
	for (size_t bit = 0; bit < q.len * 8; bit++) {
		struct message m = q;
		m.wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
		int ret = verify_request(&m, &key, &server);
		/* The id is not covered (the original one is); letters of names of the TSIG itself
		 * are compared without case; a message without TSIG is not signed. */
		bool id = bit < 16, case_bit = bit % 8 == 5 && bit / 8 >= 30;
		bool unsigned_now = ret == 0 && server.key == NULL;
		if (ret == 0 && !id && !case_bit && !unsigned_now)
			fail_msg("request verifies with bit %zu changed", bit);
	}
	assert_int_equal(verify_request(&q, &key, &server), 0);
	make(&a, 7, true);
	sign_reply(&server, &a);
	for (size_t bit = 0; bit < a.len * 8; bit++) {
		struct message m = a;
		struct tsig_ctx copy = client;
		m.wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool id = bit < 16, case_bit = bit % 8 == 5 && bit / 8 >= 30;
		if (verify_reply(&m, &copy) == 0 && !id && !case_bit)
			fail_msg("answer verifies with bit %zu changed", bit);
	}
	/* To another question: its MAC is part of what is signed. */
	struct tsig_ctx client2 = {0};
	make(&q, 8, false);
	assert_int_equal(tsig_sign_request(&client2, &key, q.wire, &q.len, sizeof(q.wire)), 0);
	assert_true(verify_reply(&a, &client2) < 0);
	/* Without TSIG. */
	make(&a, 7, true);
	assert_int_equal(verify_reply(&a, &client), KNOT_ENOTSIG);
	assert_int_equal(tsig_verify_end(&client), KNOT_ENOTSIG);
	tsig_clear(&client);
}

/* The TSIG of a request that was signed with key: where its time, fudge and MAC are. */
static uint8_t *
tsig_rdata(struct message *m, const knot_tsig_key_t *k)
{
	return m->wire + m->len - knot_tsig_wire_size(k) + knot_dname_size(k->name) + 10 +
	       knot_dname_size(dnssec_tsig_algorithm_to_dname(k->algorithm));
}

static uint16_t
tsig_error(const struct message *m, size_t *mac_len)
{
	knot_pkt_t *pkt = parse(m);
	assert_non_null(pkt);
	assert_non_null(pkt->tsig_rr);
	*mac_len = knot_tsig_rdata_mac_length(pkt->tsig_rr);
	uint16_t error = knot_tsig_rdata_error(pkt->tsig_rr);
	knot_pkt_free(pkt);
	return error;
}

/* The answers to wrong requests: RFC 8945 5.3.2. */
static void
test_errors(void **state)
{
	static const struct {
		int ret, error;
		bool signed_answer;
	} cases[] = {
	    {KNOT_TSIG_EBADKEY, KNOT_RCODE_BADKEY, false},  /* unknown key */
	    {KNOT_TSIG_EBADKEY, KNOT_RCODE_BADKEY, false},  /* another algorithm */
	    {KNOT_TSIG_EBADSIG, KNOT_RCODE_BADSIG, false},  /* another secret */
	    {KNOT_TSIG_EBADTIME, KNOT_RCODE_BADTIME, true}, /* too old */
	    {KNOT_TSIG_EBADTIME, KNOT_RCODE_BADTIME, true}, /* from the future */
	    {KNOT_TSIG_EBADTIME, KNOT_RCODE_BADTIME,
	     true}, /* older than 300 s, with a fudge of 9 h */
	    {KNOT_TSIG_EBADSIG, KNOT_RCODE_BADSIG, false}, /* too old and forged: MAC before time */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tsig_ctx client = {0}, server;
		struct message q, a;
		make(&q, 7, false);
		assert_int_equal(tsig_sign_request(&client, i == 2 ? &other : &key, q.wire, &q.len,
						   sizeof(q.wire)),
				 0);
		if (i >= 3) {
			/* Signed again by hand, with another time. */
			uint64_t now = (uint64_t)time(NULL);
			knot_pkt_t *pkt = parse(&q);
			knot_rrset_t rr = *pkt->tsig_rr;
			size_t len = pkt->size;
			knot_tsig_rdata_set_time_signed(&rr, i == 4 ? now + 302 : now - 302);
			if (i == 5)
				knot_tsig_rdata_set_fudge(&rr, 32400);
			/* header and question, then key, class, TTL, algorithm, time, fudge, error,
			 * other */
			uint8_t data[1024];
			memcpy(data, pkt->wire, len);
			uint8_t *p = data + len;
			memcpy(p, key.name, knot_dname_size(key.name));
			p += knot_dname_size(key.name);
			memcpy(p, "\0\xff\0\0\0\0", 6);
			p += 6;
			const uint8_t *alg = dnssec_tsig_algorithm_to_dname(key.algorithm);
			memcpy(p, alg, knot_dname_size(alg));
			p += knot_dname_size(alg);
			knot_wire_write_u48(p, knot_tsig_rdata_time_signed(&rr));
			knot_wire_write_u16(p + 6, knot_tsig_rdata_fudge(&rr));
			memset(p + 8, 0, 4);
			p += 12;
			dnssec_tsig_ctx_t *hmac;
			uint8_t mac[64];
			assert_int_equal(dnssec_tsig_new(&hmac, key.algorithm, &key.secret), 0);
			dnssec_binary_t all = {(size_t)(p - data), data};
			dnssec_tsig_add(hmac, &all);
			dnssec_tsig_write(hmac, mac);
			dnssec_tsig_free(hmac);
			uint8_t *rdata = tsig_rdata(&q, &key);
			knot_wire_write_u48(rdata, knot_tsig_rdata_time_signed(&rr));
			knot_wire_write_u16(rdata + 6, knot_tsig_rdata_fudge(&rr));
			mac[3] ^= i == 6;
			memcpy(rdata + 10, mac, 32);
			knot_pkt_free(pkt);
		}
		const knot_tsig_key_t *known = i == 0 ? NULL : i == 1 ? &strong : &key;
		int ret = verify_request(&q, known, &server);
		if (ret != cases[i].ret)
			fail_msg("case %zu: %d, expected %d", i, ret, cases[i].ret);
		assert_int_equal(server.error, cases[i].error);
		make(&a, 7, true);
		knot_wire_set_rcode(a.wire, KNOT_RCODE_NOTAUTH);
		sign_reply(&server, &a);
		size_t mac_len;
		assert_int_equal(tsig_error(&a, &mac_len), cases[i].error);
		assert_int_equal(mac_len > 0, cases[i].signed_answer);
		/* What the client makes of it. The MAC of case 3 and later is not the one it sent.
		 */
		if (i >= 3)
			memcpy(client.mac, tsig_rdata(&q, &key) + 10, 32);
		assert_int_equal(verify_reply(&a, &client), cases[i].ret);
		assert_int_equal(client.error, cases[i].error);
		tsig_clear(&client);
	}
}

static void
test_malformed(void **state)
{
	struct tsig_ctx client = {0}, server;
	struct message q;
	for (int i = 0; i < 5; i++) {
		make(&q, 7, false);
		assert_int_equal(tsig_sign_request(&client, &key, q.wire, &q.len, sizeof(q.wire)),
				 0);
		uint8_t *rr =
		    q.wire + q.len - knot_tsig_wire_size(&key) + knot_dname_size(key.name);
		uint8_t *rdata = tsig_rdata(&q, &key);
		if (i == 0)
			rr[3] = 1; /* class IN */
		if (i == 1)
			rr[7] = 60; /* TTL */
		if (i == 2 || i == 3) {
			/* A MAC cut to 16 octets could be right, one of 4 is malformed. */
			size_t cut = i == 2 ? 16 : 4;
			memmove(rdata + 10 + cut, rdata + 10 + 32, 6);
			rdata[9] = (uint8_t)cut;
			q.len -= 32 - cut;
			uint16_t rdlen = (uint16_t)(rr[8] << 8 | rr[9]);
			knot_wire_write_u16(rr + 8, (uint16_t)(rdlen - (32 - cut)));
		}
		if (i == 4) {
			/* Not the last record. */
			memcpy(q.wire + q.len, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
			q.len += 11;
			knot_wire_set_arcount(q.wire, 2);
		}
		int ret = verify_request(&q, &key, &server);
		if (i == 2)
			assert_int_equal(server.error, KNOT_RCODE_BADSIG);
		else
			assert_int_equal(ret, KNOT_EMALF);
		assert_true(ret < 0);
		assert_null(server.key);
	}
	tsig_clear(&client);
}

/* A stream of count messages of which every nth is signed, and the last one. */
static int
stream(int count, int nth, int lose, int swap)
{
	struct tsig_ctx client = {0}, server;
	static struct message m[300];
	struct message q;
	make(&q, 7, false);
	assert_int_equal(tsig_sign_request(&client, &key, q.wire, &q.len, sizeof(q.wire)), 0);
	assert_int_equal(verify_request(&q, &key, &server), 0);
	size_t from = 0;
	uint8_t all[300 * 64];
	size_t all_len = 0;
	for (int i = 0; i < count; i++) {
		make(&m[i], 7, true);
		knot_wire_write_u16(m[i].wire + 6, 0);
		m[i].wire[3] = (uint8_t)0;
		m[i].wire[2] |= 4;
		if (i == 0) {
			sign_reply(&server, &m[i]);
			from = 1;
			continue;
		}
		memcpy(all + all_len, m[i].wire, m[i].len);
		all_len += m[i].len;
		if (nth == 0 || (i % nth != 0 && i != count - 1))
			continue;
		/* What tsig_sign_reply() does for nth = 1; other servers sign less often. */
		uint8_t mac[64];
		size_t mac_len = sizeof(mac);
		if (nth == 1) {
			sign_reply(&server, &m[i]);
		} else {
			assert_int_equal(
			    knot_tsig_sign_next(m[i].wire, &m[i].len, sizeof(m[i].wire), server.mac,
						server.mac_len, mac, &mac_len, &key, all, all_len),
			    0);
			memcpy(server.mac, mac, mac_len);
		}
		all_len = 0;
	}
	(void)from;
	if (swap > 0) {
		struct message t = m[swap];
		m[swap] = m[swap + 1];
		m[swap + 1] = t;
	}
	int ret = 0;
	for (int i = 0; i < count && ret == 0; i++) {
		if (i != lose)
			ret = verify_reply(&m[i], &client);
	}
	if (ret == 0)
		ret = tsig_verify_end(&client);
	tsig_clear(&client);
	return ret;
}

static void
test_streams(void **state)
{
	assert_int_equal(stream(1, 1, -1, 0), 0);
	assert_int_equal(stream(300, 1, -1, 0), 0);
	assert_int_equal(stream(250, 100, -1, 0), 0); /* 99 without, between signed ones */
	assert_int_equal(stream(30, 7, -1, 0), 0);
	assert_int_equal(stream(250, 101, -1, 0), KNOT_ENOTSIG); /* 100 are too many */
	assert_int_equal(stream(20, 0, -1, 0), KNOT_ENOTSIG);    /* the last one must be signed */
	assert_int_equal(stream(20, 5, 0, 0), KNOT_ENOTSIG);     /* the first one as well */
	for (int lose = 1; lose < 20; lose++)
		assert_true(stream(20, 5, lose, 0) < 0); /* nothing may be missing */
	assert_true(stream(20, 1, -1, 8) < 0);           /* or come in another order */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exchange), cmocka_unit_test(test_no_mutation_verifies),
	    cmocka_unit_test(test_errors),   cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_streams),
	};
	return cmocka_run_group_tests_name("tsig", tests, setup, teardown);
}
