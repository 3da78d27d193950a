/*
 * Events into the view, and the durable part as bytes: what was written reads back the same, and no
 * damage of the bytes does harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/operator.h"
#include "tests/unit/bench.h"

#include "libmsig/err.h"

static struct bench b;

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static int
setup(void **state)
{
	bench_init(&b, 2, 3);
	return 0;
}

static struct view_history *
history(int *place)
{
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] != NULL && b.view->d.place[i]->kind == PLACE_PARENT) {
			*place = i;
			return &b.view->d.place[i]->history[VIEW_DS];
		}
	return NULL;
}

static bool
say(int place, enum msig_seen status, struct rset set, uint32_t ttl, int64_t at)
{
	struct view_answer a = {
	    .place = place, .type = VIEW_DS, .status = status, .set = set, .ttl = ttl, .time = at};
	return view_on_answer(b.view, &a);
}

static void
test_answers(void **state)
{
	int place = -1;
	struct view_history *h = history(&place);
	struct rset one = b.parent.set[VIEW_DS], more = one;
	int64_t t = b.now + 10;

	rset_add(&more, rpool_of_key(&b.view->d.pool, b.ksk[2], 43));
	assert_int_equal(h->count, 1);
	assert_false(say(place, MSIG_SEEN_SET, one, 20, t));    /* the same: no news */
	assert_true(say(place, MSIG_SEEN_SET, one, 30, t + 1)); /* a larger TTL is */
	assert_int_equal(h->at[0].ttl, 30);
	assert_false(say(place, MSIG_SEEN_SET, one, 5, t + 2));
	assert_int_equal(h->at[0].ttl, 30);
	assert_true(say(place, MSIG_SEEN_SET, more, 20, t + 3));
	assert_int_equal(h->count, 2);
	assert_int_equal(h->at[0].until, t + 3); /* it may have been served up to now */
	assert_int_equal(h->at[1].until, VIEW_NEVER);
	/* Unknown is not empty: what was seen stays. */
	assert_true(say(place, MSIG_SEEN_UNKNOWN, RSET_NONE, 0, t + 4));
	assert_int_equal(h->count, 2);
	assert_int_equal(h->at[1].until, VIEW_NEVER);
	assert_int_equal(h->status, MSIG_SEEN_UNKNOWN);
	/* Absent is a version like others. */
	assert_true(say(place, MSIG_SEEN_ABSENT, RSET_NONE, 7, t + 5));
	assert_int_equal(h->count, 3);
	assert_true(h->at[2].absent);
	/* The first one comes back: it is current, and no longer old. */
	assert_true(say(place, MSIG_SEEN_SET, one, 1, t + 6));
	assert_int_equal(h->count, 3);
	assert_true(rset_equal(h->at[2].set, one));
	assert_int_equal(h->at[2].ttl, 30);
	assert_int_equal(h->at[2].until, VIEW_NEVER);
	/* An answer overtaken by a later one says nothing. */
	assert_false(say(place, MSIG_SEEN_SET, more, 20, t + 5));
	assert_int_equal(h->count, 3);
}

/* A key that signs and is not shown is known by its name: another one is another version. */
static void
test_alien_has_a_name(void **state)
{
	int place = 0;
	while (b.view->d.place[place] == NULL || b.view->d.place[place]->kind != PLACE_SERVER)
		place++;
	const struct view_history *h = &b.view->d.place[place]->history[VIEW_SOA];
	struct view_answer a = {.place = place,
				.type = VIEW_SOA,
				.status = MSIG_SEEN_SET,
				.alien = VIEW_ALIEN(8, 4711),
				.ttl = 10,
				.time = b.now + 1};
	struct view_answer failed = {.place = place,
				     .type = VIEW_SOA,
				     .status = MSIG_SEEN_UNKNOWN,
				     .time = b.now + 2,
				     .reason = "timeout"};

	view_on_answer(b.view, &a);
	view_on_answer(b.view, &failed);
	assert_string_equal(h->reason, "timeout");
	assert_int_equal(h->at[h->count - 1].alien, VIEW_ALIEN(8, 4711));
	int versions = h->count;
	a.alien = VIEW_ALIEN(13, 4711);
	a.time = b.now + 3;
	view_on_answer(b.view, &a);
	assert_string_equal(h->reason, "");
	assert_int_equal(h->count, versions + 1);
	assert_int_equal(VIEW_ALIEN_ALGORITHM(h->at[h->count - 1].alien), 13);
	assert_int_equal(VIEW_ALIEN_TAG(h->at[h->count - 1].alien), 4711);
}

/* Whoever HSYNC wants in can be taken out by the operator, a member or not yet. */
static void
test_expel(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 1); /* the second one is to join */
	assert_int_equal(view_on_expel(b.view, "msa.p1.", true), MSIG_EVALUE);
	assert_int_equal(view_on_expel(b.view, "msa.nobody.", true), MSIG_EVALUE);
	assert_int_equal(agree_designated(b.view), 3);
	assert_int_equal(view_on_expel(b.view, "msa.p2.", true), 0);
	assert_int_equal(agree_designated(b.view), 1);
	assert_int_equal(view_on_expel(b.view, "msa.p2.", true), MSIG_EVALUE);
	assert_int_equal(view_on_expel(b.view, "msa.p2.", false), 0);
	assert_int_equal(agree_designated(b.view), 3);
}

