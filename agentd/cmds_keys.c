/*
 * keys: which key is seen where.
 */
#include "config.h"
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/process.h"
#include "libmsig/key.h"
#include "libmsig/msg.h"

static int
key_owner(const struct zone_view *view, int key)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used &&
		    rset_has(&view->d.provider[i].statement.dnskey, key)) {
			return i;
		}
	}
	return -1;
}

static const char *
key_at(const struct zone_view *view, int key, int provider, bool *known)
{
	bool sign = false, pub = false, missing = false;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *dnskey, *soa;
		if (p == NULL || p->kind == PLACE_PARENT ||
		    (p->kind == PLACE_SIGNER ? VIEW_SELF : view_place_provider(view, p)) !=
			provider) {
			continue;
		}
		dnskey = view_current(p, VIEW_DNSKEY);
		soa = view_current(p, VIEW_SOA);
		if (dnskey == NULL) {
			continue;
		}
		if (dnskey->absent || !rset_has(&dnskey->set, key)) {
			missing = true;
			continue;
		}
		pub = true;
		sign = sign || rset_has(&dnskey->signers, key) ||
		       (soa != NULL && rset_has(&soa->signers, key));
	}
	*known = *known || pub;
	/* Nobody else is to show it (dnskey-share). */
	struct rset one = RSET_NONE;
	rset_add(&one, key);
	if (missing && !pub && key_owner(view, key) != provider &&
	    rset_empty(process_shared(view, one))) {
		return "none";
	}
	return missing ? "missing" : sign ? "sign" : pub ? "pub" : "unknown";
}

/* Which records of type at parent (or the own signer, for CDS) stand for the key. */
static const char *
key_ds(const struct zone_view *view, int key)
{
	unsigned yes = 0, no = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v;
		struct rset keys;
		if (p == NULL || p->kind != PLACE_PARENT ||
		    (v = view_current(p, VIEW_DS)) == NULL) {
			continue;
		}
		keys = rpool_keys(&view->d.pool, v->set);
		if (!v->absent && rset_has(&keys, key)) {
			yes++;
		} else {
			no++;
		}
	}
	return yes + no == 0 ? "unknown" : no == 0 ? "yes" : yes == 0 ? "no" : "some";
}

static bool
key_cds(const struct zone_view *view, int key)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v;
		struct rset keys;
		if (p != NULL && p->kind == PLACE_SIGNER &&
		    (v = view_current(p, VIEW_CDS)) != NULL && !v->absent) {
			keys = rpool_keys(&view->d.pool, v->set);
			return rset_has(&keys, key);
		}
	}
	return false;
}

static int64_t
key_since(const struct zone_view *view, int key)
{
	int64_t since = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		for (int v = 0; p != NULL && v < p->history[VIEW_DNSKEY].count; v++) {
			const struct view_version *version = &p->history[VIEW_DNSKEY].at[v];
			if (rset_has(&version->set, key) &&
			    (since == 0 || version->first < since)) {
				since = version->first;
			}
		}
	}
	return since;
}

/* KSK: SEP; ZSK: not; CSK: SEP, and it signs data somewhere. */
static const char *
key_role(const struct zone_view *view, int key)
{
	if ((view->d.pool.at[key].flags & MSIG_DNSKEY_SEP) == 0) {
		return "ZSK";
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *soa;
		if (p != NULL && p->kind != PLACE_PARENT &&
		    (soa = view_current(p, VIEW_SOA)) != NULL && rset_has(&soa->signers, key)) {
			return "CSK";
		}
	}
	return "KSK";
}

/* As the own signer's key store has it; NULL if it is not there, or nothing is known of that. */
static const struct view_key *
stored(const struct zone_view *view, int key)
{
	for (int i = 0; view->store_known && i < view->keys; i++) {
		if (view->key[i].rr == key) {
			return &view->key[i];
		}
	}
	return NULL;
}

static const char *
role_name(const struct zone_view *view, int key)
{
	static const char *const names[] = {
	    [MSIG_KEY_ROLE_ZSK] = "ZSK", [MSIG_KEY_ROLE_KSK] = "KSK", [MSIG_KEY_ROLE_CSK] = "CSK"};
	const struct view_key *k = stored(view, key);

	return k != NULL && k->role >= MSIG_KEY_ROLE_ZSK && k->role <= MSIG_KEY_ROLE_CSK
		   ? names[k->role]
		   : key_role(view, key);
}

/* What is expected of the key that rolls now. */
static const char *
rolling(const struct zone_view *view, int key)
{
	const struct view_process *run = &view->d.process;

	return rset_has(&run->fresh, key) ? "new" : rset_has(&run->old, key) ? "old" : "";
}

