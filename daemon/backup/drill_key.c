#include "backup/drill_key.h"

#include "crypto/key.h"

void drill_key_run(const struct key *day, const struct id *nonce, struct key *ret)
{
	key_derive(day, "custos drill run v1", span_of(nonce->b, sizeof(nonce->b)), ret);
}

void drill_key_range(const struct key *run, uint64_t range, struct key *ret)
{
	uint8_t number[8];

	for (int i = 0; i < 8; i++) {
		number[i] = (uint8_t)(range >> (56 - 8 * i));
	}
	key_derive(run, "custos drill range v1", span_of(number, sizeof(number)), ret);
}