static void
test_no_such_place(void **state)
{
	assert_false(say(-1, MSIG_SEEN_SET, RSET_NONE, 1, b.now));
	assert_false(say(VIEW_PLACES, MSIG_SEEN_SET, RSET_NONE, 1, b.now));
	assert_false(say(VIEW_PLACES - 1, MSIG_SEEN_SET, RSET_NONE, 1, b.now));
	assert_false(view_on_peer(b.view, 0, true, ""));
	assert_false(view_on_peer(b.view, 7, true, ""));
	assert_false(view_on_beat(b.view, -1, b.view->d.generation, 1, 1, NULL));
}

static void
test_statements(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement;
	uint64_t counter = st.counter;

	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0); /* again */
	st.counter = counter - 1;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EDOUBT);
	st.counter = counter;
	st.step = 3; /* the same version, other content */
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EDOUBT);
	assert_int_equal(b.view->d.provider[1].statement.step, 7);
	st.step = 7;
	st.standing = HAS_KEYS;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EDOUBT);
	st.step = 3;
	st.epoch++; /* versions compare by epoch first */
	st.counter = 0;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0);
	assert_int_equal(b.view->d.provider[1].statement.step, 3);
	assert_int_equal(view_on_statement(b.view, 0, &st, b.now), MSIG_ESENDER);
	/* Another database there: its versions begin anew. */
	st.generation[3] ^= 1;
	st.epoch = 0;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0);
}

/* What was said from a database before this one may be under way; for so long only: it may have
 * been put back. */
static void
test_late_generation(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement, old;
	int64_t late = b.view->config.times.late;

	old = st;
	st.generation[3] ^= 1;
	st.step = 3;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0);
	old.counter += 5;
	assert_int_equal(view_on_statement(b.view, 1, &old, b.now + late - 1), MSIG_EDOUBT);
	assert_int_equal(b.view->d.provider[1].statement.step, 3);
	assert_true(b.view->d.provider[1].stale);
	bench_restart(&b);
	assert_int_equal(view_on_statement(b.view, 1, &old, b.now + late - 1), MSIG_EDOUBT);
	assert_int_equal(view_on_statement(b.view, 1, &old, b.now + late), 0);
	assert_int_equal(b.view->d.provider[1].statement.step, 7);
	/* A clock that was ahead does not keep it out for longer. */
	b.view->d.provider[1].older = b.now;
	view_on_clock(b.view, b.now - 3600000);
	assert_int_equal(b.view->d.provider[1].past_until, b.now - 3600000 + late);
	assert_int_equal(b.view->d.provider[1].older, 0);
}

static void
test_beats_make_pulls(void **state)
{
	const struct view_statement *st = &b.view->d.provider[1].statement;
	const uint8_t other[16] = {99}; /* that came to the same version again */
	assert_false(view_on_beat(b.view, 1, st->generation, st->epoch, st->counter, NULL));
	assert_false(view_on_beat(b.view, 1, st->generation, st->epoch, st->counter, st->hsync));
	static const uint8_t another[32] = {0xee};
	assert_true(view_on_beat(b.view, 1, st->generation, st->epoch, st->counter, another));
	b.view->d.provider[1].stale = false;
	assert_true(view_on_beat(b.view, 1, other, st->epoch, st->counter, NULL));
	b.view->d.provider[1].stale = false;
	assert_true(view_on_beat(b.view, 1, st->generation, st->epoch, st->counter + 1, NULL));
	decide(b.view, b.now, &b.plan);
	int pulls = 0;
	for (int i = 0; i < b.plan.count; i++)
		pulls += b.plan.action[i].kind == ACT_PULL && b.plan.action[i].provider == 1;
	assert_int_equal(pulls, 1);
	decide(b.view, b.now, &b.plan);
	for (int i = 0; i < b.plan.count; i++)
		assert_int_not_equal(b.plan.action[i].kind, ACT_PULL);
}

/* Is a peer to be told or asked something now? */
static bool
acts(enum action_kind kind, int provider)
{
	decide(b.view, b.now, &b.plan);
	for (int i = 0; i < b.plan.count; i++)
		if (b.plan.action[i].kind == kind && b.plan.action[i].provider == provider)
			return true;
	return false;
}

static bool
pulls(int provider)
{
	return acts(ACT_PULL, provider);
}

/* A peer that says less than we have heard of it is asked, and hears from that what it has said. */
static void
test_older_is_pulled(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement;

	assert_false(pulls(1));
	assert_true(view_on_beat(b.view, 1, st.generation, st.epoch, st.counter - 1, NULL));
	assert_true(pulls(1));
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0); /* it was an old beat */
	b.now += 100000;
	assert_false(pulls(1));
	st.step ^= 1; /* under one version */
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EDOUBT);
	assert_true(b.view->d.provider[1].differs);
	assert_true(pulls(1));
	st.counter--;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EDOUBT);
	assert_false(b.view->d.provider[1].differs);
	b.now += 100000;
	assert_true(pulls(1));
}

