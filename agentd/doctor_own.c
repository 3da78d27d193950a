/*
 * The signer's own keys, signatures and CDS. See doctor.h.
 */
#include "agentd/agree.h"
#include "agentd/doctor_int.h"
#include "agentd/roll.h"
#include "agentd/tags.h"
#include "libmsig/key.h"

void
exam_own_keys(struct exam *e)
{
	struct rset set = exam_shown_set(e, VIEW_DNSKEY);

	/* Before the core has learnt which are ours: what nobody gave. */
	e->report->own = rset_minus(set, rset_or(e->view->d.foreign, e->given[VIEW_DNSKEY]));
	if (!rset_empty(e->view->d.own))
		e->report->own = rset_and(set, e->view->d.own);
}

void
exam_is_signed(struct exam *e)
{
	const struct view_version *keys = exam_shown(e, VIEW_DNSKEY),
				  *soa = exam_shown(e, VIEW_SOA);

	if (keys == NULL || soa == NULL)
		exam_found(e, DOCTOR_SIGNED, DOCTOR_UNKNOWN, "signatures at the signer: %s",
			   exam_why_not(e, keys == NULL ? VIEW_DNSKEY : VIEW_SOA));
	else if (keys->absent || rset_empty(keys->signers) || rset_empty(soa->signers))
		exam_found(e, DOCTOR_SIGNED, DOCTOR_FAIL, "the signer's zone is not signed");
	else if (soa->alien != 0 && !roll_expects(e->view, soa->alien))
		exam_found(e, DOCTOR_SIGNED, DOCTOR_FAIL,
			   "signed by a key that is not in DNSKEY: %u/%u",
			   VIEW_ALIEN_ALGORITHM(soa->alien), VIEW_ALIEN_TAG(soa->alien));
	else
		exam_found(
		    e, DOCTOR_SIGNED, DOCTOR_PASS, "signed by %d of %d own keys",
		    rset_count(rset_and(rset_or(keys->signers, soa->signers), e->report->own)),
		    rset_count(e->report->own));
}

void
exam_unsigned(struct exam *e)
{
	static const enum doctor_check checks[] = {DOCTOR_FOREIGN_DNSKEY, DOCTOR_OWN_CDS,
						   DOCTOR_ALGORITHM,      DOCTOR_KEY_TAGS,
						   DOCTOR_DNSKEY_TTL,     DOCTOR_SIGNATURES};
	const struct view_version *keys = exam_shown(e, VIEW_DNSKEY);

	if (keys == NULL)
		exam_found(e, DOCTOR_SIGNED, DOCTOR_UNKNOWN, "DNSKEY at the server: %s",
			   exam_why_not(e, VIEW_DNSKEY));
	else if (!keys->absent)
		exam_found(e, DOCTOR_SIGNED, DOCTOR_FAIL,
			   "the server shows DNSKEY, and msig.conf says signed: off");
	else
		exam_found(e, DOCTOR_SIGNED, DOCTOR_NOT_APPLICABLE, "nobody signs this zone");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		exam_found(e, checks[i], DOCTOR_NOT_APPLICABLE, "nobody signs this zone");
}

static bool
deletes(const struct exam *e, struct rset set)
{
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		if (e->view->d.pool.at[i].alg == 0)
			return true;
	return false;
}

void
exam_own_cds(struct exam *e)
{
	const struct rpool *pool = &e->view->d.pool;
	const struct view_version *cds = exam_shown(e, VIEW_CDS),
				  *cdnskey = exam_shown(e, VIEW_CDNSKEY);
	struct rset both = rset_and(rpool_keys(pool, exam_shown_set(e, VIEW_CDS)),
				    rpool_keys(pool, exam_shown_set(e, VIEW_CDNSKEY)));
	struct rset ksk = RSET_NONE;
	char text[100];

	if (e->view->config.mode != VIEW_MODE_FOREIGN)
		return;
	for (int i = rset_next(&e->report->own, 0); i >= 0; i = rset_next(&e->report->own, i + 1))
		if ((pool->at[i].flags & MSIG_DNSKEY_SEP) != 0)
			rset_add(&ksk, i);
	if (cds == NULL || cdnskey == NULL)
		exam_found(e, DOCTOR_OWN_CDS, DOCTOR_UNKNOWN, "CDS and CDNSKEY at the signer: %s",
			   exam_why_not(e, cds == NULL ? VIEW_CDS : VIEW_CDNSKEY));
	else if (rset_empty(ksk))
		exam_found(e, DOCTOR_OWN_CDS, DOCTOR_UNKNOWN,
			   "no key signing key of the signer is known");
	else if (deletes(e, exam_shown_set(e, VIEW_CDS)))
		exam_found(e, DOCTOR_OWN_CDS, DOCTOR_FAIL,
			   "its CDS asks the parent to make the zone insecure");
	else if (!rset_meets(ksk, both))
		exam_found(
		    e, DOCTOR_OWN_CDS, DOCTOR_FAIL,
		    "no CDS with CDNSKEY for its own key %s: the parent would be told to drop it",
		    exam_keys_text(e, ksk, text, sizeof(text)));
	else if (!rset_within(ksk, both))
		exam_found(e, DOCTOR_OWN_CDS, DOCTOR_WARN,
			   "no CDS with CDNSKEY for %s (right while it rolls)",
			   exam_keys_text(e, rset_minus(ksk, both), text, sizeof(text)));
	else
		exam_found(e, DOCTOR_OWN_CDS, DOCTOR_PASS,
			   "it publishes CDS and CDNSKEY of its own");
}

