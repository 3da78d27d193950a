/*
 * store.h as a tree in memory: a treap whose nodes are shared between versions. A change copies
 * the nodes on the way to what it touches and leaves the others to the versions that have them, so
 * a version costs what it changes. A node's priority is a hash of its key: two trees with the same
 * content have the same shape, which lets the difference of two versions skip what they share.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "combinerd/store.h"
#include "libmsig/daemon/log.h"

/* The shape is a function of the content and of a seed of this process, so depth is logarithmic for
 * every zone that an owner can send; this leaves ample room. */
#define DEPTH_MAX 1024

struct rrset {
	unsigned ref; /* nodes that share it */
	uint16_t type;
	uint16_t covered; /* of RRSIG, else 0 */
	uint32_t ttl;
	knot_rdataset_t rrs;
	uint8_t lf_len, owner_len;
	uint8_t names[]; /* sort key, then owner in wire form */
};

struct node {
	unsigned ref; /* parents and versions that share it */
	uint64_t prio;
	struct node *left, *right;
	struct rrset *set;
};

struct version {
	unsigned ref; /* pins */
	struct node *root;
	knot_dname_t *apex;
	size_t count, bytes;
	struct rr_sum sum;
};

struct change {
	struct version *next; /* nobody else sees it yet */
};

struct key {
	knot_dname_storage_t lf;
	const uint8_t *name;
	uint8_t len;
	uint16_t type, covered;
	uint64_t prio;
};

static uint64_t
seed(void)
{
	static uint64_t value;

	if (value == 0 && getrandom(&value, sizeof(value), 0) != sizeof(value))
		fatal("no random numbers");
	return value;
}