/* What a peer holds of us that we never said: the database is not the one that said it. */
static void
test_put_back(void **state)
{
	struct durable *d = &b.view->d;
	const struct view_statement *own = &d->provider[VIEW_SELF].statement;
	uint64_t epoch = own->epoch, counter = own->counter;

	assert_true(own->known);
	assert_false(view_on_echo(b.view, 0, epoch, counter + 5, false));
	assert_false(view_on_echo(b.view, 1, epoch, counter, false));
	assert_false(view_on_echo(b.view, 1, epoch, counter - 1, false));
	/* Nobody makes us run out of numbers. */
	assert_false(view_on_echo(b.view, 1, d->epoch + VIEW_EPOCH_JUMP + 1, 0, false));
	assert_false(d->rebuild);
	/* Nor does anybody stop us who has no part in the group, or whom an operator took out. */
	uint32_t designated = b.view->designated;
	bool member = d->provider[1].member;
	b.view->designated &= ~UINT32_C(2);
	d->provider[1].member = false;
	assert_false(view_on_echo(b.view, 1, epoch, counter + 5, false));
	d->provider[1].member = d->provider[1].expelled = true;
	assert_false(view_on_echo(b.view, 1, epoch, counter + 5, false));
	d->provider[1].member = member;
	d->provider[1].expelled = false;
	b.view->designated = designated;
	assert_false(d->rebuild);
	assert_true(view_on_echo(b.view, 1, epoch, counter + 5, false));
	assert_true(d->rebuild);
	assert_false(view_states(b.view));
	decide(b.view, b.now, &b.plan);
	assert_true(b.plan.persist);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DATABASE));
	assert_non_null(strstr(d->doubt, "msa.p2."));
	/* What combinerd holds is asked anew, and nobody can confirm before that is known. */
	assert_false(b.view->overlay_known);
	assert_false(view_on_command(b.view, VIEW_CONFIRM));
	assert_true(d->rebuild);
	bench_run(&b, 2000);
	assert_true(d->rebuild);
	view_on_command(b.view, VIEW_CONFIRM);
	bench_run(&b, 2000);
	assert_false(d->rebuild);
	assert_true(own->known && own->counter > counter + 5);
	assert_true(view_states(b.view));
	assert_false(view_on_echo(b.view, 1, epoch, counter + 5, false)); /* late */
	/* Two statements of one version. */
	assert_true(view_on_echo(b.view, 1, own->epoch, own->counter, true));
	assert_true(d->rebuild);
}

static bool
states(void)
{
	b.view->d.provider[1].told = 0;
	return acts(ACT_STATE, 1);
}

/* Nothing is said of ourselves that may be older than the world. */
static void
test_doubt_states_nothing(void **state)
{
	assert_true(states());
	b.view->d.rebuild = true;
	assert_false(states());
	b.view->d.rebuild = false;
	b.view->overlay_known = false;
	assert_false(states());
	b.view->overlay_known = true;
	assert_true(states());
}

/* What a database that is gone on with has of the peers is as old as it is. */
static void
test_confirm_pulls(void **state)
{
	assert_false(pulls(1));
	b.view->d.rebuild = true;
	assert_true(view_on_command(b.view, VIEW_CONFIRM));
	assert_true(b.view->d.provider[1].stale);
	assert_true(pulls(1));
}

static void
test_addresses(void **state)
{
	const char *two[] = {"192.0.2.1@53", "2001:db8::1@53"};
	struct rset ns = RSET_NONE;
	int n = 0;

	assert_false(view_on_addresses(b.view, b.ns[0], false, NULL, 0, b.now)); /* unknown */
	assert_true(view_on_addresses(b.view, b.ns[0], true, two, 2, b.now));
	assert_false(view_on_addresses(b.view, b.ns[0], true, two, 2, b.now));
	rset_add(&ns, b.ns[0]);
	for (int i = 0; i < VIEW_PLACES; i++)
		n += b.view->d.place[i] != NULL && rset_meets(b.view->d.place[i]->ns, ns);
	assert_int_equal(n, 2);
	/* An address that goes is watched until caches have forgotten it. */
	assert_true(view_on_addresses(b.view, b.ns[0], true, two + 1, 1, b.now));
	bench_decide(&b);
	n = 0;
	for (int i = 0; i < VIEW_PLACES; i++)
		n += b.view->d.place[i] != NULL &&
		     strcmp(b.view->d.place[i]->server, "192.0.2.1@53") == 0;
	assert_int_equal(n, 1);
}

