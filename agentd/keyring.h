/*
 * The own signer's key store, through signerd: asks for verbs, matches the answers, asks again what
 * got lost, and tells the view what the store holds. A zone without zone.signer-driver has none:
 * then nothing is ever asked, and view->config.driver is off.
 */
#pragma once

#include "agentd/zones.h"

struct keyring;

/* Of a zone; asks for the list at once, and then every agent.key-poll. */
struct keyring *keyring_new(struct zone *zone);
void keyring_free(struct keyring *keyring);
/* The configuration is a new one: the driver may have come or gone. */
void keyring_reload(struct keyring *keyring);

/* A verb (enum msig_key_verb); what it does not use is 0 or "". Its answer is told to the view, as
 * one of LIST. 0: asked, or asked already. MSIG_EREFUSED: no driver. KNOT_EBUSY: several are under
 * way; ask again later. */
int keyring_ask(struct zone *zone, uint8_t verb, uint8_t role, uint8_t algorithm, uint8_t state,
		const char *key);

/* KEYS from the bus. Besides view_on_keys(), it sets view->config.own: the keys whose DNSKEY
 * belongs into the zone, published to retired. A key that only signs (signing, post-active) is not
 * among them: it is in the list. */
void keyring_answer(struct agent *agent, const struct msig_msg_KEYS *msg);
