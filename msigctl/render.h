/*
 * The daemons' answers as text: pure functions, JSON in, text out. What is missing in an answer is
 * left out; nothing that a daemon may say makes them fail. Times are UTC in milliseconds.
 *
 *   status    {daemon, version, pid, started, lab, warnings: [text]}; of agentd as well
 *             {identity, peers: [peer], zones: [zone]}, of a zone all that 'why' has
 *   why       {zone, state, paused, process, signers: [identity], reasons: [reason]}
 *             state: in-sync, moving, waiting, blocked, frozen, paused, or a word of the daemon
 *   tracking  as why, and {serial-in, serial-out, did: [{time, text}], doing, will, why-so-long,
 *             if-it-stops, checked}
 *   process   {name, subject, requestor, step, step-names: [text], number, steps, phase, epoch,
 *             started, since}, number from 0; null if none runs
 *   reason    {class, object, place, expected, seen, todo, since, next, text}; most important first
 *   keys      {zone, providers: [identity], keys: [{tag, sha256, role, of, algorithm, at: {identity:
 *             sign | pub | part | missing | ?}, ds: yes | no | -, since}],
 *             servers: [{provider, server, ok, text}]}
 *   peers     {peers: [{identity, state, since, heard, rtt-ms, reason, addresses, keys, zones}]}
 *   journal   {entries: [{seq, time, zone, actor, kind, text}]}, newest first
 *   identity-check {checks: [{ok, text, todo}]}
 *   merge     {zone, state, reason, in: {serial, time, from, key, kind, primaries: [{address, ok,
 *             text, since}]}, out: {serial, to, notify, seen}, overlay: [{type, origin,
 *             records: [text]}], dropped: [{type, text}]}
 */
#pragma once

#include <jansson.h>
#include "msigctl/text.h"

/* Of all daemons together: {"agentd": answer, ...}. */
void render_overview(const struct text *t, const json_t *all);
void render_status(const struct text *t, const json_t *all);
void render_reload(const struct text *t, const json_t *all);

/* What every answer may bring along: "warnings", and "lab": true. */
void render_warnings(const struct text *t, const json_t *answer);

/* Of agentd. */
void render_tracking(const struct text *t, const json_t *answer);
void render_keys(const struct text *t, const json_t *answer);
void render_why(const struct text *t, const json_t *answer);
void render_peers(const struct text *t, const json_t *answer);
void render_journal(const struct text *t, const json_t *answer);
void render_done(const struct text *t, const json_t *answer);
void render_identity_check(const struct text *t, const json_t *answer);

/* Of combinerd. */
void render_merge(const struct text *t, const json_t *answer);
