/*
 * The Multi-Signer EDNS option: three fixed octets (operation, transport, synchronization) and a
 * body of TLVs (u8 type, u16 length, value). Unknown TLVs are passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/dname.h>
#include "libmsig/buf.h"

#define MSIG_OPTION_CODE 65010 /* default of a configurable code point */
#define MSIG_PROTOCOL 1        /* TLV 20 */

/* Transport and synchronization bits. */
#define MSIG_TRANSPORT_DNS 0x01
#define MSIG_TRANSPORT_API 0x02
#define MSIG_SYNC_LEADER 0x01
#define MSIG_SYNC_PEER 0x02

/* What of a provider is in the zone, as it knows it itself. */
#define MSIG_STANDING_KEYS 0x01
#define MSIG_STANDING_CDS 0x02
#define MSIG_STANDING_NS 0x04
#define MSIG_STANDING_MEMBER 0x08 /* it signs in the group */

/* type, id, kind, member of struct msig_option */
#define MSIG_TLVS(X)                                                                              \
	X(1, IDENTITY, NAME, identity) /* the sender */                                           \
	X(2, ZONE, NAME, zone)                                                                    \
	X(3, REMAINING, U8, remaining) /* HELLOs that the sender still waits for */               \
	X(4, INTERVAL, U32, interval)  /* heartbeat, seconds */                                   \
	X(5, PROCESS, U8, process)     /* enum msig_process */                                    \
	X(6, STEP, U8, step)                                                                      \
	X(7, TRANSITION, OCTETS, transition) /* id of one process instance */                     \
	X(8, TERM, U64, term)                /* of the leader */                                  \
	X(9, LEADER, NAME, leader)                                                                \
	X(10, RESULT, U16, result) /* enum msig_result, or an EDE code */                         \
	X(11, TEXT, STR, text)                                                                    \
	X(12, CONTRIBUTION, OCTETS, contribution) /* msig_apex_digest of the sender's own sets */ \
	X(13, SERIAL, U32, serial)                /* of the signed zone, as the sender sees it */ \
	X(14, EPOCH, U64, epoch)                  /* per-zone number of the process */            \
	X(15, SEQUENCE, U64, sequence)            /* increasing per sender and receiver */        \
	X(16, HSYNC, OCTETS, hsync)               /* digest of the HSYNC RRset */                 \
	X(17, VERSION, VERSION, version)          /* of the sender's statement */                 \
	X(18, OWNER_SERIAL, U32, owner_serial)                                                    \
	X(19, GENERATION, OCTETS, generation) /* made with the sender's database */               \
	X(20, PROTOCOL, U8, protocol)                                                             \
	X(21, SUBJECT, NAME, subject)   /* the provider a process is about; absent: the sender */ \
	X(22, ALGORITHM, U8, algorithm) /* DNSSEC algorithm that an algorithm rollover goes to */ \
	X(23, SHARE, U8, share)         /* enum msig_share */                                     \
	X(24, VOTE, U32, vote)          /* in an election */                                      \
	X(25, WISH, U8, wish) /* in a STATE: process that the sender asks the leader for */       \
	X(26, STANDING, U8, standing) /* in a STATE: MSIG_STANDING_*, of the sender itself */

/* value, id, carrier, TLVs without which it is refused besides IDENTITY, ZONE and PROTOCOL */
#define MSIG_OPERATIONS(X)                                                \
	X(1, HELLO, NOTIFY, MSIG_HAS(SEQUENCE))                           \
	X(2, HEARTBEAT, NOTIFY, MSIG_HAS(SEQUENCE))                       \
	X(7, PULL, QUERY, MSIG_HAS(SEQUENCE))                             \
	X(128, REQUEST, NOTIFY, MSIG_MUST_STEP)                           \
	X(129, APPROVE, NOTIFY, MSIG_MUST_STEP)                           \
	X(130, DENY, NOTIFY, MSIG_MUST_STEP | MSIG_HAS(RESULT))           \
	X(131, EXECUTE, NOTIFY, MSIG_MUST_STEP)                           \
	X(132, DONE, NOTIFY, MSIG_MUST_STEP)                              \
	X(133, ABORT, NOTIFY, MSIG_MUST_STEP)                             \
	X(134, RELEASE, NOTIFY, MSIG_MUST_STEP)                           \
	X(135, NOT_YET, NOTIFY, MSIG_MUST_STEP)                           \
	X(140, ELECT_CALL, NOTIFY, MSIG_MUST_ELECT)                       \
	X(141, ELECT_VOTE, NOTIFY, MSIG_MUST_ELECT)                       \
	X(142, ELECT_CONFIRM, NOTIFY, MSIG_MUST_ELECT | MSIG_HAS(LEADER)) \
	X(150, STATE, UPDATE, MSIG_MUST_STATE)

enum msig_tlv {
#define X(type, id, kind, member) MSIG_TLV_##id = (type),
	MSIG_TLVS(X)
#undef X
};

enum msig_op {
#define X(value, id, carrier, must) MSIG_OP_##id = (value),
	MSIG_OPERATIONS(X)
#undef X
};

enum msig_carrier { MSIG_CARRIER_NOTIFY, MSIG_CARRIER_QUERY, MSIG_CARRIER_UPDATE };

#define MSIG_HAS(id) (1u << MSIG_TLV_##id)
#define MSIG_MUST_STEP                                                                    \
	(MSIG_HAS(SEQUENCE) | MSIG_HAS(TRANSITION) | MSIG_HAS(PROCESS) | MSIG_HAS(STEP) | \
	 MSIG_HAS(EPOCH) | MSIG_HAS(HSYNC))
