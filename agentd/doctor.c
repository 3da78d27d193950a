/*
 * The doctor's words, and the order in which things are looked at. See doctor.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "agentd/doctor_int.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *name;
	enum doctor_state say; /* this, and what is worse */
	const char *fix[DOCTOR_SIGNER_COUNT];
} checks[DOCTOR_CHECK_COUNT] = {
#define X(id, name, say, knot, bind, pdns, msig) \
	[DOCTOR_##id] = {name, DOCTOR_##say, {knot, bind, pdns, msig}},
    DOCTOR_CHECKS(X)
#undef X
};

const char *
doctor_name(enum doctor_check check)
{
	return checks[check].name;
}

#define FED (BIT(DOCTOR_CSYNC) | BIT(DOCTOR_NS) | BIT(DOCTOR_CONTENT))

/* What is changed instead, in a situation; the first one counts. */
static const struct {
	uint32_t checks; /* bit each */
	enum doctor_situation in;
	enum doctor_signer signer;
	const char *fix;
} instead[] = {
    {FED, DOCTOR_PUSHED, DOCTOR_KNOT,
     "acl: action: [ update ] with the key of remote: in msig.conf"},
    {FED, DOCTOR_PUSHED, DOCTOR_PDNS, ""},
    {FED, DOCTOR_PUSHED, DOCTOR_MSIG, "msigctl merge ZONE says what the signer answers to UPDATE"},
    {FED, DOCTOR_BARE, DOCTOR_BIND, "type secondary; primaries { combinerd; };"},
    {BIT(DOCTOR_KEY_TAGS), DOCTOR_DRIVEN, DOCTOR_KNOT, ""},
    {BIT(DOCTOR_KEY_TAGS), DOCTOR_DRIVEN, DOCTOR_BIND, ""},
    {BIT(DOCTOR_KEY_TAGS), DOCTOR_DRIVEN, DOCTOR_PDNS, ""},
    {BIT(DOCTOR_KEY_TAGS), DOCTOR_DRIVEN, DOCTOR_MSIG,
     "msigctl roll ZONE zsk (ksk, csk), and nothing by hand: signerd moves the keys. Before "
     "anything of this provider is in the zone, the signer is given another key instead"},
    {BIT(DOCTOR_SIGNED), DOCTOR_DRIVEN, DOCTOR_BIND, "auto-dnssec maintain;"},
    {BIT(DOCTOR_OWN_CDS), DOCTOR_DRIVEN, DOCTOR_BIND,
     "the first KSK: dnssec-settime -P sync now; later signerd sees to it"},
    {BIT(DOCTOR_ALGORITHM), DOCTOR_DRIVEN, DOCTOR_BIND,
     "before it joins, keys of the group's algorithm: doc/signers.md, \"The way round\""},
    {BIT(DOCTOR_DNSKEY_TTL), DOCTOR_DRIVEN, DOCTOR_BIND,
     "dnssec-settime -L as the others have it, for each key"},
    {BIT(DOCTOR_SIGNATURES), DOCTOR_DRIVEN, DOCTOR_BIND,
     "sig-validity-interval: its second number larger than the largest TTL and a day"},
};

static const char *
fix_in(const struct doctor_finding *f, enum doctor_signer signer)
{
	for (size_t i = 0; i < ROWS(instead); i++)
		if ((instead[i].checks >> f->check & 1) != 0 &&
		    (instead[i].in & f->situation) != 0 && instead[i].signer == signer)
			return instead[i].fix;
	return checks[f->check].fix[signer];
}

const char *
doctor_fix(const struct doctor_report *report, const struct doctor_finding *f,
	   enum doctor_signer signer, char *buf, size_t len)
{
	const char *fix = fix_in(f, signer), *at = strstr(fix, "SECONDS");

	if (at == NULL)
		snprintf(buf, len, "%s", fix);
	else
		snprintf(buf, len, "%.*s%u%s", (int)(at - fix), fix, report->roll_delay,
			 at + strlen("SECONDS"));
	return buf;
}

const char *
doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = {"pass", "warn", "fail", "unknown", "not-applicable"};
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

static uint8_t
how_bad(const struct doctor_finding *f)
{
	bool said = f->state == DOCTOR_FAIL || f->state == DOCTOR_WARN;

	return said && f->state >= checks[f->check].say ? (uint8_t)f->state : 0;
}

void
doctor_news(const struct doctor_report *report, struct doctor_told *told, uint32_t *worse,
	    uint32_t *mended)
{
	struct doctor_told now = {{0}};

	*worse = *mended = 0;
	for (int i = 0; i < report->count; i++) {
		const struct doctor_finding *f = &report->finding[i];
		uint8_t bad = f->state == DOCTOR_UNKNOWN ? told->bad[f->check] : how_bad(f);
		if (bad > now.bad[f->check])
			now.bad[f->check] = bad;
		if (bad > told->bad[f->check])
			*worse |= BIT(i);
	}
	for (int i = 0; i < report->count; i++) {
		const struct doctor_finding *f = &report->finding[i];
		if (now.bad[f->check] < told->bad[f->check])
			*mended |= BIT(i);
		told->bad[f->check] = now.bad[f->check]; /* of several findings, once */
	}
	*told = now;
}

bool
doctor_unfit(const struct doctor_told *told)
{
	for (int c = 0; c < DOCTOR_CHECK_COUNT; c++)
		if (told->bad[c] == DOCTOR_FAIL)
			return true;
	return false;
}

void
exam_found(struct exam *e, enum doctor_check check, enum doctor_state state, const char *fmt, ...)
{
	struct doctor_finding *f;
	va_list ap;

	if (e->report->count == DOCTOR_FINDINGS)
		return;
	f = &e->report->finding[e->report->count++];
	f->check = check;
	f->state = state;
	f->situation = e->situation;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

const struct view_version *
exam_shown(const struct exam *e, enum view_type type)
{
	const struct view_history *h = e->signer != NULL ? &e->signer->history[type] : NULL;

	return h == NULL || h->status == MSIG_SEEN_UNKNOWN ? NULL : view_current(e->signer, type);
}

struct rset
exam_shown_set(const struct exam *e, enum view_type type)
{
	const struct view_version *v = exam_shown(e, type);

	return v == NULL || v->absent ? RSET_NONE : v->set;
}

const char *
exam_why_not(const struct exam *e, enum view_type type)
{
	const char *reason = e->signer != NULL ? e->signer->history[type].reason : "";

	return e->signer == NULL ? "no signer is configured"
	       : *reason != '\0' ? reason
				 : "the signer was not asked yet";
}

bool
exam_settled(const struct exam *e, enum view_type type)
{
	const struct view_history *h = &e->signer->history[type];

	return h->time >= e->facts->applied_at + e->view->config.times.d;
}

const char *
exam_keys_text(const struct exam *e, struct rset set, char *buf, size_t len)
{
	const struct rpool *pool = &e->view->d.pool;
	size_t at = 0;

	*buf = '\0';
	for (int i = rset_next(&set, 0); i >= 0 && at + 24 < len; i = rset_next(&set, i + 1))
		at += (size_t)snprintf(buf + at, len - at, "%s%u/%u", at > 0 ? ", " : "",
				       pool->at[i].alg, pool->at[i].tag);
	return buf;
}

/* The first ones gather what the others go by. */
static void (*const exams[])(struct exam *) = {
    exam_gather,     exam_own_keys,   exam_transfer,   exam_is_signed, exam_foreign,
    exam_left_over,  exam_own_cds,    exam_algorithm,  exam_key_tags,  exam_driver,
    exam_dnskey_ttl, exam_signatures, exam_servers,    exam_others,    exam_parent,
    exam_notify,     exam_content,    exam_roll_delay, exam_rolls};

/* Where nobody signs. */
static void (*const unsigned_exams[])(struct exam *) = {exam_gather, exam_transfer, exam_unsigned,
							exam_names,  exam_servers,  exam_others,
							exam_parent, exam_notify,   exam_content};

static uint8_t
situation(const struct zone_view *view, const struct doctor_facts *facts)
{
	return (uint8_t)((facts->push ? DOCTOR_PUSHED : 0) |
			 (view->config.driver ? DOCTOR_DRIVEN : 0) |
			 (view->config.nobody_signs ? DOCTOR_BARE : 0));
}

void
doctor_examine(const struct zone_view *view, const struct doctor_facts *facts,
	       struct doctor_report *report)
{
	struct exam e = {.view = view, .facts = facts, .report = report};

	memset(report, 0, sizeof(*report));
	e.situation = situation(view, facts);
	for (int i = 0; i < VIEW_PLACES; i++)
		if (view->d.place[i] != NULL && view->d.place[i]->kind == PLACE_SIGNER)
			e.signer = view->d.place[i];
	for (size_t i = 0; view->config.nobody_signs && i < ROWS(unsigned_exams); i++)
		unsigned_exams[i](&e);
	for (size_t i = 0; !view->config.nobody_signs && i < ROWS(exams); i++)
		exams[i](&e);
}
