/*
 * See doctor.h. One function per thing that is looked at; each adds what it found.
 */
#include "agentd/doctor.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include "agentd/roll.h"
#include "libmsig/key.h"

#define DAY_MS (24 * 3600 * SECOND)

static const struct {
	const char *name;
	bool log;
	const char *fix[DOCTOR_SIGNER_COUNT];
} checks[DOCTOR_CHECK_COUNT] = {
#define X(id, name, log, knot, bind, pdns, msig) \
	[DOCTOR_##id] = {name, log, {knot, bind, pdns, msig}},
    DOCTOR_CHECKS(X)
#undef X
};

const char *
doctor_name(enum doctor_check check)
{
	return checks[check].name;
}

bool
doctor_logged(enum doctor_check check)
{
	return checks[check].log;
}

const char *
doctor_fix(enum doctor_check check, enum doctor_signer signer)
{
	return checks[check].fix[signer];
}

const char *
doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = {"pass", "warn", "fail", "unknown"};
	return names[state];
}

const char *
doctor_signer_name(enum doctor_signer signer)
{
	static const char *const names[] = {"knot", "bind", "powerdns", "msig"};
	return names[signer];
}

bool
doctor_good(const struct doctor_report *report)
{
	for (int i = 0; i < report->count; i++)
		if (report->finding[i].state == DOCTOR_FAIL ||
		    report->finding[i].state == DOCTOR_UNKNOWN)
			return false;
	return true;
}

struct exam {
	const struct zone_view *view;
	const struct doctor_facts *facts;
	struct doctor_report *report;
	const struct view_place *signer; /* NULL: none is configured */
	struct rset
	    given[VIEW_TYPE_COUNT]; /* to the signer, in the names of others; NS, CSYNC: all */
};

static void found(struct exam *e, enum doctor_check check, enum doctor_state state, const char *fmt,
		  ...) __attribute__((format(printf, 4, 5)));

static void
found(struct exam *e, enum doctor_check check, enum doctor_state state, const char *fmt, ...)
{
	struct doctor_finding *f;
	va_list ap;

	if (e->report->count == DOCTOR_FINDINGS)
		return;
	f = &e->report->finding[e->report->count++];
	f->check = check;
	f->state = state;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

/* What the signer shows now, or NULL: it is not known. */
static const struct view_version *
shown(const struct exam *e, enum view_type type)
{
	const struct view_history *h = e->signer != NULL ? &e->signer->history[type] : NULL;

	return h == NULL || h->status == MSIG_SEEN_UNKNOWN ? NULL : view_current(e->signer, type);
}

static struct rset
shown_set(const struct exam *e, enum view_type type)
{
	const struct view_version *v = shown(e, type);

	return v == NULL || v->absent ? RSET_NONE : v->set;
}

static const char *
why_not(const struct exam *e, enum view_type type)
{
	const char *reason = e->signer != NULL ? e->signer->history[type].reason : "";

	return e->signer == NULL ? "no signer is configured"
	       : *reason != '\0' ? reason
				 : "the signer was not asked yet";
}

/* Had the signer the time to take over what combinerd serves, when it was asked last? */
static bool
settled(const struct exam *e, enum view_type type)
{
	const struct view_history *h = &e->signer->history[type];

	return h->time >= e->facts->applied_at + e->view->config.times.d;
}

/* "13/4711 of msa.p2.example., ...": the first ones, by algorithm and tag. */
static const char *
keys_text(const struct exam *e, struct rset set, char *buf, size_t len)
{
	const struct rpool *pool = &e->view->d.pool;
	size_t at = 0;

	*buf = '\0';
	for (int i = rset_next(&set, 0); i >= 0 && at + 24 < len; i = rset_next(&set, i + 1))
		at += (size_t)snprintf(buf + at, len - at, "%s%u/%u", at > 0 ? ", " : "",
				       pool->at[i].alg, pool->at[i].tag);
	return buf;
}

/* ---- what others are given ------------------------------------------------------------------- */

static void
gather(struct exam *e)
{
	const struct view_overlay *o = &e->view->d.applied;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_contribution *c = &o->from[i];
		if (!c->used)
			continue;
		e->given[VIEW_NS] = rset_or(e->given[VIEW_NS], c->ns);
		e->given[VIEW_CSYNC] = rset_or(e->given[VIEW_CSYNC], c->csync);
		if (i == VIEW_SELF && e->view->config.mode == VIEW_MODE_FOREIGN)
			continue;
		e->given[VIEW_DNSKEY] = rset_or(e->given[VIEW_DNSKEY], c->dnskey);
		e->given[VIEW_CDS] = rset_or(e->given[VIEW_CDS], c->cds);
		e->given[VIEW_CDNSKEY] = rset_or(e->given[VIEW_CDNSKEY], c->cdnskey);
	}
}