static void
key_make(struct key *key, const knot_dname_t *owner, uint16_t type, uint16_t covered)
{
	struct {
		uint64_t seed;
		uint16_t type, covered;
		uint8_t name[KNOT_DNAME_MAXLEN];
	} h;

	uint8_t *lf = knot_dname_lf(owner, key->lf);
	key->len = lf[0];
	key->name = lf + 1;
	for (uint8_t *c = lf + 1; c <= lf + lf[0]; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	key->type = type;
	key->covered = covered;
	memset(&h, 0, sizeof(h));
	h.seed = seed();
	h.type = type;
	h.covered = covered;
	memcpy(h.name, key->name, key->len);
	key->prio = rr_checksum(&h, offsetof(__typeof__(h), name) + key->len);
}

/* Signatures have the TTL of what they cover (RFC 4034 3), so those of one name are no RRset. */
static void
key_of(struct key *key, const struct rr *rr)
{
	bool signature = rr->type == KNOT_RRTYPE_RRSIG && rr->rdata->len >= 2;
	key_make(key, rr->owner, rr->type, signature ? knot_wire_read_u16(rr->rdata->data) : 0);
}

static int
name_cmp(const uint8_t *a, size_t alen, const uint8_t *b, size_t blen)
{
	int cmp = memcmp(a, b, alen < blen ? alen : blen);
	return cmp != 0 ? cmp : (alen > blen) - (alen < blen);
}

static int
type_cmp(uint16_t a, uint16_t acovered, uint16_t b, uint16_t bcovered)
{
	return a != b ? (a > b) - (a < b) : (acovered > bcovered) - (acovered < bcovered);
}

static int
key_cmp(const struct key *key, const struct rrset *set)
{
	int cmp = name_cmp(key->name, key->len, set->names, set->lf_len);
	return cmp != 0 ? cmp : type_cmp(key->type, key->covered, set->type, set->covered);
}

static int
set_cmp(const struct rrset *a, const struct rrset *b)
{
	int cmp = name_cmp(a->names, a->lf_len, b->names, b->lf_len);
	return cmp != 0 ? cmp : type_cmp(a->type, a->covered, b->type, b->covered);
}

/* RRsets ------------------------------------------------------------------------------------- */

static struct rrset *
set_alloc(size_t names)
{
	struct rrset *set = xcalloc(1, sizeof(*set) + names);
	set->ref = 1;
	return set;
}

static struct rrset *
set_new(const struct key *key, const struct rr *rr)
{
	size_t owner_len = knot_dname_size(rr->owner);
	struct rrset *set = set_alloc(key->len + owner_len);

	set->type = rr->type;
	set->covered = key->covered;
	set->ttl = rr->ttl;
	set->lf_len = key->len;
	set->owner_len = (uint8_t)owner_len;
	memcpy(set->names, key->name, key->len);
	knot_dname_copy_lower(set->names + key->len, rr->owner);
	return set;
}

static void
set_unref(struct rrset *set)
{
	if (--set->ref > 0)
		return;
	knot_rdataset_clear(&set->rrs, NULL);
	free(set);
}

/* Makes the node's RRset its own. */
static struct rrset *
set_own(struct node *node)
{
	struct rrset *old = node->set;

	if (old->ref == 1)
		return old;
	struct rrset *set = set_alloc((size_t)old->lf_len + old->owner_len);
	set->type = old->type;
	set->covered = old->covered;
	set->ttl = old->ttl;
	set->lf_len = old->lf_len;
	set->owner_len = old->owner_len;
	memcpy(set->names, old->names, (size_t)old->lf_len + old->owner_len);
	if (knot_rdataset_copy(&set->rrs, &old->rrs, NULL) != KNOT_EOK)
		fatal("out of memory");
	old->ref--;
	node->set = set;
	return set;
}

static void
set_rr(const struct rrset *set, const knot_rdata_t *rdata, struct rr *rr)
{
	rr->owner = set->names + set->lf_len;
	rr->type = set->type;
	rr->ttl = set->ttl;
	rr->rdata = rdata;
}

/* The member that is the same record, or NULL. */
static const knot_rdata_t *
set_member(const struct rrset *set, const knot_rdata_t *rdata)
{
	if (knot_rdataset_member(&set->rrs, rdata))
		return rdata;
	if (!knot_rrtype_should_be_lowercased(set->type))
		return NULL;
	const knot_rdata_t *at = set->rrs.rdata;
	for (uint16_t i = 0; i < set->rrs.count; i++) {
		if (rr_same(set->type, at, rdata))
			return at;
		at = (const knot_rdata_t *)((const uint8_t *)at + knot_rdata_size(at->len));
	}
	return NULL;
}

static void
count_set(struct version *v, const struct rrset *set, bool in)
{
	const knot_rdata_t *at = set->rrs.rdata;
	struct rr rr;

	for (uint16_t i = 0; i < set->rrs.count; i++) {
		set_rr(set, at, &rr);
		if (in)
			rr_sum_add(&v->sum, &rr);
		else
			rr_sum_remove(&v->sum, &rr);
		v->bytes += in ? rr_size(&rr) : 0 - rr_size(&rr);
		v->count += in ? 1 : (size_t)-1;
		at = (const knot_rdata_t *)((const uint8_t *)at + knot_rdata_size(at->len));
	}
}

static void
count_rr(struct version *v, const struct rrset *set, const knot_rdata_t *rdata, bool in)
{
	struct rr rr;

	set_rr(set, rdata, &rr);
	if (in)
		rr_sum_add(&v->sum, &rr);
	else
		rr_sum_remove(&v->sum, &rr);
	v->bytes += in ? rr_size(&rr) : 0 - rr_size(&rr);
	v->count += in ? 1 : (size_t)-1;
}

/* Nodes -------------------------------------------------------------------------------------- */

static void
node_unref(struct node *node)
{
	if (node == NULL || --node->ref > 0)
		return;
	node_unref(node->left);
	node_unref(node->right);
	set_unref(node->set);
	free(node);
}

/* Makes the node at *slot ours to change. */
static struct node *
node_own(struct node **slot)
{
	struct node *old = *slot;

	if (old->ref == 1)
		return old;
	struct node *node = xmemdup(old, sizeof(*old));
	node->ref = 1;
	node->set->ref++;
	if (node->left != NULL)
		node->left->ref++;
	if (node->right != NULL)
		node->right->ref++;
	old->ref--;
	*slot = node;
	return node;
}

static struct node *
node_find(struct node *node, const struct key *key)
{
	while (node != NULL) {
		int cmp = key_cmp(key, node->set);
		if (cmp == 0)
			return node;
		node = cmp < 0 ? node->left : node->right;
	}
	return NULL;
}

/* The node with that key, and all above it, made ours. It must be there. */
static struct node *
node_reach(struct node **slot, const struct key *key)
{
	for (;;) {
		struct node *node = node_own(slot);
		int cmp = key_cmp(key, node->set);
		if (cmp == 0)
			return node;
		slot = cmp < 0 ? &node->left : &node->right;
	}
}

/* Parts the tree (consumed) at a key that is not in it. */
static void
tree_split(struct node *node, const struct key *key, struct node **left, struct node **right)
{
	while (node != NULL) {
		struct node *own = node_own(&node);
		if (key_cmp(key, own->set) < 0) {
			*right = own;
			right = &own->left;
			node = own->left;
		} else {
			*left = own;
			left = &own->right;
			node = own->right;
		}
	}
	*left = *right = NULL;
}

static struct node *
tree_join(struct node *left, struct node *right)
{
	struct node *root = NULL, **slot = &root;

	while (left != NULL && right != NULL) {
		if (left->prio > right->prio) {
			struct node *own = node_own(&left);
			*slot = own;
			slot = &own->right;
			left = own->right;
		} else {
			struct node *own = node_own(&right);
			*slot = own;
			slot = &own->left;
			right = own->left;
		}
	}
	*slot = left != NULL ? left : right;
	return root;
}

static void
tree_insert(struct node **slot, const struct key *key, struct rrset *set)
{
	while (*slot != NULL && (*slot)->prio >= key->prio) {
		struct node *node = node_own(slot);
		slot = key_cmp(key, node->set) < 0 ? &node->left : &node->right;
	}
	struct node *node = xcalloc(1, sizeof(*node));
	node->ref = 1;
	node->prio = key->prio;
	node->set = set;
	tree_split(*slot, key, &node->left, &node->right);
	*slot = node;
}

static void
tree_delete(struct node **slot, const struct key *key)
{
	for (;;) {
		struct node *node = node_own(slot);
		int cmp = key_cmp(key, node->set);
		if (cmp == 0) {
			*slot = tree_join(node->left, node->right);
			node->left = node->right = NULL;
			node_unref(node);
			return;
		}
		slot = cmp < 0 ? &node->left : &node->right;
	}
}

/* Changes ------------------------------------------------------------------------------------ */

struct change *
store_begin(struct version *base, const knot_dname_t *apex)
{
	struct change *change = xcalloc(1, sizeof(*change));
	struct version *v = xcalloc(1, sizeof(*v));

	change->next = v;
	if (base != NULL) {
		*v = *base;
		if (v->root != NULL)
			v->root->ref++;
	}
	v->ref = 1;
	v->apex = knot_dname_copy(apex, NULL);
	if (v->apex == NULL)
		fatal("out of memory");
	knot_dname_to_lower(v->apex);
	return change;
}

static int
new_set(struct version *v, const struct key *key, const struct rr *rr)
{
	struct rrset *set = set_new(key, rr);

	if (knot_rdataset_add(&set->rrs, rr->rdata, NULL) != KNOT_EOK) {
		set_unref(set);
		return KNOT_ENOMEM;
	}
	tree_insert(&v->root, key, set);
	count_rr(v, set, rr->rdata, true);
	return KNOT_EOK;
}

int
change_add(struct change *change, const struct rr *rr)
{
	struct version *v = change->next;
	struct key key;

	key_of(&key, rr);
	struct node *node = node_find(v->root, &key);
	if (node == NULL)
		return new_set(v, &key, rr);
	bool there = set_member(node->set, rr->rdata) != NULL;
	if (there && rr->ttl >= node->set->ttl)
		return KNOT_EOK;
	if (!there && node->set->rrs.count >= STORE_RRSET_MAX)
		return KNOT_ESPACE;

	struct rrset *set = set_own(node_reach(&v->root, &key));
	if (rr->ttl < set->ttl) {
		count_set(v, set, false);
		set->ttl = rr->ttl;
		count_set(v, set, true);
	}
	if (there)
		return KNOT_EOK;
	if (knot_rdataset_add(&set->rrs, rr->rdata, NULL) != KNOT_EOK)
		return KNOT_ENOMEM;
	count_rr(v, set, rr->rdata, true);
	return KNOT_EOK;
}

int
change_remove(struct change *change, const struct rr *rr)
{
	struct version *v = change->next;
	struct key key;

	key_of(&key, rr);
	struct node *node = node_find(v->root, &key);
	if (node == NULL || set_member(node->set, rr->rdata) == NULL)
		return KNOT_ENOENT;
	if (node->set->rrs.count == 1) {
		count_set(v, node->set, false);
		tree_delete(&v->root, &key);
		return KNOT_EOK;
	}
	struct rrset *set = set_own(node_reach(&v->root, &key));
	/* A copy: libknot takes a set that begins at the same address for the whole set. */
	static struct rr_room room;
	const knot_rdata_t *member = set_member(set, rr->rdata);
	knot_rdata_init(rr_room_rdata(&room), member->len, member->data);
	count_rr(v, set, rr_room_rdata(&room), false);
	return knot_rdataset_remove(&set->rrs, rr_room_rdata(&room), NULL);
}

void
change_drop(struct change *change, const knot_dname_t *owner, uint16_t type)
{
	struct version *v = change->next;
	struct key key;

	key_make(&key, owner, type, 0);
	struct node *node = node_find(v->root, &key);
	if (node == NULL)
		return;
	count_set(v, node->set, false);
	tree_delete(&v->root, &key);
}

size_t
change_count(const struct change *change)
{
	return change->next->count;
}

size_t
change_bytes(const struct change *change)
{
	return change->next->bytes;
}

struct rr_sum
change_sum(const struct change *change)
{
	return change->next->sum;
}

struct version *
store_commit(struct change *change)
{
	struct version *v = change->next;
	free(change);
	return v;
}

void
store_rollback(struct change *change)
{
	if (change == NULL)
		return;
	version_unpin(change->next);
	free(change);
}

/* Versions ----------------------------------------------------------------------------------- */

struct version *
version_pin(struct version *version)
{
	if (version != NULL)
		version->ref++;
	return version;
}

void
version_unpin(struct version *version)
{
	if (version == NULL || --version->ref > 0)
		return;
	node_unref(version->root);
	knot_dname_free(version->apex, NULL);
	free(version);
}

static const knot_rdataset_t *
find(const struct version *version, const struct key *key, uint32_t *ttl)
{
	struct node *node = node_find(version->root, key);
	if (node == NULL)
		return NULL;
	if (ttl != NULL)
		*ttl = node->set->ttl;
	return &node->set->rrs;
}

const knot_rdataset_t *
version_find(const struct version *version, const knot_dname_t *owner, uint16_t type, uint32_t *ttl)
{
	struct key key;

	key_make(&key, owner, type, 0);
	return find(version, &key, ttl);
}

const knot_rdataset_t *
version_signatures(const struct version *version, const knot_dname_t *owner, uint16_t covered,
		   uint32_t *ttl)
{
	struct key key;

	key_make(&key, owner, KNOT_RRTYPE_RRSIG, covered);
	return find(version, &key, ttl);
}

const knot_rdataset_t *
version_apex(const struct version *version, uint16_t type, uint32_t *ttl)
{
	return version_find(version, version->apex, type, ttl);
}

bool
version_has_name(const struct version *version, const knot_dname_t *owner)
{
	struct key key;

	key_make(&key, owner, 0, 0);
	struct node *node = version->root;
	while (node != NULL) {
		int cmp = name_cmp(key.name, key.len, node->set->names, node->set->lf_len);
		if (cmp == 0)
			return true;
		node = cmp < 0 ? node->left : node->right;
	}
	return false;
}

const knot_dname_t *
version_name(const struct version *version)
{
	return version->apex;
}

uint32_t
version_serial(const struct version *version)
{
	const knot_rdataset_t *soa = version_apex(version, KNOT_RRTYPE_SOA, NULL);
	return soa != NULL ? rr_soa_serial(soa->rdata) : 0;
}

size_t
version_count(const struct version *version)
{
	return version->count;
}

size_t
version_bytes(const struct version *version)
{
	return version->bytes;
}

struct rr_sum
version_sum(const struct version *version)
{
	return version->sum;
}

/* Walking ------------------------------------------------------------------------------------ */

/* What is still to be visited: a whole tree, or one node without its children. */
struct todo {
	struct node *node;
	bool whole;
};

struct todos {
	struct todo at[DEPTH_MAX];
	unsigned count;
};

struct store_iter {
	struct version *version;
	struct todos todos;
	const struct rrset *set;
	const knot_rdata_t *next;
	uint16_t left;
};

static void
todo_push(struct todos *todos, struct node *node, bool whole)
{
	if (node == NULL)
		return;
	if (todos->count == DEPTH_MAX)
		fatal("store: tree deeper than %d", DEPTH_MAX);
	todos->at[todos->count++] = (struct todo){node, whole};
}

/* Replaces the topmost tree by its left part, its node, its right part. */
static void
todo_expand(struct todos *todos)
{
	struct node *node = todos->at[--todos->count].node;

	todo_push(todos, node->right, true);
	todo_push(todos, node, false);
	todo_push(todos, node->left, true);
}

static struct todo *
todo_top(struct todos *todos)
{
	return todos->count > 0 ? &todos->at[todos->count - 1] : NULL;
}

struct store_iter *
version_iterate(struct version *version)
{
	struct store_iter *iter = xcalloc(1, sizeof(*iter));

	iter->version = version_pin(version);
	todo_push(&iter->todos, version->root, true);
	return iter;
}

bool
store_iter_next(struct store_iter *iter, struct rr *rr)
{
	while (iter->left == 0) {
		struct todo *top = todo_top(&iter->todos);
		if (top == NULL)
			return false;
		if (top->whole) {
			todo_expand(&iter->todos);
			continue;
		}
		iter->todos.count--;
		iter->set = top->node->set;
		iter->next = iter->set->rrs.rdata;
		iter->left = iter->set->rrs.count;
	}
	set_rr(iter->set, iter->next, rr);
	iter->left--;
	iter->next =
	    (const knot_rdata_t *)((const uint8_t *)iter->next + knot_rdata_size(iter->next->len));
	return true;
}

void
store_iter_free(struct store_iter *iter)
{
	if (iter == NULL)
		return;
	version_unpin(iter->version);
	free(iter);
}

struct store_diff {
	struct version *from, *to;
	struct todos todos[2];
	/* The pair of RRsets at hand, and how far it was looked at: first what went, then what
	 * came. */
	const struct rrset *set[2];
	const knot_rdata_t *next[2];
	uint16_t left[2];
};

struct store_diff *
version_diff(struct version *from, struct version *to)
{
	struct store_diff *diff = xcalloc(1, sizeof(*diff));

	diff->from = version_pin(from);
	diff->to = version_pin(to);
	todo_push(&diff->todos[0], from->root, true);
	todo_push(&diff->todos[1], to->root, true);
	return diff;
}

static void
diff_take(struct store_diff *diff, int side, bool take)
{
	diff->set[side] = NULL;
	diff->left[side] = 0;
	if (!take)
		return;
	diff->set[side] = todo_top(&diff->todos[side])->node->set;
	diff->next[side] = diff->set[side]->rrs.rdata;
	diff->left[side] = diff->set[side]->rrs.count;
	diff->todos[side].count--;
}

/* Opens the tree that cannot be compared yet: the one whose root is higher cannot lie inside the
 * other one. True if something was opened or skipped. */
static bool
diff_descend(struct store_diff *diff, const struct todo *a, const struct todo *b)
{
	if (a != NULL && b != NULL && a->whole && b->whole) {
		if (a->node == b->node) {
			diff->todos[0].count--;
			diff->todos[1].count--;
			return true;
		}
		uint64_t pa = a->node->prio, pb = b->node->prio;
		if (pa >= pb)
			todo_expand(&diff->todos[0]);
		if (pb >= pa)
			todo_expand(&diff->todos[1]);
		return true;
	}
	if (a != NULL && a->whole) {
		todo_expand(&diff->todos[0]);
		return true;
	}
	if (b != NULL && b->whole) {
		todo_expand(&diff->todos[1]);
		return true;
	}
	return false;
}

/* Finds the next RRset that is not the same in both. */
static bool
diff_advance(struct store_diff *diff)
{
	for (;;) {
		struct todo *a = todo_top(&diff->todos[0]), *b = todo_top(&diff->todos[1]);
		if (a == NULL && b == NULL)
			return false;
		if (diff_descend(diff, a, b))
			continue;
		int cmp = a == NULL ? 1 : b == NULL ? -1 : set_cmp(a->node->set, b->node->set);
		bool same = cmp == 0 && a->node->set == b->node->set;
		diff_take(diff, 0, cmp <= 0);
		diff_take(diff, 1, cmp >= 0);
		if (!same)
			return true;
		diff->left[0] = diff->left[1] = 0;
	}
}

bool
store_diff_next(struct store_diff *diff, bool *added, struct rr *rr)
{
	do {
		const struct rrset *from = diff->set[0], *to = diff->set[1];
		bool ttl = from != NULL && to != NULL && from->ttl != to->ttl;
		for (int side = 0; side < 2; side++) {
			const struct rrset *other = diff->set[!side];
			while (diff->left[side] > 0) {
				const knot_rdata_t *at = diff->next[side];
				diff->left[side]--;
				diff->next[side] = (const knot_rdata_t *)((const uint8_t *)at +
									  knot_rdata_size(at->len));
				if (!ttl && other != NULL && knot_rdataset_member(&other->rrs, at))
					continue;
				set_rr(diff->set[side], at, rr);
				*added = side == 1;
				return true;
			}
		}
	} while (diff_advance(diff));
	return false;
}

void
store_diff_free(struct store_diff *diff)
{
	if (diff == NULL)
		return;
	version_unpin(diff->from);
	version_unpin(diff->to);
	free(diff);
}
