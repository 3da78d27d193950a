#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include "agentd/inbox.h"
#include "agentd/letter.h"
#include "agentd/peers.h"
#include "agentd/zones.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

/* A message on its way through. */
struct mail {
	struct agent *agent;
	const struct msig_msg_RECEIVED *raw;
	struct msig_peermsg msg;
	struct contact *contact;
	struct zone *zone;
	bool proven;  /* its signature is good: the answer is signed, too */
	int64_t skew; /* s: of its sender's clock when that was made, ahead of ours */
};

/* Extended DNS Errors (RFC 8914) that we choose ourselves. */
#define EDE_NOT_READY 14
#define EDE_PROHIBITED 18

static void
reply(struct mail *mail, uint16_t rcode, uint16_t ede, const char *why,
      const struct msig_option *option, const struct msig_apex *apex)
{
	struct agent *agent = mail->agent;
	struct msig_msg out = {.id = MSIG_MSG_REPLY};
	struct msig_coding coding = agent_coding(agent);
	struct msig_peermsg msg;
	struct msig_option opt;
	size_t max = 65535, len = max - msig_sig0_size(sig0key_key(agent->sig0key));
	uint8_t *wire = xcalloc(1, max);
	int ret;

	if (option != NULL) {
		opt = *option;
	} else {
		msig_option_init(&opt, (enum msig_op)mail->msg.operation, agent->identity,
				 mail->msg.zone);
	}
	opt.operation = mail->msg.operation;
	ret = msig_peermsg_response(&msg, &mail->msg, rcode, mail->msg.operation != 0 ? &opt : NULL,
				    apex);
	if (ret != 0) {
		goto out;
	}
	if (why != NULL) {
		msig_peermsg_set_ede(&msg, ede, why);
	}
	ret = msig_peermsg_compose(&msg, &coding, wire, &len);
	msig_peermsg_clear(&msg);
	/* Strangers are not worth a signature. */
	if (ret == 0 && mail->proven) {
		ret = sig0key_sign(agent->sig0key, wire, &len, max, mail->raw->message.data,
				   mail->raw->message.len, loop_utc_ms() / 1000);
	}
out:
	out.u.REPLY.id = mail->raw->id;
	if (ret == 0) {
		out.u.REPLY.message.data = wire;
		out.u.REPLY.message.len = (uint32_t)len;
	} else {
		log_warn("no answer could be written for %s: %s", mail->raw->source,
			 msig_strerror(ret));
	}
	(void)agent_send(agent, &out);
	free(wire);
}

/* Says no, and says so in the log: who, what, why. */
static void
refuse(struct mail *mail, uint16_t rcode, uint16_t ede, const char *why)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);
	char identity[MSIG_NAME_TEXT] = "?", zone[MSIG_NAME_TEXT] = "?";

	if (mail->msg.has_option && (mail->msg.option.has & MSIG_HAS(IDENTITY)) != 0) {
		msig_name_text(mail->msg.option.identity, identity);
	}
	msig_name_text(mail->msg.zone, zone);
	log_info("%s from %s (%s, said to be %s) for %s: %s, %s", msig_op_name(mail->msg.operation),
		 mail->raw->source, mail->proven ? "verified" : "not verified", identity, zone, why,
		 name != NULL ? name->name : "refused");
	reply(mail, rcode, ede, why, NULL, NULL);
}

static void
refuse_error(struct mail *mail, int err)
{
	uint16_t rcode, ede;

	msig_peermsg_refusal(err, &rcode, &ede);
	refuse(mail, rcode, ede, msig_strerror(err));
}

/* Who says it, and is it true that he does? */
static int
verify(struct mail *mail)
{
	struct contact *c = peers_find_name(mail->agent, mail->msg.option.identity);
	int ret;

	mail->contact = c;
	if (c == NULL) {
		return MSIG_EREFUSED;
	}
	if (!c->found) {
		peers_wanted(c);
		return MSIG_ESIGKEY;
	}
	ret = sig0key_verify(&c->at, mail->raw->message.data, mail->raw->message.len, NULL, 0,
			     loop_utc_ms() / 1000, &mail->skew);
	if (ret == MSIG_EBADSIG || ret == MSIG_ESIGKEY) {
		peers_suspect(mail->agent, c, msig_strerror(ret));
	}
	mail->proven = ret == 0;
	return ret;
}

/* The sequence was never accepted before, and never will be again. In the open transaction. */
static int
accept_once(struct mail *mail)
{
	struct store *store = mail->agent->store;
	const char *sender = mail->contact->peer->identity;
	struct replay replay;
	int ret = store_replay_get(store, sender, &replay);

	if (ret != 0) {
		return ret;
	}
	if (mail->msg.option.sequence > loop_utc_ms() * 1000 + SEQUENCE_AHEAD) {
		return MSIG_EAHEAD;
	}
	if (!replay_fresh(&replay, mail->msg.option.sequence)) {
		return MSIG_EREPLAY;
	}
	replay_mark(&replay, mail->msg.option.sequence);
	return store_replay_set(store, sender, &replay);
}

/* What the peer says of a step, into the view and as what is to be settled with it. */
static int
take_step(struct mail *mail, struct view_message *m, struct heard *heard)
{
	int number = view_provider_find(mail->zone->view, mail->contact->peer->identity);

	if (number <= 0) {
		return MSIG_ESENDER;
	}
	letter_message(mail->zone->view, number, &mail->msg, m);
	(void)view_on_message(mail->zone->view, number, m, (int64_t)loop_utc_ms());
	*heard = (struct heard){.provider = number,
				.actor = mail->contact->peer->identity,
				.message = m,
				.wire = mail->raw->message.data,
				.len = mail->raw->message.len};
	return 0;
}

