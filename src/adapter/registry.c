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
