/* The search of the raw files: erase scan. */
#include "backup/watch.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/residue.h"

static void show_places(struct json *out, const struct residue *found)
{
	json_open_array(out, "places");
	for (size_t at = 0; at < found->places.n; at += sizeof(struct residue_place)) {
		const struct residue_place *p = (const void *)(found->places.p + at);

		json_open_object(out, NULL);
		json_str(out, "kind", residue_kind_word(p->at.kind));
		json_str(out, "file", p->file);
		if (p->at.page > 0) {
			json_uint(out, "page", p->at.page);
		}
		json_uint(out, "offset", p->at.offset);
		if (*p->at.table) {
			json_str(out, "table", p->at.table);
		}
		json_bool(out, "wiped", p->is_wiped);
		json_close_object(out);
	}
	json_close_array(out);
}

int handle_ERASE_SCAN(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct watch watch = { NULL, NULL, &x->work.cancel };
	struct residue found = { 0 };
	int r = residue_search(x->daemon, &x->actor, &watch, &found, err);

	if (r == 0) {
		json_open_object(out, "result");
		json_uint(out, "files", found.looked.files);
		json_uint(out, "bytes", found.looked.bytes);
		json_uint(out, "erased", found.looked.erased);
		json_uint(out, "wiped", found.wiped);
		json_uint(out, "left", found.left);
		json_int(out, "duration_ms", found.duration_ms);
		show_places(out, &found);
		json_close_object(out);
	}
	residue_done(&found);
	return r;
}
