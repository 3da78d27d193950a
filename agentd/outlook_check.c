/*
 * What must be true for a process, and whether it is. See outlook.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/outlook_int.h"

static struct outlook_check *
check_new(struct outlook_check *list, int *count, const char *what)
{
	/* The tables have fewer, and what does not fit is not worse than what does. */
	struct outlook_check *c = &list[*count < OUTLOOK_CHECKS ? (*count)++ : OUTLOOK_CHECKS - 1];

	memset(c, 0, sizeof(*c));
	c->what = what;
	c->step = -1;
	return c;
}

static void
worse(struct outlook *out, enum outlook_verdict verdict)
{
	if (verdict > out->worst)
		out->worst = verdict;
}

/* The step from `first` on, before `step`, whose end makes the condition true, or -1. What depends
 * on caches is made true by the holds before. */
static int
made_true_by(const struct process_rule *rule, int bit, int first, int step)
{
	for (int i = first; i < step; i++) {
		if ((rule->step[i].done >> bit & 1) != 0 ||
		    (bit == COND_BIT_NAMING_SAFE && rule->step[i].holds != 0))
			return i;
	}
	return -1;
}

void
outlook_guard(struct outlook_maker *m, struct outlook_step *s, int step, int first)
{
	const struct process_rule *rule = m->out->rule;

	outlook_stand(m, step - 1);
	for (int bit = 0; bit < COND_COUNT; bit++) {
		struct outlook_check *c;
		if ((s->rule->guard >> bit & 1) == 0)
			continue;
		c = check_new(s->check, &s->checks, process_condition_text(bit));
		if (process_check(m->at, UINT32_C(1) << bit, true, m->now, &c->why)) {
			c->verdict = OUTLOOK_PASS;
			continue;
		}
		c->step = made_true_by(rule, bit, first, step);
		c->verdict = c->step >= 0                     ? OUTLOOK_LATER
			     : c->why.class == REASON_BLOCKED ? OUTLOOK_FAIL
							      : OUTLOOK_WARN;
		worse(m->out, c->verdict == OUTLOOK_LATER ? OUTLOOK_PASS : c->verdict);
	}
}

static void __attribute__((format(printf, 7, 8)))
start(struct outlook_maker *m, bool good, enum outlook_verdict bad, enum reason_object object,
      const char *what, const char *place, const char *seen, ...)
{
	struct outlook *out = m->out;
	struct outlook_check *c = check_new(out->start, &out->starts, what);
	va_list ap;

	if (good)
		return;
	c->verdict = bad;
	c->why.class = bad == OUTLOOK_FAIL ? REASON_BLOCKED : REASON_PEER;
	c->why.object = object;
	snprintf(c->why.place, sizeof(c->why.place), "%s", place);
	va_start(ap, seen);
	vsnprintf(c->why.seen, sizeof(c->why.seen), seen, ap);
	va_end(ap);
	worse(out, bad);
}

/* Does the owner, or our operator, want what this process does? What the core goes by. */
bool
outlook_wanted(const struct zone_view *view, uint8_t kind, int provider)
{
	bool signs = (view->designated & BIT(provider)) != 0;

	switch (kind) {
	case MSIG_PROCESS_ADD:
		return signs;
	case MSIG_PROCESS_REMOVE:
		return !signs;
	case MSIG_PROCESS_NS_ADD:
		return agree_serves_only(view, provider);
	case MSIG_PROCESS_NS_REMOVE:
		return !agree_serves_only(view, provider);
	default:
		return true;
	}
}

/* Why not. As long as nobody is in who is to sign, whoever signs counts as told to. */
static const char *
unwanted(const struct zone_view *view, uint8_t kind, const struct view_provider *p)
{
	const struct view_hsync_entry *e = view_hsync_of(&view->d.hsync, p->identity);

	return kind == MSIG_PROCESS_REMOVE && e != NULL && !(e->on && e->sign)
		   ? "it stays until a signer that HSYNC designates has joined"
		   : "HSYNC says otherwise as yet";
}

