/* What custosd needs to know to take GDPRbench's records. */
#include <stdio.h>

#include "be_custos.h"

static FILE *begin(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "we");
}

static bool put_schema(const char *dir)
{
	FILE *f = begin(dir, "schema.yaml");

	if (!f) {
		return false;
	}
	fputs("collections:\n"
	      "  - collection: data\n"
	      "    text: A record of GDPRbench.\n"
	      "    category: user\n"
	      "    level: confidential\n"
	      "    anchor: activity\n"
	      "    fields:\n"
	      "      - {field: user, type: text, max: 24}\n"
	      "      - {field: data, type: text, max: 200}\n"
	      "  - collection: identifier\n"
	      "    text: Under which numbers somebody is known elsewhere.\n"
	      "    category: user.unique_id\n"
	      "    level: confidential\n"
	      "    anchor: activity\n"
	      "    fields:\n"
	      "      - {field: scheme, type: word, required: yes}\n"
	      "      - {field: value, type: text, required: yes, index: exact, max: 200}\n",
		f);
	return fclose(f) == 0;
}

static void put_purpose(FILE *f, const char *name, const char *data)
{
	fprintf(f,
		"  - purpose: %s\n"
		"    text: A purpose of GDPRbench.\n"
		"    use: essential.service\n"
		"    basis: contract\n"
		"    data: %s\n",
		name, data);
}

static void put_each(FILE *f, const char *list, const char *item, int field)
{
	char value[VALUE_SIZE];

	fprintf(f, "%s:\n", list);
	for (unsigned i = 0; i < made_count(field); i++) {
		made_value(field, i, value);
		fprintf(f, "  - {%s: %s, text: Of GDPRbench.}\n", item, value);
	}
}

static bool put_purposes(const char *dir)
{
	static const int fields[] = { PUR, OBJ };
	FILE *f = begin(dir, "purposes.yaml");
	char value[VALUE_SIZE];

	if (!f) {
		return false;
	}
	fputs("purposes:\n", f);
	put_purpose(f, "service", "'*'");
	for (int k = 0; k < 2; k++) {
		for (unsigned i = 0; i < made_count(fields[k]); i++) {
			made_value(fields[k], i, value);
			put_purpose(f, value, "[data]");
		}
	}
	put_each(f, "recipients", "recipient", SHR);
	put_each(f, "sources", "source", SRC);
	return fclose(f) == 0;
}

static bool put_roles(const char *dir, unsigned uid)
{
	FILE *f = begin(dir, "roles.yaml");
	char value[VALUE_SIZE];

	if (!f) {
		return false;
	}
	fputs("roles:\n"
	      "  - {role: all, operations: [status, init, seal, unseal, backup.*, log.*, subject.*, record.*], purposes: '*'}\n",
		f);
	for (unsigned i = 0; i < made_count(ACL); i++) {
		made_value(ACL, i, value);
		fprintf(f, "  - {role: %s, operations: [record.get], purposes: [service]}\n", value);
	}
	fprintf(f, "operators:\n  - {uid: %u, roles: [all", uid);
	for (unsigned i = 0; i < made_count(ACL); i++) {
		made_value(ACL, i, value);
		fprintf(f, ", %s", value);
	}
	fputs("]}\n", f);
	return fclose(f) == 0;
}

bool be_custos_policies(const char *dir, unsigned uid)
{
	bool ok = put_schema(dir) && put_purposes(dir) && put_roles(dir, uid);

	if (!ok) {
		perror(dir);
	}
	return ok;
}
