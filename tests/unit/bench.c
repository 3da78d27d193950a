#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#include "tests/sim/mutations.h"
#include "tests/unit/bench.h"

static const uint8_t generation[16] = {1};
static uint8_t seed[16] = {2};

static int
make_key(struct bench *b, uint16_t flags, int number)
{
	uint8_t rdata[4 + 32] = {(uint8_t)(flags >> 8), (uint8_t)flags, 3, 15};
	rdata[4] = (uint8_t)number;
	rdata[5] = (uint8_t)(flags * 7);
	rdata[20] = (uint8_t)(number * 31);
	return view_rr(b->view, VIEW_DNSKEY, rdata, sizeof(rdata));
}

static int
make_ns(struct bench *b, int number)
{
	uint8_t name[] = {3, 'n', 's', (uint8_t)('1' + number), 1, 'p', 0};
	return view_rr(b->view, VIEW_NS, name, sizeof(name));
}

static struct rset
only(int id)
{
	struct rset s = RSET_NONE;
	rset_add(&s, id);
	return s;
}

static void
make_records(struct bench *b)
{
	for (int i = 0; i < BENCH_PROVIDERS; i++) {
		b->ksk[i] = make_key(b, 257, i + 1);
		b->zsk[i] = make_key(b, 256, i + 1);
		b->ns[i] = make_ns(b, i);
		b->own[i] = rset_or(only(b->ksk[i]), only(b->zsk[i]));
		b->cds[i] = only(rpool_of_key(&b->view->d.pool, b->ksk[i], 59));
		b->cdnskey[i] = only(rpool_of_key(&b->view->d.pool, b->ksk[i], 60));
	}
}

static struct rset
ds_of(struct bench *b, int provider)
{
	return only(rpool_of_key(&b->view->d.pool, b->ksk[provider], 43));
}

static void
serve_one(struct bench *b, struct bench_server *s, int provider, uint32_t members)
{
	memset(s->set, 0, sizeof(s->set));
	for (int i = 0; i < BENCH_PROVIDERS; i++) {
		if (i != provider && (members >> i & 1) == 0)
			continue;
		s->set[VIEW_DNSKEY] = rset_or(s->set[VIEW_DNSKEY], b->own[i]);
		if (i != provider && (members >> provider & 1) == 0)
			continue; /* who joins shows the keys of members beforehand */
		s->set[VIEW_CDS] = rset_or(s->set[VIEW_CDS], b->cds[i]);
		s->set[VIEW_CDNSKEY] = rset_or(s->set[VIEW_CDNSKEY], b->cdnskey[i]);
	}
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		if (members >> i & 1)
			rset_add(&s->set[VIEW_NS], b->ns[i]);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		s->signers[t] = only(t == VIEW_DNSKEY ? b->ksk[provider] : b->zsk[provider]);
		s->ttl[t] = 10;
	}
}

void
bench_serve(struct bench *b, uint32_t members)
{
	serve_one(b, &b->signer, 0, members);
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		serve_one(b, &b->server[i], i, members);
}

static void
delegate(struct bench *b, uint32_t members)
{
	memset(&b->parent, 0, sizeof(b->parent));
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		if (members >> i & 1) {
			b->parent.set[VIEW_DS] = rset_or(b->parent.set[VIEW_DS], ds_of(b, i));
			rset_add(&b->parent.set[VIEW_NS], b->ns[i]);
		}
	b->parent.ttl[VIEW_DS] = b->parent.ttl[VIEW_NS] = 20;
}

void
bench_designate(struct bench *b, int count, bool agent)
{
	memset(&b->hsync, 0, sizeof(b->hsync));
	b->hsync.status = MSIG_SEEN_SET;
	b->hsync.count = count;
	for (int i = 0; i < count; i++) {
		struct view_hsync_entry *e = &b->hsync.entry[i];
		snprintf(e->identity, sizeof(e->identity), "msa.p%d.", i + 1);
		e->on = e->sign = true;
		e->agent = agent;
	}
	memset(b->hsync.digest, count + (agent ? 100 : 0), sizeof(b->hsync.digest));
}

static void
configure(struct bench *b)
{
	b->view->config.ns = only(b->ns[0]);
	b->view->config.nobody_signs = b->nobody_signs;
	view_signer(b->view, "127.0.0.1@53");
}

void
bench_init(struct bench *b, int designated, uint32_t members)
{
	mutations_environment();
	memset(b, 0, sizeof(*b));
	b->now = BENCH_START;
	b->view = view_new("shop.example.", "msa.p1.", &view_times_lab, generation, seed);
	make_records(b);
	configure(b);
	bench_serve(b, members);
	delegate(b, members);
	bench_designate(b, designated, true);
	bench_run(b, 1000);
	for (int i = 1; i < designated; i++) {
		view_on_peer(b->view, i, true, "");
		view_on_models(b->view, i, MSIG_SYNC_PEER | MSIG_SYNC_LEADER);
		bench_state(b, i, (members >> i & 1) != 0);
	}
	bench_run(b, 1000);
	bench_forget(b);
}