static void
foreign_type(struct exam *e, enum doctor_check check, enum view_type type)
{
	const struct view_version *v = shown(e, type);
	struct rset missing = rset_minus(e->given[type], shown_set(e, type));
	int given = rset_count(e->given[type]), lost = rset_count(missing);
	const char *name = view_type_name(type);
	char text[100];

	if (given == 0)
		return;
	if (v == NULL)
		found(e, check, DOCTOR_UNKNOWN, "%s at the signer: %s", name, why_not(e, type));
	else if (lost == 0 && rset_empty(v->signers))
		found(e, check, DOCTOR_FAIL,
		      "the %d %s that combinerd gave are there, but not signed", given, name);
	else if (lost == 0)
		found(e, check, DOCTOR_PASS, "all %d %s that combinerd gave are there and signed",
		      given, name);
	else if (!settled(e, type))
		found(e, check, DOCTOR_UNKNOWN,
		      "%d of %d %s that combinerd gave are not there yet: a moment ago", lost,
		      given, name);
	else
		found(e, check, DOCTOR_FAIL,
		      "%d of the %d %s that combinerd gave are missing%s%s: "
		      "the signer drops them",
		      lost, given, name, type == VIEW_NS ? "" : ", of keys ",
		      type == VIEW_NS ? "" : keys_text(e, missing, text, sizeof(text)));
}

static void
foreign(struct exam *e)
{
	static const struct {
		enum doctor_check check;
		enum view_type type;
	} types[] = {
	    {DOCTOR_FOREIGN_DNSKEY, VIEW_DNSKEY},
	    {DOCTOR_FOREIGN_CDS, VIEW_CDS},
	    {DOCTOR_FOREIGN_CDNSKEY, VIEW_CDNSKEY},
	    {DOCTOR_CSYNC, VIEW_CSYNC},
	    {DOCTOR_NS, VIEW_NS},
	};
	const struct zone_view *view = e->view;

	if (!view->overlay_known) {
		found(e, DOCTOR_FOREIGN, DOCTOR_UNKNOWN,
		      "combinerd has not said what it gives the signer");
		return;
	}
	if (rset_empty(e->given[VIEW_DNSKEY]))
		found(e, DOCTOR_FOREIGN, DOCTOR_UNKNOWN,
		      "the signer was given nothing of others yet: whether it keeps that cannot be "
		      "seen");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		foreign_type(e, types[i].check, types[i].type);
}

static void
left_over(struct exam *e)
{
	struct rset left = rset_minus(rset_and(shown_set(e, VIEW_DNSKEY), e->view->d.foreign),
				      rset_or(e->given[VIEW_DNSKEY], e->view->d.own));
	char text[100];

	if (shown(e, VIEW_DNSKEY) == NULL || !e->view->overlay_known || !settled(e, VIEW_DNSKEY) ||
	    rset_empty(left))
		return;
	found(e, DOCTOR_LEFT_OVER, DOCTOR_WARN,
	      "keys of others that combinerd no longer gives are still there: %s",
	      keys_text(e, left, text, sizeof(text)));
}

/* ---- what the signer adds ----------------------------------------------------------------------
 */

static void
own_keys(struct exam *e)
{
	struct rset set = shown_set(e, VIEW_DNSKEY);

	/* Before the core has learnt which are ours: what nobody gave. */
	e->report->own = rset_minus(set, rset_or(e->view->d.foreign, e->given[VIEW_DNSKEY]));
	if (!rset_empty(e->view->d.own))
		e->report->own = rset_and(set, e->view->d.own);
}

