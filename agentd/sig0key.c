#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include "agentd/sig0key.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/name.h"

#define PEM_MAX 8192

struct sig0key {
	struct msig_sig0_key *key;
};

bool
replay_fresh(const struct replay *replay, uint64_t sequence)
{
	if (sequence > replay->high) {
		return true;
	}
	if (sequence == 0 || replay->high - sequence >= REPLAY_WINDOW) {
		return false;
	}
	return (replay->seen >> (replay->high - sequence) & 1) == 0;
}

void
replay_mark(struct replay *replay, uint64_t sequence)
{
	if (sequence > replay->high) {
		uint64_t shift = sequence - replay->high;
		replay->seen = shift < REPLAY_WINDOW ? replay->seen << shift : 0;
		replay->seen |= 1;
		replay->high = sequence;
	} else if (replay->high - sequence < REPLAY_WINDOW) {
		replay->seen |= UINT64_C(1) << (replay->high - sequence);
	}
}

/* The whole file, if it is a plain one that only we (and root) can read. */
static int
read_secret(const char *file, uint8_t *buf, size_t *len, char *err, size_t errlen)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(err, errlen, "%s: %s", file, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(err, errlen, "%s: not a plain file", file);
		goto fail;
	}
	if ((st.st_mode & (S_IRWXO | S_IRWXG)) != 0) {
		snprintf(err, errlen,
			 "%s: others may read or change this private key (mode %03o): "
			 "chmod 600",
			 file, (unsigned)(st.st_mode & 0777));
		goto fail;
	}
	n = read(fd, buf, PEM_MAX);
	if (n <= 0 || n == PEM_MAX) {
		snprintf(err, errlen, "%s: empty or too large for a key", file);
		goto fail;
	}
	close(fd);
	*len = (size_t)n;
	return 0;
fail:
	if (fd >= 0) {
		close(fd);
	}
	return MSIG_ECONF;
}

struct sig0key *
sig0key_load(const char *file, const char *name, char *err, size_t errlen)
{
	struct sig0key *own;
	knot_dname_storage_t owner;
	uint8_t pem[PEM_MAX];
	size_t len = 0;
	struct msig_sig0_key *key = NULL;
	int ret;

	if (msig_name_parse(name, owner) != 0) {
		snprintf(err, errlen, "'%s' is no domain name", name);
		return NULL;
	}
	if (read_secret(file, pem, &len, err, errlen) != 0) {
		return NULL;
	}
	ret = msig_sig0_key_from_pem(owner, pem, len, &key);
	gnutls_memset(pem, 0, sizeof(pem));
	if (ret != 0) {
		snprintf(err, errlen,
			 "%s: no private key that is supported (PKCS #8 PEM; Ed25519 or "
			 "ECDSA P-256): %s",
			 file, msig_strerror(ret));
		return NULL;
	}
	own = xcalloc(1, sizeof(*own));
	own->key = key;
	return own;
}

void
sig0key_free(struct sig0key *own)
{
	if (own != NULL) {
		msig_sig0_key_free(own->key);
		free(own);
	}
}

const struct msig_sig0_key *
sig0key_key(const struct sig0key *own)
{
	return own->key;
}

int
sig0key_sign(const struct sig0key *own, uint8_t *wire, size_t *len, size_t max,
	     const uint8_t *request, size_t request_len, uint64_t now)
{
	return msig_sig0_sign(own->key, wire, len, max, request, request_len, now,
			      MSIG_SIG0_WINDOW);
}

int
sig0key_verify(const struct discover_result *peer, const uint8_t *wire, size_t len,
	       const uint8_t *request, size_t request_len, uint64_t now, int64_t *skew)
{
	struct msig_sig0_info info;
	knot_rdataset_t keys = {0};
	int ret = msig_sig0_peek(wire, len, &info);

	if (ret != 0) {
		return ret;
	}
	if (skew != NULL) {
		/* Agents sign from as long before their present as until after it. */
		*skew = (int32_t)(info.inception + (info.expiration - info.inception) / 2 -
				  (uint32_t)now);
	}
	/* The cheap checks first (the times among them, in msig_sig0_verify): a public-key
	 * operation is for those who could be right. */
	if (!msig_name_eq(info.signer, peer->target)) {
		return MSIG_ESIGKEY;
	}
	for (unsigned i = 0; i < peer->keys && ret == 0; i++) {
		uint8_t buf[2 + sizeof(peer->key[i].rdata) + 8] __attribute__((aligned(8)));
		knot_rdata_t *rdata = (knot_rdata_t *)buf;
		knot_rdata_init(rdata, peer->key[i].len, peer->key[i].rdata);
		ret = knot_rdataset_add(&keys, rdata, NULL);
	}
	if (ret == 0) {
		ret = msig_sig0_verify(wire, len, request, request_len, &keys, now,
				       MSIG_SIG0_WINDOW, &info);
	}
	knot_rdataset_clear(&keys, NULL);
	return ret;
}