/* HELLO and HEARTBEAT change nothing but the replay window and what is known of the peer. */
static void
greet(struct mail *mail)
{
	struct contact *c = mail->contact;
	struct msig_option opt;

	if (mail->msg.operation == MSIG_OP_HELLO) {
		peers_heard_hello(c, &mail->msg.option);
	} else {
		peers_heard_beat(c, &mail->msg.option);
	}
	zones_heard(c, &mail->msg.option);
	msig_option_init(&opt, (enum msig_op)mail->msg.operation, mail->agent->identity,
			 mail->zone->name);
	zones_fill(mail->agent, mail->zone->name, &opt);
	reply(mail, KNOT_RCODE_NOERROR, 0, NULL, &opt, NULL);
}

static void
answer_pull(struct mail *mail)
{
	const struct msig_option *said = &mail->msg.option;
	struct msig_option opt;
	struct msig_apex apex;
	int number = view_provider_find(mail->zone->view, mail->contact->peer->identity);

	if (number > 0 && (said->has & MSIG_HAS(VERSION)) != 0 &&
	    view_on_echo(mail->zone->view, number, said->version.epoch, said->version.counter,
			 (said->has & MSIG_HAS(RESULT)) != 0)) {
		zones_mark(mail->zone);
	}
	msig_option_init(&opt, MSIG_OP_PULL, mail->agent->identity, mail->zone->name);
	if (!view_states(mail->zone->view) || zones_statement(mail->zone, &opt, &apex) != 0) {
		/* Asked for again every few seconds, and by every peer: the doubt is an alarm. */
		log_debug("PULL from %s for a zone that states nothing now",
			  mail->contact->peer->identity);
		reply(mail, KNOT_RCODE_REFUSED, EDE_NOT_READY,
		      "no own statement yet, or its database is in doubt", NULL, NULL);
		return;
	}
	reply(mail, KNOT_RCODE_NOERROR, 0, NULL, &opt, &apex);
	msig_apex_clear(&apex);
}

/* Verified and about a zone of ours. Everything that has to last is in one transaction. */
static void
handle(struct mail *mail)
{
	struct store *store = mail->agent->store;
	struct heard heard = {.message = NULL};
	struct view_message said;
	int ret = store_begin(store);

	if (ret == 0) {
		ret = accept_once(mail);
	}
	if (ret == 0) { /* of one that somebody sends again, the time is an old one */
		peers_clock(mail->contact, mail->skew);
	}
	if (ret == 0 && mail->msg.operation == MSIG_OP_STATE) {
		ret = zones_stated(mail->zone, mail->contact, &mail->msg, mail->raw->message.data,
				   mail->raw->message.len);
	} else if (ret == 0 && mail->msg.operation >= MSIG_OP_REQUEST) {
		ret = take_step(mail, &said, &heard);
	}
	if (ret != 0) {
		store_rollback(store);
		if (ret == MSIG_EDISK || ret == MSIG_EDB) {
			zones_forget(mail->zone);
		}
		refuse_error(mail, ret);
		return;
	}
	if (mail->msg.operation >= MSIG_OP_REQUEST) {
		ret = zones_settle_heard(mail->zone, heard.message != NULL ? &heard : NULL);
	} else {
		ret = store_commit(store);
	}
	if (ret != 0) {
		refuse_error(mail, ret);
	} else if (mail->msg.operation == MSIG_OP_HELLO ||
		   mail->msg.operation == MSIG_OP_HEARTBEAT) {
		greet(mail);
	} else if (mail->msg.operation == MSIG_OP_PULL) {
		answer_pull(mail);
	} else {
		peer_heard(mail->contact->peer, 0, loop_mono_ms());
		reply(mail, KNOT_RCODE_NOERROR, 0, NULL, NULL, NULL);
	}
}

void
inbox_received(struct agent *agent, const struct msig_msg_RECEIVED *raw)
{
	struct msig_coding coding = agent_coding(agent);
	struct mail mail = {.agent = agent, .raw = raw};
	int ret = msig_peermsg_parse(raw->message.data, raw->message.len, &coding, &mail.msg);

	if (ret != 0) {
		refuse_error(&mail, ret);
		return;
	}
	if (mail.msg.response) {
		refuse_error(&mail, MSIG_EVALUE);
		goto out;
	}
	ret = verify(&mail);
	mail.zone = zones_find(agent, mail.msg.zone);
	if (ret == MSIG_EREFUSED) {
		refuse(&mail, KNOT_RCODE_REFUSED, EDE_PROHIBITED,
		       mail.zone == NULL ? "no such zone here" : "not in the zone's HSYNC");
	} else if (ret == MSIG_ESIGKEY && !mail.contact->found) {
		refuse(&mail, KNOT_RCODE_REFUSED, EDE_NOT_READY,
		       "discovery of the sender is not done");
	} else if (ret != 0) {
		refuse_error(&mail, ret);
	} else if (mail.zone == NULL) {
		refuse(&mail, KNOT_RCODE_REFUSED, EDE_NOT_READY, "no such zone here (yet)");
	} else if (peer_zone_find(mail.contact->peer, mail.msg.zone) == NULL) {
		refuse(&mail, KNOT_RCODE_REFUSED, EDE_PROHIBITED, "not in the zone's HSYNC");
	} else if (mail.zone->broken) {
		refuse(&mail, KNOT_RCODE_REFUSED, EDE_NOT_READY,
		       "its stored state cannot be read here");
	} else {
		handle(&mail);
	}
out:
	msig_peermsg_clear(&mail.msg);
}