void
bench_bare(struct bench *b, struct bench_server *s, uint32_t named)
{
	memset(s->set, 0, sizeof(s->set));
	memset(s->signers, 0, sizeof(s->signers));
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		if (named >> i & 1)
			rset_add(&s->set[VIEW_NS], b->ns[i]);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		s->ttl[t] = 10;
}

void
bench_names(struct bench *b, int provider, struct rset ns)
{
	struct view_statement st = {
	    .epoch = 1,
	    .counter = 1 + b->view->d.provider[provider].statement.counter,
	    .ns = ns,
	};
	memcpy(st.hsync, b->hsync.digest, sizeof(st.hsync));
	st.generation[0] = (uint8_t)provider;
	view_on_statement(b->view, provider, &st, b->now);
}

void
bench_unsigned(struct bench *b, int listed, uint32_t named, bool agent)
{
	mutations_environment();
	memset(b, 0, sizeof(*b));
	b->now = BENCH_START;
	b->nobody_signs = true;
	b->view = view_new("shop.example.", "msa.p1.", &view_times_lab, generation, seed);
	make_records(b);
	configure(b);
	bench_bare(b, &b->signer, named);
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		bench_bare(b, &b->server[i], named);
	delegate(b, named);
	b->parent.set[VIEW_DS] = RSET_NONE;
	bench_designate(b, listed, agent);
	b->hsync.bare = true;
	for (int i = 0; i < listed; i++)
		b->hsync.entry[i].sign = false;
	bench_run(b, 1000);
	for (int i = 1; i < listed; i++) {
		view_on_peer(b->view, i, true, "");
		if (named >> i & 1)
			bench_names(b, i, only(b->ns[i]));
	}
	bench_run(b, 1000);
	bench_forget(b);
}

void
bench_clear(struct bench *b)
{
	view_free(b->view);
	b->view = NULL;
}

void
bench_forget(struct bench *b)
{
	b->applied = b->stated = b->journaled = b->alarms = b->persisted = b->sends = 0;
	b->alarm[0] = 0;
}

void
bench_restart(struct bench *b)
{
	uint8_t *blob;
	size_t len;
	uint64_t epoch = b->view->d.applied_epoch, counter = b->view->d.applied_counter;

	if (view_encode(b->view, &blob, &len) != 0)
		abort();
	view_free(b->view);
	seed[1]++; /* as random as the shell's */
	b->view = view_new("shop.example.", "msa.p1.", &view_times_lab, generation, seed);
	if (view_decode(b->view, blob, len, b->now) != 0)
		abort();
	free(blob);
	make_records(b); /* the pool kept the ids */
	configure(b);
	b->show_epoch = epoch;
	b->show_counter = counter;
}

static void
answer(struct bench *b, const struct action *a)
{
	const struct view_place *p = b->view->d.place[a->place];
	const struct bench_server *s = &b->signer;

	if (p == NULL) /* forgotten since */
		return;
	bool child = strncmp(p->server, "198.51.100.", 11) == 0 &&
		     (b->child >> (p->server[11] - '1') & 1) != 0;
	if (p->kind == PLACE_PARENT)
		s = &b->parent;
	else if (child)
		s = &b->copy;
	if (p->kind == PLACE_SERVER)
		for (int i = 0; i < BENCH_PROVIDERS; i++)
			if (p->server[strlen("192.0.2.")] == '1' + i)
				s = &b->server[i];
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		if ((a->types >> t & 1) == 0)
			continue;
		struct view_answer an = {
		    .place = a->place, .type = t, .asked = b->now, .time = b->now};
		if (s == &b->parent && b->lags && t == VIEW_DS && p->server[11] == '2') {
			an.status = MSIG_SEEN_ABSENT;
			an.ttl = s->ttl[t];
		} else if (s->silent) {
			an.status = MSIG_SEEN_UNKNOWN;
			snprintf(an.reason, sizeof(an.reason), "%s",
				 s->why != NULL ? s->why : "timeout");
		} else {
			an.status = t == VIEW_SOA || !rset_empty(s->set[t]) ? MSIG_SEEN_SET
									    : MSIG_SEEN_ABSENT;
			an.set = s->set[t];
			an.signers = s->signers[t];
			an.ttl = s->ttl[t];
			an.alien = t == VIEW_SOA ? s->alien : 0;
			if (p->kind == PLACE_PARENT && t == VIEW_NS && child) {
				an.set = b->copy.set[t];
				an.child = true;
			}
		}
		view_on_answer(b->view, &an);
	}
}

static void
look_up(struct bench *b, const struct action *a)
{
	char text[32], second[32] = "198.51.100.2@53";
	const char *server[] = {text, second};

	snprintf(text, sizeof(text), "198.51.100.1@53");
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		if (a->ns == b->ns[i])
			snprintf(text, sizeof(text), "192.0.2.%d@53", i + 1);
	view_on_addresses(b->view, a->ns, true, server, a->ns < 0 && b->parents > 1 ? 2 : 1,
			  b->now);
}