static void
test_no_room_for_a_server(void **state)
{
	char text[2 * VIEW_PLACES][VIEW_SERVER];
	const char *server[2 * VIEW_PLACES];
	struct reason why;

	for (int i = 0; i < 2 * VIEW_PLACES; i++) {
		snprintf(text[i], sizeof(text[i]), "203.0.113.%d@53", i);
		server[i] = text[i];
	}
	/* What cannot be watched is not known: nothing is concluded from the others. */
	view_on_addresses(b.view, b.ns[1], true, server, 2 * VIEW_PLACES, b.now);
	assert_false(rset_has(&b.view->looked_up, b.ns[1]));
	assert_false(process_check(b.view, COND_KEYS, true, b.now, &why));
	assert_int_equal(why.object, REASON_OF_SERVER);
}

static void
test_too_much_stated(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement;
	uint8_t rdata[36] = {1, 0, 3, 15};
	for (int i = 0; i <= VIEW_KEYS; i++) {
		rdata[9] = (uint8_t)i;
		rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	}
	st.counter++;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_ESIZE);
	assert_true(rset_equal(b.view->d.provider[1].statement.dnskey, b.own[1]));
}

/* P2: nobody states what is another's. */
static void
test_stated_key_of_another(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement;
	st.counter++;
	rset_add(&st.dnskey, b.ksk[0]);
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EREFUSED);
	assert_false(rset_has(&b.view->d.provider[1].statement.dnskey, b.ksk[0]));
	bench_decide(&b);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT));
	/* A third one with the key of the second, who is a member. */
	int p = view_provider(b.view, "msa.p3.");
	st = (struct view_statement){.epoch = 1, .dnskey = b.own[1]};
	assert_int_equal(view_on_statement(b.view, p, &st, b.now), MSIG_EREFUSED);
	st.dnskey = b.own[2];
	assert_int_equal(view_on_statement(b.view, p, &st, b.now), 0);
}

static void
test_epoch_out_of_reach(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement;
	st.epoch = UINT64_MAX;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EVALUE);
	st.epoch = 2;
	st.process_epoch = UINT64_MAX;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), MSIG_EVALUE);
}

static void
test_provider_slots_are_given_on(void **state)
{
	char name[32];
	/* Whom nobody designates and who never contributed makes room for others. */
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "msa.q%d.", i);
		assert_true(view_provider(b.view, name) > 1);
	}
	assert_int_equal(view_provider_find(b.view, "msa.p2."), 1);
}

/* The number of A, the only one that can be given on. */
static int
given_on(void)
{
	char name[32];
	int p;

	do {
		snprintf(name, sizeof(name), "msa.q%d.", b.view->d.providers);
		p = view_provider(b.view, name);
		b.view->d.provider[p].contributed = true;
	} while (p < VIEW_PROVIDERS - 1);
	b.view->d.provider[p].contributed = false;
	assert_int_equal(view_provider(b.view, "msa.a."), p);
	return p;
}

/* What was said of A counts for nobody who gets A's number. */
static void
test_approval_goes_with_its_provider(void **state)
{
	int i = given_on(), a = i;

	b.view->d.approved = (struct view_approval){MSIG_PROCESS_ADD, 1, (int8_t)a};
	b.view->waits = (struct view_approval){MSIG_PROCESS_ADD, 1, (int8_t)a};
	assert_int_equal(view_provider(b.view, "msa.b."), i);
	assert_int_equal(b.view->d.approved.kind, 0);
	assert_int_equal(b.view->waits.kind, 0);
	/* That of another one stays. */
	b.view->d.approved = (struct view_approval){MSIG_PROCESS_ADD, 1, 1};
	assert_int_equal(view_provider(b.view, "msa.c."), i);
	assert_int_equal(b.view->d.approved.kind, MSIG_PROCESS_ADD);
}

/* CSYNC that was taken back may come yet: nobody else gets that number before a person looked. */
static void
test_recalled_keeps_its_provider(void **state)
{
	int i = given_on(), a = i;

	b.view->d.recalled = (struct view_approval){MSIG_PROCESS_ADD, 3, (int8_t)a};
	assert_int_equal(view_provider(b.view, "msa.b."), -1);
	assert_int_equal(b.view->d.recalled.kind, MSIG_PROCESS_ADD);
	b.view->d.recalled.kind = 0;
	b.view->d.provider[a].has = HAS_NS; /* what is in the zone keeps it, too */
	assert_int_equal(view_provider(b.view, "msa.b."), -1);
	b.view->d.provider[a].has = 0;
	assert_int_equal(view_provider(b.view, "msa.b."), i);
}

static void
test_messages_go_with_their_provider(void **state)
{
	int i = given_on(), a = i;
	struct view_provider *p = &b.view->d.provider[1];

	p->requested = p->asking = true;
	p->request.subject = p->ask.subject = a;
	b.view->ballot[1].leader = a;
	b.view->balloted = BIT(1) | BIT(a);
	b.view->polled[a] = b.now;
	b.view->designated |= BIT(a);
	b.view->listed |= BIT(a);
	b.view->entry[a] = 1;
	assert_int_equal(view_provider(b.view, "msa.b."), i);
	assert_false(p->requested || p->asking);
	assert_int_equal(b.view->balloted, 0);
	assert_int_equal(b.view->polled[i], 0);
	assert_int_equal((b.view->designated | b.view->listed) & BIT(i), 0);
	assert_int_equal(b.view->entry[i], -1);
	/* What is about somebody else stays. */
	p->requested = p->asking = true;
	p->request.subject = p->ask.subject = b.view->ballot[1].leader = 1;
	b.view->balloted = BIT(1);
	assert_int_equal(view_provider(b.view, "msa.c."), i);
	assert_true(p->requested && p->asking);
	assert_int_equal(b.view->balloted, BIT(1));
}

