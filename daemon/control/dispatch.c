#include "control/dispatch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/handle.h"
#include "control/peer.h"
#include "policy/access.h"
#include "policy/policy.h"
#include "wire/interfaces.h"

static handler *const handlers[] = {
#define X(id, words, method, arguments, access, summary, details) \
	[COMMAND_##id] = handle_##id,
	CU_DAEMON_COMMANDS(X)
#undef X
};

/* --- org.varlink.service ---------------------------------------------------------- */

static void answer_info(struct exchange *x, struct buf *frame)
{
	struct json j = reply_begin(frame);
	const struct interfaces *set = x->daemon->interfaces;

	json_str(&j, "vendor", "custos");
	json_str(&j, "product", "custosd");
	json_str(&j, "version", CUSTOS_VERSION);
	json_str(&j, "url", "https://varlink.org");
	json_open_array(&j, "interfaces");
	for (size_t i = 0; i < interfaces_n(set); i++) {
		json_str(&j, NULL, idl_name(interfaces_at(set, i)));
	}
	json_close_array(&j);
	reply_end(&j, false);
}

static void answer_description(struct exchange *x, struct buf *frame)
{
	const char *name = exchange_text(x, "interface");
	const struct idl *idl = interfaces_find(x->daemon->interfaces, name);
	struct json j;

	if (!idl) {
		reply_service_error(frame, SERVICE_INTERFACE_NOT_FOUND, name);
		return;
	}
	j = reply_begin(frame);
	json_str(&j, "description", idl_text(idl));
	reply_end(&j, false);
}

/* The interface is what stands before the last point of a method's name. */
static void answer_no_interface(const char *method, struct buf *frame)
{
	const char *point = strrchr(method, '.');
	struct buf name = BUF_INIT;

	buf_put(&name, method, point ? (size_t)(point - method) : strlen(method));
	buf_put_u8(&name, '\0');
	if (buf_check(&name, NULL) == 0) {
		reply_service_error(frame, SERVICE_INTERFACE_NOT_FOUND, (const char *)name.p);
	} else {
		frame->is_failed = true;
	}
	buf_done(&name);
}

/* --- may it be called? ------------------------------------------------------------ */

static int check_access(struct exchange *x, const struct peer *peer, struct cu_err *err)
{
	char operation[COMMAND_OPERATION_SIZE];
	struct access_rights a = x->rights;
	bool is_personal = (x->command->access & (ACCESS_READ | ACCESS_WRITE)) != 0;

	command_operation(x->command, operation);
	if (!access_allows(&a, operation)) {
		return cu_err_set(err, CU_EDENIED, "uid %u may not %s: no role of roles.yaml allows it%s",
			(unsigned)peer->uid, x->command->words,
			peer->uid == 0 && roles_is_personal(operation) ?
				_(" (root never touches a person's data)") : "");
	}
	return is_personal ? permit_begin(&a, operation, x->purpose, (unsigned)peer->uid,
				     x->command->words, &x->permit, err)
			   : 0;
}

static bool needs_store(enum command_id id)
{
	return id != COMMAND_STATUS && id != COMMAND_DOCTOR && id != COMMAND_METRICS && id != COMMAND_INIT && id != COMMAND_UNSEAL &&
		id != COMMAND_POLICY_CHECK && id != COMMAND_REPORT_ROPA && id != COMMAND_POLICY_DEADLINE &&
		id != COMMAND_POLICY_BREACH && id != COMMAND_POLICY_LETTER;
}

static int check_state(struct exchange *x, struct cu_err *err)
{
	char operation[COMMAND_OPERATION_SIZE];

	if (!x->needs_store) {
		return 0;
	}
	switch ((enum daemon_state)atomic_load(&x->daemon->state)) {
	case DAEMON_EMPTY:
		return cu_err_set(err, CU_ENOENT, "there is no store yet: 'custosctl init' makes one");
	case DAEMON_SEALED:
		return cu_err_set(err, CU_ESEALED,
			"the store is sealed: 'custosctl unseal' loads its root key");
	case DAEMON_RUNNING: break;
	}
	command_operation(x->command, operation);
	if ((x->command->access & (ACCESS_READ | ACCESS_WRITE) || roles_is_personal(operation)) &&
		store_is_restricted(x->daemon->house.store)) {
		return cu_err_set(err, CU_ERESTRICTED,
			store_is_quarantined(x->daemon->house.store) ?
				N_("this store is in quarantine: it is an older copy; see 'status'") :
				N_("this store was restored with a gap in its log: data is kept, not "
				   "used, until 'log accept-gap' is confirmed"));
	}
	return 0;
}

static int check_fd(struct exchange *x, struct cu_err *err)
{
	bool wanted = (x->command->access & (ACCESS_FD_IN | ACCESS_FD_OUT)) != 0;

	if (wanted && x->fd < 0 && !(x->command->access & ACCESS_FD_OPTIONAL)) {
		return cu_err_set(err, CU_EPROTO, "this call takes a descriptor, and none came with it");
	}
	return wanted || x->fd < 0 ?
		0 :
		cu_err_set(err, CU_EPROTO, "this call takes no descriptor");
}

/* --- the way of a call ------------------------------------------------------------ */

/* Method, parameters, command.  True: it was answered here. */
static bool is_answered_early(struct exchange *x, struct buf *frame)
{
	const struct idl *idl;
	const struct idl_member *method =
		interfaces_method(x->daemon->interfaces, x->call.method, &idl);
	char path[IDL_PATH_SIZE];
	struct cu_err err;

	if (!method && idl) {
		reply_service_error(frame, SERVICE_METHOD_NOT_FOUND, x->call.method);
		return true;
	}
	if (!method) {
		answer_no_interface(x->call.method, frame);
		return true;
	}
	if (idl_check(method->in, x->call.parameters, IDL_REFUSE_UNKNOWN, path, &err) < 0) {
		if (strncmp(x->call.method, "org.", 4) == 0) {
			reply_service_error(frame, SERVICE_INVALID_PARAMETER, path);
		} else {
			reply_error(frame, &err);
		}
		return true;
	}
	if (strcmp(x->call.method, "org.varlink.service.GetInfo") == 0) {
		answer_info(x, frame);
		return true;
	}
	if (strcmp(x->call.method, "org.varlink.service.GetInterfaceDescription") == 0) {
		answer_description(x, frame);
		return true;
	}
	x->command = command_by_method(x->call.method);
	if (!x->command || x->call.upgrade) {
		reply_service_error(frame, SERVICE_METHOD_NOT_IMPLEMENTED, x->call.method);
		return true;
	}
	return false;
}

static int check(struct exchange *x, const struct peer *peer, struct cu_err *err)
{
	int r = check_access(x, peer, err);

	if (r == CU_EDENIED) {
		exchange_log_refusal(x, NULL); /* a refusal is told to the log, too */
	}
	if (r == 0) {
		r = check_state(x, err);
	}
	return r < 0 ? r : check_fd(x, err);
}

static int admit(struct exchange *x, const struct peer *peer, struct cu_err *err)
{
	const char *purpose = exchange_text(x, "purpose");
	struct guest guest = { 0 };
	int r;

	/* for other commands it is what they ask about */
	x->purpose = purpose && (x->command->access & (ACCESS_READ | ACCESS_WRITE)) ? purpose : "";
	x->handle = handlers[x->command->id];
	x->needs_store = needs_store(x->command->id);
	x->policy = policy_ref(x->daemon->policy);
	x->rights = policy_access(x->policy, peer->uid, peer->gids, peer->ngids);
	(void)gate_enter(&x->daemon->gate, &guest, false, NULL); /* these are always let in */
	r = check(x, peer, err);
	gate_leave(&x->daemon->gate, &guest);
	return r < 0 ? r : exchange_start(x, err);
}

int dispatch_call(struct daemon *d, const struct peer *peer, struct caller *caller, struct span text,
	int fd, struct exchange **ret, struct cu_err *err)
{
	struct exchange *x = calloc(1, sizeof(*x));
	struct buf frame = BUF_INIT_WIPE;
	struct cu_err why;
	int r;

	if (!x) {
		if (fd >= 0) {
			close(fd);
		}
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	x->daemon = d;
	x->began_us = clock_monotonic_us();
	x->uid = peer->uid;
	x->caller = caller;
	x->fd = fd;
	x->reply = x->out = (struct buf)BUF_INIT_WIPE;
	x->purpose = "";
	r = call_parse(text, &x->call, err);
	if (r < 0) {
		exchange_free(x);
		return r;
	}
	(void)intl_use(x->call.language);
	if (!is_answered_early(x, &frame) && admit(x, peer, &why) < 0) {
		reply_error(&frame, &why);
		x->code = why.code;
	}
	(void)intl_use(INTL_EN);
	r = buf_check(&frame, err); /* failed: it was to be answered, and does not run */
	if (r < 0) {
		exchange_free(x);
	} else {
		if (frame.n > 0) {
			exchange_answer(x, &frame);
		}
		*ret = x;
	}
	buf_done(&frame);
	return r;
}