static void
carry_out(struct bench *b)
{
	static struct plan plan;
	plan = b->plan;
	for (int i = 0; i < plan.count; i++) {
		const struct action *a = &plan.action[i];
		switch (a->kind) {
		case ACT_ASK:
			answer(b, a);
			break;
		case ACT_ASK_HSYNC:
			b->hsync.time = b->now;
			view_on_hsync(b->view, &b->hsync);
			break;
		case ACT_LOOKUP:
			look_up(b, a);
			break;
		case ACT_SHOW:
			view_on_overlay(b->view, MSIG_ZONE_MERGED, b->show_epoch, b->show_counter);
			break;
		case ACT_APPLY:
			b->applied++;
			if (!b->combiner_silent)
				view_on_applied(b->view, b->view->d.want.epoch,
						b->view->d.want.counter, 0, "");
			break;
		case ACT_SEND:
			if (b->sends < 64) {
				b->sent[b->sends] = a->message;
				b->sent_to[b->sends++] = a->provider;
			}
			break;
		case ACT_STATE:
			b->stated++;
			break;
		case ACT_KEY:
			if (b->on_key != NULL)
				b->on_key(b, a);
			break;
		case ACT_JOURNAL:
			if (getenv("BENCH_TRACE") != NULL)
				fprintf(stderr, "# %lld %s\n", (long long)(b->now - BENCH_START),
					a->text);
			b->journaled++;
			break;
		case ACT_ALARM:
			b->alarms++;
			snprintf(b->alarm, sizeof(b->alarm), "%s", a->text);
			break;
		default:
			break;
		}
	}
}

void
bench_decide(struct bench *b)
{
	decide(b->view, b->now, &b->plan);
	b->persisted += b->plan.persist;
	carry_out(b);
}

void
bench_run(struct bench *b, int64_t ms)
{
	int64_t end = b->now + ms;
	for (;;) {
		do
			bench_decide(b);
		while (b->view->dirty);
		if (b->plan.wake >= end)
			break;
		b->now = b->plan.wake > b->now ? b->plan.wake : b->now + 1;
	}
	b->now = end;
}

void
bench_look(struct bench *b)
{
	bool paused = b->view->d.paused;
	struct view_process run = b->view->d.process;

	for (int i = 0; i < VIEW_PLACES; i++)
		if (b->view->d.place[i] != NULL)
			b->view->d.place[i]->asked = 0;
	b->view->d.paused = true;
	b->now += 10;
	bench_decide(b);
	b->view->d.paused = paused;
	b->view->d.process = run;
}

int
bench_keep_ds(struct bench *b, bool at_parent)
{
	uint8_t rdata[36] = {0x12, 0x34, 15, 2};
	int ds = view_rr(b->view, VIEW_DS, rdata, sizeof(rdata));

	rset_add(&b->view->config.ds_keep, ds);
	if (at_parent)
		rset_add(&b->parent.set[VIEW_DS], ds);
	return ds;
}

void
bench_state(struct bench *b, int provider, bool member)
{
	struct view_statement st = {
	    .epoch = 1,
	    .counter = 1 + b->view->d.provider[provider].statement.counter,
	    .step = member ? 7 : 0,
	    .standing = member ? HAS_ALL | MSIG_STANDING_MEMBER : 0,
	    .dnskey = b->own[provider],
	    .cds = b->cds[provider],
	    .cdnskey = b->cdnskey[provider],
	    .ns = only(b->ns[provider]),
	};
	memcpy(st.hsync, b->hsync.digest, sizeof(st.hsync));
	st.generation[0] = (uint8_t)provider;
	view_on_statement(b->view, provider, &st, b->now);
}

void
bench_say(struct bench *b, int provider, enum msig_op op, uint8_t step, uint8_t id)
{
	struct view_message m = {
	    .op = op,
	    .epoch = 9,
	    .process = MSIG_PROCESS_ADD,
	    .step = step,
	    .subject = provider,
	};
	m.tid[0] = id;
	memcpy(m.hsync, b->hsync.digest, sizeof(m.hsync));
	view_on_message(b->view, provider, &m, b->now);
	bench_decide(b);
}

const struct view_message *
bench_sent(const struct bench *b, int provider, enum msig_op op)
{
	for (int i = b->sends - 1; i >= 0; i--)
		if (b->sent_to[i] == provider && b->sent[i].op == op)
			return &b->sent[i];
	return NULL;
}

const struct reason *
bench_reason(const struct bench *b, enum reason_class class, enum reason_object object)
{
	for (int i = 0; i < b->view->reasons; i++)
		if (b->view->reason[i].class == class && b->view->reason[i].object == object)
			return &b->view->reason[i];
	return NULL;
}