static void
test_election_goes_with_its_voters(void **state)
{
	int i = given_on(), a = i;
	struct view_election *e = &b.view->d.election;
	struct view_election without = {
	    .state = ELECT_VOTING, .voters = 3, .voted = 1, .leader = -1};

	memset(without.confirmed, -1, sizeof(without.confirmed));
	for (int c = 0; c < 3; c++) { /* it leads, it votes, it was confirmed */
		*e = without;
		e->term = 7;
		if (c == 0) {
			e->state = ELECT_SETTLED;
			e->leader = (int8_t)a;
		} else if (c == 1) {
			e->voters |= BIT(a);
			e->voted |= BIT(a);
			e->vote[a] = 9;
			e->confirmed[a] = 1;
		} else {
			e->confirmed[1] = (int8_t)a;
		}
		assert_int_equal(view_provider(b.view, c % 2 == 0 ? "msa.b." : "msa.c."), i);
		assert_int_equal(e->state, ELECT_NONE);
		assert_int_equal(e->leader, -1);
		assert_int_equal(e->term, 7); /* never again another word in that term */
		assert_int_equal((e->voters | e->voted) & BIT(i), 0);
		assert_int_equal(e->vote[i], 0);
		assert_int_equal(e->confirmed[i], -1);
		assert_int_equal(e->confirmed[1], -1);
	}
	*e = without;
	assert_int_equal(view_provider(b.view, "msa.d."), i);
	assert_memory_equal(e, &without, sizeof(without));
}

/* Sets that nobody uses any more name no records for the next one. */
static void
test_overlay_goes_with_its_provider(void **state)
{
	int i = given_on(), a = i;
	static const struct view_contribution none;

	b.view->d.want.from[a].dnskey = b.view->d.applied.from[a].cds = b.own[1];
	b.view->held[a].ns = b.own[1];
	assert_int_equal(view_provider(b.view, "msa.b."), i);
	assert_memory_equal(&b.view->d.want.from[i], &none, sizeof(none));
	assert_memory_equal(&b.view->d.applied.from[i], &none, sizeof(none));
	assert_memory_equal(&b.view->held[i], &none, sizeof(none));
}

static void
test_too_many_providers(void **state)
{
	char name[32];
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "msa.q%d.", i);
		int p = view_provider(b.view, name);
		assert_true(p == -1 || (p > 0 && p < VIEW_PROVIDERS));
		if (p > 0)
			b.view->d.provider[p].contributed = true;
	}
	assert_int_equal(view_provider(b.view, "msa.other."), -1);
	assert_int_equal(view_provider(b.view, "msa.p1."), 0);
}

static void
test_pool_full(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15};
	int last = 0;
	for (int i = 0; i < 2 * RSET_MAX && last >= 0; i++) {
		rdata[10] = (uint8_t)i;
		rdata[11] = (uint8_t)(i >> 8);
		last = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	}
	assert_int_equal(last, MSIG_ESIZE);
	/* What nobody refers to is swept; what is referred to keeps its number. */
	bench_decide(&b);
	assert_true(view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)) >= 0);
	assert_true(rset_equal(b.view->d.own, b.own[0]));
	assert_int_equal(b.view->d.pool.at[b.ksk[0]].flags, 257);
}

static void
test_bad_records(void **state)
{
	uint8_t rdata[4] = {1, 1, 3, 15};
	assert_int_equal(view_rr(b.view, VIEW_DNSKEY, rdata, 4), MSIG_EVALUE);
	assert_int_equal(view_rr(b.view, VIEW_DS, rdata, 2), MSIG_EVALUE);
	assert_int_equal(view_rr(b.view, VIEW_CDS, rdata, 0), MSIG_EVALUE);
	assert_true(view_rr(b.view, VIEW_CSYNC, rdata, 0) >= 0); /* opaque */
}

