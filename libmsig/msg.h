/*
 * Local messages between the daemons of one provider: one table, from which the enum, the names,
 * who may send what to whom, encoder, decoder and dumper are made. Knows nothing of sockets.
 *
 * A message is one frame: u8 version, u8 id, u16 reserved (0), then the fields of its payload in
 * the order of the table, integers in network byte order. A message with bytes left over, or too
 * few, is malformed. The bus delivers at most once: ids, versions and asking again make it exactly
 * once in effect.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <libknot/dname.h>

#define MSIG_MSG_VERSION 1

/* The processes on the bus. Each binds one socket per sender, so an endpoint proves who speaks. */
#define MSIG_ACTORS(X)           \
	X(AGENT, "agentd")       \
	X(COMBINER, "combinerd") \
	X(PEER, "transportd")    \
	X(OBSERVE, "observe")    \
	X(SIGNER, "signerd")

enum msig_actor {
#define X(id, name) MSIG_ACTOR_##id,
	MSIG_ACTORS(X)
#undef X
	    MSIG_ACTOR_COUNT
};

/*
 * Kinds of fields:
 *   U8 U16 U32 U64 I32   numbers
 *   NAME                 domain name, wire form, uncompressed, canonical (lower case); never NULL
 *   STR                  text: u16 length, bytes without NUL; a C string in the struct, never NULL
 *   BLOB                 bytes: u32 length, bytes
 *   U16S, STRS, BLOBS    list: u16 count, then that many of the kind
 */

/* agentd -> combinerd: replace the whole overlay of a zone. One commit, one served version.
 * contribution[i] is the full DNS UPDATE (wire form, no TSIG) of origin[i]: what that provider
 * states. An origin that is absent loses its records. version is the overlay's version, compared
 * lexicographically (epoch, counter): an older one is refused. may_shrink says that a process
 * takes a provider away: without it an origin that had more than CSYNC has to stay.
 */
#define MSG_APPLY(F)      \
	F(U64, id)        \
	F(NAME, zone)     \
	F(U64, epoch)     \
	F(U64, counter)   \
	F(U8, may_shrink) \
	F(STRS, origin)   \
	F(BLOBS, contribution)

/* combinerd -> agentd: the answer to APPLY, sent after the commit is on disk. rcode is a DNS RCODE;
 * serial is the SOA serial now served to the signer. */
#define MSG_APPLIED(F) \
	F(U64, id)     \
	F(NAME, zone)  \
	F(U16, rcode)  \
	F(STR, text)   \
	F(U32, serial)

/* agentd -> combinerd: what overlay do you hold? */
#define MSG_SHOW(F) F(U64, id) F(NAME, zone)

/* combinerd -> agentd: the answer to SHOW. rrs[i] are the records of origin[i] (buf.h: RRs in
 * uncompressed wire form, one behind the other). state is enum msig_zone_state. */
#define MSG_OVERLAY(F)  \
	F(U64, id)      \
	F(NAME, zone)   \
	F(U8, state)    \
	F(U64, epoch)   \
	F(U64, counter) \
	F(STRS, origin) \
	F(BLOBS, rrs)

/* combinerd -> agentd: a wake-up. A new version is served. Authority over HSYNC has only the signed
 * zone. digest is the content digest (digest.h) of what is served, 32 octets; past those of older
 * versions, one behind the other, newest first, as far as they are known. */
#define MSG_ZONE(F)          \
	F(NAME, zone)        \
	F(U8, state)         \
	F(U32, owner_serial) \
	F(U32, serial)       \
	F(BLOB, digest)      \
	F(BLOB, past)        \
	F(STR, text)

/* agentd -> transportd: a peer, and what discovery has found. address: "addr@port". key: name and
 * tag of the SIG(0) keys that its messages may bear, "name/tag". zones: those shared with it. One
 * that was not found yet has neither addresses nor keys. */
#define MSG_PEER_SET(F)  \
	F(STR, peer)     \
	F(STRS, address) \
	F(STRS, key)     \
	F(STRS, zone)

#define MSG_PEER_DEL(F) F(STR, peer)

/* agentd -> transportd: deliver this signed DNS message to the peer, report SENT. */
#define MSG_SEND(F) F(U64, id) F(STR, peer) F(U32, timeout_ms) F(BLOB, message)

/* agentd -> transportd: the signed response to RECEIVED id. An empty message drops the request. */
#define MSG_REPLY(F) F(U64, id) F(BLOB, message)

