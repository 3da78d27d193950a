/*
 * What the library's work costs: signatures of messages, parsing, verification of an RRset, and the
 * content digest of a zone. One line per figure: operations in a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "libmsig/digest.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/name.h"
#include "libmsig/peermsg.h"
#include "libmsig/sig0.h"
#include "libmsig/statement.h"

#define NOW UINT64_C(1798761600)
#define SECONDS 1.0

static struct {
	struct msig_sig0_key *key;
	knot_rdataset_t keys;
	uint8_t plain[4096], wire[4096];
	size_t plain_len, len;
	struct msig_digest digest;
	unsigned record;
} b;

static void
must(int ret)
{
	if (ret != 0) {
		fprintf(stderr, "%s\n", msig_strerror(ret));
		exit(1);
	}
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void
measure(const char *what, void (*f)(void))
{
	unsigned long n = 0;
	double start = seconds(), now;

	do {
		for (int i = 0; i < 100; i++)
			f();
		n += 100;
		now = seconds();
	} while (now - start < SECONDS);
	printf("%-48s %12.0f /s\n", what, n / (now - start));
}

static void
sign(void)
{
	memcpy(b.wire, b.plain, b.plain_len);
	b.len = b.plain_len;
	must(msig_sig0_sign(b.key, b.wire, &b.len, sizeof(b.wire), NULL, 0, NOW, 300));
}

static void
verify(void)
{
	must(msig_sig0_verify(b.wire, b.len, NULL, 0, &b.keys, NOW, 300, NULL));
}

static void
peek(void)
{
	struct msig_sig0_info info;

	must(msig_sig0_peek(b.wire, b.len, &info));
	must(msig_sig0_check_time(&info, NOW, 300));
}

static void
parse(void)
{
	struct msig_peermsg msg;
	struct msig_statement st;

	must(msig_peermsg_parse(b.wire, b.len, NULL, &msg));
	must(msig_statement_from_peermsg(&msg, &st));
	msig_statement_clear(&st);
	msig_peermsg_clear(&msg);
}

static void
digest(void)
{
	uint8_t owner[] = "\010h1234567\7example";
	uint8_t rdata[4];

	b.record++;
	memcpy(rdata, &b.record, 4);
	memcpy(owner + 3, &b.record, 4);
	must(msig_digest_add(&b.digest, owner + 9, owner, KNOT_RRTYPE_A, 300, rdata, 4));
}

/* A STATE of a provider with a KSK, a ZSK and two name servers. */
static void
state_message(void)
{
	static const char *const servers[] = {"ns1.p1.example.", "ns2.p1.example."};
	uint8_t key[36] = {1, 1, 3, 15};
	knot_dname_storage_t identity, zone, ns;
	struct msig_statement st;
	struct msig_option opt;
	struct msig_peermsg msg;
	struct msig_set *set;

	must(msig_name_parse("msa.p1.example.", identity));
	must(msig_name_parse("shop.example.", zone));
	msig_statement_init(&st, identity, zone);
	set = st.apex.set;
	must(msig_set_add(&set[MSIG_APEX_DNSKEY], key, sizeof(key)));
	key[1] = 0;
	must(msig_set_add(&set[MSIG_APEX_DNSKEY], key, sizeof(key)));
	must(msig_key_cds(zone, &set[MSIG_APEX_DNSKEY], &set[MSIG_APEX_CDS],
			  &set[MSIG_APEX_CDNSKEY]));
	for (int i = 0; i < 2; i++) {
		must(msig_name_parse(servers[i], ns));
		must(msig_set_add(&set[MSIG_APEX_NS], ns, knot_dname_size(ns)));
	}
	msig_option_init(&opt, MSIG_OP_STATE, identity, zone);
	must(msig_statement_to_option(&st, &opt));
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, 1);
	must(msig_peermsg_request(&msg, 1, &opt, &st.apex));
	b.plain_len = sizeof(b.plain);
	must(msig_peermsg_compose(&msg, NULL, b.plain, &b.plain_len));
	msig_peermsg_clear(&msg);
	msig_statement_clear(&st);
}

int
main(void)
{
	static const struct {
		uint8_t algorithm;
		const char *sign, *verify;
	} algorithms[] = {
	    {13, "SIG(0) P-256: sign", "SIG(0) P-256: verify"},
	    {15, "SIG(0) Ed25519: sign", "SIG(0) Ed25519: verify"},
	};

	state_message();
	for (int i = 0; i < 2; i++) {
		must(msig_sig0_key_generate((const uint8_t *)"\3ns1", algorithms[i].algorithm,
					    &b.key));
		must(knot_rdataset_add(&b.keys, msig_sig0_key_rdata(b.key), NULL));
		measure(algorithms[i].sign, sign);
		measure(algorithms[i].verify, verify);
		msig_sig0_key_free(b.key);
	}
	measure("SIG(0): cheap check (name, tag, time)", peek);
	measure("STATE: parse and check", parse);
	measure("content digest: one record", digest);
	knot_rdataset_clear(&b.keys, NULL);
	return 0;
}
