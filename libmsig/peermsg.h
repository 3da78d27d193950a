/*
 * What agents say to each other, as whole DNS messages: NOTIFY SOA, UPDATE for STATE, QUERY ANY for
 * PULL, each with the Multi-Signer option; and the responses, with RCODE and Extended DNS Error.
 * Signing is sig0.h: compose, sign, send; verify, parse, act.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/apex.h"
#include "libmsig/change.h"
#include "libmsig/option.h"

#define MSIG_EDE_TEXT 200

/* How options are coded: part of the configuration, the layout per peer. */
struct msig_coding {
	uint16_t option_code; /* 0: MSIG_OPTION_CODE */
	uint8_t fixed;        /* 0 or 3, or 4 */
};

struct msig_peermsg {
	uint16_t id;
	bool response;
	enum msig_carrier carrier;
	uint16_t rcode;  /* extended */
	bool has_option; /* always in a request; a response of a stranger may lack it */
	struct msig_option option;
	knot_dname_storage_t zone; /* question or zone section, lower case */
	uint8_t operation;         /* option.operation, 0 without option */
	/* The sender's own full set: in a STATE request and in the response to a PULL. */
	bool has_apex;
	struct msig_apex apex;
	/* What the step changes: in an EXECUTE of leader mode, which is an UPDATE then. */
	bool has_change;
	struct msig_change change;
	/* Responses only; for humans. */
	bool has_ede;
	uint16_t ede;
	char ede_text[MSIG_EDE_TEXT];
};

void msig_peermsg_clear(struct msig_peermsg *msg);

/* A request for option->operation about option->zone. The carrier follows from the operation. The
 * apex is that of a STATE (owned by msg afterwards is a copy); NULL else. */
int msig_peermsg_request(struct msig_peermsg *msg, uint16_t id, const struct msig_option *option,
			 const struct msig_apex *apex);
/* The same for an EXECUTE with what its step changes (copied). */
int msig_peermsg_execute(struct msig_peermsg *msg, uint16_t id, const struct msig_option *option,
			 const struct msig_change *change);
/* The response to a request that was parsed: same id, question and carrier, and option (own
 * identity and capabilities; NULL for none). A refusal has no apex. */
int msig_peermsg_response(struct msig_peermsg *msg, const struct msig_peermsg *request,
			  uint16_t rcode, const struct msig_option *option,
			  const struct msig_apex *apex);
void msig_peermsg_set_ede(struct msig_peermsg *msg, uint16_t code, const char *text);

/* Wire form, unsigned. *len is the room on the way in (leave room for SIG(0) behind it). */
int msig_peermsg_compose(const struct msig_peermsg *msg, const struct msig_coding *coding,
			 uint8_t *wire, size_t *len);
/* Reads a message, with or without SIG(0), which is not verified here. A request without the option
 * is MSIG_EMISSING: no message of ours. The option must name the zone of the question, its
 * operation must fit the carrier, and requests must pass msig_option_check. msg is to be cleared
 * after success; after an error id, response, zone and operation are filled as far as known, so
 * that a refusal can be written, and nothing is to be freed. */
int msig_peermsg_parse(const uint8_t *wire, size_t len, const struct msig_coding *coding,
		       struct msig_peermsg *msg);

/* RCODE and Extended DNS Error that answer an error of parsing, verifying or deciding. */
void msig_peermsg_refusal(int err, uint16_t *rcode, uint16_t *ede);