#define MSIG_MUST_ELECT (MSIG_HAS(SEQUENCE) | MSIG_HAS(TERM) | MSIG_HAS(VOTE) | MSIG_HAS(HSYNC))
#define MSIG_MUST_STATE                                                                    \
	(MSIG_HAS(SEQUENCE) | MSIG_HAS(VERSION) | MSIG_HAS(GENERATION) | MSIG_HAS(HSYNC) | \
	 MSIG_HAS(CONTRIBUTION))

/* Numbers of the processes (TLV 5). 0: none is running. */
#define MSIG_PROCESSES(X)                     \
	X(0, NONE, "none")                    \
	X(1, ADD, "add-signer")               \
	X(2, REMOVE, "remove-signer")         \
	X(3, ZSK, "zsk-rollover")             \
	X(4, KSK, "ksk-rollover")             \
	X(5, ALGORITHM, "algorithm-rollover") \
	X(6, NS_ADD, "ns-add")                \
	X(7, NS_REMOVE, "ns-remove")

enum msig_process {
#define X(value, id, text) MSIG_PROCESS_##id = (value),
	MSIG_PROCESSES(X)
#undef X
};

/* Why something was denied (TLV 10). */
#define MSIG_RESULTS(X)                      \
	X(49152, BUSY, "busy")               \
	X(49153, KEYTAG, "key tags collide") \
	X(49154, POLICY, "policy")           \
	X(49155, STATE, "other state")       \
	X(49156, HSYNC, "other HSYNC")       \
	X(49157, NOTREADY, "not ready")      \
	X(49158, ENDED, "ended there")       \
	X(49159, CHANGE, "other change than planned")

enum msig_result {
#define X(value, id, text) MSIG_RESULT_##id = (value),
	MSIG_RESULTS(X)
#undef X
};

/* Which of a signer's keys the others publish (TLV 23): all of them, or those alone that sign data,
 * since each signer's DNSKEY RRset is signed by a key of its own that the parent's DS names
 * (RFC 8901, model 2). Absent: all. */
#define MSIG_SHARES(X)   \
	X(0, ALL, "all") \
	X(1, ZSK, "zsk")

enum msig_share {
#define X(value, id, text) MSIG_SHARE_##id = (value),
	MSIG_SHARES(X)
#undef X
	    MSIG_SHARE_COUNT
};

/* Version of a statement, compared as (epoch, counter). */
struct msig_version {
	uint64_t epoch;
	uint64_t counter;
};

#define MSIG_OPTION_TEXT 256 /* text with its 0; a longer one is cut when written */

struct msig_option {
	uint8_t operation;
	uint8_t transport;
	uint8_t sync;
	uint32_t
	    has; /* MSIG_HAS(...) of the TLVs that are there; set it together with the member */
	knot_dname_storage_t identity;
	knot_dname_storage_t zone;
	knot_dname_storage_t leader;
	knot_dname_storage_t subject;
	uint8_t remaining;
	uint8_t process;
	uint8_t step;
	uint8_t protocol;
	uint8_t algorithm;
	uint8_t share;
	uint16_t result;
	uint32_t interval;
	uint32_t serial;
	uint32_t owner_serial;
	uint32_t vote;
	uint8_t wish;
	uint8_t standing;
	uint64_t term;
	uint64_t epoch;
	uint64_t sequence;
	struct msig_version version;
	uint8_t transition[16];
	uint8_t generation[16];
	uint8_t contribution[32];
	uint8_t hsync[32];
	char text[MSIG_OPTION_TEXT]; /* control characters received become '?' */
};

/* Sets a member and its bit: MSIG_OPTION_SET(&opt, STEP, step, 3). Arrays are copied by hand. */
#define MSIG_OPTION_SET(opt, id, member, value) \
	((opt)->member = (value), (opt)->has |= MSIG_HAS(id))

/* An option with IDENTITY, ZONE and PROTOCOL set (which every message begins with), and the
 * capabilities DNS and peer. */
void msig_option_init(struct msig_option *opt, enum msig_op op, const knot_dname_t *identity,
		      const knot_dname_t *zone);

/* fixed is the length of the fixed part: 3, or 4 for peers that have a reserved fourth octet. */
int msig_option_encode(const struct msig_option *opt, unsigned fixed, struct msig_wr *wr);
/* Names are lowercased. MSIG_EOPTION if malformed (too short, operation 0, a TLV that does not fit
 * or has a wrong length or comes twice). A HEARTBEAT body of one octet is read as REMAINING. */
int msig_option_decode(const uint8_t *data, size_t len, unsigned fixed, struct msig_option *opt);
/* What a request must have: an operation that is known (else KNOT_ENOTSUP), the TLVs of the table
 * (MSIG_EMISSING), the DNS bit, a protocol version that is not 0 (MSIG_EOPTION). */
int msig_option_check(const struct msig_option *opt);

const char *msig_op_name(unsigned op);          /* "?" if unknown */
enum msig_carrier msig_op_carrier(unsigned op); /* NOTIFY if unknown */
/* Also the other one, for an EXECUTE with the change of its step. */
bool msig_op_carried(unsigned op, enum msig_carrier carrier);
const char *msig_process_name(unsigned process);
const char *msig_result_text(unsigned result);
const char *msig_share_name(unsigned share); /* "?" if unknown */
int msig_version_cmp(const struct msig_version *a, const struct msig_version *b);