/* transportd -> agentd: reachability of a peer changed, or a peer table is wanted (restart: peer is
 * empty, agentd sends all PEER_SET again). */
#define MSG_PEER(F) F(STR, peer) F(U8, reachable) F(STR, text)

/* transportd -> agentd: somebody says HELLO for a zone and claims to be a peer that PEER_SET named
 * without keys. Nothing in it is proven, and few of many are told: a hint that it is worth looking
 * the peer up now. signer: "name/tag" of its signature. */
#define MSG_CLAIM(F) F(STR, peer) F(NAME, zone) F(STR, signer) F(STR, source)

/* transportd -> agentd: a DNS message as it came, after the cheap checks. Nothing in it is proven.
 */
#define MSG_RECEIVED(F) F(U64, id) F(STR, channel) F(STR, source) F(BLOB, message)

/* transportd -> agentd: what became of SEND id. result 0 or an error; response as it came. */
#define MSG_SENT(F) F(U64, id) F(I32, result) F(STR, address) F(U32, rtt_ms) F(BLOB, response)

/* agentd -> observe: ask. server "addr@port" asks that server over TCP, signed with the TSIG key of
 * that name if it is not empty; an empty server asks the validating resolver. One ANSWER per type.
 */
#define MSG_ASK(F) \
	F(U64, id) F(STR, server) F(STR, tsig) F(NAME, name) F(U16S, type) F(U32, timeout_ms)

/* agentd -> observe: follow the signer's zone by IXFR, report FOLLOWED at each change; an empty
 * server stops it. */
#define MSG_FOLLOW(F) F(NAME, zone) F(STR, server) F(STR, tsig)

/* observe -> agentd: the answer to ASK for one type. status is enum msig_seen. validation is enum
 * msig_validation (NONE for an answer of a chosen server: agentd verifies it). answer and authority
 * hold RRs in uncompressed wire form with their RRSIGs, names in rdata as they came. time is UTC in
 * milliseconds, when the answer arrived. reason says why a status is unknown. */
#define MSG_ANSWER(F)     \
	F(U64, id)        \
	F(STR, server)    \
	F(NAME, name)     \
	F(U16, type)      \
	F(U8, status)     \
	F(U8, validation) \
	F(U16, rcode)     \
	F(U8, aa)         \
	F(U64, time)      \
	F(STR, reason)    \
	F(BLOB, answer)   \
	F(BLOB, authority)

/* observe -> agentd: what the signer's whole zone looks like. digest as in ZONE; max_ttl is the
 * largest TTL of any RRset in it (the negative TTL included); signer[i] is "algorithm/tag" and
 * signatures[i] (decimal) how many RRSIGs it made; expires is the earliest RRSIG expiry, UTC s. */
#define MSG_FOLLOWED(F)     \
	F(NAME, zone)       \
	F(U32, serial)      \
	F(BLOB, digest)     \
	F(U32, max_ttl)     \
	F(U64, expires)     \
	F(U64, time)        \
	F(STRS, signer)     \
	F(STRS, signatures) \
	F(STR, reason)

/* agentd -> observe: transfer the zone from the signer (as in FOLLOW) and from combinerd, say what
 * differs. */
#define MSG_COMPARE(F) F(U64, id) F(NAME, zone) F(STR, server) F(STR, tsig)

/* observe -> agentd: the answer to COMPARE. reason: why it could not be done; otherwise both
 * serials and content digests, and what differs: "NAME TYPE where", in canonical order. all: that
 * is all. */
#define MSG_COMPARED(F)        \
	F(U64, id)             \
	F(NAME, zone)          \
	F(STR, reason)         \
	F(U32, signed_serial)  \
	F(BLOB, signed_digest) \
	F(U32, served_serial)  \
	F(BLOB, served_digest) \
	F(STRS, difference)    \
	F(U8, all)

/* observe -> agentd: the signer sent a NOTIFY for the zone. */
#define MSG_SIGNER_CHANGED(F) F(NAME, zone) F(U32, serial)

/* agentd -> signerd: the keys of the signer (below: verbs, roles, states). key is an id that KEYS
 * gave; what a verb does not use is 0 or empty. */
#define MSG_KEY(F)       \
	F(U64, id)       \
	F(NAME, zone)    \
	F(U8, verb)      \
	F(U8, role)      \
	F(U8, algorithm) \
	F(U8, state)     \
	F(STR, key)