/* What the others have stated. Who has left may have other keys, and they are nobody's affair. */
static struct rset
keys_of_others(const struct zone_view *view)
{
	struct rset all = RSET_NONE;

	for (int p = 1; p < VIEW_PROVIDERS; p++)
		if (agree_concerns(view, p))
			all = rset_or(all, view->d.provider[p].statement.dnskey);
	return all;
}

void
exam_algorithm(struct exam *e)
{
	const struct zone_view *view = e->view;
	const struct rpool *pool = &view->d.pool;
	uint64_t ours[4] = {0}, theirs[4] = {0};
	struct rset others = keys_of_others(view);
	bool same = true;

	for (int i = rset_next(&e->report->own, 0); i >= 0; i = rset_next(&e->report->own, i + 1))
		ours[pool->at[i].alg / 64] |= UINT64_C(1) << pool->at[i].alg % 64;
	for (int i = rset_next(&others, 0); i >= 0; i = rset_next(&others, i + 1)) {
		theirs[pool->at[i].alg / 64] |= UINT64_C(1) << pool->at[i].alg % 64;
		e->report->algorithm = pool->at[i].alg;
	}
	for (int i = 0; i < 4; i++)
		same = same && ours[i] == theirs[i];
	if (rset_empty(e->report->own))
		exam_found(e, DOCTOR_ALGORITHM, DOCTOR_UNKNOWN, "no key of the signer is known");
	else if (rset_empty(others))
		exam_found(e, DOCTOR_ALGORITHM, DOCTOR_PASS,
			   "algorithm %u; no other provider has stated its keys yet",
			   pool->at[rset_next(&e->report->own, 0)].alg);
	else if (same)
		exam_found(e, DOCTOR_ALGORITHM, DOCTOR_PASS, "the same as at the others: %u",
			   e->report->algorithm);
	else
		exam_found(
		    e, DOCTOR_ALGORITHM, DOCTOR_FAIL,
		    "its keys have algorithm %u, those of the others %u: all must have the same",
		    pool->at[rset_next(&e->report->own, 0)].alg, e->report->algorithm);
}

void
exam_driver(struct exam *e)
{
	if (e->facts->one_algorithm)
		exam_found(
		    e, DOCTOR_DRIVER, DOCTOR_WARN,
		    "signerd rolls the keys of BIND, but not their algorithm: named signs only "
		    "with keys that are in DNSKEY; for that, this provider leaves, the others "
		    "roll, and it joins again");
}

/* All of them, those between two others as well: no join is approved with any. */
void
exam_key_tags(struct exam *e)
{
	const struct zone_view *view = e->view;
	struct rset clash[TAGS_CLASHES], theirs = keys_of_others(view);
	int count = tags_clashes(view, e->report->own, clash);
	char whose[150];

	for (int i = 0; i < count && i < TAGS_CLASHES; i++)
		exam_found(e, DOCTOR_KEY_TAGS, DOCTOR_FAIL, "tag %u is that of %d keys: %s",
			   tags_first(view, &clash[i]), rset_count(clash[i]),
			   tags_whose(view, e->report->own, &clash[i], whose, sizeof(whose)));
	if (count > TAGS_CLASHES)
		exam_found(e, DOCTOR_KEY_TAGS, DOCTOR_FAIL,
			   "%d more tags are those of several keys", count - TAGS_CLASHES);
	if (count == 0 && !rset_empty(e->report->own) && !rset_empty(theirs))
		exam_found(e, DOCTOR_KEY_TAGS, DOCTOR_PASS,
			   "no tag is that of another key, of whichever provider");
}
