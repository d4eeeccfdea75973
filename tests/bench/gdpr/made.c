#include "made.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const made_names[NFIELDS] = { "pur", "ttl", "usr", "obj", "dec", "acl", "shr", "src",
	"cat", "data" };

static const char *const prefixes[NMETA] = { "purpose", "", "user", "obj", "dec", "acl", "shr",
	"src", "cat" };
static const unsigned counts[NMETA] = { 25, 10, 10000, 100, 2, 10, 10, 10, 10 };
static const unsigned ttls[10] = { MADE_SHORT_TTL_S, 10000, 12000, 14000, 16000, 18000, 20000,
	22000, 24000, 1000000 };

/* --- values ------------------------------------------------------------------------------------ */

/* splitmix64, by Sebastiano Vigna (public domain). */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

unsigned made_count(int field)
{
	return counts[field];
}

unsigned made_index(uint64_t number, int field)
{
	return (unsigned)(number % counts[field]);
}

void made_value(int field, unsigned index, char to[VALUE_SIZE])
{
	snprintf(to, VALUE_SIZE, "%s%u", prefixes[field], field == TTL ? ttls[index] : index);
}

unsigned made_ttl_s(uint64_t number)
{
	return ttls[made_index(number, TTL)];
}

void made_key(uint64_t number, char to[VALUE_SIZE])
{
	snprintf(to, VALUE_SIZE, "key%llu", (unsigned long long)number % 100000000000u);
}

static char data_at(uint64_t number, unsigned i)
{
	return "0123456789abcdef"[mix(number * 16 + i / 16) >> (i % 16 * 4) & 15];
}

void made_record(uint64_t number, struct made *to)
{
	made_key(number, to->key);
	for (int f = 0; f < NMETA; f++) {
		made_value(f, made_index(number, f), to->meta[f]);
	}
	for (unsigned i = 0; i < DATA_LEN; i++) {
		to->data[i] = data_at(number, i);
	}
	to->data[DATA_LEN] = '\0';
	to->ttl_s = made_ttl_s(number);
}

bool made_number(const char *key, uint64_t *ret)
{
	uint64_t n = 0;

	if (!key || strncmp(key, "key", 3) != 0 || !key[3]) {
		return false;
	}
	for (key += 3; *key; key++) {
		if (*key < '0' || *key > '9') {
			return false;
		}
		n = n * 10 + (uint64_t)(*key - '0');
	}
	*ret = n;
	return true;
}

bool made_is_data(const char *data, uint64_t number)
{
	if (!data) {
		return false;
	}
	for (unsigned i = 0; i < DATA_LEN; i += 16) {
		uint64_t v = mix(number * 16 + i / 16);

		for (unsigned j = i; j < DATA_LEN && j < i + 16; j++, v >>= 4) {
			if (data[j] != "0123456789abcdef"[v & 15]) {
				return false;
			}
		}
	}
	return data[DATA_LEN] == '\0';
}

/* --- numbers ----------------------------------------------------------------------------------- */

uint64_t made_next(struct made_random *r)
{
	r->state += 0x9e3779b97f4a7c15u;
	return mix(r->state);
}

double made_next_unit(struct made_random *r)
{
	return (double)(made_next(r) >> 11) * 0x1p-53;
}

uint64_t made_next_uniform(struct made_random *r, uint64_t n)
{
	return made_next(r) % n;
}

/* Gray et al., SIGMOD 1994, over 10^10 ranks, which FNV-1a scatters, as YCSB does it. */
uint64_t made_next_zipf(struct made_random *r, uint64_t n)
{
	static const double ranks = 1e10, theta = 0.99, zeta = 26.46902820178302;
	double zeta2 = 1 + pow(0.5, theta), u = made_next_unit(r), uz = u * zeta;
	double eta = (1 - pow(2 / ranks, 1 - theta)) / (1 - zeta2 / zeta);
	uint64_t rank = uz < 1	   ? 0
			: uz < zeta2 ? 1
				     : (uint64_t)(ranks * pow(eta * u - eta + 1, 1 / (1 - theta)));
	uint64_t hash = 0xcbf29ce484222325u;

	for (int i = 0; i < 8; i++, rank >>= 8) {
		hash = (hash ^ (rank & 255)) * 0x100000001b3u;
	}
	return (hash >> 1) % n;
}
