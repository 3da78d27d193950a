/*
 * What combinerd gives the signer in the names of others, and what becomes of it. See doctor.h.
 */
#include "agentd/doctor_int.h"

void
exam_gather(struct exam *e)
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
	const struct view_version *v = exam_shown(e, type);
	struct rset missing = rset_minus(e->given[type], exam_shown_set(e, type));
	int given = rset_count(e->given[type]), lost = rset_count(missing);
	const char *name = view_type_name(type);
	char text[100];

	if (given == 0)
		return;
	if (v == NULL)
		exam_found(e, check, DOCTOR_UNKNOWN, "%s at the signer: %s", name,
			   exam_why_not(e, type));
	else if (lost == 0 && rset_empty(v->signers))
		exam_found(e, check, DOCTOR_FAIL,
			   "the %d %s that combinerd gave are there, but not signed", given, name);
	else if (lost == 0)
		exam_found(e, check, DOCTOR_PASS,
			   "all %d %s that combinerd gave are there and signed", given, name);
	else if (!exam_settled(e, type))
		exam_found(e, check, DOCTOR_UNKNOWN,
			   "%d of %d %s that combinerd gave are not there yet: a moment ago", lost,
			   given, name);
	else
		exam_found(e, check, DOCTOR_FAIL,
			   "%d of the %d %s that combinerd gave are missing%s%s: "
			   "the signer drops them",
			   lost, given, name, type == VIEW_NS ? "" : ", of keys ",
			   type == VIEW_NS ? "" : exam_keys_text(e, missing, text, sizeof(text)));
}

void
exam_foreign(struct exam *e)
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
		exam_found(e, DOCTOR_FOREIGN, DOCTOR_UNKNOWN,
			   "combinerd has not said what it gives the signer");
		return;
	}
	if (rset_empty(e->given[VIEW_DNSKEY]))
		exam_found(
		    e, DOCTOR_FOREIGN, DOCTOR_UNKNOWN,
		    "the signer was given nothing of others yet: whether it keeps that cannot be "
		    "seen");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		foreign_type(e, types[i].check, types[i].type);
}

void
exam_left_over(struct exam *e)
{
	struct rset left = rset_minus(rset_and(exam_shown_set(e, VIEW_DNSKEY), e->view->d.foreign),
				      rset_or(e->given[VIEW_DNSKEY], e->view->d.own));
	char text[100];

	if (exam_shown(e, VIEW_DNSKEY) == NULL || !e->view->overlay_known ||
	    !exam_settled(e, VIEW_DNSKEY) || rset_empty(left))
		return;
	exam_found(e, DOCTOR_LEFT_OVER, DOCTOR_WARN,
		   "keys of others that combinerd no longer gives are still there: %s",
		   exam_keys_text(e, left, text, sizeof(text)));
}

void
exam_names(struct exam *e)
{
	const struct view_version *v = exam_shown(e, VIEW_NS);
	struct rset given = e->given[VIEW_NS];
	int count = rset_count(given);

	if (count == 0)
		return;
	if (v == NULL)
		exam_found(e, DOCTOR_NS, DOCTOR_UNKNOWN, "NS at the server: %s",
			   exam_why_not(e, VIEW_NS));
	else if (rset_equal(v->set, given))
		exam_found(e, DOCTOR_NS, DOCTOR_PASS, "all %d NS that combinerd gave are there",
			   count);
	else
		exam_found(e, DOCTOR_NS, exam_settled(e, VIEW_NS) ? DOCTOR_FAIL : DOCTOR_UNKNOWN,
			   "other NS at the server than the %d that combinerd gave", count);
}