static void
is_signed(struct exam *e)
{
	const struct view_version *keys = shown(e, VIEW_DNSKEY), *soa = shown(e, VIEW_SOA);

	if (keys == NULL || soa == NULL)
		found(e, DOCTOR_SIGNED, DOCTOR_UNKNOWN, "signatures at the signer: %s",
		      why_not(e, keys == NULL ? VIEW_DNSKEY : VIEW_SOA));
	else if (keys->absent || rset_empty(keys->signers) || rset_empty(soa->signers))
		found(e, DOCTOR_SIGNED, DOCTOR_FAIL, "the signer's zone is not signed");
	else if (soa->alien != 0 && !roll_expects(e->view, soa->alien))
		found(e, DOCTOR_SIGNED, DOCTOR_FAIL, "signed by a key that is not in DNSKEY: %u/%u",
		      VIEW_ALIEN_ALGORITHM(soa->alien), VIEW_ALIEN_TAG(soa->alien));
	else
		found(e, DOCTOR_SIGNED, DOCTOR_PASS, "signed by %d of %d own keys",
		      rset_count(rset_and(rset_or(keys->signers, soa->signers), e->report->own)),
		      rset_count(e->report->own));
}

static bool
deletes(const struct exam *e, struct rset set)
{
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		if (e->view->d.pool.at[i].alg == 0)
			return true;
	return false;
}

static void
own_cds(struct exam *e)
{
	const struct rpool *pool = &e->view->d.pool;
	const struct view_version *cds = shown(e, VIEW_CDS), *cdnskey = shown(e, VIEW_CDNSKEY);
	struct rset both = rset_and(rpool_keys(pool, shown_set(e, VIEW_CDS)),
				    rpool_keys(pool, shown_set(e, VIEW_CDNSKEY)));
	struct rset ksk = RSET_NONE;
	char text[100];

	for (int i = rset_next(&e->report->own, 0); i >= 0; i = rset_next(&e->report->own, i + 1))
		if ((pool->at[i].flags & MSIG_DNSKEY_SEP) != 0)
			rset_add(&ksk, i);
	if (cds == NULL || cdnskey == NULL)
		found(e, DOCTOR_OWN_CDS, DOCTOR_UNKNOWN, "CDS and CDNSKEY at the signer: %s",
		      why_not(e, cds == NULL ? VIEW_CDS : VIEW_CDNSKEY));
	else if (rset_empty(ksk))
		found(e, DOCTOR_OWN_CDS, DOCTOR_UNKNOWN,
		      "no key signing key of the signer is known");
	else if (deletes(e, shown_set(e, VIEW_CDS)))
		found(e, DOCTOR_OWN_CDS, DOCTOR_FAIL,
		      "its CDS asks the parent to make the zone insecure");
	else if (!rset_meets(ksk, both))
		found(e, DOCTOR_OWN_CDS, DOCTOR_FAIL,
		      "no CDS with CDNSKEY for its own key %s: the parent would be told to drop it",
		      keys_text(e, ksk, text, sizeof(text)));
	else if (!rset_within(ksk, both))
		found(e, DOCTOR_OWN_CDS, DOCTOR_WARN,
		      "no CDS with CDNSKEY for %s (right while it rolls)",
		      keys_text(e, rset_minus(ksk, both), text, sizeof(text)));
	else
		found(e, DOCTOR_OWN_CDS, DOCTOR_PASS, "it publishes CDS and CDNSKEY of its own");
}

static void
algorithm(struct exam *e)
{
	const struct zone_view *view = e->view;
	const struct rpool *pool = &view->d.pool;
	uint64_t ours[4] = {0}, theirs[4] = {0};
	bool known = false, same = true;

	for (int i = rset_next(&e->report->own, 0); i >= 0; i = rset_next(&e->report->own, i + 1))
		ours[pool->at[i].alg / 64] |= UINT64_C(1) << pool->at[i].alg % 64;
	for (int p = 1; p < VIEW_PROVIDERS; p++) {
		struct rset keys = view->d.provider[p].statement.dnskey;
		for (int i = rset_next(&keys, 0); view->d.provider[p].used && i >= 0;
		     i = rset_next(&keys, i + 1)) {
			theirs[pool->at[i].alg / 64] |= UINT64_C(1) << pool->at[i].alg % 64;
			e->report->algorithm = pool->at[i].alg;
			known = true;
		}
	}
	for (int i = 0; i < 4; i++)
		same = same && ours[i] == theirs[i];
	if (rset_empty(e->report->own))
		found(e, DOCTOR_ALGORITHM, DOCTOR_UNKNOWN, "no key of the signer is known");
	else if (!known)
		found(e, DOCTOR_ALGORITHM, DOCTOR_PASS,
		      "algorithm %u; no other provider has stated its keys yet",
		      pool->at[rset_next(&e->report->own, 0)].alg);
	else if (same)
		found(e, DOCTOR_ALGORITHM, DOCTOR_PASS, "the same as at the others: %u",
		      e->report->algorithm);
	else
		found(e, DOCTOR_ALGORITHM, DOCTOR_FAIL,
		      "its keys have algorithm %u, those of the others %u: all must have the same",
		      pool->at[rset_next(&e->report->own, 0)].alg, e->report->algorithm);
}

