/*
 * For condition*.c: what a condition is checked on, and with what words it says no.
 */
#pragma once

#include "agentd/process.h"

struct check {
	const struct zone_view *view;
	bool planned; /* the target is known */
	struct process_target target;
	bool everywhere; /* at the servers of all actors, else at our own */
	bool seen;       /* who was not heard lately is passed over */
	int64_t now;
	struct reason *why; /* what is missing; NULL: nobody asks */
};

/* What a condition says of one server, or of a server of the parent. */
typedef bool (*server_check)(struct check *c, const struct view_place *p, int provider);
typedef bool (*parent_check)(struct check *c, const struct view_place *p);

/* Says why not, and returns false; then what is to be done about it (REASON_BLOCKED). */
bool check_no(struct check *c, enum reason_class class, enum reason_object object,
	      const char *place, const char *expected, const char *seen, ...)
    __attribute__((format(printf, 6, 7)));
void check_todo(struct check *c, const char *text);

const struct process_target *check_target(struct check *c); /* computed once */
/* Was it answered lately? Was it asked, and not answered for long? */
bool check_fresh(const struct check *c, const struct view_history *h);
bool check_silent(const struct check *c, const struct view_history *h);

/* The providers whose servers count: our own, if we take part, or those of all actors. signers: of
 * those that sign. */
uint32_t check_scope(const struct check *c, bool signers);
/* At every server of these providers, and of the parent; each has to have answered lately. */
bool check_providers(struct check *c, uint32_t providers, enum view_type type, server_check good);
bool check_parents(struct check *c, enum view_type type, parent_check good);
/* Is it signed by keys of this provider? By those of a member? Does that server serve a member's
 * zone? */
bool check_signed_by(const struct check *c, const struct view_version *v, int provider);
bool check_signed_copy(const struct check *c, const struct view_version *v);
bool check_copy(struct check *c, const struct view_place *p, int provider);

/* condition_leave.c */
bool check_remains(struct check *c);
bool check_gone(struct check *c);

/* ds_keep.c */
bool check_ds_kept(struct check *c);

/* condition_roll.c */
bool check_algorithm(struct check *c, enum process_condition_bit bit); /* COND_BIT_ALG_* */
bool check_driver(struct check *c);
bool check_store(struct check *c);
bool check_shown(struct check *c);
bool check_data_new(struct check *c);