static void
test_codec(void **state)
{
	uint8_t *one, *two;
	size_t len, len2;
	struct zone_view *copy;
	uint8_t id[16] = {9};

	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	b.view->d.provider[1].statement.standing = HAS_CDS; /* whatever its process says */
	assert_int_equal(view_encode(b.view, &one, &len), 0);
	copy = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
	assert_int_equal(view_decode(copy, one, len, 0), 0);
	assert_int_equal(view_encode(copy, &two, &len2), 0);
	assert_int_equal(len, len2);
	assert_memory_equal(one, two, len);
	assert_memory_equal(&copy->d.process, &b.view->d.process, sizeof(copy->d.process));
	assert_int_equal(copy->d.provider[1].statement.standing, HAS_CDS);
	/* What the others state now is not known until they have said so. */
	assert_true(copy->d.provider[1].stale && !copy->d.provider[VIEW_SELF].stale);
	free(two);
	view_free(copy);

	/* Of somebody else, newer, cut anywhere: refused. */
	copy = view_new("shop.example.", "msa.p2.", &view_times_lab, id, id);
	assert_int_equal(view_decode(copy, one, len, b.now), MSIG_EDB);
	assert_string_equal(copy->misfit, "it is of another identity");
	view_free(copy);
	for (size_t i = 0; i < len; i += 7) {
		copy = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
		assert_int_equal(view_decode(copy, one, i, b.now), MSIG_EDB);
		assert_string_equal(copy->misfit, i < 2 ? "it is empty"
							: "it is cut, or longer than it should be");
		view_free(copy);
	}
	one[1]++;
	copy = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
	assert_int_equal(view_decode(copy, one, len, b.now), MSIG_EDBNEWER);
	view_free(copy);
	free(one);

	/* An approval is of somebody. */
	struct view_approval *of[] = {&b.view->d.approved, &b.view->d.recalled};
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		*of[i] = (struct view_approval){MSIG_PROCESS_REMOVE, 2, -1};
		assert_int_equal(view_encode(b.view, &one, &len), 0);
		copy = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
		assert_int_equal(view_decode(copy, one, len, b.now), MSIG_EDB);
		view_free(copy);
		free(one);
		of[i]->subject = 1;
	}
}

/* What is in the view does not go into another one: it is said what does not fit. */
static void
does_not_fit(const char *why)
{
	uint8_t *blob, id[16] = {9};
	size_t len;
	struct zone_view *copy = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);

	assert_int_equal(view_encode(b.view, &blob, &len), 0);
	assert_int_equal(view_decode(copy, blob, len, b.now), MSIG_EDB);
	assert_non_null(copy->misfit);
	assert_string_equal(copy->misfit, why);
	view_free(copy);
	free(blob);
}

#define MISFIT(field, value, why)                     \
	do {                                          \
		__typeof__(d->field) kept = d->field; \
		d->field = value;                     \
		does_not_fit(why);                    \
		d->field = kept;                      \
	} while (0)

/* Whatever is used as a number in a table is one, or the state is unreadable. */
static void
test_durable_is_bounded(void **state)
{
	static const char step[] = "a process, or a step of one, that is not known here";
	static const char of_step[] = "an approval of a step that is not known here";
	static const char set[] = "a set of providers that there are not";
	static const char there[] = "an overlay with records that are not there";
	static const char stated[] = "a statement with records that are not there";
	static const char server[] = "a server with records that are not there";
	static const char keys[] = "a set of keys that are not there";
	struct durable *d = &b.view->d;
	struct view_process *run = &d->process;
	struct rset none = RSET_NONE, ns = RSET_NONE;
	int steps = process_rule(MSIG_PROCESS_KSK)->steps, place = -1, n;

	*run = (struct view_process){.kind = MSIG_PROCESS_KSK, .phase = PHASE_DONE};
	run->step = (uint8_t)(steps - 1);
	d->recalled = d->approved =
	    (struct view_approval){MSIG_PROCESS_KSK, (uint8_t)(steps - 1) | OPERATOR_LOOKS, 1};
	d->election.leader = 1;
	bench_restart(&b); /* so far it fits */
	d = &b.view->d;
	run = &d->process;
	(void)history(&place);
	rset_add(&ns, b.ns[0]);
	rset_add(&none, RSET_MAX - 1);

	MISFIT(process.step, (uint8_t)steps, step);
	MISFIT(process.kind, 15, step);
	MISFIT(process.phase, PHASE_DONE + 1, "a phase that is none");
	MISFIT(process.subject, -1, "a process of nobody");
	MISFIT(process.requestor, -1, "a process of nobody");
	MISFIT(process.subject, VIEW_PROVIDERS, "a provider's number that is none");
	MISFIT(process.subject, 7, "a process of a provider that is not there");
	MISFIT(process.requestor, 7, "a process of a provider that is not there");
	MISFIT(process.voters, BIT(VIEW_PROVIDERS), set);
	MISFIT(process.approved, BIT(31), set);
	MISFIT(process.done, BIT(VIEW_PROVIDERS), set);
	MISFIT(process.fresh, none, keys);
	MISFIT(process.old, ns, keys);
	MISFIT(ended.kind, 99, "the end of a process that is not known here, or of nobody");
	MISFIT(ended.subject, -1, "the end of a process that is not known here, or of nobody");
	MISFIT(order[3].process, 99, "an order of a process that is not known here");
	MISFIT(approved.step, (uint8_t)steps, of_step);
	MISFIT(approved.kind, 99, of_step);
	MISFIT(recalled.step, (uint8_t)steps | OPERATOR_LOOKS, of_step);
	MISFIT(approved.subject, -1, "an approval of nobody");
	MISFIT(election.state, ELECT_SETTLED + 1, "an election in no state");
	MISFIT(election.voters, BIT(VIEW_PROVIDERS), set);
	MISFIT(election.voted, BIT(VIEW_PROVIDERS), set);
	d->election.state = ELECT_SETTLED;
	MISFIT(election.leader, -1, "an election that nobody won");
	MISFIT(election.leader, 7, "a leader that is not there");
	d->election.state = ELECT_NONE;
	MISFIT(hsync.status, MSIG_SEEN_SET + 1, "a state of HSYNC that is none");
	MISFIT(own, none, keys);
	MISFIT(foreign, ns, keys);
	MISFIT(orphans, none, keys);
	d->want.from[1].used = d->applied.from[1].used = true;
	MISFIT(want.from[1].ns, none, there);
	MISFIT(applied.from[1].dnskey, none, there);
	MISFIT(applied.from[1].cds, ns, there);
	MISFIT(applied.from[1].cdnskey, ns, there);
	MISFIT(applied.from[1].csync, ns, there);
	MISFIT(provider[1].statement.dnskey, ns, stated);
	MISFIT(provider[1].statement.cds, none, stated);
	MISFIT(provider[1].statement.cdnskey, ns, stated);
	MISFIT(provider[1].statement.ns, d->own, stated);
	MISFIT(place[place]->kind, PLACE_PARENT + 1, "a server of no kind");
	MISFIT(place[place]->ns, none, server);
	MISFIT(place[place]->history[VIEW_DS].at[0].set, ns, server);
	MISFIT(place[place]->history[VIEW_DS].at[0].signers, ns, server);
	MISFIT(clock_floor, INT64_MAX - 1, "a time that cannot be");
	MISFIT(clock_offset, INT64_MAX, "a difference of times that cannot be");
	/* A record of NS is a name, as long as it says. */
	for (n = 0; n < 2; n++) {
		uint8_t name[5] = {3, 'n', 's', '1', (uint8_t)(n == 0 ? 0 : 9)};
		int id = view_rr(b.view, VIEW_NS, name, (uint16_t)(n == 0 ? 4 : 5));
		assert_true(id >= 0);
		does_not_fit("a record that is none");
		free(d->pool.at[id].rdata);
		memset(&d->pool.at[id], 0, sizeof(d->pool.at[id]));
	}
}

