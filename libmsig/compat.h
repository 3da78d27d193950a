/*
 * The one place that knows which libknot is there: 3.2 to 3.4 bring libdnssec as a library of its
 * own, later versions have it inside libknot. Not installed.
 */
#pragma once

#if defined(__has_include) && __has_include(<libdnssec/key.h>)
#include <libdnssec/binary.h>
#include <libdnssec/error.h>
#include <libdnssec/key.h>
#include <libdnssec/keytag.h>
#include <libdnssec/sign.h>
#else
#include <libknot/dnssec/binary.h>
#include <libknot/dnssec/error.h>
#include <libknot/dnssec/key.h>
#include <libknot/dnssec/keytag.h>
#include <libknot/dnssec/sign.h>
#endif