static json_t *
key_json(const struct zone_view *view, int key)
{
	const struct view_key *store = stored(view, key);
	const struct rr *rr = &view->d.pool.at[key];
	json_t *j = json_object(), *at = json_object();
	uint8_t digest[32];
	int owner = key_owner(view, key);
	bool known = owner >= 0 || store != NULL;

	(void)gnutls_hash_fast(GNUTLS_DIG_SHA256, rr->rdata->data, rr->rdata->len, digest);
	answer_put(j, "tag", json_integer(rr->tag));
	answer_put(j, "algorithm", json_integer(rr->alg));
	answer_put(j, "flags", json_integer(rr->flags));
	answer_put(j, "digest", answer_hex(digest, 8));
	answer_put_text(j, "role", role_name(view, key));
	answer_put_text(j, "state", store != NULL ? msig_key_state_name(store->state) : "");
	answer_put_text(j, "id", store != NULL ? store->id : "");
	answer_put_text(j, "rolls", rolling(view, key));
	answer_put_text(j, "owner",
			answer_identity(view, owner < 0 && store != NULL ? VIEW_SELF : owner));
	answer_put_text(j, "ds", key_ds(view, key));
	answer_put(j, "cds", json_boolean(key_cds(view, key)));
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used) {
			answer_put_text(at, answer_identity(view, i), key_at(view, key, i, &known));
		}
	}
	answer_put(j, "at", at);
	answer_put_time(j, "since", key_since(view, key));
	if (!known) {
		json_decref(j); /* remembered from long ago, nowhere now */
		return NULL;
	}
	return j;
}

static json_t *
ds_json(const struct zone_view *view)
{
	json_t *list = json_array();
	struct rset all = RSET_NONE;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v;
		if (p != NULL && p->kind == PLACE_PARENT &&
		    (v = view_current(p, VIEW_DS)) != NULL && !v->absent) {
			all = rset_or(all, v->set);
		}
	}
	for (int i = rset_next(&all, 0); i >= 0; i = rset_next(&all, i + 1)) {
		const struct rr *rr = &view->d.pool.at[i];
		json_t *j = json_object();
		answer_put(j, "tag", json_integer(rr->tag));
		answer_put(j, "algorithm", json_integer(rr->alg));
		answer_put(j, "digest_type",
			   json_integer(rr->rdata->len > 3 ? rr->rdata->data[3] : 0));
		answer_put(
		    j, "digest",
		    answer_hex(rr->rdata->data + 4, rr->rdata->len > 4 ? rr->rdata->len - 4u : 0));
		answer_put(j, "known", json_boolean(!rset_empty(rr->match)));
		json_array_append_new(list, j);
	}
	return list;
}

json_t *
cmds_keys(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL, *answer, *list = NULL, *servers, *providers;
	struct zone *zone = answer_zone_of(arg, request, &error);
	const struct zone_view *view;

	if (zone == NULL) {
		return error;
	}
	view = zone->view;
	answer = answer_ok();
	answer_put_text(answer, "zone", zone->text);
	providers = json_array();
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used) {
			json_array_append_new(providers, json_string(answer_identity(view, i)));
		}
	}
	answer_put(answer, "providers", providers);
	list = json_array();
	for (int i = 0; i < view->d.pool.count; i++) {
		json_t *key =
		    view->d.pool.at[i].type == KNOT_RRTYPE_DNSKEY ? key_json(view, i) : NULL;
		if (key != NULL) {
			json_array_append_new(list, key);
		}
	}
	answer_put(answer, "keys", list);
	servers = json_array();
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_history *h;
		json_t *j;
		if (p == NULL || p->kind == PLACE_PARENT) {
			continue;
		}
		h = &p->history[VIEW_DNSKEY];
		j = json_object();
		answer_put_text(j, "provider",
				answer_identity(view, p->kind == PLACE_SIGNER
							  ? VIEW_SELF
							  : view_place_provider(view, p)));
		answer_put_text(j, "server", p->server);
		answer_put(j, "answered", json_boolean(h->status != MSIG_SEEN_UNKNOWN));
		answer_put_text(j, "reason", h->status == MSIG_SEEN_UNKNOWN ? h->reason : "");
		json_array_append_new(servers, j);
	}
	answer_put_text(answer, "store",
			!view->config.driver ? "none"
			: view->store_known  ? "known"
					     : "unknown");
	answer_put_text(answer, "store_trouble", view->config.driver ? view->store_why : "");
	answer_put(answer, "servers", servers);
	answer_put(answer, "ds", ds_json(view));
	return answer;
}