static void
driver(struct exam *e)
{
	if (e->facts->one_algorithm)
		found(e, DOCTOR_DRIVER, DOCTOR_WARN,
		      "signerd rolls the keys of BIND, but not their algorithm: named signs only "
		      "with keys that are in DNSKEY; for that, this provider leaves, the others "
		      "roll, and it joins again");
}

static void
key_tags(struct exam *e)
{
	const struct zone_view *view = e->view;
	const struct rpool *pool = &view->d.pool;
	struct rset theirs = RSET_NONE;

	for (int p = 1; p < VIEW_PROVIDERS; p++)
		if (view->d.provider[p].used)
			theirs = rset_or(theirs, view->d.provider[p].statement.dnskey);
	for (int i = rset_next(&e->report->own, 0); i >= 0; i = rset_next(&e->report->own, i + 1))
		for (int k = rset_next(&theirs, 0); k >= 0; k = rset_next(&theirs, k + 1))
			if (i != k && pool->at[i].tag == pool->at[k].tag) {
				found(e, DOCTOR_KEY_TAGS, DOCTOR_FAIL,
				      "tag %u is that of a key of ours and of another provider's",
				      pool->at[i].tag);
				return;
			}
	if (!rset_empty(e->report->own) && !rset_empty(theirs))
		found(e, DOCTOR_KEY_TAGS, DOCTOR_PASS, "no tag is that of another provider's key");
}

/* ---- times --------------------------------------------------------------------------------------
 */

static int64_t
with_margin(const struct view_times *t, int64_t ms)
{
	int64_t share = ms * t->margin_percent / 100;

	return ms + (share > t->margin ? share : t->margin) + t->skew;
}

/* What the others need to publish a new ZSK of ours and to let caches forget the DNSKEY RRset
 * without it: we see it (poll), say so, they approve, combinerd and their signer and secondaries
 * follow, and then the hold. The signer itself waits dnskey-ttl beside propagation-delay. */
static void
roll_delay(struct exam *e)
{
	const struct view_times *t = &e->view->config.times;
	const struct view_version *own = shown(e, VIEW_DNSKEY);
	int64_t ttl = 0, wait;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		for (int v = 0;
		     p != NULL && p->kind != PLACE_PARENT && v < p->history[VIEW_DNSKEY].count; v++)
			if (p->history[VIEW_DNSKEY].at[v].ttl > ttl)
				ttl = p->history[VIEW_DNSKEY].at[v].ttl;
	}
	if (own == NULL)
		return;
	e->report->dnskey_ttl = own->ttl;
	wait = t->ask_slow + 2 * t->resend + 2 * t->d + with_margin(t, ttl * SECOND) -
	       own->ttl * SECOND;
	e->report->roll_delay = (uint32_t)((wait + SECOND - 1) / SECOND);
}

static void
dnskey_ttl(struct exam *e)
{
	const struct view_version *own = shown(e, VIEW_DNSKEY);
	uint32_t ttl = e->view->d.applied.ttl_key;

	if (own == NULL)
		return;
	if (!rset_empty(e->given[VIEW_DNSKEY]) && ttl != own->ttl) {
		found(
		    e, DOCTOR_DNSKEY_TTL, DOCTOR_WARN,
		    "TTL %u at the signer, %u in what combinerd gives: it flips between them, and "
		    "holds count the larger one",
		    own->ttl, ttl);
		return;
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		const struct view_version *v;
		int who = p != NULL ? view_place_provider(e->view, p) : VIEW_STRANGER;
		if (who <= VIEW_SELF || (v = view_current(p, VIEW_DNSKEY)) == NULL ||
		    v->ttl == own->ttl)
			continue;
		found(e, DOCTOR_DNSKEY_TTL, DOCTOR_WARN,
		      "TTL %u at the signer, %u at %s: holds count the larger one", own->ttl,
		      v->ttl, e->view->d.provider[who].identity);
		return;
	}
	found(e, DOCTOR_DNSKEY_TTL, DOCTOR_PASS, "TTL %u everywhere", own->ttl);
}

