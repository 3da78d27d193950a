/*
 * A dry run of a process. See outlook.h. The target of each step is what process_target() says of a
 * copy of the view in which the process runs and stands there; a guard is what process_check() says
 * of it. So there is no second opinion here on what a process does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/outlook_int.h"
#include "libmsig/err.h"

const char *
outlook_verdict_name(enum outlook_verdict verdict)
{
	static const char *const names[] = {
#define X(id, text) text,
	    OUTLOOK_VERDICTS(X)
#undef X
	};
	return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "?";
}

void
outlook_stand(struct outlook_maker *m, int step)
{
	const struct outlook *out = m->out;
	struct view_process *run = &m->at->d.process;

	*run = out->running ? m->view->d.process
			    : agree_new_process(m->view, out->rule->kind, out->subject,
						out->requestor >= 0 ? out->requestor : VIEW_SELF,
						out->algorithm);
	run->step = (uint8_t)(step < 0 ? 0 : step);
	run->executed = step >= 0;
	run->phase = step >= 0 ? PHASE_EXECUTING : PHASE_REQUESTED;
}

int
outlook_next(const struct outlook_maker *m)
{
	const struct view_process *run = &m->view->d.process;

	return m->out->running ? run->step + (run->phase >= PHASE_EXECUTING ? 1 : 0) : 0;
}

void
outlook_walk(struct outlook_maker *m)
{
	struct outlook *out = m->out;
	const struct view_process *run = &m->view->d.process;
	int first = outlook_next(m);
	int64_t at = m->now;

	out->begin = out->running ? run->started : m->now;
	out->scans = out->steps = 0;
	out->work = 0;
	for (int i = 0; i < out->rule->steps && i < OUTLOOK_STEPS; i++) {
		struct outlook_step *s = &out->step[out->steps++];
		memset(s, 0, sizeof(*s));
		s->rule = &out->rule->step[i];
		s->state = !out->running    ? OUTLOOK_OPEN
			   : i < run->step  ? OUTLOOK_DONE
			   : i == run->step ? OUTLOOK_NOW
					    : OUTLOOK_OPEN;
		outlook_changes(m, s, i);
		s->begin = s->end = at;
		if (s->state == OUTLOOK_DONE)
			continue;
		if (i >= first)
			outlook_guard(m, s, i, out->running ? run->step : 0);
		outlook_times(m, s, i);
		out->scans += s->parent_ds + s->parent_ns;
		out->work += s->work;
		at = s->end;
	}
	out->end = at;
}

/* Is there something in the zone for a process to take out, or not yet what it brings in? As the
 * core has it, for which who is half in leaves as a signer. */
static bool
has_cause(const struct view_provider *p, uint8_t kind)
{
	bool signs = p->member || (p->has & (HAS_KEYS | HAS_CDS)) != 0;

	switch (kind) {
	case MSIG_PROCESS_ADD:
		return !p->member;
	case MSIG_PROCESS_REMOVE:
		return signs;
	case MSIG_PROCESS_NS_ADD:
		return !signs && (p->has & HAS_NS) == 0;
	case MSIG_PROCESS_NS_REMOVE:
		return !signs && (p->has & HAS_NS) != 0;
	default:
		return p->member;
	}
}

static int
suggested(const struct zone_view *view, uint8_t kind)
{
	int found = -1;

	if (kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK)
		return VIEW_SELF;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used || !has_cause(p, kind) || !outlook_wanted(view, kind, i))
			continue;
		if (found >= 0)
			return -1; /* more than one: which? */
		found = i;
	}
	return found;
}

/* The lowest identity among the members but the subject that can be heard. */
static int
lowest(const struct zone_view *view, int subject)
{
	int best = -1;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used || !p->member || i == subject || (i != VIEW_SELF && !p->ready))
			continue;
		if (best < 0 || strcmp(p->identity, view->d.provider[best].identity) < 0)
			best = i;
	}
	return best;
}

static int
who(const struct zone_view *view, const struct outlook_ask *ask, struct outlook *out, char *err,
    size_t errlen)
{
	const struct view_process *run = &view->d.process;

	out->running = run->kind == ask->kind &&
		       (ask->provider < 0 || run->subject == ask->provider) &&
		       (ask->algorithm == 0 || run->algorithm == ask->algorithm);
	if (out->running) {
		out->subject = run->subject;
		out->requestor = run->requestor;
		out->algorithm = run->algorithm;
		return 0;
	}
	out->algorithm = ask->algorithm;
	out->subject = ask->provider;
	if (ask->kind == MSIG_PROCESS_ALGORITHM && ask->algorithm == 0) {
		snprintf(err, errlen, "to which algorithm?");
		return MSIG_EVALUE;
	}
	if (ask->kind == MSIG_PROCESS_ALGORITHM) {
		out->subject = lowest(view, -1);
	} else if (out->subject < 0) {
		out->subject = suggested(view, ask->kind);
	}
	if (out->subject < 0) {
		snprintf(err, errlen, "%s of which provider? none suggests itself, or several do",
			 process_name(ask->kind));
		return MSIG_EVALUE;
	}
	const struct view_provider *p = &view->d.provider[out->subject];
	bool add = ask->kind == MSIG_PROCESS_ADD;
	bool names = ask->kind == MSIG_PROCESS_NS_ADD || ask->kind == MSIG_PROCESS_NS_REMOVE;
	if (!names && !has_cause(p, ask->kind)) {
		snprintf(err, errlen, "%s is %s of the signers%s", p->identity,
			 add ? "already one" : "not one",
			 !add && (p->has & HAS_NS) != 0 ? ": its name servers go by ns-remove"
							: "");
		return MSIG_EVALUE;
	}
	if (ask->kind == MSIG_PROCESS_ALGORITHM)
		out->requestor = lowest(view, -1);
	else if (add || ask->kind == MSIG_PROCESS_ZSK || ask->kind == MSIG_PROCESS_KSK)
		out->requestor = out->subject;
	else
		out->requestor = lowest(view, out->subject);
	if (lead_mode(view)) /* whoever leads then, if nobody does now */
		out->requestor = elect_leader(view) >= 0 ? elect_leader(view) : lowest(view, -1);
	return 0;
}