#define SURVIVES(field) \
	assert_memory_equal(&copy->d.field, &b.view->d.field, sizeof(b.view->d.field))

/* What decides after a crash: each field, with a value that no new view has. */
static void
fill(struct durable *d)
{
	struct view_process *run = &d->process;

	d->generation[0] = 77;
	d->epoch = 1001;
	d->counter = 1002;
	d->content_epoch = 1003;
	d->content_counter = 1004;
	d->pending = d->hsync;
	d->pending.time = 1005;
	d->foreign = d->provider[1].statement.dnskey;
	run->led = run->executed = run->stays = true;
	run->approved = 2;
	run->done = 4;
	run->executed_at = 1006;
	run->roles = 3;
	run->old = d->own;
	for (int i = 0; i < HOLD_COUNT; i++)
		run->hold[i] = 1100 + i;
	d->ended = (struct view_ended){MSIG_PROCESS_ZSK, 1, 1007, {7}, true, 1008};
	d->shrink = d->paused = d->rebuild = true;
	d->keys_since = 1009;
	d->applied_epoch = 1010;
	d->applied_counter = 1011;
	d->orphans = d->own;
	d->order[1] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
	d->step_on = 1;
	d->step_off = 2;
	d->approved = (struct view_approval){MSIG_PROCESS_REMOVE, 2, 1};
	d->recalled = (struct view_approval){MSIG_PROCESS_REMOVE, 3, 1};
	d->election.term = 1012;
	d->election.voted = 1;
	d->election.leader = 1;
	d->agent_ns = !d->agent_ns;
	d->share = 1;
	d->backoff = 1013;
	d->attempts = 5;
	d->clock_floor = 1014;
	d->boot[0] = 8;
	d->clock_offset = -1015;
	snprintf(d->doubt, sizeof(d->doubt), "a doubt");
	d->differs = true;
	d->provider[1].expelled = true;
	d->provider[1].models = 1;
	d->provider[1].past[0] = 9;
	d->provider[1].past_until = 1016;
}

/* That the content at the signer differs, and that it does not any more, is in the database. */
static void
test_difference_is_kept(void **state)
{
	bench_run(&b, 60000);
	for (int differs = 1; differs >= 0; differs--) {
		bench_forget(&b);
		view_on_egress(b.view, differs ? "www is not alike" : "");
		bench_decide(&b);
		assert_int_equal(b.persisted, 1);
		bench_restart(&b);
		assert_int_equal(b.view->d.differs, differs);
		view_on_egress(b.view, differs ? "www is not alike" : "");
	}
}