static void
signatures(struct exam *e)
{
	const struct doctor_facts *f = e->facts;
	int64_t left = f->expires - f->now;
	int64_t need = f->max_ttl * SECOND + DAY_MS;

	if (!f->followed || f->expires == 0)
		found(e, DOCTOR_SIGNATURES, DOCTOR_UNKNOWN,
		      "until when signatures last is known when the signer's zone is");
	else if (left < need)
		found(e, DOCTOR_SIGNATURES, DOCTOR_FAIL,
		      "the first signature ends in %" PRId64
		      " h, less than the largest TTL (%u s) and a "
		      "day: what caches hold becomes bogus",
		      left / (3600 * SECOND), f->max_ttl);
	else
		found(e, DOCTOR_SIGNATURES, DOCTOR_PASS,
		      "all signatures last for %" PRId64 " h or longer", left / (3600 * SECOND));
}

/* ---- transfers and servers
 * ------------------------------------------------------------------------ */

static void
transfer(struct exam *e)
{
	const struct doctor_facts *f = e->facts;

	if (f->followed)
		found(e, DOCTOR_TRANSFER, DOCTOR_PASS, "observe has the signer's whole zone");
	else if (*f->trouble != '\0')
		found(e, DOCTOR_TRANSFER, DOCTOR_FAIL,
		      "observe gets no transfer from the signer: %s", f->trouble);
	else
		found(e, DOCTOR_TRANSFER, DOCTOR_UNKNOWN, "%s",
		      e->signer == NULL ? "no signer is configured" : "no transfer was seen yet");
}

static void
notify(struct exam *e)
{
	const struct doctor_facts *f = e->facts;

	if (f->announcements > 0)
		found(e, DOCTOR_NOTIFY, DOCTOR_PASS, "the signer's NOTIFY arrives");
	else if (f->versions > 0)
		found(e, DOCTOR_NOTIFY, DOCTOR_WARN,
		      "%u new versions of the signer's zone, none announced by NOTIFY: steps wait "
		      "for "
		      "the next poll",
		      f->versions);
}

static void
content(struct exam *e)
{
	if (!e->facts->served || !e->facts->followed)
		return;
	if (e->facts->same)
		found(e, DOCTOR_CONTENT, DOCTOR_PASS, "the signer shows what combinerd serves");
	else
		found(e, DOCTOR_CONTENT, DOCTOR_WARN,
		      "the signer does not show what combinerd serves (right for a moment after a "
		      "change)");
}

/* Not to be reached from elsewhere: loopback, private, link-local. */
static bool
is_private(const char *server)
{
	char host[VIEW_SERVER];
	uint8_t a[16];
	size_t len = strcspn(server, "@");

	if (len >= sizeof(host))
		return false;
	memcpy(host, server, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, a) == 1)
		return a[0] == 127 || a[0] == 10 || a[0] == 0 || (a[0] == 172 && a[1] >> 4 == 1) ||
		       (a[0] == 192 && a[1] == 168) || (a[0] == 169 && a[1] == 254) ||
		       (a[0] == 100 && a[1] >> 6 == 1);
	if (inet_pton(AF_INET6, host, a) == 1)
		return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
		       memcmp(a, &in6addr_loopback, sizeof(a)) == 0;
	return false;
}

static void
one_server(struct exam *e, const struct view_place *p, int *well)
{
	const struct view_history *h = &p->history[VIEW_DNSKEY];
	const struct view_version *v = view_current(p, VIEW_DNSKEY), *own = shown(e, VIEW_DNSKEY);

	if (is_private(p->server) && !e->facts->lab)
		found(e, DOCTOR_ADDRESSES, DOCTOR_WARN, "%s: resolvers elsewhere cannot reach it",
		      p->server);
	if (h->tried == 0)
		found(e, DOCTOR_SERVERS, DOCTOR_UNKNOWN, "%s: not asked yet", p->server);
	else if (h->status == MSIG_SEEN_UNKNOWN)
		found(e, DOCTOR_SERVERS, DOCTOR_FAIL, "%s does not answer: %s", p->server,
		      h->reason);
	else if (v == NULL || v->absent || rset_empty(v->signers))
		found(e, DOCTOR_SERVERS, DOCTOR_FAIL, "%s shows no signed DNSKEY", p->server);
	else if (own != NULL && !rset_equal(v->set, own->set))
		found(e, DOCTOR_SERVERS, DOCTOR_WARN,
		      "%s shows other DNSKEYs than the signer (right for a moment after a change)",
		      p->server);
	else
		(*well)++;
}