static void
start_group(struct outlook_maker *m)
{
	const struct zone_view *view = m->view;
	const struct view_provider *p = &view->d.provider[m->out->subject];
	uint8_t kind = m->out->rule->kind;
	uint32_t voters = agree_electorate(view, kind);

	start(m, outlook_wanted(view, kind, m->out->subject), OUTLOOK_WARN, REASON_OF_HSYNC,
	      "the owner's HSYNC says so", p->identity, "%s", unwanted(view, kind, p));
	if (kind == MSIG_PROCESS_ADD || kind == MSIG_PROCESS_NS_ADD)
		start(m, p->statement.known, OUTLOOK_WARN, REASON_OF_STATEMENT,
		      "its keys and name servers are known", p->identity,
		      "its agent has not stated them%s%s", p->why[0] != 0 ? ": " : "", p->why);
	for (int i = 1; i < view->d.providers; i++)
		if ((voters >> i & 1) != 0 && i != m->out->subject)
			start(
			    m, view->d.provider[i].ready, OUTLOOK_WARN, REASON_OF_PEER,
			    "every signer's agent can be asked", view->d.provider[i].identity, "%s",
			    view->d.provider[i].why[0] != 0 ? view->d.provider[i].why : "not yet");
	if (m->out->subject != VIEW_SELF && kind != MSIG_PROCESS_REMOVE &&
	    kind != MSIG_PROCESS_NS_REMOVE && kind != MSIG_PROCESS_NS_ADD)
		start(m, p->ready, OUTLOOK_WARN, REASON_OF_PEER, "its agent can be asked",
		      p->identity, "%s", p->why[0] != 0 ? p->why : "not yet");
}

static void
start_keys(struct outlook_maker *m)
{
	const struct zone_view *view = m->view;
	const struct outlook *out = m->out;
	int other = 0,
	    key = agree_keytag_barrier(view, out->rule->kind, out->subject, out->algorithm, &other);
	uint8_t next = (uint8_t)outlook_next(m);
	const char *first = agree_key_first(view, out->rule->kind, out->subject, next);
	char text[REASON_TEXT] = "";

	if (key >= 0)
		snprintf(text, sizeof(text), "tag %u of algorithm %u, twice",
			 view->d.pool.at[key].tag, view->d.pool.at[key].alg);
	start(m, key < 0, OUTLOOK_FAIL, REASON_OF_KEYTAG, "no key tags collide", "", "%s", text);
	start(m, first == NULL, OUTLOOK_FAIL, REASON_OF_SIGNATURE,
	      "nothing signs here but keys that everybody knows", "signer", "%s",
	      first != NULL ? first : "");
}

/* What stands in the way before any guard is looked at. */
void
outlook_starts(struct outlook_maker *m)
{
	const struct zone_view *view = m->view;
	const struct view_process *run = &view->d.process;
	int who = -1;
	const char *first = agree_goes_before(view, m->out->rule->kind, m->out->subject, &who);

	start(m, view->freeze[0] == 0, OUTLOOK_FAIL, REASON_OF_HSYNC, "HSYNC can be followed", "",
	      "%.120s", view->freeze);
	start(m, !view->d.paused, OUTLOOK_FAIL, REASON_OF_OPERATOR, "the zone is not paused", "",
	      "paused: msigctl resume");
	start(m, !view->d.rebuild, OUTLOOK_FAIL, REASON_OF_DATABASE,
	      "the database is as new as the world", "", "%.120s", view->d.doubt);
	start(m, run->kind == 0 || m->out->running, OUTLOOK_WARN, REASON_OF_GRANT,
	      "no other process runs", "", "%s runs, it goes first", process_name(run->kind));
	start(m, first == NULL || m->out->running, OUTLOOK_WARN, REASON_OF_HSYNC,
	      "nothing goes before it", who >= 0 ? view->d.provider[who].identity : "", "%s",
	      first != NULL ? first : "");
	start(m, m->out->requestor >= 0, OUTLOOK_WARN, REASON_OF_PEER, "somebody can ask for it",
	      "", "no provider that may is operational");
	start_group(m);
	start_keys(m);
}