static void
test_every_field_survives(void **state)
{
	uint8_t id[16] = {9}, *one;
	size_t len;

	fill(&b.view->d);
	assert_int_equal(view_encode(b.view, &one, &len), 0);
	struct zone_view *copy = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
	assert_int_equal(view_decode(copy, one, len, 0), 0);
	free(one);
	SURVIVES(generation);
	SURVIVES(begun);
	SURVIVES(epoch);
	SURVIVES(counter);
	SURVIVES(content_epoch);
	SURVIVES(content_counter);
	SURVIVES(hsync);
	SURVIVES(pending);
	SURVIVES(own);
	SURVIVES(foreign);
	SURVIVES(process);
	SURVIVES(ended);
	SURVIVES(want);
	SURVIVES(applied_epoch);
	SURVIVES(applied_counter);
	SURVIVES(shrink);
	SURVIVES(keys_since);
	SURVIVES(applied);
	SURVIVES(orphans);
	SURVIVES(order);
	SURVIVES(step_on);
	SURVIVES(step_off);
	SURVIVES(approved);
	SURVIVES(recalled);
	SURVIVES(election);
	SURVIVES(agent_ns);
	SURVIVES(share);
	SURVIVES(backoff);
	SURVIVES(attempts);
	SURVIVES(paused);
	SURVIVES(clock_floor);
	SURVIVES(boot);
	SURVIVES(clock_offset);
	SURVIVES(rebuild);
	SURVIVES(doubt);
	SURVIVES(differs);
	for (int i = 0; i < b.view->d.providers; i++) {
		SURVIVES(provider[i].identity);
		SURVIVES(provider[i].member);
		SURVIVES(provider[i].has);
		SURVIVES(provider[i].contributed);
		SURVIVES(provider[i].expelled);
		SURVIVES(provider[i].models);
		SURVIVES(provider[i].statement);
		SURVIVES(provider[i].past);
		SURVIVES(provider[i].past_until);
	}
	for (int i = 0; i < b.view->d.places; i++) {
		const struct view_place *here = b.view->d.place[i], *there = copy->d.place[i];
		assert_true((here == NULL) == (there == NULL));
		if (here == NULL)
			continue;
		assert_int_equal(there->named, here->named);
		assert_int_equal(there->unnamed, here->unnamed);
		for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
			assert_int_equal(there->history[t].count, here->history[t].count);
			assert_memory_equal(there->history[t].at, here->history[t].at,
					    sizeof(here->history[t].at[0]) *
						here->history[t].count);
		}
	}
	view_free(copy);
}

static void
test_codec_damaged(void **state)
{
	uint8_t *one;
	size_t len;
	uint8_t id[16] = {9};
	uint32_t r = 1;

	assert_int_equal(view_encode(b.view, &one, &len), 0);
	for (int i = 0; i < 3000; i++) {
		r = r * 1664525 + 1013904223;
		size_t at = r % len;
		uint8_t old = one[at];
		one[at] ^= (uint8_t)(r >> 24);
		struct zone_view *copy =
		    view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
		if (view_decode(copy, one, len, b.now) == 0)
			decide(copy, b.now, &b.plan); /* whatever it says, it does no harm */
		view_free(copy);
		one[at] = old;
	}
	free(one);
}

static void
test_names_of_things(void **state)
{
	assert_string_equal(view_type_name(VIEW_CDNSKEY), "CDNSKEY");
	assert_int_equal(view_rrtype(VIEW_DS), 43);
	assert_string_equal(action_name(ACT_NOTIFY), "notify");
	assert_string_equal(reason_class_name(REASON_BLOCKED), "blocked");
	assert_string_equal(reason_object_name(REASON_OF_KEYTAG), "key-tag");
	struct reason why = {.class = REASON_PARENT, .object = REASON_OF_DS};
	char text[400];
	strcpy(why.place, "198.51.100.1@53");
	strcpy(why.expected, "2 keys");
	strcpy(why.seen, "1");
	assert_string_equal(reason_text(&why, text, sizeof(text)),
			    "parent: ds at 198.51.100.1@53: expected 2 keys, seen 1");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_answers),
	    T(test_alien_has_a_name),
	    T(test_expel),
	    T(test_no_such_place),
	    T(test_statements),
	    T(test_late_generation),
	    T(test_older_is_pulled),
	    T(test_put_back),
	    T(test_confirm_pulls),
	    T(test_doubt_states_nothing),
	    T(test_beats_make_pulls),
	    T(test_addresses),
	    T(test_no_room_for_a_server),
	    T(test_too_much_stated),
	    T(test_stated_key_of_another),
	    T(test_epoch_out_of_reach),
	    T(test_provider_slots_are_given_on),
	    T(test_approval_goes_with_its_provider),
	    T(test_recalled_keeps_its_provider),
	    T(test_messages_go_with_their_provider),
	    T(test_election_goes_with_its_voters),
	    T(test_overlay_goes_with_its_provider),
	    T(test_too_many_providers),
	    T(test_pool_full),
	    T(test_bad_records),
	    T(test_codec),
	    T(test_durable_is_bounded),
	    T(test_difference_is_kept),
	    T(test_every_field_survives),
	    T(test_codec_damaged),
	    T(test_names_of_things),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
