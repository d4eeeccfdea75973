#include <ctype.h>
#include <string.h>

#include "crypto/age_internal.h"

/* Bech32 of BIP 173, without its limit of 90 characters.  Secret keys pass through here: the
 * buffers are wiped, and what branches on a character branches on the public alphabet only. */

const char age_recipient_prefix[] = "age";
const char age_identity_prefix[] = "AGE-SECRET-KEY-";

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

#define KEY_GROUPS   52 /* 256 bits in groups of five, four bits of padding */
#define CHECK_GROUPS 6

static uint32_t polymod_step(uint32_t sum, uint8_t group)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
		0x3d4233dd, 0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ group;
	for (unsigned i = 0; i < 5; i++) {
		sum ^= (top >> i & 1) ? generator[i] : 0;
	}
	return sum;
}

/* The checksum over the prefix and then n groups. */
static uint32_t polymod(const char *prefix, const uint8_t *groups, size_t n)
{
	uint32_t sum = 1;

	for (const char *p = prefix; *p; p++) {
		sum = polymod_step(sum, (uint8_t)(tolower((unsigned char)*p) >> 5));
	}
	sum = polymod_step(sum, 0);
	for (const char *p = prefix; *p; p++) {
		sum = polymod_step(sum, (uint8_t)(tolower((unsigned char)*p) & 31));
	}
	for (size_t i = 0; i < n; i++) {
		sum = polymod_step(sum, groups[i]);
	}
	return sum;
}

static void to_groups(const uint8_t key[32], uint8_t groups[KEY_GROUPS])
{
	uint32_t bits = 0;
	unsigned nbits = 0;
	size_t n = 0;

	for (size_t i = 0; i < 32; i++) {
		bits = (bits << 8 | key[i]) & 0xfff;
		nbits += 8;
		while (nbits >= 5) {
			nbits -= 5;
			groups[n++] = bits >> nbits & 31;
		}
	}
	groups[n] = (uint8_t)(bits << (5 - nbits) & 31);
}

static bool from_groups(const uint8_t groups[KEY_GROUPS], uint8_t key[32])
{
	uint32_t bits = 0;
	unsigned nbits = 0;
	size_t n = 0;

	for (size_t i = 0; i < KEY_GROUPS; i++) {
		bits = (bits << 5 | groups[i]) & 0xfff;
		nbits += 5;
		if (nbits >= 8) {
			nbits -= 8;
			key[n++] = (uint8_t)(bits >> nbits);
		}
	}
	/* Stray bits would be a second spelling of the same key. */
	return (bits & ((1u << nbits) - 1)) == 0;
}

static bool is_upper(const char *prefix)
{
	return isupper((unsigned char)prefix[0]) != 0;
}

void age_bech32_encode(const char *prefix, const uint8_t key[32], char *out, size_t cap)
{
	uint8_t groups[KEY_GROUPS + CHECK_GROUPS] = { 0 };
	size_t at = strlen(prefix);
	uint32_t sum;

	if (cap < at + 1 + sizeof(groups) + 1) {
		out[0] = '\0'; /* only a defect gets here */
		return;
	}
	to_groups(key, groups);
	sum = polymod(prefix, groups, sizeof(groups)) ^ 1;
	for (unsigned i = 0; i < CHECK_GROUPS; i++) {
		groups[KEY_GROUPS + i] = (uint8_t)(sum >> 5 * (5 - i) & 31);
	}
	memcpy(out, prefix, at);
	out[at++] = '1';
	for (size_t i = 0; i < sizeof(groups); i++) {
		char c = charset[groups[i]];

		out[at++] = (char)(is_upper(prefix) ? toupper((unsigned char)c) : c);
	}
	out[at] = '\0';
	sodium_memzero(groups, sizeof(groups));
}

/* One character of the wanted case into a group. */
static bool group_of(uint8_t c, bool is_in_capitals, uint8_t *ret)
{
	const char *at;

	if (is_in_capitals ? islower(c) != 0 : isupper(c) != 0) {
		return false;
	}
	at = c ? strchr(charset, tolower(c)) : NULL;
	if (!at) {
		return false;
	}
	*ret = (uint8_t)(at - charset);
	return true;
}

bool age_bech32_decode(const char *prefix, struct span text, uint8_t ret[32])
{
	uint8_t groups[KEY_GROUPS + CHECK_GROUPS], key[32];
	size_t nprefix = strlen(prefix);
	bool is_good = text.n == nprefix + 1 + sizeof(groups) &&
		       memcmp(text.p, prefix, nprefix) == 0 && text.p[nprefix] == '1';

	for (size_t i = 0; is_good && i < sizeof(groups); i++) {
		is_good =
			group_of(text.p[nprefix + 1 + i], is_upper(prefix), &groups[i]);
	}
	is_good = is_good && polymod(prefix, groups, sizeof(groups)) == 1 &&
		  from_groups(groups, key);
	if (is_good) {
		memcpy(ret, key, sizeof(key));
	}
	sodium_memzero(groups, sizeof(groups));
	sodium_memzero(key, sizeof(key));
	return is_good;
}