int
outlook_make(const struct zone_view *view, const struct outlook_ask *ask, int64_t now,
	     struct outlook *out, char *err, size_t errlen)
{
	struct outlook_maker m = {.view = view, .out = out, .now = now};
	int ret;

	memset(out, 0, sizeof(*out));
	out->rule = process_rule(ask->kind);
	if (out->rule == NULL) {
		snprintf(err, errlen, "%s is not known here", process_name(ask->kind));
		return MSIG_EVALUE;
	}
	if (view->config.nobody_signs) {
		snprintf(err, errlen,
			 "nobody signs this zone: nothing is agreed in it, so %s is none of its "
			 "processes; NS follow HSYNC (see why)",
			 process_name(ask->kind));
		return MSIG_EVALUE;
	}
	ret = who(view, ask, out, err, errlen);
	if (ret != 0)
		return ret;
	m.at = malloc(sizeof(*m.at));
	if (m.at == NULL) {
		snprintf(err, errlen, "out of memory");
		return MSIG_EVALUE;
	}
	memcpy(m.at, view, sizeof(*m.at)); /* borrows what the view points to */
	outlook_starts(&m);
	outlook_walk(&m);
	enum outlook_verdict worst = out->worst;
	outlook_advices(&m);
	out->worst = worst;
	free(m.at);
	return 0;
}

const char *
outlook_why(const struct outlook_step *s)
{
	static const struct {
		uint32_t effect, holds;
		const char *text;
	} whys[] = {
	    {EFFECT_KEYS_ADD, 0,
	     "a resolver that has any signer's DNSKEY RRset must find every signer's keys in it"},
	    {EFFECT_CDS_ADD, 0, "a parent takes over only what all signers say alike"},
	    {EFFECT_NS_ADD, 0,
	     "from here on resolvers ask these servers: nothing that they say may surprise a "
	     "cache"},
	    {EFFECT_NS_DEL, 0, "nobody is to be sent to these servers any more"},
	    {EFFECT_CDS_DEL, 0, "the parent is to forget the DS, now that no answer needs it"},
	    {EFFECT_KEYS_DEL, 0, "no DS and no signature in any cache needs these keys any more"},
	    {EFFECT_CSYNC, 0, "the parent learns of the changed NS; it goes again after use"},
	    {0, 1 << HOLD_DS, "caches may have the old DS, or a DNSKEY RRset of before"},
	    {0, 1 << HOLD_KEY, "caches may have a DNSKEY RRset of before"},
	    {0, 1 << HOLD_NS, "caches may still send resolvers to the old servers"},
	    {0, 1 << HOLD_RR, "caches may have signatures of before"},
	    {0, 1 << HOLD_LEAVE, "caches may have answers of the leaver's servers"},
	};

	if ((s->rule->holds & (1u << HOLD_RR)) != 0 && s->holds == 0 && s->state != OUTLOOK_DONE)
		return "nothing to wait for: a KSK signs no data";
	if (s->old.zsk == MSIG_KEY_STATE_RETIRED || s->old.csk == MSIG_KEY_STATE_RETIRED)
		return "a key signs data only when every cached DNSKEY RRset has it";
	if (s->fresh.zsk == MSIG_KEY_STATE_SIGNING || s->fresh.csk == MSIG_KEY_STATE_SIGNING)
		return "an algorithm in a DNSKEY RRset has to sign everything: signatures come "
		       "first";
	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		if ((s->rule->effect & whys[i].effect) != 0 ||
		    (s->rule->holds & whys[i].holds) != 0)
			return whys[i].text;
	if (outlook_changes_type(s, TYPE_CDS))
		return "the new key signs the DNSKEY RRset in every cache by now: the DS may "
		       "change";
	if (s->changes > 0 && outlook_changes_type(s, TYPE_DNSKEY))
		return "a key is in every DNSKEY RRset before it is needed, and goes after";
	return s->rule->done != 0 ? "seen at every server, before anything is built on it" : "";
}
