#include "privacy/fill.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

static const char *find(const struct fill_value *values, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0) {
			return values[i].text;
		}
	}
	return NULL;
}

int fill(const char *text, const struct fill_value *values, size_t n, struct buf *to,
	struct cu_err *err)
{
	for (;;) {
		size_t plain = strcspn(text, "{"), len;
		const char *value;

		buf_put(to, text, plain);
		if (text[plain] == '\0') {
			return 0;
		}
		text += plain + 1;
		len = strcspn(text, "}");
		if (text[len] == '\0') {
			return cu_err_set(err, CU_EINVAL, "'{%.32s' is not closed", text);
		}
		value = find(values, n, text, len);
		if (!value || value[0] == '\0') {
			return cu_err_set(err, CU_ENOENT, "{%.*s} has no value", (int)len, text);
		}
		buf_put_str(to, value);
		text += len + 1;
	}
}
