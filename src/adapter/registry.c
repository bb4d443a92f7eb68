#include "adapter/adapter.h"

static const struct adapter_ops *const all[] = { &adapter_native, &adapter_qwen, &adapter_claude,
	&adapter_gemini, &adapter_codex, &adapter_opencode, NULL };

const struct adapter_ops *const *adapter_all(void)
{
	return all;
}

const struct adapter_ops *adapter_find(struct str name)
{
	for (size_t i = 0; all[i]; i++)
		if (str_is(name, all[i]->name))
			return all[i];
	return NULL;
}

int adapter_admit(const struct adapter_ops *ops, const char *version, struct err *err)
{
	const struct agent_package *package = ops->package;

	if (ops->described)
		return err_set(err, -ENOTSUP, "a described agent is admitted by its check");
	if (!package || strcmp(version, package->version) == 0)
		return 0;
	if (!err->code)
		err_set(err, -ENOTSUP, "%s %s is not admitted", ops->name,
		    version[0] ? version : "(unknown)");
	if (!err->why[0])
		err_why(
		    err, "its read-only mode was checked for version %s only", package->version);
	err_fix(err, "npm install -g %s@%s", package->name, package->version);
	return -ENOTSUP;
}
