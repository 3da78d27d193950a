/*
 * What the files of the doctor share. One function per thing that is looked at; each adds what it
 * found.
 */
#pragma once

#include "agentd/doctor.h"

struct exam {
	const struct zone_view *view;
	const struct doctor_facts *facts;
	struct doctor_report *report;
	const struct view_place *signer; /* NULL: none is configured */
	uint8_t situation;               /* DOCTOR_PUSHED and so on */
	struct rset
	    given[VIEW_TYPE_COUNT]; /* to the signer, in the names of others; NS, CSYNC: all */
};

/* doctor.c */
void exam_found(struct exam *e, enum doctor_check check, enum doctor_state state, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));
/* What the signer shows now, or NULL: it is not known. */
const struct view_version *exam_shown(const struct exam *e, enum view_type type);
struct rset exam_shown_set(const struct exam *e, enum view_type type);
const char *exam_why_not(const struct exam *e, enum view_type type);
/* Had the signer the time to take over what combinerd serves, when it was asked last? */
bool exam_settled(const struct exam *e, enum view_type type);
/* "13/4711, ...": the first ones, by algorithm and tag. */
const char *exam_keys_text(const struct exam *e, struct rset set, char *buf, size_t len);

/* doctor_given.c */
void exam_gather(struct exam *e);
void exam_foreign(struct exam *e);
void exam_left_over(struct exam *e);

/* Where nobody signs: NS are all that is given. */
void exam_names(struct exam *e);

/* doctor_own.c */
/* The zone is without signatures, and what speaks of them is not applicable. */
void exam_unsigned(struct exam *e);
void exam_own_keys(struct exam *e);
void exam_is_signed(struct exam *e);
void exam_own_cds(struct exam *e);
void exam_algorithm(struct exam *e);
void exam_key_tags(struct exam *e);
void exam_driver(struct exam *e);

/* doctor_times.c */
void exam_roll_delay(struct exam *e);
void exam_rolls(struct exam *e); /* after that */
void exam_dnskey_ttl(struct exam *e);
void exam_signatures(struct exam *e);

/* doctor_reach.c */
void exam_transfer(struct exam *e);
void exam_notify(struct exam *e);
void exam_content(struct exam *e);
void exam_servers(struct exam *e);
void exam_others(struct exam *e);
void exam_parent(struct exam *e);