/* signerd -> agentd: the answer to every KEY, when what it asked for is in force, or id 0 unasked.
 * result is 0 or an error whose reason is text; then the lists may be empty although there are
 * keys. Otherwise they are all keys of the zone, as they are now. dnskey[i] is the DNSKEY's RDATA.
 */
#define MSG_KEYS(F)    \
	F(U64, id)     \
	F(NAME, zone)  \
	F(I32, result) \
	F(STR, text)   \
	F(STRS, key)   \
	F(U16S, role)  \
	F(U16S, state) \
	F(BLOBS, dnskey)

/* id, name, sender, receiver, largest size in octets; the payload is MSG_<name> above */
#define MSIG_MESSAGES(X)                               \
	X(1, APPLY, AGENT, COMBINER, 1 << 20)          \
	X(2, APPLIED, COMBINER, AGENT, 1 << 16)        \
	X(3, SHOW, AGENT, COMBINER, 1 << 10)           \
	X(4, OVERLAY, COMBINER, AGENT, 1 << 20)        \
	X(5, ZONE, COMBINER, AGENT, 1 << 16)           \
	X(16, PEER_SET, AGENT, PEER, 1 << 20)          \
	X(17, PEER_DEL, AGENT, PEER, 1 << 10)          \
	X(18, SEND, AGENT, PEER, 1 << 17)              \
	X(19, REPLY, AGENT, PEER, 1 << 17)             \
	X(20, PEER, PEER, AGENT, 1 << 16)              \
	X(21, RECEIVED, PEER, AGENT, 1 << 17)          \
	X(22, SENT, PEER, AGENT, 1 << 17)              \
	X(23, CLAIM, PEER, AGENT, 1 << 12)             \
	X(32, ASK, AGENT, OBSERVE, 1 << 16)            \
	X(33, FOLLOW, AGENT, OBSERVE, 1 << 10)         \
	X(34, ANSWER, OBSERVE, AGENT, 1 << 18)         \
	X(35, FOLLOWED, OBSERVE, AGENT, 1 << 18)       \
	X(36, SIGNER_CHANGED, OBSERVE, AGENT, 1 << 10) \
	X(37, COMPARE, AGENT, OBSERVE, 1 << 10)        \
	X(38, COMPARED, OBSERVE, AGENT, 1 << 16)       \
	X(48, KEY, AGENT, SIGNER, 1 << 10)             \
	X(49, KEYS, SIGNER, AGENT, 1 << 17)

/* An observation has three values (unknown is not empty). */
enum msig_seen { MSIG_SEEN_UNKNOWN = 0, MSIG_SEEN_ABSENT = 1, MSIG_SEEN_SET = 2 };

enum msig_validation {
	MSIG_VALIDATION_NONE = 0, /* not validated by observe */
	MSIG_VALIDATION_INSECURE = 1,
	MSIG_VALIDATION_BOGUS = 2,
	MSIG_VALIDATION_SECURE = 3,
};

/* What combinerd does with a zone. The text is what msigctl and the log say. */
#define MSIG_ZONE_STATES(X)                                                                \
	X(NONE, 0, "no-zone")  /* nothing transferred yet */                               \
	X(PLAIN, 1, "plain")   /* no overlay was ever applied: owner's zone, unmodified */ \
	X(MERGED, 2, "merged") /* overlay applied */                                       \
	X(FROZEN, 3, "frozen") /* doubt: last good overlay stays applied */                \
	X(PASSTHROUGH, 4, "passthrough") /* the owner's zone is signed: served as it is */ \
	X(REFUSING, 5, "refusing")       /* nothing is served: a bare zone would be wrong */

enum msig_zone_state {
#define X(id, value, text) MSIG_ZONE_##id = (value),
	MSIG_ZONE_STATES(X)
#undef X
};

/* Keys of a signer, as its key store has them: what a key is for, the state that it is in, and what
 * agentd may ask of it. The text is what msigctl and the log say. */
#define MSIG_KEY_ROLES(X) \
	X(1, ZSK, "zsk")  \
	X(2, KSK, "ksk")  \
	X(3, CSK, "csk")

