/*
 * Errors. One space for the whole project: 0 is success, a negative KNOT_E* comes from libknot or
 * libdnssec, a negative MSIG_E* is ours. msig_strerror() knows all of them.
 */
#pragma once

/* name, value, text */
#define MSIG_ERRORS(X)                                                              \
	X(MSIG_ETRUNC, -2000, "data ends too early")                                \
	X(MSIG_ETRAIL, -2001, "data goes on behind the end")                        \
	X(MSIG_EVALUE, -2002, "value out of range")                                 \
	X(MSIG_EDUP, -2003, "duplicate entry")                                      \
	X(MSIG_EMISSING, -2004, "mandatory field missing")                          \
	X(MSIG_EOPTION, -2005, "malformed Multi-Signer option")                     \
	X(MSIG_EHSYNC, -2006, "malformed HSYNC record")                             \
	X(MSIG_ENOSIG, -2007, "message is not signed with SIG(0)")                  \
	X(MSIG_ESIGKEY, -2008, "no key for this signature")                         \
	X(MSIG_ESIGTIME, -2009, "signature outside its time window")                \
	X(MSIG_EBADSIG, -2010, "signature does not verify")                         \
	X(MSIG_EREPLAY, -2011, "message seen before")                               \
	X(MSIG_ESENDER, -2012, "sender may not send this")                          \
	X(MSIG_ESIZE, -2013, "too large")                                           \
	X(MSIG_ENOPEER, -2014, "nobody listens at the other end")                   \
	X(MSIG_EDB, -2015, "database error")                                        \
	X(MSIG_EDBNEWER, -2016, "database written by a newer version")              \
	X(MSIG_EDISK, -2017, "disk full or not writable")                           \
	X(MSIG_ELOCKED, -2018, "in use by another process")                         \
	X(MSIG_ECONF, -2019, "configuration error")                                 \
	X(MSIG_ETIMEOUT, -2020, "timed out")                                        \
	X(MSIG_EREFUSED, -2021, "refused by policy")                                \
	X(MSIG_EDOUBT, -2022, "unknown, so nothing is done")                        \
	X(MSIG_EAHEAD, -2023, "sequence number far ahead of the clock")             \
	X(MSIG_EKEY, -2024,                                                         \
	  "a DNSKEY whose public key is none: no point of its curve, or malformed") \
	X(MSIG_ENOROUTE, -2025, "no route to it from this host")

enum msig_error {
#define X(name, value, text) name = (value),
	MSIG_ERRORS(X)
#undef X
};

/* The text of any error code; never NULL, static storage. */
const char *msig_strerror(int code);
