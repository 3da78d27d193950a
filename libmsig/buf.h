/*
 * Bounded reading and writing of wire data. Errors stick: after the first one every call does
 * nothing (reads give 0), so a decoder checks once, at its end.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <libknot/dname.h>

struct msig_rd {
	const uint8_t *at;
	size_t left;
	int err;
};

void msig_rd_init(struct msig_rd *rd, const uint8_t *data, size_t len);
uint8_t msig_rd_u8(struct msig_rd *rd);
uint16_t msig_rd_u16(struct msig_rd *rd);
uint32_t msig_rd_u32(struct msig_rd *rd);
uint64_t msig_rd_u64(struct msig_rd *rd);
/* The next len octets, borrowed from the data; NULL on error. */
const uint8_t *msig_rd_bytes(struct msig_rd *rd, size_t len);
/* An uncompressed name, borrowed from the data as it lies; NULL on error. */
const knot_dname_t *msig_rd_name(struct msig_rd *rd);
/* The error met so far, or MSIG_ETRAIL if something is left, or 0. */
int msig_rd_end(const struct msig_rd *rd);

/* A writer into memory of the caller, or into memory of its own that grows up to max. */
struct msig_wr {
	uint8_t *data;
	size_t len;
	size_t max;
	size_t room; /* allocated so far; unused if the memory is the caller's */
	int err;
	uint8_t own;
};

void msig_wr_init(struct msig_wr *wr, uint8_t *data, size_t max);
void msig_wr_grow(struct msig_wr *wr, size_t max); /* take the result, or clear */
void msig_wr_u8(struct msig_wr *wr, uint8_t v);
void msig_wr_u16(struct msig_wr *wr, uint16_t v);
void msig_wr_u32(struct msig_wr *wr, uint32_t v);
void msig_wr_u64(struct msig_wr *wr, uint64_t v);
void msig_wr_bytes(struct msig_wr *wr, const void *data, size_t len);
void msig_wr_name(struct msig_wr *wr, const knot_dname_t *name);
/* Writes a u16 at a place written before. */
void msig_wr_patch16(struct msig_wr *wr, size_t at, uint16_t v);
/* Hands a grown buffer to the caller, who frees it (NULL if empty). Returns the error met so far;
 * on an error nothing is handed over and the writer is cleared. */
int msig_wr_take(struct msig_wr *wr, uint8_t **data, size_t *len);
void msig_wr_clear(struct msig_wr *wr);