#define MSIG_KEY_STATES(X)                                                                         \
	X(1, MADE, "made")           /* exists; not in the zone, signs nothing */                  \
	X(2, SIGNING, "signing")     /* signs; its DNSKEY is not published (algorithms come so) */ \
	X(3, PUBLISHED, "published") /* in DNSKEY; a KSK or CSK signs that, and nothing else */    \
	X(4, READY, "ready")         /* KSK, CSK: CDS names it in place of the old one */          \
	X(5, ACTIVE, "active")                                                                     \
	X(6, RETIRED, "retired")  /* published, signs no data of the zone */                       \
	X(7, POST, "post-active") /* signs; its DNSKEY is no longer published */                   \
	X(8, REMOVED, "removed")

#define MSIG_KEY_VERBS(X)                                                \
	X(1, LIST, "list")                                               \
	X(2, MAKE, "make")       /* a key of role and algorithm, MADE */ \
	X(3, SET, "set")         /* this key into this state */          \
	X(4, DISCARD, "discard") /* forget a key that is MADE or REMOVED */

enum msig_key_role {
#define X(value, id, text) MSIG_KEY_ROLE_##id = (value),
	MSIG_KEY_ROLES(X)
#undef X
};

enum msig_key_state {
#define X(value, id, text) MSIG_KEY_STATE_##id = (value),
	MSIG_KEY_STATES(X)
#undef X
};

enum msig_key_verb {
#define X(value, id, text) MSIG_KEY_VERB_##id = (value),
	MSIG_KEY_VERBS(X)
#undef X
};

enum msig_message {
#define X(id, name, from, to, size) MSIG_MSG_##name = (id),
	MSIG_MESSAGES(X)
#undef X
};

struct msig_blob {
	uint8_t *data;
	uint32_t len;
};

struct msig_u16s {
	uint16_t *at;
	uint16_t count;
};

struct msig_strs {
	char **at;
	uint16_t count;
};

struct msig_blobs {
	struct msig_blob *at;
	uint16_t count;
};

/* One struct per payload: struct msig_apply, struct msig_applied, ... with the fields above. */
#define MSIG_F_U8(name) uint8_t name;
#define MSIG_F_U16(name) uint16_t name;
#define MSIG_F_U32(name) uint32_t name;
#define MSIG_F_U64(name) uint64_t name;
#define MSIG_F_I32(name) int32_t name;
#define MSIG_F_NAME(name) knot_dname_t *name;
#define MSIG_F_STR(name) char *name;
#define MSIG_F_BLOB(name) struct msig_blob name;
#define MSIG_F_U16S(name) struct msig_u16s name;
#define MSIG_F_STRS(name) struct msig_strs name;
#define MSIG_F_BLOBS(name) struct msig_blobs name;
#define MSIG_FIELD(kind, name) MSIG_F_##kind(name)
#define X(id, name, from, to, size)    \
	struct msig_msg_##name {       \
		MSG_##name(MSIG_FIELD) \
	};
MSIG_MESSAGES(X)
#undef X

/* A decoded message, or one to be encoded. id says which member counts. */
struct msig_msg {
	enum msig_message id;
	union {
#define X(id, name, from, to, size) struct msig_msg_##name name;
		MSIG_MESSAGES(X)
#undef X
	} u;
};

/* Encodes into a new buffer (*out, the caller frees it). Strings and lists of the message are
 * borrowed; a NULL string is encoded as empty. MSIG_ESIZE if larger than the table allows. */
int msig_msg_encode(const struct msig_msg *msg, uint8_t **out, size_t *len);

/* Decodes a frame that came from an endpoint of sender for receiver. The message owns all it points
 * at: msig_msg_clear. MSIG_ESENDER if the table does not let that sender say it to that receiver.
 */
int msig_msg_decode(const uint8_t *frame, size_t len, enum msig_actor sender,
		    enum msig_actor receiver, struct msig_msg *msg);
void msig_msg_clear(struct msig_msg *msg);

const char *msig_msg_name(enum msig_message id); /* "?" if unknown */
const char *msig_actor_name(enum msig_actor actor);
const char *msig_zone_state_name(enum msig_zone_state state);
const char *msig_key_role_name(unsigned role);   /* "?" if unknown */
const char *msig_key_state_name(unsigned state); /* "?" if unknown */
const char *msig_key_verb_name(unsigned verb);   /* "?" if unknown */

/* One line of text for logs: name and fields, long ones shortened. Returns buf. */
char *msig_msg_dump(const struct msig_msg *msg, char *buf, size_t len);