static void
servers(struct exam *e)
{
	struct rset without = e->view->config.ns;
	int well = 0, all = 0;

	if (rset_empty(without)) {
		found(e, DOCTOR_SERVERS, DOCTOR_FAIL,
		      "msig.conf names no name server of this provider");
		return;
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_meets(p->ns, e->view->config.ns))
			continue;
		without = rset_minus(without, p->ns);
		all++;
		one_server(e, p, &well);
	}
	if (!rset_empty(without))
		found(e, DOCTOR_SERVERS, DOCTOR_UNKNOWN,
		      "%d of %d name servers of this provider have no address that is known",
		      rset_count(without), rset_count(e->view->config.ns));
	else if (well == all)
		found(e, DOCTOR_SERVERS, DOCTOR_PASS,
		      "all %d addresses of own name servers answer as the signer does, seen from "
		      "this host",
		      all);
}

/* Servers of the other providers, which their operators see as well. */
static void
others(struct exam *e)
{
	int silent = 0, all = 0;
	const struct view_place *one = NULL;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		if (p == NULL || view_place_provider(e->view, p) <= VIEW_SELF ||
		    p->history[VIEW_DNSKEY].tried == 0)
			continue;
		all++;
		if (p->history[VIEW_DNSKEY].status == MSIG_SEEN_UNKNOWN) {
			silent++;
			one = p;
		}
	}
	if (silent > 0)
		found(
		    e, DOCTOR_OTHERS, DOCTOR_WARN,
		    "%d of %d addresses of other providers' servers do not answer us: %s of %s, %s",
		    silent, all, one->server,
		    e->view->d.provider[view_place_provider(e->view, one)].identity,
		    one->history[VIEW_DNSKEY].reason);
	else if (all > 0)
		found(e, DOCTOR_OTHERS, DOCTOR_PASS,
		      "%d addresses of other providers' servers answer", all);
}

/* Servers of the parent that serve the zone as well: the delegation does not show there. */
static void
parent(struct exam *e)
{
	const struct view_place *one = NULL;
	int too = 0, all = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT || view_current(p, VIEW_NS) == NULL)
			continue;
		all++;
		if (view_serves_child(e->view, p->server)) {
			too++;
			one = p;
		}
	}
	if (all == 0)
		return;
	if (too == 0)
		found(e, DOCTOR_PARENT, DOCTOR_PASS, "the parent's %d servers show the delegation",
		      all);
	else if (too < all)
		found(
		    e, DOCTOR_PARENT, DOCTOR_WARN,
		    "%s serves the parent and the zone: the delegation is looked at elsewhere, and "
		    "its copy of the zone has to follow like that of a name server",
		    one->server);
	else
		found(e, DOCTOR_PARENT, DOCTOR_WARN,
		      "all %d servers of the parent serve the zone, too: the delegation shows "
		      "nowhere; ask the parent for its NS records before one of them stops to",
		      all);
}

void
doctor_examine(const struct zone_view *view, const struct doctor_facts *facts,
	       struct doctor_report *report)
{
	struct exam e = {.view = view, .facts = facts, .report = report};

	memset(report, 0, sizeof(*report));
	for (int i = 0; i < VIEW_PLACES; i++)
		if (view->d.place[i] != NULL && view->d.place[i]->kind == PLACE_SIGNER)
			e.signer = view->d.place[i];
	gather(&e);
	own_keys(&e);
	transfer(&e);
	is_signed(&e);
	foreign(&e);
	left_over(&e);
	if (view->config.mode == VIEW_MODE_FOREIGN)
		own_cds(&e);
	algorithm(&e);
	key_tags(&e);
	driver(&e);
	dnskey_ttl(&e);
	signatures(&e);
	servers(&e);
	others(&e);
	parent(&e);
	notify(&e);
	content(&e);
	roll_delay(&e);
}
